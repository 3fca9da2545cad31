"""The gate: one row that says whether this database takes writes. Every transaction that writes reads it first.

    active   in use; what a new database says
    filling  a move is copying into it
    ready    a move has copied everything into it; the first write makes it active
    moved    it was copied elsewhere, and the copy is the one to use

Reading the row also holds a lock on its table until the transaction ends, on PostgreSQL and MySQL. So whoever locks the
table for itself (`closed`) has waited for every writer, and none begins before it is done; on SQLite the write lock
itself does that. Nothing is kept in memory and nothing is polled: a change of the row is seen by the very next write.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from backend.storage.engine import for_writing

# How long to wait for writers to finish; those that come later wait as well, so it is not long.
WAIT_SECONDS = 30

_READ = "SELECT state FROM installation WHERE id = 1"
_WRITE = text("UPDATE installation SET state = :state WHERE id = 1")
_ADD = text("INSERT INTO installation (id, state) VALUES (1, :state)")


class State(StrEnum):
    """What the row says."""

    ACTIVE = "active"
    FILLING = "filling"
    READY = "ready"
    MOVED = "moved"


def is_moved(database: Path) -> bool:
    """Whether a SQLite file that is in order says that the copy of it is the one to use."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        return bool(connection.execute(_READ).fetchone() == (State.MOVED.value,))


class ClosedError(Exception):
    """This database takes no writes; the text says what to do."""


def state_of(connection: Connection) -> State:
    """What the row says; a database that has lost it is in use."""
    found = connection.exec_driver_sql(_READ).scalar()  # every writer asks, and this is the shortest way
    return State.ACTIVE if found is None else State(found)


def is_open(connection: Connection) -> bool:
    """Whether `pass_through` would let a transaction write."""
    return state_of(connection) in {State.ACTIVE, State.READY}


def pass_through(connection: Connection) -> None:
    """Let a transaction write, or raise ClosedError."""
    match state_of(connection):
        case State.MOVED:
            raise ClosedError(
                "The todos have moved to another database, so nothing is changed in this one."
                " Restart the app with the new DATABASE_URL."
            )
        case State.FILLING:
            raise ClosedError(
                "A move into this database has not finished."
                " Run it again, or restart the app with the old DATABASE_URL."
            )
        case State.READY:
            # From now on it holds what the other one does not, and no move may empty it.
            set_state(connection, State.ACTIVE)
        case State.ACTIVE:
            pass


def set_state(connection: Connection, state: State) -> None:
    """Change the row, within the caller's transaction."""
    if (
        connection.execute(_WRITE, {"state": state.value}).rowcount == 0
        and connection.exec_driver_sql(_READ).scalar() is None
    ):
        connection.execute(_ADD, {"state": state.value})


@contextmanager
def closed(engine: Engine) -> Iterator[Connection]:
    """Keep every writer out; the connection may change the row. Commits at the end, or changes nothing.

    Writers wait meanwhile, and give up with a refusal after their own time limit.
    """
    with for_writing(engine).connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            connection.execute(text("LOCK TABLE installation IN ACCESS EXCLUSIVE MODE"))
        elif engine.dialect.name != "sqlite":
            connection.execute(text(f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}"))
            connection.execute(text("LOCK TABLES installation WRITE"))
        else:
            # Without it the transaction, and with it the write lock, would begin with the first statement: too late.
            connection.begin()
        try:
            yield connection
            connection.commit()
        finally:
            if engine.dialect.name not in {"postgresql", "sqlite"}:
                # Closing the connection unlocks the tables, also where the server has gone away meanwhile.
                connection.invalidate()
