"""Engines: one way to open each kind of database, with the settings that its safety depends on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

# How long a writer waits for another process. The event loop waits with it, so it is short: then 503, and a retry.
BUSY_TIMEOUT_MS = 5_000
POOL_RECYCLE_SECONDS = 1_800

_WRITES = "todo_writes"


def make_engine(url: URL) -> Engine:
    """An engine for the URL. Nothing is opened before it is used.

    Parameters stay out of the text of errors: they are people's todos, addresses and password hashes.
    """
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_recycle=POOL_RECYCLE_SECONDS, hide_parameters=True)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same pool, for transactions that write.

    On SQLite they take the write lock when they begin. One that reads first and asks for the lock later fails at once
    when another writer came between, whatever the timeout.
    """
    return engine.execution_options(**{_WRITES: True})


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A connection in one transaction that may rebuild tables; nothing is changed if a row would lose its parent."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    with for_writing(engine).connect() as connection:
        # Rebuilding a table with foreign keys on deletes its children by CASCADE. Inside a transaction the pragma is
        # ignored, so it comes before; through the driver, so that no transaction begins.
        driver: Any = connection.connection
        driver.execute("PRAGMA foreign_keys = OFF").close()
        try:
            with connection.begin():
                yield connection
                if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                    raise sqlite3.IntegrityError(f"the migration would leave {len(orphans)} rows without their parent")
        finally:
            # Whoever takes a connection from the pool next must have its foreign keys checked.
            connection.invalidate()


def _open_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Without this, Python's driver begins and commits on its own, and DDL escapes the transaction.
    connection.isolation_level = None
    # The timeout comes first: changing the journal mode may already have to wait for somebody.
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite's own lower() knows ASCII only: a search for "äpfel" would miss "Äpfel".
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
