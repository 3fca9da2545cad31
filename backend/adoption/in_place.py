"""Adoption in place: on a database server the old tables and ours want the same names in one database."""

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection

from backend.adoption.aside import set_aside
from backend.adoption.errors import AdoptionError
from backend.adoption.layout import VERSION, OldLayout, OldTable, recognise
from backend.adoption.report import AdoptionReport
from backend.adoption.transfer import transfer

# An old deployment that still runs may hold a lock for ever. A start that fails and says so beats one that hangs.
LOCK_WAIT_SECONDS = 30


def adopt_in_place(connection: Connection, create_tables: Callable[[Connection], object]) -> AdoptionReport:
    """Set the old tables aside, let the caller create ours on the same connection, copy, and count both sides.

    All of it happens in the caller's one transaction: committed, the old tables stand beside ours under
    `old_deployment_...`, whole; rolled back, nothing has happened. An old deployment that still runs waits until
    then, and afterwards fails on every call instead of writing where nobody reads.
    """
    if connection.dialect.name != "postgresql":
        raise AdoptionError("Only PostgreSQL renames tables in a transaction; copy into a new database instead.")
    layout = _locked(connection)
    tables = [table.name for table in (layout.users, layout.todos) if table is not None]
    # Their version table goes too: its 001 is the name of a revision that we do not have.
    moved = set_aside(connection, [*tables, VERSION] if layout.has_version_table else tables)
    create_tables(connection)
    return transfer(connection, _moved(layout, moved), connection)


def _locked(connection: Connection) -> OldLayout:
    """The layout, once nobody else can change table or row; looked at again, because waiting takes time.

    PostgreSQL itself refuses the lock outside of a transaction, before anything has been changed.
    """
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'"))
    seen = recognise(connection)
    if seen is not None:
        quote = connection.dialect.identifier_preparer.quote_identifier
        names = ", ".join(quote(table.name) for table in (seen.users, seen.todos) if table is not None)
        connection.execute(sa.text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    if seen is None or recognise(connection) != seen:
        raise AdoptionError("This is no database of the old deployment, or it is being changed right now.")
    return seen


def _moved(layout: OldLayout, names: dict[str, str]) -> OldLayout:
    def moved(table: OldTable | None) -> OldTable | None:
        return None if table is None else replace(table, name=names[table.name])

    return replace(layout, users=moved(layout.users), todos=moved(layout.todos))
