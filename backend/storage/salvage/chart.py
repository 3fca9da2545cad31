"""Which page belongs to what.

First the trees the file names itself are walked. What is left over is sorted by what it holds: leaf pages of rows by
the number and kind of their columns, leaf pages of index entries by the rows they point at. A left-over tree that is
the only one of its sort takes the place of the tree whose root was lost; single pages become strays, which have to
prove themselves against the indexes before a row of theirs counts as living.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from .cells import CellReader
from .grounds import Chart, TableGround, unwalked
from .layouts import Index, Layout, Table
from .pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_INTERIOR, TABLE_LEAF, page_kind
from .samples import Sampler
from .schema import Schema, read_schema
from .strayindexes import StrayIndexes
from .straytables import StrayTables
from .walks import HOLE, count_cells, walk_index, walk_table

# One index that names more rows than there are is more likely to be the damaged one itself.
_SEVERAL = 2


class Surveyor:
    """Draws the chart of one view of a file."""

    def __init__(self, reader: CellReader, layouts: Sequence[Layout]) -> None:
        self.reader = reader
        self.pages = reader.pages
        self.layouts = layouts
        self.samples = Sampler(reader)

    def draw(self) -> Chart:
        schema = read_schema(self.reader, self.layouts)
        tables = [self._likeliest(choices, schema.roots.get(choices[0].name, 0)) for choices in schema.tables]
        # What is of a table whose definition is lost must stay free to be found.
        ours = (*tables, *(table for layout in self.layouts for table in layout.tables))
        names = {table.name for table in ours} | {index.name for table in ours for index in table.indexes}
        for name, root in schema.roots.items():
            if name not in names:
                self._own_everything_under(root)
        grounds = [self._walk_named(table, schema) for table in tables]
        strays = self._leftovers()
        layout = self._best_layout(tables, strays.get(TABLE_LEAF, []), is_complete=schema.complete)
        if layout is not None:
            have = {ground.table.name for ground in grounds}
            lost = [self._walk_named(table, schema) for table in layout.tables if table.name not in have]
            for ground in lost:
                ground.vanished = schema.complete
            if any(ground.has_trace for ground in lost):
                strays = self._leftovers()
            grounds += lost
        StrayTables(self.samples, grounds).place(strays)
        StrayIndexes(self.samples, grounds).place(strays)
        return Chart(grounds, layout.revision if layout else "", bool(tables), 0 if tables else self._count_empty())

    # -- what the file names itself --

    def _likeliest(self, choices: list[Table], root: int) -> Table:
        """The revision of a table that its first rows fit best."""
        if len(choices) == 1 or not root:
            return choices[0]
        number, steps = root, 0
        while page_kind(self.pages.page(number), 0) == TABLE_INTERIOR and steps < 20:
            number, steps = next((child for child in self.reader.children(number) if child), 0), steps + 1
        rows = list(self.samples.rows(number)) if number else []
        if not rows:
            return choices[-1]  # the newest takes older rows for what they are; an older one has no room for newer rows
        return max(choices, key=lambda table: self.samples.score(table, rows))

    def _walk_named(self, table: Table, schema: Schema) -> TableGround:
        ground = unwalked(table)
        root = schema.roots.get(table.name, 0)
        if page_kind(self.pages.page(root), 0) in (TABLE_INTERIOR, TABLE_LEAF):
            places = walk_table(self.reader, root, lambda number: self.samples.holds_rows(number, table))
            if any(place != HOLE for place in places):
                ground.places, ground.rooted = places, True
        for part in ground.indexes:
            root = schema.roots.get(part.index.name, 0)
            if page_kind(self.pages.page(root), 0) in (INDEX_INTERIOR, INDEX_LEAF):
                part.places = self._walk_index(root, table, part.index)
                part.rooted = any(place != HOLE for place in part.places)
        ground.partial = ground.whole and self._is_outnumbered(ground)
        return ground

    def _is_outnumbered(self, ground: TableGround) -> bool:
        """Whether most indexes name more rows than the tree has: then its root is a page of another place."""
        rows = count_cells(self.reader, ground.places)
        counts = [
            count_cells(self.reader, part.places) for part in ground.indexes if part.whole and not part.index.partial
        ]
        more = sum(count > rows for count in counts)
        return more >= _SEVERAL and 2 * more > len(counts)

    def _walk_index(self, root: int, table: Table, index: Index) -> array[int]:
        return walk_index(self.reader, root, lambda number: self.samples.holds_entries(number, table, index))

    def _own_everything_under(self, root: int) -> None:
        if page_kind(self.pages.page(root), 0) in (TABLE_INTERIOR, TABLE_LEAF):
            walk_table(self.reader, root, lambda number: True)
        else:
            walk_index(self.reader, root, lambda number: True)

    # -- what is left over --

    def _leftovers(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number in range(2, self.pages.count + 1):
            if not self.reader.owned[number]:
                page = self.pages.page(number)
                kind = page_kind(page, 0)
                if kind and self.reader.offsets(page, 0):
                    found.setdefault(kind, []).append(number)
        return found

    def _count_empty(self) -> int:
        """How many pages nothing points at are empty tables: SQLite lets go of every other page without a row."""
        pages = ((number, self.pages.page(number)) for number in range(2, self.pages.count + 1))
        return sum(
            not self.reader.owned[number] and page_kind(page, 0) == TABLE_LEAF and not self.reader.offsets(page, 0)
            for number, page in pages
        )

    def _best_layout(self, tables: list[Table], leaves: list[int], *, is_complete: bool) -> Layout | None:
        """By the names the file gives if it gives any, else by what its stray pages hold."""
        own = {(table.name, tuple(column.name for column in table.columns)) for table in tables}
        columns = {(table.name, column.name) for table in tables for column in table.columns}
        indexes = {index.name for table in tables for index in table.indexes}
        sampled = leaves[:: max(1, len(leaves) // 200)]

        def likeness(layout: Layout) -> tuple[float, int]:
            if not tables:
                return self._fit(sampled, layout), 0
            # Where a table lost a column no layout has exactly that one, and the columns it has must decide.
            exact = sum((t.name, tuple(c.name for c in t.columns)) in own for t in layout.tables)
            return exact, sum((t.name, c.name) in columns for t in layout.tables for c in t.columns)

        alike = _most(self.layouts, likeness)
        if not alike or likeness(alike[0]) <= (0, 0):
            return None
        if not is_complete and len({_columns_of(layout) for layout in alike}) > 1:
            # They differ in a table that is not named, and so small that no sample came from it: every page is asked,
            # and how well it fits. Under a layout that lacks its columns it may still resemble another table, and be
            # taken for that one's. Where no page can tell, the roomiest: it has a place for all that a backup says.
            alike = _most(alike, lambda layout: (self._fit(leaves, layout), len(_columns_of(layout))))
        return min(alike, key=lambda layout: len(indexes ^ {i.name for t in layout.tables for i in t.indexes}))

    def _fit(self, leaves: Sequence[int], layout: Layout) -> float:
        """How well these pages fit the tables of a layout that each fits best."""
        rows = (list(self.samples.rows(number)) for number in leaves)
        return sum(max((self.samples.score(table, page) for table in layout.tables), default=0) for page in rows)


def _most(layouts: Sequence[Layout], likeness: Callable[[Layout], tuple[float, int]]) -> list[Layout]:
    """Those that are the most alike."""
    found = [(likeness(layout), layout) for layout in layouts]
    most = max((how for how, _ in found), default=None)
    return [layout for how, layout in found if how == most]


def _columns_of(layout: Layout) -> frozenset[tuple[str, str]]:
    return frozenset((table.name, column.name) for table in layout.tables for column in table.columns)
