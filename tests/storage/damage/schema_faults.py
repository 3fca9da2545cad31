"""The layout: parts missing, half a migration, a version row that lies."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from .anatomy import Anatomy, connect
from .registry import fault
from .row_faults import quoted, some_rowids

VERSION_TABLE = "alembic_version"


@fault("drop-index")
def drop_index(path: Path, rng: random.Random, n: int) -> None:
    with closing(connect(path)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
            )
        ]
        connection.execute(f"DROP INDEX {quoted(rng.choice(names))}")


@fault("drop-column")
def drop_column(path: Path, rng: random.Random, n: int) -> None:
    """A column of the largest table that no key, index or check needs."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        for _, name, *_ in reversed(connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()):
            try:
                connection.execute(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)}")
            except sqlite3.OperationalError:
                continue
            return


@fault("drop-table")
def drop_table(path: Path, rng: random.Random, n: int) -> None:
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"DROP TABLE {quoted(table)}")


@fault("drop-table-unwiped")
def drop_table_unwiped(path: Path, rng: random.Random, n: int) -> None:
    """As done by a SQLite built without SECURE_DELETE: the free pages still hold everything."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute(f"DROP TABLE {quoted(table)}")


@fault("extra-column")
def extra_column(path: Path, rng: random.Random, n: int) -> None:
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN from_the_future TEXT DEFAULT 'x'")


@fault("half-migration", 50)
def half_migration(path: Path, rng: random.Random, n: int) -> None:
    """Killed while a table was being copied: `_alembic_tmp_*` holds a part of the rows."""
    _copy_aside(path, rng, n)


@fault("half-migration-dropped")
def half_migration_dropped(path: Path, rng: random.Random, n: int) -> None:
    """Killed between DROP and RENAME: `_alembic_tmp_*` holds everything."""
    table = _copy_aside(path, rng, None)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"DROP TABLE {quoted(table)}")


def _copy_aside(path: Path, rng: random.Random, n: int | None) -> str:
    table = Anatomy(path).largest_table.name
    copy = f"_alembic_tmp_{table}"
    with closing(connect(path)) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        connection.execute(sql.replace(f"TABLE {table}", f"TABLE {copy}", 1))
        rowids = None if n is None else some_rowids(connection, rng, table, n)
        where = "" if rowids is None else f"WHERE rowid IN ({','.join(map(str, rowids))})"
        connection.execute(f"INSERT INTO {copy} SELECT * FROM {quoted(table)} {where}")
    return table


def _version(path: Path, *statements: str) -> None:
    with closing(connect(path)) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {VERSION_TABLE} (version_num VARCHAR(32) PRIMARY KEY)")
        for statement in statements:
            connection.execute(statement)


@fault("alembic-missing")
def alembic_missing(path: Path, rng: random.Random, n: int) -> None:
    _version(path, f"DROP TABLE {VERSION_TABLE}")


@fault("alembic-empty")
def alembic_empty(path: Path, rng: random.Random, n: int) -> None:
    _version(path, f"DELETE FROM {VERSION_TABLE}")


@fault("alembic-two")
def alembic_two(path: Path, rng: random.Random, n: int) -> None:
    _version(path, f"INSERT INTO {VERSION_TABLE} VALUES ('0123456789ab')")


@fault("alembic-unknown")
def alembic_unknown(path: Path, rng: random.Random, n: int) -> None:
    _version(path, f"DELETE FROM {VERSION_TABLE}", f"INSERT INTO {VERSION_TABLE} VALUES ('{rng.randbytes(6).hex()}')")
