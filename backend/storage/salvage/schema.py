"""What the file says about itself: `sqlite_master`, read as far as it can be read.

Its rows name the root page of every tree. Their SQL is parsed by SQLite, in memory, each statement on its own, so that
one overwritten definition costs one definition; known layouts stand in for it, and also for a table whose definition
still parses but no longer says what any revision ever said (one flipped bit in a column's name would lose the column).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from .cells import CellReader
from .layouts import Column, Kind, Layout, Table, describe_tables, is_virtual
from .records import Shapes
from .walks import HOLE, walk_table

MASTER = Table(
    "sqlite_master",
    tuple(
        Column(name, declared, kind, True, None, False)
        for name, declared, kind in (
            ("type", "TEXT", Kind.TEXT),
            ("name", "TEXT", Kind.TEXT),
            ("tbl_name", "TEXT", Kind.TEXT),
            ("rootpage", "INTEGER", Kind.INTEGER),
            ("sql", "TEXT", Kind.ANY),
        )
    ),
    (),
    None,
    (),
)
_TYPES = frozenset(("table", "index", "view", "trigger"))
# Nothing else out of a damaged file is ever given to SQLite to run.
_CREATES = re.compile(r"\s*CREATE\s+(TABLE|INDEX|UNIQUE\s+INDEX)\s", re.IGNORECASE)


@dataclass(slots=True)
class Schema:
    """`tables` holds, for each table named, what it may look like: more than one only where its definition is lost.

    `roots` holds the root page of every tree by name, those of nobody's concern (shadow tables, statistics) included.
    """

    tables: list[list[Table]] = field(default_factory=list)
    roots: dict[str, int] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    kind: str
    name: str
    table: str
    root: int
    sql: str | None


def read_schema(reader: CellReader, layouts: Sequence[Layout]) -> Schema:
    definitions, whole = _definitions(reader)
    tables = _tables(definitions, layouts)
    schema = Schema(tables, complete=whole and bool(definitions))
    for definition in definitions:
        if 2 <= definition.root <= reader.pages.count:
            schema.roots.setdefault(definition.name, definition.root)
    return schema


def _definitions(reader: CellReader) -> tuple[list[Definition], bool]:
    found = []
    shapes = Shapes()
    places = walk_table(reader, 1, lambda number: True)
    whole = HOLE not in places
    for place in places:
        for row in reader.rows(place >> 16) if place != HOLE else ():
            payload = row.payload if row is not None else None
            if payload is None or not payload.whole:
                whole = False
                continue
            length = payload.data[payload.start]
            shape = shapes.of(payload.data[payload.start : payload.start + length])
            if shape is None or shape.count != 5 or length + shape.body != payload.size:
                whole = False
                continue
            kind, name, table, root, sql = shape.lenient(shape.unpack(payload.data, payload.start + length))
            if isinstance(kind, str) and isinstance(name, str) and isinstance(table, str) and kind in _TYPES:
                text = sql if isinstance(sql, str) else None
                found.append(Definition(kind, name, table, root if isinstance(root, int) else 0, text))
            else:
                whole = False
    return found, whole


def _tables(definitions: list[Definition], layouts: Sequence[Layout]) -> list[list[Table]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for kind in ("table", "index"):
            for definition in definitions:
                if definition.kind == kind and definition.sql and _CREATES.match(definition.sql):
                    _try(connection, definition.sql)
        parsed = {table.name: table for table in describe_tables(connection)}
    shadows = tuple(f"{d.name}_" for d in definitions if d.sql and is_virtual(d.sql))
    indexes = {definition.name for definition in definitions if definition.kind == "index"}
    tables = []
    for definition in definitions:
        if definition.kind != "table" or (shadows and definition.name.startswith(shadows)):
            continue
        known = [table for layout in layouts for table in layout.tables if table.name == definition.name]
        own = parsed.get(definition.name)
        if own is not None or known:
            tables.append(known if own is None else [_likelier(own, known, indexes)])
    return tables


def _try(connection: sqlite3.Connection, sql: str) -> None:
    try:
        connection.execute(sql)
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        # An overwritten definition; the known layouts stand in for it.
        return


def _likelier(own: Table, known: Sequence[Table], indexes: set[str]) -> Table:
    """The file's own definition, unless it is a known one with a few letters changed."""
    names = [column.name for column in own.columns]
    close = None
    for table in known:
        candidate = [column.name for column in table.columns]
        if candidate == names:
            # An index whose own definition was overwritten still has its name and its root.
            have = {index.name for index in own.indexes}
            lost = tuple(index for index in table.indexes if index.name in indexes and index.name not in have)
            return replace(own, indexes=own.indexes + lost)
        same = sum(a == b for a, b in zip(candidate, names, strict=False))
        if len(candidate) == len(names) and same >= len(names) - 2 and same > 0:
            close = close or table
    return close or own
