"""Setting aside: the old tables of a PostgreSQL database give up their names and lose nothing.

Triggers stay: they fire on writes, and nobody writes there any more; their names belong to their table, so that they
stand in nobody's way. Row types, and foreign keys of tables that are not ours, follow a renamed table by themselves.
"""

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection

from backend.adoption.errors import AdoptionError

PREFIX = "old_deployment_"
_PREFIXES_MAX = 100
_NAME_BYTES_MAX = 63  # PostgreSQL cuts what is longer, without a word

_EXISTS = sa.text(
    "SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE nspname = current_schema() AND relname = :name)"
)
# A renamed constraint renames its index; names of NOT NULL constraints and triggers are their table's own affair.
_CONSTRAINTS = sa.text(
    "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:table) AND contype IN ('c', 'f', 'p', 'u', 'x')"
)
_INDEXES = sa.text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(:table)"
    " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x'))"
)
_SEQUENCES = sa.text(
    "SELECT s.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass"
    " WHERE s.relkind = 'S' AND d.refobjid = to_regclass(:table) AND d.deptype IN ('a', 'i')"
)


def set_aside(connection: Connection, tables: list[str]) -> dict[str, str]:
    """Rename tables with their constraints, indexes and sequences; returns the new name of each table."""
    prefix = _free_prefix(connection, tables)
    for table in tables:
        for statement in list(_renames(connection, table, prefix)):
            connection.exec_driver_sql(statement)
    return {table: prefix + table for table in tables}


def _free_prefix(connection: Connection, tables: list[str]) -> str:
    """The first prefix that no earlier adoption has used: somebody may have gone back to the old app in between."""
    for number in range(1, _PREFIXES_MAX):
        prefix = PREFIX if number == 1 else f"{PREFIX}{number}_"
        if not any(connection.scalar(_EXISTS, {"name": prefix + table}) for table in tables):
            return prefix
    raise AdoptionError("There is no free name to set the old tables aside under.")


def _renames(connection: Connection, table: str, prefix: str) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote_identifier

    def aside(name: str) -> str:
        return quote(_prefixed(prefix, name))

    def names(statement: sa.TextClause) -> list[str]:
        return list(connection.scalars(statement, {"table": quote(table)}))

    for name in names(_CONSTRAINTS):
        yield f"ALTER TABLE {quote(table)} RENAME CONSTRAINT {quote(name)} TO {aside(name)}"
    for name in names(_INDEXES):
        yield f"ALTER INDEX {quote(name)} RENAME TO {aside(name)}"
    for name in names(_SEQUENCES):
        yield f"ALTER SEQUENCE {quote(name)} RENAME TO {aside(name)}"
    yield f"ALTER TABLE {quote(table)} RENAME TO {aside(table)}"


def _prefixed(prefix: str, name: str) -> str:
    whole = prefix + name
    if len(whole.encode()) <= _NAME_BYTES_MAX:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return whole.encode()[: _NAME_BYTES_MAX - 9].decode(errors="ignore") + f"_{digest}"
