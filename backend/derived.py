"""Derived tables: what stands in todos already, said again in a form that is found quickly.

They are never salvaged from a damaged file and never carried over from an old one: `rebuild` makes them anew from the
todos, in the caller's transaction, on any database. A table that joins them needs a name in `TABLES` and a line in
`_rows_of`.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping
from sqlmodel import SQLModel, col

from backend.models.todo import Todo, TodoTag, tag_rows, unique_tags

TABLES: dict[str, type[SQLModel]] = {"todo_tags": TodoTag}

_PAGE_ROWS = 2_000  # bounds the memory; a page is found by its key, so none is held open while rows are written


def rebuild(connection: Connection) -> None:
    """Make every derived table say what the todos say."""
    for table in TABLES.values():
        connection.execute(sa.delete(table))
    for page in _pages(connection):
        for table, rows in _rows_of(page).items():
            if rows:  # without any, SQLAlchemy would insert one row of defaults
                connection.execute(sa.insert(table), rows)


def _rows_of(todos: list[RowMapping]) -> dict[type[SQLModel], list[dict[str, Any]]]:
    return {TodoTag: [row for todo in todos for row in tag_rows(todo["owner_id"], todo["id"], _tags_in(todo["tags"]))]}


def _tags_in(text: object) -> list[str]:
    """The tags that a todo's JSON lists, once each. A row that was saved from damage may hold anything there."""
    if text == "[]":  # most have none
        return []
    try:
        listed = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return []
    return unique_tags(tag for tag in listed if isinstance(tag, str)) if isinstance(listed, list) else []


def _pages(connection: Connection) -> Iterator[list[RowMapping]]:
    """All todos by rising key, with what is needed of them."""
    key = (col(Todo.owner_id), col(Todo.id))
    statement = sa.select(*key, sa.cast(col(Todo.tags), sa.Text).label("tags")).order_by(*key).limit(_PAGE_ROWS)
    last: tuple[Any, ...] | None = None
    while True:
        found = statement if last is None else statement.where(sa.tuple_(*key) > sa.tuple_(*last))
        page = list(connection.execute(found).mappings())
        if not page:
            return
        yield page
        last = (page[-1]["owner_id"], page[-1]["id"])
