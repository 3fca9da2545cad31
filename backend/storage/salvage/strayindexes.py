"""Index pages that nothing known points at, sorted by the rows their entries agree with.

Several indexes of a table may look alike (two dates, each between an owner and an id), so their form is not enough: a
few entries are compared with the rows they name.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable

from .grounds import IndexGround, TableGround
from .layouts import ROWID, Index, Table, Value
from .pages import INDEX_INTERIOR, INDEX_LEAF
from .samples import Sampler
from .straytables import leaves_under
from .walks import HOLE, count_cells, walk_index

_ROWS_KEPT = 500


class StrayIndexes:
    def __init__(self, samples: Sampler, grounds: list[TableGround]) -> None:
        self._samples = samples
        self._reader = samples.reader
        self._grounds = grounds

    def place(self, strays: dict[int, list[int]]) -> None:
        grounds = self._grounds
        free = set() if any(ground.vanished for ground in grounds) else self._reader.pages.freelist()
        leaves = {number for number in strays.get(INDEX_LEAF, ()) if number not in free}
        interiors = [number for number in strays.get(INDEX_INTERIOR, ()) if number not in free]
        if not leaves and not interiors:
            return
        parents = {child for number in interiors for child in self._reader.children(number)}
        locators = {id(ground): _Locator(self._samples, ground) for ground in grounds}
        tops = [number for number in interiors if number not in parents]
        sized = sorted(((len(leaves_under(self._reader, top, leaves)), top) for top in tops), reverse=True)
        claims: dict[int, list[int]] = {}
        parts: dict[int, tuple[TableGround, IndexGround]] = {}
        for top in [top for _, top in sized] + sorted(leaves - parents):
            under = leaves_under(self._reader, top, leaves) if top not in leaves else [top]
            samples = under[:: max(1, len(under) // 8)] or [top]
            found = self._index_of(samples, locators, claims)
            if found is not None:
                parts[id(found[1])] = found
                claims.setdefault(id(found[1]), []).append(top)
        for which, owned_tops in claims.items():
            ground, part = parts[which]
            if part.whole:
                continue
            if not part.rooted and len(owned_tops) == 1:
                part.places = self._walk(owned_tops[0], ground.table, part.index)
                part.rooted = True
                part.partial = self._reader.pages.is_cut or self._names_too_few(ground, part)
                continue
            for top in owned_tops:
                part.strays.extend(place for place in self._walk(top, ground.table, part.index) if place != HOLE)

    def _index_of(
        self,
        samples: Iterable[int],
        locators: dict[int, _Locator],
        claims: dict[int, list[int]],
    ) -> tuple[TableGround, IndexGround] | None:
        """The index whose columns say the same as the rows its entries point at."""
        entries = [values for number in samples for values in self._samples.entries(number)]
        best: tuple[float, TableGround, IndexGround] | None = None
        for ground in self._grounds:
            for part in ground.indexes:
                if part.whole:
                    continue
                fitting = [values for values in entries if self._samples.entry_fits(values, ground.table, part.index)]
                if 2 * len(fitting) < len(entries) or not fitting:
                    continue
                agreeing = sum(locators[id(ground)].agrees(values, part.index) for values in fitting)
                # An index that still lacks its tree is the likelier one when two say the same.
                score = agreeing + (0.5 if not part.rooted and id(part) not in claims else 0)
                if agreeing and (best is None or score > best[0]):
                    best = (score, ground, part)
        return None if best is None else (best[1], best[2])

    def _names_too_few(self, ground: TableGround, part: IndexGround) -> bool:
        """Whether the table has more rows: then this is what is left of the index, and its silence is no proof."""
        entries, rows = count_cells(self._reader, part.places), count_cells(self._reader, ground.places)
        return entries < rows and not part.index.partial

    def _walk(self, root: int, table: Table, index: Index) -> array[int]:
        return walk_index(self._reader, root, lambda number: self._samples.holds_entries(number, table, index))


class _Locator:
    """Finds a row by its rowid, well enough to compare a few of them with index entries."""

    def __init__(self, samples: Sampler, ground: TableGround) -> None:
        self._samples = samples
        self._alias = ground.table.alias
        self._found: dict[int, list[Value] | None] = {}
        pages = [place >> 16 for place in ground.places if place != HOLE]
        pages += [stray.page for stray in ground.strays if not stray.free]
        firsts = []
        for number in pages:
            first = next((row.rowid for row in samples.reader.rows(number) if row is not None), None)
            if first is not None:
                firsts.append((first, number))
        firsts.sort()
        self._firsts = [first for first, _ in firsts]
        self._pages = [number for _, number in firsts]

    def agrees(self, entry: list[Value], index: Index) -> bool:
        rowid = entry[-1]
        values = self._row(rowid) if isinstance(rowid, int) else None
        return values is not None and all(
            (rowid if column in (ROWID, self._alias) else values[column] if column < len(values) else value) == value
            for column, value in zip(index.columns, entry[:-1], strict=True)
            if column >= ROWID
        )

    def _row(self, rowid: int) -> list[Value] | None:
        # The same few rows are asked for once for each index that looks alike.
        if rowid not in self._found:
            if len(self._found) >= _ROWS_KEPT:
                self._found.clear()
            at = bisect_right(self._firsts, rowid) - 1
            self._found[rowid] = self._samples.row(self._pages[at], rowid) if at >= 0 else None
        return self._found[rowid]
