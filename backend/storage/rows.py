"""Rows: reading and writing whole tables in bounded memory, the same way on every database.

Tables are read in batches by key, so no cursor stays open and no batch costs more than the first. A reference to a
table that comes later, or to the same table, is filled in once all rows are there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    bindparam,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

BATCH_ROWS = 1_000
_KEYS_AT_ONCE = 200

Key = tuple[Any, ...]
Row = dict[str, Any]
# After the first key, up to and with the second one; None for no limit.
Range = tuple[Key | None, Key | None]

EVERYTHING: Range = (None, None)


def key_of(table: Table, row: Row) -> Key:
    """The primary key of a row."""
    return tuple(row[column.name] for column in table.primary_key.columns)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it was at its first look, whatever others write."""
    with engine.connect() as connection:
        # SQLite's transactions are snapshots anyway.
        if engine.dialect.name != "sqlite":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same one
        yield connection


def count(connection: Connection, table: Table) -> int:
    """How many rows there are."""
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def batches(
    connection: Connection, table: Table, condition: ColumnElement[bool] | None = None, within: Range = EVERYTHING
) -> Iterator[list[Row]]:
    """All rows, or those that meet a condition or lie within a range, in batches that rise by key."""
    statement = select(table)
    if condition is not None:
        statement = statement.where(condition)
    for found in _pages(connection, table, statement, within):
        yield [dict(row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name for it


def raw(connection: Connection, table: Table, within: Range = EVERYTHING) -> Iterator[Sequence[Any]]:
    """The same, as the driver hands the values out: good for comparing a database with itself, and much faster."""
    keys = [column.name for column in table.primary_key.columns]
    others = [column for column in table.columns if column.name not in keys]
    plain = [type_coerce(column, NullType()) for column in (*table.primary_key.columns, *others)]
    yield from _pages(connection, table, select(*plain), within)


def _pages(
    connection: Connection, table: Table, statement: Select[*tuple[Any, ...]], within: Range
) -> Iterator[Sequence[Any]]:
    keys = list(table.primary_key.columns)
    names = [key.name for key in keys]
    statement = statement.order_by(*keys).limit(BATCH_ROWS)
    last, end = within
    if end is not None:
        statement = statement.where(not_(_after(keys, end, connection.dialect.name)))
    while True:
        page = statement if last is None else statement.where(_after(keys, last, connection.dialect.name))
        result = connection.execute(page)
        places = [list(result.keys()).index(name) for name in names]
        found = result.all()
        if not found:
            return
        before, last = last, tuple(found[-1][place] for place in places)
        if before is not None and not before < last:
            raise ValueError(f"the keys of {table.name} do not rise")
        yield found
        if len(found) < BATCH_ROWS:
            return


def add(connection: Connection, table: Table, found: list[Row]) -> None:
    """Insert rows, without the references that have to wait."""
    waiting = dict.fromkeys(late_columns(table))
    if found:
        connection.execute(insert(table), [row | waiting for row in found] if waiting else found)


def change(connection: Connection, table: Table, found: list[Row], columns: Sequence[str]) -> None:
    """Set these columns of rows that are there."""
    keys = list(table.primary_key.columns)
    if not found or not columns:
        return
    statement = update(table).where(*(key == bindparam(f"key_{key.name}") for key in keys))
    statement = statement.values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns})
    connection.execute(
        statement,
        [
            {f"key_{key.name}": row[key.name] for key in keys} | {f"new_{name}": row[name] for name in columns}
            for row in found
        ],
    )


def remove(connection: Connection, table: Table, keys: Iterable[Key]) -> None:
    """Delete the rows with these keys."""
    columns = tuple_(*table.primary_key.columns)
    for some in _chunks(keys):
        connection.execute(table.delete().where(columns.in_(some)))


def clear(connection: Connection, tables: Sequence[Table]) -> None:
    """Delete all rows of tables that stand in the order of their references."""
    for table in reversed(tables):
        if late := late_columns(table):
            connection.execute(table.update().values(dict.fromkeys(late)))
        connection.execute(table.delete())


def late_columns(table: Table) -> list[str]:
    """Columns that refer to a table which is not there when this one is filled: itself."""
    return sorted(
        column.name
        for constraint in table.foreign_key_constraints
        if constraint.referred_table is table
        for column in constraint.columns
        if column.nullable
    )


def referring(table: Table, columns: Sequence[str]) -> ColumnElement[bool]:
    """The rows in which any of the columns says something."""
    return or_(*(table.c[name].is_not(None) for name in columns))


def _after(keys: list[Column[Any]], last: Key, dialect: str) -> ColumnElement[bool]:
    if len(keys) == 1 or dialect in {"sqlite", "postgresql"}:
        return tuple_(*keys) > tuple_(*last) if len(keys) > 1 else keys[0] > last[0]
    # MySQL reads the whole table for a comparison of tuples, and finds its way through the index in this form.
    return or_(
        *(
            and_(*(key == value for key, value in zip(keys[:depth], last, strict=False)), keys[depth] > last[depth])
            for depth in range(len(keys))
        )
    )


def _chunks(keys: Iterable[Key]) -> Iterator[list[Key]]:
    source = iter(keys)
    take: Callable[[], list[Key]] = lambda: list(islice(source, _KEYS_AT_ONCE))  # noqa: E731 - iter() wants a callable
    return iter(take, [])
