"""The damaged file as a source of rows: the door to everything else in this package.

    with Salvage(path, layouts, log=path_of_wal, donors=[backup]) as salvage:
        for table in salvage.sources():
            for row in salvage.table(table).rows():
                ...

The file is only read, never opened as a database. Tables come one at a time, because what the indexes say about one is
forgotten before the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .cells import CellReader
from .chart import Surveyor
from .donors import Donor
from .grounds import Chart, TableGround
from .layouts import Layout, Table
from .pages import PageFile
from .tables import TableSalvage


class Salvage:
    def __init__(
        self, path: Path, layouts: Sequence[Layout], log: Path | None = None, donors: Sequence[Donor] = ()
    ) -> None:
        self._pages = PageFile(path, log)
        self._reader = CellReader(self._pages)
        self.donors = donors  # whose they must be, the chart may have to tell first
        self.chart: Chart = Surveyor(self._reader, layouts).draw()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pages.close()

    @property
    def has_log(self) -> bool:
        return self._pages.has_log

    @property
    def has_free_pages(self) -> bool:
        """Whether SQLite has given up pages, as it does with those of a table that is dropped."""
        return bool(self._pages.freelist())

    def sources(self) -> list[Table]:
        """The tables the file has, as it has them; those last that it does not name any more."""
        return [ground.table for ground in sorted(self.chart.tables, key=lambda ground: ground.vanished)]

    def is_vanished(self, source: Table) -> bool:
        """Whether the file no longer names the table, so that only free pages and donors know of its rows."""
        return self.ground(source).vanished

    def ground(self, source: Table) -> TableGround:
        """Where one of the sources lies."""
        return next(ground for ground in self.chart.tables if ground.table is source)

    def table(self, source: Table) -> TableSalvage:
        return TableSalvage(self._reader, self.ground(source), self.donors)

    def absent(self, table: Table) -> TableSalvage:
        """A table of which the file holds nothing; donors may."""
        return TableSalvage(self._reader, TableGround(table), self.donors)
