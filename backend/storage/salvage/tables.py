"""All living rows of one table, in the order in which they deserve belief.

1. every row on the pages of the table's own tree;
2. rows on stray pages that fill a gap of that tree: first those an index confirms to the letter, then those that are
   named but differ, then those nothing is known about. A row that a complete index does not name has been deleted;
3. rows that only index entries still name, completed from a backup where there is one;
4. rows only a backup knows, where every index is damaged in the very place in which it would have to name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .cells import CellReader
from .donors import Donor
from .evidence import Testimony
from .fits import Suitability
from .gaps import Gaps, Key, find_gaps, key_part
from .grounds import TableGround
from .judge import Judge
from .layouts import Table, Value
from .pagerows import PageRows
from .rows import PageRow, SavedRow
from .walks import HOLE


class TableSalvage:
    def __init__(self, reader: CellReader, ground: TableGround, donors: Sequence[Donor] = ()) -> None:
        self.table: Table = ground.table
        self.refused = 0
        self._ground = ground
        self._donors = donors
        self._pages = PageRows(reader, ground.table)
        self._suit = Suitability(ground.table)
        self._testimony = Testimony(reader, ground)
        self._judge = Judge(ground.table, self._testimony, self._suit, donors)
        self._watch = [(w.places, w.hashes, w.pick, not w.index.partial) for w in self._testimony.witnesses]
        self._is_sound = self._suit.soundness()
        # What an index of all rows says of a row as well needs no other proof.
        said_twice = {column for w in self._testimony.witnesses if not w.index.partial for column in w.index.columns}
        self._is_sound_beside_them = self._suit.soundness(said_twice)
        self._unnamed: set[int] = set()
        self._ends: dict[int, tuple[Key, Key]] = {}

    @property
    def named(self) -> int:
        """How many rows the indexes name."""
        return len(self._testimony.slots)

    def donors_know(self, column: str) -> bool:
        return any(donor.has_column(self.table, column) for donor in self._donors)

    def ask_donors(self, known: Mapping[str, Value], rowid: int, columns: Sequence[str]) -> dict[str, Value]:
        """What the first donor that has the row says about columns this table lacks."""
        for donor in self._donors:
            copy = donor.find(self.table, known, rowid)
            if copy is not None:
                return {name: copy[name] for name in columns if name in copy}
        return {}

    def rows(self) -> Iterator[SavedRow]:
        damaged: list[int] = []
        yield from self._tree_rows(damaged)
        gaps = self._gaps(damaged)
        if gaps:
            yield from self._stray_rows(gaps)
        yield from self._named_rows(gaps)
        if gaps:
            # Nothing is missing from a complete tree, whatever a backup may say.
            yield from self._donor_rows(gaps)

    def _gaps(self, damaged: list[int]) -> Gaps:
        if not self._ground.bounded:
            return Gaps([(None, None)])
        return find_gaps(self._ground.places, damaged, self._ends_of)

    def _ends_of(self, place: int) -> tuple[Key, Key] | None:
        rowids = [row.rowid for row in self._pages.read(place >> 16)[0]]
        return ((key_part(rowids[0]),), (key_part(rowids[-1]),)) if rowids else None

    # -- 1 --

    def _tree_rows(self, damaged: list[int]) -> Iterator[SavedRow]:
        """Notes in `damaged` the positions of the places that could not be read completely."""
        slots, seen, watch = self._testimony.slots, self._testimony.seen, self._watch
        is_sound, is_sound_beside_them = self._is_sound, self._is_sound_beside_them
        settle, read = self._judge.settle, self._pages.read
        for position, place in enumerate(self._ground.places):
            if place == HOLE:
                damaged.append(position)
                continue
            rows, whole = read(place >> 16)
            if not whole:
                damaged.append(position)
            for row in rows:
                rowid, values, stored, marks, _ = row
                slot = slots.get(rowid)
                clean = stored is not None and not marks
                is_told = slot is not None
                if slot is None:
                    if rowid in self._unnamed and self.table.alias is not None:
                        continue
                    self._unnamed.add(rowid)
                else:
                    if seen[slot]:
                        if self.table.alias is not None:
                            continue
                        # Two rows of one number, one of them overwritten; keys will tell them apart.
                        clean = False
                    seen[slot] = 1
                    if clean:
                        for places, hashes, pick, is_full in watch:
                            if hashes[slot] != hash(pick(stored)):
                                if places[slot]:
                                    clean = False
                                    break
                                is_told = is_told and not is_full
                if clean and (is_sound_beside_them if is_told else is_sound)(values):
                    yield SavedRow(rowid, values, "page", (), ())
                else:
                    yield settle(row, slot)

    # -- 2 --

    def _stray_rows(self, gaps: Gaps) -> Iterator[SavedRow]:
        slots, seen = self._testimony.slots, self._testimony.seen
        second_look = []
        for stray in self._ground.strays:
            left = False
            for row in self._pages.read(stray.page)[0]:
                slot = slots.get(row.rowid)
                if (key_part(row.rowid),) not in gaps or (slot is not None and seen[slot]):
                    continue
                if slot is not None and not row.marks and self._confirmed(row, slot):
                    seen[slot] = 1
                    if row.stored is not None and self._is_sound(row.values):
                        yield SavedRow(row.rowid, row.values, "page", (), ())
                    else:
                        yield self._judge.settle(row, slot)
                else:
                    left = True
            if left:
                second_look.append(stray)
        for stray in second_look:
            for row in self._pages.read(stray.page)[0]:
                slot = slots.get(row.rowid)
                if (key_part(row.rowid),) not in gaps:
                    continue
                if slot is not None and not seen[slot] and self._akin(row, slot):
                    seen[slot] = 1
                    yield self._judge.settle(row, slot)
                elif slot is None and row.rowid not in self._unnamed and not stray.free:
                    known = set(range(len(row.values))) - set(row.missing)
                    if self._testimony.denied(row.values, row.rowid, None, known):
                        self.refused += 1
                        continue
                    self._unnamed.add(row.rowid)
                    saved = self._judge.settle(row, None)
                    yield saved._replace(marks=("unproven", *saved.marks))

    def _confirmed(self, row: PageRow, slot: int) -> bool:
        if row.stored is None:
            return self._akin(row, slot)
        return all(hashes[slot] == hash(pick(row.stored)) for places, hashes, pick, _ in self._watch if places[slot])

    def _akin(self, row: PageRow, slot: int) -> bool:
        """Whether the row on the page is the one the indexes mean, by its primary key, even if it has changed since."""
        for _, entry in self._testimony.entries(slot):
            if any(entry.get(p, row.values[p]) != row.values[p] for p in self.table.key):
                return False
        return True

    # -- 3 --

    def _named_rows(self, gaps: Gaps) -> Iterator[SavedRow]:
        seen = self._testimony.seen
        if 0 not in seen:
            return
        for rowid, slot in self._testimony.slots.items():
            if not seen[slot]:
                found = self._judge.from_entries(rowid, slot, (key_part(rowid),) in gaps)
                if found is None:
                    self.refused += 1
                    continue
                seen[slot] = 1
                yield found

    # -- 4 --

    def _donor_rows(self, gaps: Gaps) -> Iterator[SavedRow]:
        witnesses = self._testimony.witnesses
        if not self.table.key or any(w.can_deny and not w.gaps for w in witnesses):
            return
        columns = self.table.columns
        everything = set(range(len(columns)))
        for donor in self._donors:
            for copy in donor.rows(self.table):
                values: list[Value] = [copy.get(column.name, column.default) for column in columns]
                rowid = 0
                if self.table.alias is not None:
                    found = values[self.table.alias]
                    rowid = found if isinstance(found, int) else 0
                    if (key_part(rowid),) not in gaps or self._already(rowid):
                        continue
                if self._testimony.denied(values, rowid, None, everything):
                    continue
                missing = tuple(i for i, column in enumerate(columns) if column.name not in copy)
                yield SavedRow(rowid, values, "backup", ("backup", "unproven"), missing)

    def _already(self, rowid: int) -> bool:
        slot = self._testimony.slots.get(rowid)
        return rowid in self._unnamed or (slot is not None and bool(self._testimony.seen[slot]))
