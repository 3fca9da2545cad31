"""Table pages that nothing known points at, sorted by the table their rows fit."""

from __future__ import annotations

from collections.abc import Iterable

from .cells import CellReader
from .grounds import Stray, TableGround
from .pages import INDEX_INTERIOR, TABLE_INTERIOR, TABLE_LEAF, page_kind
from .samples import GOOD_FIT, Sampler
from .schema import MASTER
from .walks import Belongs, walk_table


class StrayTables:
    def __init__(self, samples: Sampler, grounds: list[TableGround]) -> None:
        self._samples = samples
        self._reader = samples.reader
        self._grounds = grounds

    def place(self, strays: dict[int, list[int]]) -> None:
        free = self._reader.pages.freelist()
        leaves = set(strays.get(TABLE_LEAF, ()))
        interiors = strays.get(TABLE_INTERIOR, [])
        parents = {child for number in interiors for child in self._reader.children(number)}
        homes = {number: self._table_of(number) for number in sorted(leaves)}
        counts: dict[int, int] = {}
        for number, home in homes.items():
            if home is not None and (number not in free or home.vanished):
                counts[id(home)] = counts.get(id(home), 0) + 1
        for top in (number for number in interiors if number not in parents and number not in free):
            under = leaves_under(self._reader, top, leaves)
            owner = _majority(homes[number] for number in under)
            # Only a tree that holds nearly every left-over page of its table may stand in for the lost one.
            if owner is not None and not owner.rooted and len(under) >= 0.9 * counts[id(owner)]:
                owner.places = walk_table(self._reader, top, _belonging(homes, owner))
                owner.rooted, owner.partial = True, self._reader.pages.is_cut
        for number, home in homes.items():
            if home is None or self._reader.owned[number]:
                continue
            if not home.rooted and counts.get(id(home)) == 1 and number not in free and number not in parents:
                home.places = walk_table(self._reader, number, lambda number: True)
                # A small table, or what is left of a large one.
                home.rooted = home.partial = True
            elif not home.whole:
                # What a dropped table leaves behind lies in free pages, and is all there is.
                home.strays.append(Stray(number, number in parents, number in free and not home.vanished))
        for ground in self._grounds:
            ground.strays.sort(key=lambda stray: (stray.free, not stray.parented, stray.page))

    def _table_of(self, number: int) -> TableGround | None:
        rows = list(self._samples.rows(number)) or list(self._samples.rows(number, everything=True))
        if not rows:
            return None
        best = max(self._grounds, key=lambda ground: self._samples.score(ground.table, rows), default=None)
        if best is None or self._samples.score(best.table, rows) < GOOD_FIT:
            return None
        # The schema's own pages, left behind by a lost first page, are nobody's rows.
        return best if self._samples.score(MASTER, rows) < 1 or len(best.table.columns) != 5 else None


def leaves_under(reader: CellReader, top: int, leaves: set[int]) -> list[int]:
    found: list[int] = []
    seen: set[int] = set()
    stack = [top]
    while stack:
        number = stack.pop()
        if number in seen or number == 0:
            continue
        seen.add(number)
        if number in leaves:
            found.append(number)
        elif page_kind(reader.pages.page(number), 0) in (TABLE_INTERIOR, INDEX_INTERIOR) and not reader.owned[number]:
            stack.extend(reader.children(number))
    return found


def _belonging(homes: dict[int, TableGround | None], owner: TableGround) -> Belongs:
    return lambda number: homes.get(number) is owner


def _majority(homes: Iterable[TableGround | None]) -> TableGround | None:
    counted: dict[int, int] = {}
    by_id: dict[int, TableGround] = {}
    total = 0
    for home in homes:
        total += 1
        if home is not None:
            by_id[id(home)] = home
            counted[id(home)] = counted.get(id(home), 0) + 1
    best = max(counted, key=lambda which: counted[which], default=None)
    return by_id[best] if best is not None and 2 * counted[best] > total else None
