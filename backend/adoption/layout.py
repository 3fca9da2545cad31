"""Recognising a database of the old deployment by its tables. Its version row says `001`, or nothing, or anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy import Connection

from backend.storage.layout import HALF_DONE

USERS, TODOS, VERSION = "users", "todos", "alembic_version"

_COLUMNS = {
    USERS: ("id", "email", "username", "hashed_password", "created_at", "updated_at"),
    TODOS: (
        "id",
        "user_id",
        "title",
        "description",
        "completed",
        "priority",
        "tags",
        "due_date",
        "recurrence",
        "created_at",
        "updated_at",
    ),
}
# Integers there, UUIDs as text in ours: what tells the two apart even where a column was lost.
_KEYS = {USERS: ("id",), TODOS: ("id", "user_id")}

# Damage may cost a table one column, and its rows are still worth having. A table that lacks more is somebody else's:
# many an app has `users` with an `email` and a `hashed_password`.
_MISSING_MAX = 1

_SQLITE_TABLES = sa.text(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_SQLITE_COLUMNS = sa.text("SELECT name, type FROM pragma_table_xinfo(:table)")
_POSTGRESQL_TABLES = sa.text(
    "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
)
_POSTGRESQL_COLUMNS = sa.text(
    "SELECT column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND table_name = :table ORDER BY ordinal_position"
)


@dataclass(frozen=True)
class OldTable:
    """One of their tables: its name now, which of the columns that we know it has, and what else is there."""

    name: str
    columns: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class OldLayout:
    """A database of the old deployment. A start that failed half way made `users` and no `todos`."""

    users: OldTable | None
    todos: OldTable | None
    unknown_tables: tuple[str, ...] = ()
    has_version_table: bool = False

    @property
    def is_half_made(self) -> bool:
        """True where one of the two tables is not there."""
        return self.users is None or self.todos is None


def recognise(connection: Connection) -> OldLayout | None:
    """The old deployment's layout, None for any other database. Looks at the catalogue only, and changes nothing.

    It ran on SQLite and on PostgreSQL; a database of another kind is never its.
    """
    if connection.dialect.name not in {"sqlite", "postgresql"}:
        return None
    is_sqlite = connection.dialect.name == "sqlite"
    names = set(connection.scalars(_SQLITE_TABLES if is_sqlite else _POSTGRESQL_TABLES))
    tables: dict[str, OldTable | None] = dict.fromkeys(_COLUMNS)
    for name in _COLUMNS:
        # A migration that was killed between DROP and RENAME leaves the rows under its own name, and only there.
        place = next((place for place in (name, HALF_DONE + name) if place in names), None)
        if place is None:
            continue
        rows = connection.execute(_SQLITE_COLUMNS if is_sqlite else _POSTGRESQL_COLUMNS, {"table": place})
        # A table that is there and not theirs settles it: taking only the other one over would lose this one.
        if (found := _match(name, {column: str(kind) for column, kind in rows})) is None:
            return None
        tables[name] = replace(found, name=place)
    present = [table for table in tables.values() if table is not None]
    if not present or (len(present) == 1 and present[0].missing):
        return None
    return OldLayout(
        users=tables[USERS],
        todos=tables[TODOS],
        unknown_tables=tuple(sorted(names - {*_COLUMNS, VERSION})),
        has_version_table=VERSION in names,
    )


def _match(name: str, kinds: Mapping[str, str]) -> OldTable | None:
    known = _COLUMNS[name]
    missing = tuple(column for column in known if column not in kinds)
    if len(missing) > _MISSING_MAX or not all(_is_integer(kinds.get(key, "")) for key in _KEYS[name]):
        return None
    return OldTable(
        name=name,
        columns=tuple(column for column in known if column in kinds),
        missing=missing,
        unknown=tuple(column for column in kinds if column not in known),
    )


def _is_integer(kind: str) -> bool:
    return "INT" in kind.upper()
