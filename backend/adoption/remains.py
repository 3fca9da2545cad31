"""Remains: how a damaged file of the old deployment is read, and the bare file that what was saved of it goes into.

Salvage finds rows by what their tables look like on disk, so it needs the statements that made them. What it finds goes
into tables of the same columns without any of their rules: a row that breaks one is not for salvage to mend, because
adoption knows better what to make of it, and notes what it made.
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from functools import cache
from pathlib import Path

from backend.storage.salvage.caretaker import Caretaker, Row
from backend.storage.salvage.layouts import Layout, read_layout

LOST_TITLE = "(title lost)"

_VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num))"
_USERS = """CREATE TABLE users (
    id INTEGER NOT NULL, email VARCHAR(255) NOT NULL, username VARCHAR(100) NOT NULL,
    hashed_password VARCHAR(255) NOT NULL, created_at {time} NOT NULL, updated_at {time} NOT NULL, PRIMARY KEY (id))"""
_TODOS = """CREATE TABLE todos (
    id INTEGER NOT NULL, user_id INTEGER NOT NULL, title VARCHAR(10000) NOT NULL, description TEXT NOT NULL,
    completed BOOLEAN NOT NULL, priority VARCHAR(10) NOT NULL, tags JSON{tags}, due_date {time},
    recurrence VARCHAR(100), created_at {time} NOT NULL, updated_at {time} NOT NULL, PRIMARY KEY (id))"""

# Its migration made the first; its function `init_db`, of which some made use, the second.
_STATEMENTS = {
    "old deployment": (
        _VERSION,
        _USERS.format(time="TIMESTAMP"),
        "CREATE UNIQUE INDEX idx_users_email ON users (email)",
        "CREATE UNIQUE INDEX idx_users_username ON users (username)",
        _TODOS.format(time="TIMESTAMP", tags=" NOT NULL"),
        "CREATE INDEX idx_todos_user_id ON todos (user_id)",
        "CREATE INDEX idx_todos_completed ON todos (completed)",
        "CREATE INDEX idx_todos_priority ON todos (priority)",
        "CREATE INDEX idx_todos_user_completed ON todos (user_id, completed)",
        "CREATE INDEX idx_todos_due_date ON todos (due_date)",
    ),
    "old deployment, made by its models": (
        _USERS.format(time="DATETIME"),
        "CREATE UNIQUE INDEX ix_users_email ON users (email)",
        "CREATE UNIQUE INDEX ix_users_username ON users (username)",
        _TODOS.format(time="DATETIME", tags=""),
        "CREATE INDEX ix_todos_user_id ON todos (user_id)",
    ),
}
_BARE = tuple(statement.format(time="TIMESTAMP", tags="").replace(" NOT NULL", "") for statement in (_USERS, _TODOS))


@cache
def layouts() -> tuple[Layout, ...]:
    """What their tables look like on disk."""
    return tuple(read_layout(name, statements) for name, statements in _STATEMENTS.items())


def create_bare(path: Path) -> None:
    """Make a file with their tables, empty and without rules."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in _BARE:
            connection.execute(statement)


class RemainsCaretaker(Caretaker):
    """Says of a title that it is lost. Whatever else a row lacks, adoption fills in and notes."""

    def complete(self, table: str, row: Row, lost: Collection[str], doubted: Collection[str]) -> Row:  # noqa: ARG002
        """A todo without a title was never theirs: where there is none, it was lost."""
        return {**row, "title": LOST_TITLE} if table == "todos" and "title" in lost else row
