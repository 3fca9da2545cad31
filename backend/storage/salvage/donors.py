"""A healthy database that may fill gaps: the newest good backup, or a candidate built from another view of the file.

A donor is asked for single rows by key, and only where the damaged file itself says that a row is alive or cannot say
anything any more. Pouring a whole backup in would bring back everything that was deleted since.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from .layouts import Table, Value, describe_tables, quoted


class Donor:
    def __init__(self, path: Path) -> None:
        self.path = path
        # immutable: looking must neither replay a log lying beside the file nor create one.
        uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True)
        self._connection.text_factory = lambda data: data.decode(errors="replace")
        try:
            self._tables = {table.name: table for table in describe_tables(self._connection)}
        except sqlite3.Error:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def has_column(self, table: Table, column: str) -> bool:
        own = self._tables.get(table.name)
        return own is not None and own.position(column) is not None

    def find(self, table: Table, known: Mapping[str, Value], rowid: int) -> dict[str, Value] | None:
        """The donor's copy of a row, by primary key where that is known, else by rowid."""
        own = self._tables.get(table.name)
        if own is None:
            return None
        key = [table.columns[position].name for position in table.key]
        if key and all(name in known and own.position(name) is not None for name in key):
            test = " AND ".join(f"{quoted(name)} IS ?" for name in key)
            return self._one(own, test, [known[name] for name in key])
        found = self._one(own, "rowid = ?", [rowid])
        if found is not None and any(name in known and found.get(name) != known[name] for name in key):
            # Rowids change hands when a database is rebuilt.
            return None
        return found

    def rows(self, table: Table) -> Iterator[dict[str, Value]]:
        own = self._tables.get(table.name)
        if own is None:
            return
        names = [column.name for column in own.columns]
        for row in self._connection.execute(f"SELECT {_listed(names)} FROM {quoted(own.name)}"):
            yield dict(zip(names, row, strict=True))

    def _one(self, own: Table, test: str, values: list[Value]) -> dict[str, Value] | None:
        names = [column.name for column in own.columns]
        row = self._connection.execute(
            f"SELECT {_listed(names)} FROM {quoted(own.name)} WHERE {test} LIMIT 1", values
        ).fetchone()
        return dict(zip(names, row, strict=True)) if row is not None else None


def _listed(names: list[str]) -> str:
    return ", ".join(quoted(name) for name in names)
