"""Rows that break the rules, and indexes that have lost touch. Most PRAGMAs say ok to most of these."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from .anatomy import Anatomy, aim, connect
from .registry import fault


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def some_rowids(connection: sqlite3.Connection, rng: random.Random, table: str, n: int) -> list[int]:
    rowids = [rowid for (rowid,) in connection.execute(f"SELECT rowid FROM {quoted(table)} ORDER BY rowid")]
    return sorted(rng.sample(rowids, min(n, len(rowids))))


def copy_rows(connection: sqlite3.Connection, rng: random.Random, n: int) -> None:
    """New rows after the pattern of old ones, in one transaction. Keys that are text get a fresh tail."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = aim.get() or max(
        names, key=lambda name: connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
    )
    columns = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    keys = [column for column in columns if column[5]]
    connection.execute("BEGIN")
    for rowid in some_rowids(connection, rng, table, n):
        row = list(connection.execute(f"SELECT * FROM {quoted(table)} WHERE rowid = ?", (rowid,)).fetchone())
        last = keys[-1][0] if keys else 0
        row[last] = None if isinstance(row[last], int) else str(row[last])[:-8] + rng.randbytes(4).hex()
        connection.execute(f"INSERT OR IGNORE INTO {quoted(table)} VALUES ({','.join('?' * len(row))})", row)
    connection.execute("COMMIT")


@fault("lost-rows", 100)
def lost_rows(path: Path, rng: random.Random, n: int) -> None:
    """Deleted properly: nothing in the file can tell."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        for rowid in some_rowids(connection, rng, table, n):
            connection.execute(f"DELETE FROM {quoted(table)} WHERE rowid = ?", (rowid,))
        connection.execute("COMMIT")


@fault("index-missing", 10)
def index_missing(path: Path, rng: random.Random, n: int) -> None:
    """`n` rows of the largest table lack their entry in one of its indexes."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        index = connection.execute(
            "SELECT rowid, type, name, tbl_name, rootpage, sql FROM sqlite_master "
            "WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY rowid",
            (table,),
        ).fetchone()
        columns = [quoted(row[1]) for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]
        listed = ", ".join(["rowid", *columns])
        rows = []
        connection.execute("PRAGMA foreign_keys = OFF")
        for rowid in some_rowids(connection, rng, table, n):
            rows.append(
                connection.execute(f"SELECT {listed} FROM {quoted(table)} WHERE rowid = ?", (rowid,)).fetchone()
            )
            connection.execute(f"DELETE FROM {quoted(table)} WHERE rowid = ?", (rowid,))
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE rowid = ?", (index[0],))
    with closing(connect(path)) as connection:
        for row in rows:
            connection.execute(f"INSERT INTO {quoted(table)} ({listed}) VALUES ({','.join('?' * len(row))})", row)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "INSERT INTO sqlite_master (rowid, type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?, ?)", index
        )


@fault("fk-violation", 10)
def fk_violation(path: Path, rng: random.Random, n: int) -> None:
    """Children of a parent that is not there."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        key = connection.execute(f"PRAGMA foreign_key_list({quoted(table)})").fetchone()[3]
        (sample,) = connection.execute(f"SELECT {quoted(key)} FROM {quoted(table)} LIMIT 1").fetchone()
        nobody = 10**9 + rng.randrange(1000) if isinstance(sample, int) else "0" * 24 + rng.randbytes(6).hex()
        for rowid in some_rowids(connection, rng, table, n):
            connection.execute(f"UPDATE {quoted(table)} SET {quoted(key)} = ? WHERE rowid = ?", (nobody, rowid))


@fault("check-violation", 10)
def check_violation(path: Path, rng: random.Random, n: int) -> None:
    """A column with `CHECK (column IN (...))` holds something else."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        column = re.findall(r"CHECK \((\w+) IN \(", sql)[0]
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for rowid in some_rowids(connection, rng, table, n):
            connection.execute(f"UPDATE {quoted(table)} SET {column} = 77 WHERE rowid = ?", (rowid,))


@fault("null-violation", 10)
def null_violation(path: Path, rng: random.Random, n: int) -> None:
    """A NOT NULL column is NULL: the constraint is taken out of the definition and put back."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        column = [r[1] for r in connection.execute(f"PRAGMA table_info({quoted(table)})") if r[3] and not r[5]][-1]
    loose = re.sub(rf"(\b{column} [^,]*?) NOT NULL", r"\1", sql, count=1)
    _redefine(path, table, loose)
    with closing(connect(path)) as connection:
        for rowid in some_rowids(connection, rng, table, n):
            connection.execute(f"UPDATE {quoted(table)} SET {column} = NULL WHERE rowid = ?", (rowid,))
    _redefine(path, table, sql)


def _redefine(path: Path, table: str, sql: str) -> None:
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, table))


@fault("bad-utf8", 10)
def bad_utf8(path: Path, rng: random.Random, n: int) -> None:
    """Text that is none, in a column that is in no key. SELECT raises, no PRAGMA sees it."""
    table = Anatomy(path).largest_table.name
    with closing(connect(path)) as connection:
        columns = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        column = next(c[1] for c in columns if not c[5] and ("CHAR" in c[2].upper() or "TEXT" in c[2].upper()))
        for rowid in some_rowids(connection, rng, table, n):
            connection.execute(
                f"UPDATE {quoted(table)} SET {quoted(column)} = CAST(x'62c3a4fffe7a' AS TEXT) WHERE rowid = ?", (rowid,)
            )
