"""What a table looks like on disk, learnt from the DDL that made it.

A damaged file may have lost its own description (`sqlite_master` lives on the first page, the one page every fault
likes to hit). The caller therefore hands over the DDL of each schema revision it has ever shipped. We let SQLite itself
parse that text, in memory, and read the result back through PRAGMAs: nobody else parses SQL quite the same way.

Positions are positions in the stored record, so virtual generated columns have none.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from enum import Enum

Value = None | int | float | str | bytes

ROWID = -1
"""Stands in an index's columns for the rowid (or for the INTEGER PRIMARY KEY that is its other name)."""

EXPRESSION = -2
"""Stands in an index's columns for an expression, whose value no column tells."""


class Kind(Enum):
    """What a column's values look like, by its declared type. Narrower than SQLite's affinity: it also sees dates."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    JSON = "json"
    DATE = "date"
    DATETIME = "datetime"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    declared: str
    kind: Kind
    nullable: bool
    default: Value
    has_default: bool


@dataclass(frozen=True, slots=True)
class Index:
    name: str
    columns: tuple[int, ...]
    descending: tuple[bool, ...]
    nocase: tuple[bool, ...]
    unique: bool
    partial: bool


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    alias: int | None
    indexes: tuple[Index, ...]

    @property
    def fewest_fields(self) -> int:
        """The shortest record that may be a row: ALTER TABLE ADD COLUMN leaves older rows short of the new columns."""
        needed = [i for i, column in enumerate(self.columns) if not column.nullable and not column.has_default]
        return max(needed, default=0) + 1

    def position(self, column: str) -> int | None:
        return next((i for i, known in enumerate(self.columns) if known.name == column), None)


@dataclass(frozen=True, slots=True)
class Layout:
    revision: str
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)


def kind_of(declared: str) -> Kind:
    word = declared.upper()
    if "BOOL" in word:
        return Kind.BOOLEAN
    if "JSON" in word:
        return Kind.JSON
    if "DATETIME" in word or "TIMESTAMP" in word:
        return Kind.DATETIME
    if "DATE" in word:
        return Kind.DATE
    if "INT" in word:
        return Kind.INTEGER
    if any(part in word for part in ("CHAR", "CLOB", "TEXT")):
        return Kind.TEXT
    if any(part in word for part in ("REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL")):
        return Kind.NUMBER
    return Kind.ANY


def is_virtual(sql: str) -> bool:
    return re.match(r"\s*CREATE\s+VIRTUAL\s+TABLE", sql, re.IGNORECASE) is not None


def lacks_rowid(sql: str) -> bool:
    """Such tables are stored as an index; none of ours is, and the salvage leaves them alone."""
    return re.search(r"\bWITHOUT\s+ROWID[^()]*$", sql, re.IGNORECASE) is not None


def read_layout(revision: str, statements: Iterable[str]) -> Layout:
    """The layout that `statements` create. Raises sqlite3.Error when they are not valid DDL."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            if not is_virtual(statement):
                connection.execute(statement)
        return Layout(revision, describe_tables(connection))


def describe_tables(connection: sqlite3.Connection) -> tuple[Table, ...]:
    """Every ordinary table of an open database; virtual tables and what they keep in shadow tables are left out."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
    shadows = tuple(f"{name}_" for name, sql in rows if sql and is_virtual(sql))
    return tuple(
        _describe(connection, name)
        for name, sql in rows
        if sql
        and not name.startswith("sqlite_")
        and not is_virtual(sql)
        and not lacks_rowid(sql)
        and not (shadows and name.startswith(shadows))
    )


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _describe(connection: sqlite3.Connection, name: str) -> Table:
    columns: list[Column] = []
    positions: dict[int, int] = {}
    key: list[tuple[int, int]] = []
    for cid, column, declared, notnull, default, pk, hidden in connection.execute(
        f"PRAGMA table_xinfo({quoted(name)})"
    ):
        if hidden == 2:
            continue
        positions[cid] = len(columns)
        if pk:
            key.append((pk, len(columns)))
        value = _constant(connection, default)
        columns.append(Column(column, declared, kind_of(declared), not notnull, value, value is not None))
    indexes = []
    own_key_index = False
    for _, index, unique, origin, partial in connection.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
        own_key_index = own_key_index or origin == "pk"
        indexes.append(_describe_index(connection, index, positions, bool(unique), bool(partial)))
    positions_of_key = tuple(position for _, position in sorted(key))
    alias = None
    if len(key) == 1 and not own_key_index and columns[key[0][1]].declared.upper() == "INTEGER":
        alias = key[0][1]
    return Table(name, tuple(columns), positions_of_key, alias, tuple(reversed(indexes)))


def _describe_index(
    connection: sqlite3.Connection, name: str, positions: dict[int, int], unique: bool, partial: bool
) -> Index:
    columns, descending, nocase = [], [], []
    for _, cid, _, desc, collation, in_key in connection.execute(f"PRAGMA index_xinfo({quoted(name)})"):
        if in_key:
            columns.append(cid if cid < 0 else positions.get(cid, EXPRESSION))
            descending.append(bool(desc))
            nocase.append(str(collation).upper() == "NOCASE")
    return Index(name, tuple(columns), tuple(descending), tuple(nocase), unique, partial)


def _constant(connection: sqlite3.Connection, expression: str | None) -> Value:
    if expression is None or expression.upper().startswith("CURRENT_"):
        return None
    try:
        value: Value = connection.execute(f"SELECT {expression}").fetchone()[0]
    except sqlite3.Error:
        return None
    return value
