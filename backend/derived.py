"""Derived tables: what stands in todos already, said again in a form that is found quickly.

They are never salvaged from a damaged file and never carried over from an old one: `rebuild` empties them, and makes
the tags anew from the todos, in the caller's transaction, on any database. Only where damage took a todo's own tags,
`give_back` reads them out of that file's table.

Words are many, and a start should not wait for them. They are made with the account's ledger, which is opened by
whoever writes first, or by the app's own upkeep: with exact counts and a new epoch, so that who followed the account's
changes by number begins again. Whoever searches in an account without a ledger reads its texts instead.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import SQLModel, col

from backend.models.field import unique_tags
from backend.models.operation import Ledger
from backend.models.todo import Todo, TodoTag, TodoWord, tag_rows, word_rows

TABLES: dict[str, type[SQLModel]] = {"todo_tags": TodoTag, "todo_words": TodoWord, "ledgers": Ledger}

_Row = Mapping[str, Any]
# A row that was kept, of a table, and the columns whose values are lost; and what reads a table of the damaged file.
_Lost = tuple[str, _Row, frozenset[str]]
_Read = Callable[[str], Iterable[_Row]]
_Columns = tuple[sa.SQLColumnExpression[Any], ...]
_KEY: _Columns = (col(Todo.owner_id), col(Todo.id))
_PAGE_ROWS = 2_000  # bounds the memory; a page is found by its key, so none is held open while rows are written


def rebuild(connection: Connection) -> None:
    """Make the tags say what the todos say; words and ledgers come account by account, with `fill_words`."""
    for table in TABLES.values():
        connection.execute(sa.delete(table))
    listed = sa.cast(col(Todo.tags), sa.Text)
    # SQLite reads a table in the order in which it stores the rows: by their keys it would look for each one anew.
    by: _Columns = (sa.literal_column("todos.rowid"),) if connection.dialect.name == "sqlite" else _KEY
    for page in _pages(connection, by, listed != "[]", *_KEY, listed):  # most have none
        tags = (row for *_, owner_id, todo_id, text in page for row in tag_rows(owner_id, todo_id, _tags_in(text)))
        _insert(connection, TodoTag, tags)


def give_back(connection: sqlite3.Connection, lost: Iterable[_Lost], read: _Read) -> None:
    """Todos whose own tags damage took get them from the table that says them again, as it spells them."""
    keys = ((row["owner_id"], row["id"]) for table, row, columns in lost if table == "todos" and "tags" in columns)
    # What was hit may have anything there; nothing else can be looked for.
    todos = {(owner, todo) for owner, todo in keys if isinstance(owner, str) and isinstance(todo, str)}
    if not todos:
        return
    tags: dict[tuple[object, object], list[str]] = {}
    for row in read(TodoTag.__tablename__):
        todo, tag = (row.get("owner_id"), row.get("todo_id")), row.get("tag_key")
        if todo in todos and isinstance(tag, str):
            tags.setdefault(todo, []).append(tag)
    connection.executemany(
        "UPDATE todos SET tags = ? WHERE owner_id = ? AND id = ?",
        [(json.dumps(unique_tags(found), ensure_ascii=False), *todo) for todo, found in tags.items()],
    )


def fill_words(connection: Connection, owner_id: str) -> None:
    """Make one account's words say what its todos say."""
    connection.execute(sa.delete(TodoWord).where(col(TodoWord.owner_id) == owner_id))
    for page in _pages(connection, _KEY, col(Todo.owner_id) == owner_id, col(Todo.title), col(Todo.description)):
        _insert(connection, TodoWord, (row for todo in page for row in word_rows(*todo)))


def _tags_in(text: object) -> list[str]:
    """The tags that a todo's JSON lists, once each. A row that was saved from damage may hold anything there."""
    try:
        listed = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return []
    return unique_tags(tag for tag in listed if isinstance(tag, str)) if isinstance(listed, list) else []


def _pages(
    connection: Connection, by: _Columns, wanted: sa.ColumnElement[bool], *columns: sa.SQLColumnExpression[Any]
) -> Iterator[list[tuple[Any, ...]]]:
    """The wanted todos in the order of `by`: that, and these columns."""
    statement = sa.select(*by, *columns).where(wanted).order_by(*by).limit(_PAGE_ROWS)
    last: tuple[Any, ...] | None = None
    while True:
        found = statement if last is None else statement.where(sa.tuple_(*by) > sa.tuple_(*last))
        page = [tuple(row) for row in connection.execute(found).all()]
        if not page:
            return
        yield page
        last = page[-1][: len(by)]


def _insert(connection: Connection, table: type[SQLModel], rows: Iterable[_Row]) -> None:
    """Write rows of plain texts. On SQLite past SQLAlchemy's care for each value, which cost as much as the writing."""
    found = list(rows)
    if not found:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(sa.insert(table), found)
        return
    names = list(found[0])
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own names
    connection.exec_driver_sql(statement, [tuple(row.values()) for row in found])
