"""Engines: one way to open each kind of database, with the settings that its safety depends on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from backend.storage import files, mounts
from backend.storage.dialect import make_server_engine

# How long a writer waits for another process. The event loop waits with it, so it is short: then 503, and a retry.
BUSY_TIMEOUT_MS = 5_000

# Pages of 4 KiB. The more changes a checkpoint carries over, the more often they fell on the same page: creating and
# ticking costs a seventh less CPU than with SQLite's 1,000. And what of the file is looked into again and again stays
# in memory; SQLite would keep 2 MB, which 10,000 todos with their words and log pass several times. What is not carried
# over yet is in the log, which kill -9 takes nothing from; a power failure may, as with any number of pages.
_CHECKPOINT_PAGES = 4_000
_CACHE_KIB = 16_000

_WRITES = "todo_writes"


def make_engine(
    url: URL,
    table: Path = mounts.PROC_MOUNTS,
    *,
    is_read_only: bool = False,
    only: tuple[int, int] | None = None,
) -> Engine:
    """An engine for the URL. Nothing is opened before it is used; a read-only one leaves no trace in the folder.

    A SQLite file in a network or FUSE mount is never put into WAL, whoever asks: its -shm is memory that processes
    share, and there they may not. One connection holds the file, because the locks that two would need may be missing.
    `only` names the one file (`files.identity_of`) that may be opened. Where another one has the name, SQLite would mix
    it with the log of the first, which this process has open; and where none has, it would make an empty one.
    Parameters stay out of the text of errors: they are people's todos, addresses and password hashes.
    """
    if url.get_backend_name() != "sqlite":
        return make_server_engine(url)
    # The first is the only way to open a WAL database in a folder that cannot be written to.
    options = "mode=ro&immutable=1" if is_read_only else "mode=rwc" if only is None else "mode=rw"
    database = Path(str(url.database)).resolve()

    def connect() -> sqlite3.Connection:
        if only is not None and files.identity_of(database) != only:
            raise sqlite3.OperationalError("the database file is not in its place")
        return sqlite3.connect(f"{database.as_uri()}?{options}", uri=True, check_same_thread=False)

    if is_read_only:
        engine = create_engine(url, creator=connect, hide_parameters=True)
        event.listen(engine, "connect", _open_without_a_trace)
    elif mounts.is_shared(Path(str(url.database)), table):
        engine = create_engine(
            url,
            creator=connect,
            pool_size=1,
            max_overflow=0,
            pool_timeout=BUSY_TIMEOUT_MS / 1000,
            hide_parameters=True,
            json_serializer=_json,
        )
        event.listen(engine, "connect", _open_sqlite_in_mount)
    else:
        # What is left open is rolled back by _end_sqlite, so the pool need not do it each time.
        engine = create_engine(
            url, creator=connect, hide_parameters=True, pool_reset_on_return=None, json_serializer=_json
        )
        event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "checkin", _end_sqlite)
    return engine


def make_reader(database: Path, options: str) -> Engine:
    """An engine that reads somebody else's SQLite file and leaves it as it is, its journal mode too.

    It may replay the file's own log, as any reader does: what was committed there belongs to the file. `options` are
    those of SQLite's URI.
    """
    uri = f"{database.resolve().as_uri()}?{options}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False),
        poolclass=NullPool,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _open_to_read)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same pool, for transactions that write.

    On SQLite they take the write lock when they begin. One that reads first and asks for the lock later fails at once
    when another writer came between, whatever the timeout.
    """
    return engine.execution_options(**{_WRITES: True})


def is_alone(engine: Engine) -> bool:
    """Whether one connection has the file for itself, and no second one can be opened beside it."""
    return isinstance(engine.pool, QueuePool) and engine.pool.size() == 1


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
    wal = ("journal_mode = WAL", "synchronous = NORMAL", f"wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    _set_up(connection, *wal, f"cache_size = -{_CACHE_KIB}")


def _open_sqlite_in_mount(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Exclusive comes first: then a file that was left in WAL is read, and converted, without a -shm.
    _set_up(connection, "locking_mode = EXCLUSIVE", "journal_mode = DELETE", "synchronous = EXTRA")


def _set_up(connection: sqlite3.Connection, *pragmas: str) -> None:
    # Without this, Python's driver begins and commits on its own, and DDL escapes the transaction.
    connection.isolation_level = None
    # The timeout comes first: changing the journal mode may already have to wait for somebody.
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", *pragmas, "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite's own lower() knows ASCII only: a search for "äpfel" would miss "Äpfel".
    connection.create_function("lower", 1, _lower, deterministic=True)


def _open_without_a_trace(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    connection.create_function("lower", 1, _lower, deterministic=True)


def _open_to_read(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON").close()


def _json(value: Any) -> str:
    """A tenth of the time of json.dumps; each entry of the log holds two."""
    return to_json(value).decode()


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _end_sqlite(connection: sqlite3.Connection | None, _: ConnectionPoolEntry) -> None:
    # A COMMIT that fails leaves SQLite in its transaction, which SQLAlchemy takes for ended: the write lock would stay.
    if connection is not None and connection.in_transaction:
        connection.rollback()
