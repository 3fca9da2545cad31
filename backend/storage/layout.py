"""Layouts: which revision a database really has, told by its tables and not by what its version row claims.

`layouts.json` lists the fingerprint of every released revision. It is made from the migrations, by
`python -m backend.storage.layout`, and a test fails when it is out of date.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from backend.storage.salvage.layouts import Index, Layout, Table, read_layout

VERSION_TABLE = "alembic_version"
HALF_DONE = "_alembic_tmp_"

_TABLE = re.compile(r"^\s*CREATE TABLE\s+\"?(\w+)", re.IGNORECASE)
_CHECK = re.compile(r"CONSTRAINT\s+\"?(\w+)\"?\s+CHECK", re.IGNORECASE)
LAYOUTS_FILE = Path(__file__).with_name("layouts.json")


@dataclass(frozen=True)
class Layouts:
    """The newest revision; the fingerprint and the tables' DDL of each one that was ever released."""

    head: str
    fingerprints: dict[str, str]
    ddl: dict[str, list[str]]

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of any release. Others in the same file are somebody else's, and are left alone."""
        # From the text: every start asks for them, and to read the layouts in detail takes longer than all else of it.
        return frozenset(name for ddl in self.ddl.values() for statement in ddl for name in _TABLE.findall(statement))

    @cached_property
    def known(self) -> tuple[Layout, ...]:
        """Every release's tables in detail, for reading a damaged file without its own description.

        Without that nobody knows whether an index names every row: it does not if it is partial in any release, and
        its silence about a row is no proof then.
        """
        known = [read_layout(revision, statements) for revision, statements in self.ddl.items()]
        some = {
            _form(table, index) for one in known for table in one.tables for index in table.indexes if index.partial
        }
        return tuple(replace(one, tables=tuple(_with_partial(table, some) for table in one.tables)) for one in known)

    def revision_of(self, fingerprint: str) -> str | None:
        """The revision that has this layout, None for a layout that is not ours."""
        return next((revision for revision, known in self.fingerprints.items() if known == fingerprint), None)


def _form(table: Table, index: Index) -> tuple[str, ...]:
    return (table.name, *(table.columns[column].name if column >= 0 else "" for column in index.columns))


def _with_partial(table: Table, some: Collection[tuple[str, ...]]) -> Table:
    return replace(
        table,
        indexes=tuple(replace(index, partial=index.partial or _form(table, index) in some) for index in table.indexes),
    )


@cache
def released() -> Layouts:
    """What this release knows."""
    stored = json.loads(LAYOUTS_FILE.read_text())
    return Layouts(**stored)


def table_names(connection: sqlite3.Connection) -> set[str]:
    """The tables that somebody made, without SQLite's own and the version table."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {name for (name,) in rows} - {VERSION_TABLE}


def fingerprint(connection: sqlite3.Connection, ours: frozenset[str] | None = None) -> str:
    """A digest of our tables' columns, keys and indexes; the order of columns and the spelling of the SQL do not count.

    What a migration left half done counts as ours: its copy of a table may be the only one.
    """
    names = table_names(connection)
    counted = names if ours is None else {name for name in names if name in ours or name.startswith(HALF_DONE)}
    tables = {
        table: {
            "columns": sorted(
                [name, kind.upper(), not_null, default, in_key]
                for _, name, kind, not_null, default, in_key, _ in connection.execute(f'PRAGMA table_xinfo("{table}")')
            ),
            "indexes": sorted(
                [
                    "" if origin != "c" else index,
                    unique,
                    [column for _, _, column in connection.execute(f'PRAGMA index_info("{index}")')],
                ]
                for _, index, unique, origin, _ in connection.execute(f'PRAGMA index_list("{table}")')
            ),
            # Pragmas do not tell CHECKs; their names are ours, so the spelling of the rest does not matter.
            "checks": sorted(_CHECK.findall(_sql_of(connection, table))),
            "references": sorted(
                [target, source_column, target_column or "", on_delete]
                for _, _, target, source_column, target_column, _, on_delete, _ in connection.execute(
                    f'PRAGMA foreign_key_list("{table}")'
                )
            ),
        }
        for table in sorted(counted)
    }
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()[:16]


def _sql_of(connection: sqlite3.Connection, table: str) -> str:
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    return str(connection.execute(query, [table]).fetchone()[0])


def version_rows(connection: sqlite3.Connection) -> list[str]:
    """What the version table claims: one revision if all is well."""
    exists = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [VERSION_TABLE]
    ).fetchone()
    return [str(row[0]) for row in connection.execute(f"SELECT version_num FROM {VERSION_TABLE}")] if exists else []  # noqa: S608 - a constant


def restamp(connection: sqlite3.Connection, revision: str) -> None:
    """Make the version table say what the layout is."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(f"DELETE FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES (?)", [revision])  # noqa: S608 - a constant


def main() -> None:
    """Write layouts.json from the migrations."""
    from backend.storage.migrate import every_layout  # noqa: PLC0415 - Alembic is needed here alone

    LAYOUTS_FILE.write_text(json.dumps(every_layout(), indent=2) + "\n")


if __name__ == "__main__":
    main()
