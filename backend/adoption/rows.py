"""Rows of the old tables, a page at a time, as raw as the driver can be made to give them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.sql.elements import ColumnElement

from backend.adoption.layout import OldLayout, OldTable

_CACHE_KIB = 32 * 1024
PAGE_ROWS = 500  # of at most 20,000 characters each, so a page stays within some tens of megabytes at worst

# What the old schema gave a row that did not say. A lost column must not become a finding for each of its rows.
_DEFAULTS: dict[str, Any] = {"description": "", "completed": False, "priority": "medium", "tags": "[]"}
# An index may have lost touch with its table, which no check of a start looks for; SQLite counts by the smallest one.
_TABLE_ITSELF = "NOT INDEXED"
_TIMES = frozenset({"due_date", "created_at", "updated_at"})


def pages(connection: Connection, table: OldTable, *columns: str) -> Iterator[list[Mapping[str, Any]]]:
    """The rows by rising id, all columns or those named. Each page is found by key, so none is held open or skipped."""
    wanted = columns or (*table.columns, *table.missing)
    source = sa.table(table.name, *(sa.column(name) for name in table.columns))
    old_id = source.c.id
    statement = sa.select(*(_raw(connection, table, source, name) for name in wanted)).order_by(old_id).limit(PAGE_ROWS)
    statement = statement.with_hint(source, _TABLE_ITSELF, "sqlite")
    last: int | None = None
    while rows := connection.execute(statement if last is None else statement.where(old_id > last)).mappings().all():
        yield [dict(row) for row in rows]
        last = rows[-1]["id"]


def count(connection: Connection, table: OldTable) -> int:
    """How many rows a table has."""
    source = sa.table(table.name)
    statement = sa.select(sa.func.count()).select_from(source)
    return connection.scalar(statement.with_hint(source, _TABLE_ITSELF, "sqlite")) or 0


@contextmanager
def steady(connection: Connection, layout: OldLayout) -> Iterator[None]:
    """Nobody writes the old tables while they are read, and no byte that is not UTF-8 stops the reading."""
    if connection.dialect.name != "sqlite":
        for table in (layout.users, layout.todos):
            if table is not None:
                name = connection.dialect.identifier_preparer.quote(table.name)
                connection.execute(sa.text(f"LOCK TABLE {name} IN SHARE MODE"))
        yield
        return
    # On SQLite the transaction sees one moment by itself.
    driver: Any = connection.connection.driver_connection
    before = driver.text_factory
    driver.text_factory = _lenient
    try:
        yield
    finally:
        driver.text_factory = before


@contextmanager
def roomy(connection: Connection) -> Iterator[None]:
    """A larger page cache while many rows go into many indexes: on SQLite, 200,000 todos took half as long with it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {before}")


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _raw(connection: Connection, table: OldTable, source: sa.TableClause, name: str) -> ColumnElement[Any]:
    if name not in table.columns:
        return (sa.literal(_DEFAULTS[name]) if name in _DEFAULTS else sa.null()).label(name)
    column = source.c[name]
    if connection.dialect.name == "sqlite":
        return column
    # As JSON, a time is ISO text whatever DateStyle says, also one that Python's datetime cannot hold (`infinity`),
    # and TEXT[], JSON and JSONB read alike.
    if name in _TIMES:
        return sa.func.to_json(column).op("#>>")(sa.literal_column("'{}'")).label(name)
    if name == "tags":
        return sa.cast(sa.func.to_json(column), sa.Text).label(name)
    return column
