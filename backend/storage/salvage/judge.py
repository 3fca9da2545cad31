"""Decides, for a row against which something speaks, what each of its values shall be.

The row itself has one vote, each index that holds the column another. Two indexes that agree outvote the row; one index
does so only if the row's own value looks overwritten. A backup is believed where it says the same as everything still
known about the row, for then the row has not changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .donors import Donor
from .evidence import Testimony
from .fits import Suitability
from .layouts import Table, Value
from .rows import PageRow, SavedRow, Source


class Judge:
    def __init__(self, table: Table, testimony: Testimony, suit: Suitability, donors: Sequence[Donor]) -> None:
        self._table = table
        self._testimony = testimony
        self._suit = suit
        self._donors = donors

    def settle(self, row: PageRow, slot: int | None) -> SavedRow:
        values = list(row.values)
        marks = [mark for mark in row.marks if mark.partition(":")[0] not in ("cut", "lost")]
        cut = {mark.partition(":")[2] for mark in row.marks if mark.startswith("cut:")}
        missing = set(row.missing)
        if slot is not None:
            marks += self._hear_indexes(values, missing, cut, slot)
        for position in self._suit.doubts(values):
            value = values[position]
            name = self._table.columns[position].name
            if isinstance(value, str) and value.endswith("\x00") and position not in missing:
                # An erased stretch at the end of a text. What stands before it is what is left.
                values[position] = value.rstrip("\x00")
                cut.add(name)
        doubted = [p for p in self._suit.doubts(values) if p not in missing]
        marks += self._hear_donors(row.rowid, values, missing, cut, doubted)
        names = [column.name for column in self._table.columns]
        marks += [f"cut:{name}" for name in names if name in cut]
        marks += [f"lost:{names[position]}" for position in sorted(missing)]
        replaced = {mark.partition(":")[2] for mark in marks if mark.startswith("utf8:")}
        for position in self._suit.doubts(values):
            if position not in missing and names[position] not in replaced:
                marks.append(f"doubt:{names[position]}")
        return SavedRow(row.rowid, values, "page", tuple(marks), tuple(sorted(missing)))

    def from_entries(self, rowid: int, slot: int, gap: bool) -> SavedRow | None:
        """A row that only the indexes (and perhaps a backup) still know. None when it is more likely no row at all.

        `gap`: whether the table is unreadable where the row would be. If it is not, the entry is probably the damaged
        one, unless several indexes name the row and hardly any denies it: then the page lost its pointer to the row.
        """
        votes = self._votes(slot)
        if not votes:
            return None
        columns = self._table.columns
        values: list[Value] = [None] * len(columns)
        known = set(votes)
        for position, counted in votes.items():
            values[position] = counted.most_common(1)[0][0]
        if self._table.alias is not None:
            values[self._table.alias] = rowid
            known.add(self._table.alias)
        rooted, _ = self._testimony.named(slot)
        denied = self._testimony.denied(values, rowid, slot, known)
        if (denied > rooted or (rooted == 0 and denied)) if gap else (rooted < 2 or 2 * denied >= rooted):
            return None
        missing = set(range(len(columns))) - known
        told = {columns[p].name: values[p] for p in known}
        source: Source = "index"
        marks = ["index"]
        for donor in self._donors:
            copy = donor.find(self._table, told, rowid)
            if copy is None:
                continue
            filled = [p for p in missing if columns[p].name in copy]
            changed = any(copy[name] != value for name, value in told.items() if name in copy)
            for position in filled:
                values[position] = copy[columns[position].name]
                missing.discard(position)
            source, marks = "backup", ["backup", "index"] if changed else ["backup"]
            if changed:
                marks += [f"older:{columns[p].name}" for p in sorted(filled)]
            break
        marks += [f"lost:{columns[p].name}" for p in sorted(missing)]
        return SavedRow(rowid, values, source, tuple(marks), tuple(sorted(missing)))

    def _votes(self, slot: int) -> dict[int, Counter[Value]]:
        votes: dict[int, Counter[Value]] = {}
        for _, entry in self._testimony.entries(slot):
            for position, value in entry.items():
                if position >= 0:
                    votes.setdefault(position, Counter())[value] += 1
        return votes

    def _hear_indexes(self, values: list[Value], missing: set[int], cut: set[str], slot: int) -> list[str]:
        marks = []
        for position, counted in sorted(self._votes(slot).items()):
            name = self._table.columns[position].name
            (said, votes) = counted.most_common(1)[0]
            if position in missing or name in cut:
                values[position] = said
                missing.discard(position)
                cut.discard(name)
                marks.append(f"index:{name}")
                continue
            own = counted.get(values[position], 0)
            if said == values[position] or own >= votes:
                # At least as many indexes side with the row: the other entry is the damaged one.
                continue
            looks_bad = not self._suit.sound(position, values[position]) and self._suit.sound(position, said)
            if votes > own + 1 or (looks_bad and not own):
                values[position] = said
                marks.append(f"index:{name}")
            elif not own:
                marks.append(f"disagrees:{name}")
        return marks

    def _hear_donors(
        self, rowid: int, values: list[Value], missing: set[int], cut: set[str], doubted: Sequence[int]
    ) -> list[str]:
        columns = self._table.columns
        wanted = missing | set(doubted) | {p for p, column in enumerate(columns) if column.name in cut}
        if not wanted:
            return []
        told = {column.name: values[p] for p, column in enumerate(columns) if p not in wanted}
        for donor in self._donors:
            copy = donor.find(self._table, told, rowid)
            if copy is None:
                continue
            unchanged = all(copy[name] == value for name, value in told.items() if name in copy)
            marks = []
            for position in sorted(wanted):
                name = columns[position].name
                own = values[position]
                theirs = copy.get(name)
                continues = isinstance(own, str) and isinstance(theirs, str) and theirs.startswith(own)
                if name not in copy or not (unchanged or position in missing or (name in cut and continues)):
                    continue
                values[position] = theirs
                missing.discard(position)
                cut.discard(name)
                marks.append(f"{'backup' if unchanged else 'older'}:{name}")
            return marks
        return []
