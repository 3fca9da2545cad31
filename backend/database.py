"""The database. Importing this module checks, repairs and migrates it, once, behind a lock between processes.

This is the only import with an effect. Doors take their transactions from here: one request, one transaction, committed
before the answer leaves. Services run where it is cheapest: on the event loop for SQLite, whose reads take microseconds
while a hop to a thread takes longer; in threads for a database across the network.

Across a network a transaction can fail for no fault of its own: two of them wait for each other, two store the same key
at once, the server restarts. `read` and `write` then do the whole unit of work again, a few times, because nothing of
it was committed. Only when the connection breaks during the commit itself nobody knows, so that is never done again:
the caller is told to look. (A todo created with an id of its own can be sent again in any case.)
"""

import atexit
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session, text
from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from backend import derived, news, slow
from backend.adoption.adopter import OldDeployment
from backend.errors import AppError, ConflictError, StorageUnavailableError
from backend.prepared import Reader
from backend.repair import TodoCaretaker
from backend.rounds import Rounds
from backend.settings import get_settings
from backend.slow import in_thread
from backend.storage import faults, files, gate, layout, lock, memory, quarantine, shelter, vitals
from backend.storage.diagnose import State
from backend.storage.engine import for_writing, is_alone
from backend.storage.faults import Fault
from backend.storage.heal import Derived
from backend.storage.home import Home
from backend.storage.keeper import Keeper, Status
from backend.storage.mend import words_of
from backend.storage.prepare import Prepared, Rules, prepare
from backend.storage.quarantine import Kept
from backend.storage.rescue import Original, rescue
from backend.storage.snapshots import DamagedError
from backend.storage.vitals import Vitals

__all__ = [
    "Kept",
    "Session",
    "Status",
    "Vitals",
    "alone",
    "answers",
    "glance",
    "home",
    "in_thread",
    "let_go",
    "make_keeper",
    "measure",
    "read",
    "read_scope",
    "report",
    "take_up",
    "write",
    "write_scope",
]

T = TypeVar("T")

logger = logging.getLogger(__name__)

_ATTEMPTS, _RETRY_SECONDS = 6, 5
_LOOK_AGAIN_SECONDS = 5

_settings = get_settings()
_remote = shelter.remote_for(_settings.backup_repo, _settings.hf_token)
home = shelter.home_for(_settings.url, is_space=_settings.is_space, data_dir=_settings.data_dir, remote=_remote)


def _prepare(wait_seconds: float) -> Prepared:
    made_anew = Derived(frozenset(derived.TABLES), derived.rebuild, derived.give_back)
    rules = Rules(("users", "todos"), TodoCaretaker(), OldDeployment(), made_anew)
    return prepare(_settings.url, layout.released(), rules, home, _remote, wait_seconds=wait_seconds)


files.keep_private()
_prepared = _prepare(_settings.database_wait_seconds)
engine = _prepared.engine
report = _prepared.report
_looked_at = time.monotonic()
_looking = threading.Lock()
_glancing = threading.local()
# A thread that writes holds SQLite's write lock: the event loop, which would stand still at that, waits for this one.
_turn = anyio.Lock()


@atexit.register
def _close() -> None:
    _prepared.close(is_clean=not report.is_damaged)


def make_keeper() -> Keeper | None:
    """What keeps snapshots while the app runs; None for a database server, and for a file that cannot be used."""
    if home is None or not report.is_usable:
        return None
    return shelter.make_keeper(home, engine, _remote, None if report.is_read_only else partial(_rescue, home))


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
    _ensure_writable(used := engine)
    with _translated(), Session(for_writing(used), expire_on_commit=False) as session:
        try:
            gate.pass_through(session.connection())
        except gate.ClosedError as error:
            raise StorageUnavailableError(str(error)) from None
        # Again: while this one waited for its turn, the file may have lost its name.
        _ensure_writable(used)
        yield session
        _commit(session)
        news.announce(session.info)


def glance(work: Callable[[Reader], T | None]) -> T | None:
    """Read something short right now; None where `read` has to be asked instead, which also knows what is wrong.

    On SQLite alone, and by the thread that asks: a connection is kept for it, because taking one from the pool costs
    ten times the reading (of a todo by its id 15 us).
    """
    reader = _reader()
    if reader is None:
        return None
    try:
        with reader.snapshot():
            return work(reader)
    except Exception:  # noqa: BLE001 - who asks next is told what it is
        return None


def _reader() -> Reader | None:
    """This thread's connection for glances. Not for a file in a mount, which one connection has for itself."""
    if engine.dialect.name != "sqlite" or not report.is_usable or is_alone(engine):
        return None
    kept: Reader | None = getattr(_glancing, "reader", None)
    if kept is None or kept.engine is not engine:
        _glancing.reader = kept = Reader(engine)
    return kept


def take_up() -> None:
    """Begin to serve, again where `let_go` has ended that before in this process."""
    _prepared.take_up()


def let_go() -> None:
    """Close the connections, this thread's for glances too, and remember how the database was left.

    The end of the process may be too late for that: where it is asked for by a signal, uvicorn raises it again once the
    app has ended, and Python's own exit never comes. Not while a thread is still at work, though, whose request was
    given up: what it writes is not known yet. Whoever asks again opens new connections.
    """
    kept: Reader | None = getattr(_glancing, "reader", None)
    if kept is not None:
        kept.close()
        del _glancing.reader
    if slow.at_work:
        engine.dispose()
    else:
        _close()


async def read(work: Callable[[Session], T], *, is_slow: bool = False) -> T:
    """Run a service that reads, in a transaction of its own. What may be slow must not hold up everybody else."""
    run = _persistently(_within(read_scope, work))
    return await (in_thread(run) if is_slow else _run(run))


async def write(work: Callable[[Session], T], *, is_slow: bool = False) -> T:
    """Run a service that writes, in a transaction of its own; it is committed when this returns.

    What is slow must be short all the same: nobody else writes in the meantime.
    """
    if engine.dialect.name == "sqlite" and not is_slow and not _turn.locked():
        return await _rounds.take_part(work)
    run = _persistently(_within(write_scope, work))
    if engine.dialect.name != "sqlite":
        return await in_thread(run)
    async with _turn:
        # From now on nobody joins a round, and those who have must not wait for a thread with the event loop in hand.
        _rounds.close()
        return await in_thread(run) if is_slow else run()


def _together(works: Sequence[Callable[[Session], Any]]) -> list[Any]:
    """Do all of this in one transaction, or nothing of it."""
    answers = []
    with write_scope() as session:
        for work in works:
            answers.append(work(session))
            session.flush()
            if len(session.identity_map):  # a creation leaves nothing there
                session.expunge_all()  # nobody meets what another one has read
    return answers


_rounds = Rounds(lambda work: _within(write_scope, work)(), _together)


@asynccontextmanager
async def alone(purpose: str) -> AsyncIterator[bool]:
    """Whether this process, of all that work with a database server, is the one to do something now.

    Always on SQLite, where each write waits for the others anyway.
    """
    with ExitStack() as held:
        is_first = engine.dialect.name == "sqlite" or await in_thread(lambda: _is_first(held, purpose))
        yield is_first


def _is_first(held: ExitStack, purpose: str) -> bool:
    with _translated():
        try:
            held.enter_context(lock.server_lock(engine, purpose, wait_seconds=0))
        except TimeoutError:
            return False
    return True


async def answers() -> bool:
    """Whether the database answers a question now."""
    try:
        await _run(_within(read_scope, lambda session: session.connection().execute(text("SELECT 1"))))
    except StorageUnavailableError:
        return False
    return True


async def is_open() -> bool:
    """Whether the database is for changing: not one that has moved elsewhere, can only be read, or has a full disk."""
    if report.is_read_only or report.is_damaged or (home is not None and files.is_full(home.live.parent)):
        return False
    try:
        return await _run(_within(read_scope, lambda session: gate.is_open(session.connection())))
    except StorageUnavailableError:
        return False


async def takes_changes() -> bool:
    """Whether a change would be saved now: where it is open, and no other program keeps the file locked."""
    if not await is_open():
        return False
    return engine.dialect.name != "sqlite" or is_alone(engine) or await in_thread(_can_begin)


def _can_begin() -> bool:
    try:
        with for_writing(engine).begin():
            return True
    except DBAPIError:
        return False


def survives_restart() -> bool:
    """Whether what is stored is there after a restart of this machine. A database server is another machine."""
    return home is None or home.survives_restart


def measure(keeper: Status | None) -> Vitals:
    """What is known of the database's health. Asks the file system for sizes, so it is work for a thread."""
    return vitals.measure(engine.dialect.name, report, home, keeper)


def quarantined(since: datetime) -> list[Kept]:
    """What was put aside for this database since then."""
    return quarantine.listing(_file(), since) if engine.dialect.name == "sqlite" else []


def quarantined_file(name: str, file: str, since: datetime) -> Path | None:
    """A text of what was put aside since then, None for any other name."""
    if engine.dialect.name != "sqlite" or not is_readable(file):
        return None
    return quarantine.file_in(_file(), name, file, since)


def is_readable(file: str) -> bool:
    """Whether a file of the quarantine may be downloaded: the damaged databases hold everybody's todos, and may not."""
    return file.endswith((".json", ".jsonl"))


def acknowledge() -> None:
    """Somebody has read what was lost."""
    global report  # noqa: PLW0603 - the report is this module's state, and only this module changes it
    if engine.dialect.name == "sqlite":
        memory.acknowledge(_file())
    report = replace(report, unacknowledged=None)


def unacknowledged() -> str | None:
    """What was lost that nobody has read yet, a sentence a line. Another process of the app may have been told."""
    global report  # noqa: PLW0603 - the same
    if report.unacknowledged is not None and memory.recall(_file()).acknowledged == report.unacknowledged:
        report = replace(report, unacknowledged=None)
    return report.unacknowledged


def _file() -> Path:
    return Path(str(engine.url.database)).resolve()


def _within(scope: Callable[[], AbstractContextManager[Session]], work: Callable[[Session], T]) -> Callable[[], T]:
    def run() -> T:
        with scope() as session:
            return work(session)

    return run


def _persistently(run: Callable[[], T]) -> Callable[[], T]:
    """The same work, done again after a failure that passes. Not on SQLite, where a writer is alone from the start."""
    if engine.dialect.name == "sqlite":
        return run
    attempts = Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_RETRY_SECONDS),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        reraise=True,
    )
    return lambda: attempts(run)


def _may_pass(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(error, AppError) and isinstance(cause, DBAPIError) and faults.fault_of(cause) in faults.PASSING


async def _run(work: Callable[[], T]) -> T:
    return work() if engine.dialect.name == "sqlite" else await in_thread(work)


def _commit(session: Session) -> None:
    # What can fail, fails here, where it is known that nothing was committed.
    session.flush()
    try:
        session.commit()
    except DBAPIError as error:
        if faults.fault_of(error) is not Fault.DISCONNECTED:
            raise
        # Without its cause, so that nobody takes it for a failure to try again.
        raise StorageUnavailableError(
            "The connection to the database broke while this was being saved, so it may be saved or not."
            " Look before you send it again."
        ) from None


def _ensure_usable() -> None:
    if not report.is_usable and report.found is State.UNUSABLE and engine.dialect.name != "sqlite":
        _look_again()
    if not report.is_usable:
        raise StorageUnavailableError(
            "The database cannot be used right now; its data was left untouched. See the log."
        )


def _ensure_writable(used: Engine) -> None:
    if report.is_read_only or used is not engine:
        raise StorageUnavailableError(
            "The database can only be read right now, so nothing was changed. The log says why."
        )
    if report.is_damaged:
        raise _damaged()


def _look_again() -> None:
    """Prepare anew, now and then: a server that was not there at the start may be there by now."""
    global _looked_at  # noqa: PLW0603 - the module is the one place that has a database
    if not _looking.acquire(blocking=False):
        return
    try:
        if time.monotonic() - _looked_at >= _LOOK_AGAIN_SECONDS:
            _go_on_with(_prepare(0))
            _looked_at = time.monotonic()
    finally:
        _looking.release()


def _go_on_with(prepared: Prepared) -> None:
    global _prepared, engine, report
    before = _prepared
    _prepared, engine, report = prepared, prepared.engine, prepared.report
    before.abandon()


def _rescue(home: Home, original: Original) -> Original | None:
    """Save what is in the database file, which has lost its name; meanwhile, or until a start, it is only read."""
    global report  # noqa: PLW0603 - the same
    report = replace(report, is_read_only=True)
    try:
        done = rescue(home, original)
    except (OSError, sqlite3.Error, DamagedError) as error:
        told = (
            f"The database file is not in its place, and could not be put back: {words_of(error)}. It is tried again"
            " every few seconds. Do not stop the app before that: what it holds would go with it."
        )
        if told not in report.actions:
            logger.error(told)  # noqa: TRY400 - the sentence says it all
            report = replace(report, actions=(*report.actions, told))
        raise
    logger.warning(done.sentence)
    if not done.is_back:
        report = replace(report, actions=(*report.actions, done.sentence), unacknowledged=done.sentence)
        return None
    prepared, original = _prepare(0), Original(home.live)
    _go_on_with(prepared)
    return original


@contextmanager
def _translated() -> Iterator[None]:
    """Failures of the database become a refusal that says so; nothing of the transaction remains."""
    try:
        yield
    except PoolTimeoutError as error:
        raise _busy() from error
    except DBAPIError as error:
        match faults.fault_of(error):
            case Fault.OTHER:
                raise
            case Fault.DAMAGED:
                raise _damaged() from error
            case Fault.FULL:
                raise StorageUnavailableError(
                    "The disk of the database is full, so nothing was changed. Make room on it, and try again."
                ) from error
            case Fault.LOST_RACE:
                raise ConflictError(
                    "Another request changed the same thing at the same moment, so nothing was changed. Try again."
                ) from error
            case _:
                raise _busy() from error


def _damaged() -> StorageUnavailableError:
    """The file went bad under the running app. Healing needs it alone, so the next start does it."""
    global report  # noqa: PLW0603 - the same
    if not report.is_damaged:
        report = replace(report, is_damaged=True)
        logger.error(
            "The database file was found damaged while the app runs. Restart the app: its start heals the file."
        )
    return StorageUnavailableError(
        "The database file is damaged, so this cannot be done. Nothing was changed. A restart of the app heals it."
    )


def _busy() -> StorageUnavailableError:
    return StorageUnavailableError(
        "The database is busy or out of reach; nothing was changed. Try again in a moment.", retry_after_seconds=1
    )
