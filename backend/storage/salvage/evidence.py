"""The indexes as witnesses.

Every index entry repeats some columns of its row and names the row. Taken together the indexes of a table tell which
rows are alive, what a destroyed row held, and whether a row that is still there was changed behind their back.

A million entries must not be kept as Python objects, so a witness remembers two numbers per row: a hash of the values
it holds, enough to notice a contradiction, and the place of the entry in the file, enough to read it again when one is
noticed. Rows are numbered ("slots") in the order in which the first witness names them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from .cells import CellReader
from .entries import Entries
from .gaps import Gaps, Key, find_gaps, key_part
from .grounds import IndexGround, TableGround
from .layouts import EXPRESSION, ROWID, Index, Value
from .walks import HOLE

_EMPTY = bytes(8 * 1024)


class Witness:
    """What one index says. A place that came from a stray page is kept negative: it may be an old page's word."""

    def __init__(self, reader: CellReader, ground: IndexGround, alias: int | None) -> None:
        self.index: Index = ground.index
        self.hashes = array("q")
        self.places = array("q")
        self._reader = reader
        self._ground = ground
        columns = ground.index.columns
        self._entries = Entries(reader, len(columns) + 1)
        # An index of few values (done or not) is ordered by rowid for the most part, so a gap is only narrow with it.
        # A backup's row has the same rowid only where the rowid is a column.
        self._rowid_in_key = alias is not None
        # Only stored columns can be compared byte for byte; the rowid and expressions stand nowhere in the row.
        self._compared = [i for i, column in enumerate(columns) if column >= 0 and column != alias]
        self._plain = len(self._compared) == len(columns)
        self.pick = _picker([columns[i] for i in self._compared])
        self._pick_of_entry = _picker(self._compared)
        self.gaps = Gaps([(None, None)])

    def testify(self, slots: dict[int, int]) -> None:
        damaged = [
            position
            for position, place in enumerate(self._ground.places)
            if place == HOLE or not self._read(place, slots, stray=False)
        ]
        if self._ground.bounded:
            self.gaps = find_gaps(self._ground.places, damaged, self._ends)
        for place in self._ground.strays:
            self._read(place, slots, stray=True)
        self.reach(len(slots))

    @property
    def can_deny(self) -> bool:
        """Whether its silence about a row can mean anything."""
        index = self.index
        return not (index.partial or any(index.descending) or EXPRESSION in index.columns or self.gaps.everything)

    def denies(self, key: Key) -> bool:
        """True when a living row of this key would have to be named, given that it is not."""
        return self.can_deny and key not in self.gaps

    def key(self, values: list[Value], rowid: int) -> Key:
        parts = [
            key_part(rowid if column == ROWID else values[column], nocase)
            for column, nocase in zip(self.index.columns, self.index.nocase, strict=True)
        ]
        return tuple([*parts, key_part(rowid)] if self._rowid_in_key else parts)

    def names(self, slot: int) -> bool:
        return self.places[slot] != 0

    def entry(self, slot: int) -> list[Value]:
        """The values the index holds for a row it names; [] if they are no text, or lie in an erased stretch."""
        found = self._values(abs(self.places[slot]))
        if found is None or any(isinstance(value, str) and value.endswith("\x00") for value in found):
            return []
        return found[:-1]

    def _values(self, place: int) -> list[Value] | None:
        payload = self._reader.entry(self._reader.pages.page(place >> 16), place & 0xFFFF)
        if payload is None or not payload.whole:
            return None
        length = payload.data[payload.start]
        shape = self._entries.shapes.of(payload.data[payload.start : payload.start + length])
        if shape is None or length + shape.body != payload.size or shape.count != len(self.index.columns) + 1:
            return None
        try:
            return shape.exact(shape.unpack(payload.data, payload.start + length))
        except UnicodeDecodeError:
            return None

    def _ends(self, place: int) -> tuple[Key, Key] | None:
        number, offset = place >> 16, place & 0xFFFF
        offsets = (offset,) if offset else self._reader.offsets(self._reader.pages.page(number), 0)
        keys = (self._key_at(number << 16 | at) for at in offsets)
        low = next((key for key in keys if key is not None), None)
        if low is None:
            return None
        backwards = (self._key_at(number << 16 | at) for at in reversed(offsets))
        return low, next((key for key in backwards if key is not None), low)

    def _key_at(self, place: int) -> Key | None:
        values = self._values(place)
        if values is None:
            return None
        parts = [key_part(value, nocase) for value, nocase in zip(values, self.index.nocase, strict=False)]
        return tuple([*parts, key_part(values[-1])] if self._rowid_in_key else parts)

    @property
    def spoke(self) -> bool:
        return any(self.places)

    def reach(self, size: int) -> None:
        while len(self.hashes) < size:
            self.hashes.frombytes(_EMPTY)
            self.places.frombytes(_EMPTY)

    def _read(self, place: int, slots: dict[int, int], stray: bool) -> bool:
        """Takes down every entry of a place. False when one of them could not be read."""
        page = self._reader.pages.page(place >> 16)
        base = place & ~0xFFFF
        offsets = (place & 0xFFFF,) if place & 0xFFFF else self._reader.offsets(page, 0)
        self.reach(len(slots) + len(offsets))
        hashes, places, plain, pick = self.hashes, self.places, self._plain, self._pick_of_entry
        good = True
        for offset, rowid, values in self._entries.read(page, offsets):
            if rowid is None:
                good = False
                continue
            slot = slots.get(rowid)
            if slot is None:
                slot = slots[rowid] = len(slots)
            if places[slot] > 0 or (stray and places[slot]):
                # Named twice by one index: the first word stands, and the second is no gap.
                continue
            hashes[slot] = hash(values if plain else pick(values))
            places[slot] = -(base | offset) if stray else base | offset
        return good


class Testimony:
    """What all indexes of a table say together."""

    def __init__(self, reader: CellReader, ground: TableGround) -> None:
        self.slots: dict[int, int] = {}
        self.witnesses = [Witness(reader, part, ground.table.alias) for part in ground.indexes]
        for witness in self.witnesses:
            witness.testify(self.slots)
        # The arrays of the early witnesses do not yet reach the slots that only later ones opened.
        for witness in self.witnesses:
            witness.reach(len(self.slots))
        self.seen = bytearray(len(self.slots))
        self.witnesses = [witness for witness in self.witnesses if witness.spoke or witness.can_deny]

    def entries(self, slot: int) -> Iterator[tuple[Witness, dict[int, Value]]]:
        """What each index holds for a row, by column; the rowid under ROWID."""
        for witness in self.witnesses:
            if witness.names(slot):
                values = witness.entry(slot)
                if values:
                    yield witness, {c: v for c, v in zip(witness.index.columns, values, strict=True) if c >= ROWID}

    def denied(self, values: list[Value], rowid: int, slot: int | None, known: set[int]) -> int:
        """How many indexes would have to name this row and do not."""
        count = 0
        for witness in self.witnesses:
            if slot is not None and witness.names(slot):
                continue
            if all(column < 0 or column in known for column in witness.index.columns):
                count += witness.denies(witness.key(values, rowid))
        return count

    def named(self, slot: int) -> tuple[int, int]:
        """How many indexes name this row from their tree, and how many from stray pages only."""
        rooted = sum(witness.places[slot] > 0 for witness in self.witnesses)
        return rooted, sum(witness.places[slot] < 0 for witness in self.witnesses)


def _picker(columns: list[int]) -> Callable[[Any], tuple[Any, ...]]:
    """A function from a record's raw values to some of them; tuples throughout, so that both sides hash alike."""
    if len(columns) >= 2:
        return itemgetter(*columns)
    if columns:
        only = columns[0]
        return lambda raw: (raw[only],)
    return lambda _: ()
