"""The database. Importing this module checks, repairs and migrates it, once, behind a lock between processes.

This is the only import with an effect. Doors take their transactions from here: one request, one transaction, committed
before the answer leaves. Services run where it is cheapest: on the event loop for SQLite, whose reads take microseconds
while a hop to a thread takes longer; in threads for a database across the network.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import anyio.to_thread
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, text

from backend.errors import StorageUnavailableError
from backend.settings import get_settings
from backend.storage import layout
from backend.storage.engine import for_writing
from backend.storage.prepare import prepare

__all__ = ["Session", "answers", "in_thread", "read", "read_scope", "report", "write", "write_scope"]

T = TypeVar("T")

_prepared = prepare(get_settings().url, layout.released())
engine = _prepared.engine
report = _prepared.report


@contextmanager
def read_scope() -> Iterator[Session]:
    """A session whose transaction is rolled back at the end: what reads cannot write by accident."""
    _ensure_usable()
    with _translated(), Session(engine, autoflush=False) as session:
        yield session


@contextmanager
def write_scope() -> Iterator[Session]:
    """A session whose transaction is committed at the end, and rolled back by any exception."""
    _ensure_usable()
    with (
        _translated(),
        for_writing(engine).connect() as connection,
        Session(connection, expire_on_commit=False) as session,
    ):
        yield session
        try:
            session.commit()
        except DBAPIError:
            # SQLite keeps a transaction open whose COMMIT failed, with the write lock: nobody else may get it.
            connection.invalidate()
            raise


async def read(work: Callable[[Session], T], *, is_slow: bool = False) -> T:
    """Run a service that reads, in a transaction of its own. What may be slow must not hold up everybody else."""
    run = _within(read_scope, work)
    return await (in_thread(run) if is_slow else _run(run))


async def write(work: Callable[[Session], T]) -> T:
    """Run a service that writes, in a transaction of its own; it is committed when this returns."""
    return await _run(_within(write_scope, work))


async def in_thread(work: Callable[[], T]) -> T:
    """Run slow work that needs no session, such as hashing a password, without holding up the event loop."""
    return await anyio.to_thread.run_sync(work)


async def answers() -> bool:
    """Whether the database answers a question now."""
    try:
        await read(lambda session: session.connection().execute(text("SELECT 1")))
    except StorageUnavailableError:
        return False
    return True


def _within(scope: Callable[[], AbstractContextManager[Session]], work: Callable[[Session], T]) -> Callable[[], T]:
    def run() -> T:
        with scope() as session:
            return work(session)

    return run


async def _run(work: Callable[[], T]) -> T:
    return work() if engine.dialect.name == "sqlite" else await in_thread(work)


def _ensure_usable() -> None:
    if not report.is_usable:
        raise StorageUnavailableError(
            "The database cannot be used right now; its data was left untouched. See the log."
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Failures of the database become a refusal that says so; nothing of the transaction remains."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise StorageUnavailableError(
                "The database is busy or out of reach; nothing was changed. Try again in a moment.",
                retry_after_seconds=1,
            ) from error
        raise
