"""Places: the two ends of a move. Looks at each before anything is changed, and refuses with a sentence.

No sentence holds a host, a user or a password.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, Table, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from backend.storage import diagnose, gate, layout, lock, waiting
from backend.storage.diagnose import State
from backend.storage.engine import for_writing, make_engine
from backend.storage.gate import ClosedError
from backend.storage.prepare import prepare
from backend.storage.shape import VERSION_TABLE

_WAIT_SECONDS = 10


class PlaceError(Exception):
    """A database cannot be moved from, or into; the text says why, and nothing was changed."""


def kind_of(url: URL) -> str:
    """What people call this kind of database."""
    return waiting.NAMES.get(url.get_backend_name(), url.get_backend_name())


def open_source(url: URL) -> Engine:
    """The database in use; refused when it is not there, not up to date, or not in use any more."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise PlaceError("There is no database at DATABASE_URL, so there is nothing to move.")
    with ExitStack() as refusing:
        engine = make_engine(url)
        refusing.callback(engine.dispose)
        _reach(engine, "DATABASE_URL")
        with for_writing(engine).begin() as connection:
            if _claimed(connection) != [layout.released().head]:
                raise PlaceError(
                    "The database in use is not up to date with this release. Start the app once, then move again."
                )
            try:
                gate.pass_through(connection)
            except ClosedError as error:
                raise PlaceError(str(error)) from None
        refusing.pop_all()
    return engine


def open_target(url: URL, tables: Sequence[Table], *, apart_from: Engine) -> Engine:
    """An empty database at the newest revision; made where there is none, refused where it is somebody's."""
    if url == apart_from.url:
        raise PlaceError("The new database is the one that is in use.")
    if url.get_backend_name() == "sqlite":
        seen = diagnose.diagnose(Path(str(url.database)).resolve(), layout.released())
        if seen.state in {State.CORRUPT, State.NOT_A_DATABASE, State.UNKNOWN_LAYOUT, State.UNUSABLE}:
            raise PlaceError(f"The new database is a file that is something else: {seen.detail}. Name another one.")
    engine = make_engine(url)
    try:
        _reach(engine, "--to")
        _ensure_empty(engine, tables)
    finally:
        engine.dispose()
    prepared = prepare(url, layout.released(), wait_seconds=_WAIT_SECONDS)
    if not prepared.report.is_usable:
        prepared.close()
        raise PlaceError(" ".join(["The new database cannot be used.", *prepared.report.actions]))
    return for_writing(prepared.engine)


@contextmanager
def alone(engine: Engine, purpose: str) -> Iterator[None]:
    """Keep a second move away from this database, for as long as this one runs."""
    busy = PlaceError("Another move of this database is running.")
    if engine.dialect.name != "sqlite":
        with lock.server_lock(engine, purpose, wait_seconds=0, busy=busy):
            yield
        return
    path = Path(str(engine.url.database)).resolve()
    held = FileLock(path.with_name(f"{path.name}.move.lock"), timeout=0)
    try:
        held.acquire()
    except Timeout:
        raise busy from None
    try:
        yield
    finally:
        held.release()


def make_durable(engine: Engine) -> None:
    """Return when everything committed outlives a power failure; servers promise that with each commit."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # In WAL a commit is on the disk when its checkpoint is, and that cannot run inside a transaction.
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _ensure_empty(engine: Engine, tables: Sequence[Table]) -> None:
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        was_abandoned = "installation" in there and gate.state_of(connection) in {gate.State.FILLING, gate.State.READY}
        holds = [
            table.name for table in tables if table.name in there and not was_abandoned and _has_rows(connection, table)
        ]
    if holds:
        raise PlaceError(f"The new database is not empty (there are {', '.join(holds)}). Name an empty one.")


def _reach(engine: Engine, setting: str) -> None:
    if engine.dialect.name == "sqlite":
        _reach_file(Path(str(engine.url.database)).resolve(), engine, setting)
        return
    try:
        waiting.until_up(engine, _WAIT_SECONDS, setting)
    except waiting.OutOfReachError as error:
        raise PlaceError(str(error)) from None


def _reach_file(database: Path, engine: Engine, setting: str) -> None:
    if not database.parent.is_dir():
        raise PlaceError(f"The folder that {setting} names is not there. Make it, or name another one.")
    if not os.access(database.parent, os.W_OK):
        raise PlaceError(f"The folder that {setting} names cannot be written to. Name another one.")
    try:
        engine.connect().close()
    except DBAPIError as error:
        raise PlaceError(f"The file that {setting} names cannot be opened: {error.orig}.") from None


def _claimed(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(VERSION_TABLE):
        return []
    return list(connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")))  # noqa: S608 - a constant


def _has_rows(connection: Connection, table: Table) -> bool:
    # The table may be of an older release, so no column is named.
    return connection.execute(text(f"SELECT 1 FROM {table.name} LIMIT 1")).first() is not None  # noqa: S608 - our own name
