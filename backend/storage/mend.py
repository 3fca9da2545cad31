"""Mending: what a file needs that is no damage to its pages. It stays the same file, or is adopted as a whole.

Before anything that cannot be taken back a copy is made, and without one nothing begins.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from backend.storage import adopter as adopting
from backend.storage import files, layout, look, quarantine, taking
from backend.storage.adopter import Adopter
from backend.storage.diagnose import Diagnosis, State
from backend.storage.home import Home
from backend.storage.lock import Occupancy
from backend.storage.look import Sidecar
from backend.storage.salvage.wal import Log, read_log
from backend.storage.snapshots import DamagedError, Snapshot


class StuckError(Exception):
    """What has to be done cannot be done, and the database is as it was; the message is a sentence for the log."""


def mend(home: Home, engine: Engine, seen: Diagnosis) -> str | None:
    """Put right what needs no new file; the sentence that says what was done, None where only healing helps."""
    database = home.live
    match seen.state:
        case State.NEW:
            if look.sidecar_of(database) is not None:
                quarantine.put_away(database, "stray_log")
            _migrate(engine)
            return "Created a new database."
        case State.STALE_SIDECAR:
            folder = quarantine.put_away(database, seen.state)
            return f"Put a log aside to {folder.parent.name}/{folder.name}: {seen.detail}."
        case State.SCHEMA_OLD:
            copy = _copy_before(home, "migration")
            _migrate(engine)
            return f"Migrated the database from {seen.revision}; a copy was kept as backups/{copy.path.name}."
        case State.VERSION_ROW_WRONG:
            revision = str(seen.revision)
            _execute(database, lambda connection: layout.restamp(connection, revision))
            return f"Corrected the version row: {seen.detail}."
        case State.INDEX_DAMAGED:
            return _reindex(database, seen)
        case _:
            return None


TORN_LOG = (
    "The log of the newest changes was not as it had been written: changes of the last moments before the stop may be"
    " missing."
)


def has_log_alone(database: Path) -> bool:
    """Whether the file is missing or empty, and its log is there."""
    return bool(_log_alone(database).places)


def stand_in(database: Path) -> str | None:
    """Where the log alone is there, make a file for it of which nothing can be read: a heal saves what the log has."""
    log = _log_alone(database)
    if not log.places:
        return None
    database.touch()
    os.truncate(database, log.pages * log.page_size)
    return "The database file was gone or empty, and its log was not: what that has is saved."


def _log_alone(database: Path) -> Log:
    beside = database.with_name(f"{database.name}-wal")
    if files.has_content(database) or not beside.exists():
        return Log()
    descriptor = os.open(beside, os.O_RDONLY)
    try:
        return read_log(descriptor)
    finally:
        os.close(descriptor)


def keep_log(home: Home, sidecar: Sidecar, occupancy: Occupancy) -> tuple[str, ...]:
    """Keep the file and a log that SQLite is about to replay and let go of. Answers what was done, in sentences."""
    if not occupancy.is_free():
        # The file alone is seen between two writes of the process that works with it, and its log is in order.
        return ()
    try:
        folder = quarantine.keep_copy(home.live, f"{sidecar}_log")
    except OSError as error:
        # Its log makes it whole, as far as can be seen, and that must not wait for space.
        return (f"The database's {sidecar} log is replayed, and no copy of it was kept: {error.strerror}.",)
    told = f"Kept the database and its {sidecar} log as they were in {folder.parent.name}/{folder.name}."
    # A rollback journal undoes what was never finished: without it nothing is missing.
    is_lost = sidecar is Sidecar.TORN and str(look.sidecar_of(home.live)).endswith("-wal")
    return (told, TORN_LOG) if is_lost else (told,)


def adopt(home: Home, adopter: Adopter, occupancy: Occupancy) -> str | None:
    """Take over a file that is somebody else's; a sentence, or None where it must be healed to get at all of it."""
    if adopting.is_cut_short(home.live, adopter):
        return None
    try:
        taking.take(home, "adoption")
        with occupancy.alone():
            return adopting.adopt_file(home.live, adopter)
    except DamagedError:
        return None
    except sqlite3.Error as error:
        if not look.is_damage(error):
            raise
        return None


def _reindex(database: Path, seen: Diagnosis) -> str | None:
    quarantine.keep_copy(database, seen.state)
    try:
        _execute(database, lambda connection: connection.execute("REINDEX"))
    except sqlite3.IntegrityError:
        return None  # two rows of one key: the rows are damaged too
    return f"Rebuilt the indexes (REINDEX): {seen.detail}."


def _execute(database: Path, work: Callable[[sqlite3.Connection], object]) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        work(connection)


def _copy_before(home: Home, reason: str) -> Snapshot:
    """The copy without which nothing dangerous begins."""
    try:
        return taking.take(home, reason)
    except (OSError, sqlite3.Error, DamagedError) as error:
        raise StuckError(
            f"Before the {reason} a copy of the database is taken, and that failed: {words_of(error)}. Nothing was "
            "changed. Make room, or make the folder of the backups writable, and start again."
        ) from error


def _migrate(engine: Engine) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - a healthy start does not pay for Alembic

    try:
        migrate.upgrade(engine)
    except Exception as error:
        raise StuckError(
            f"The migration failed and was taken back: {words_of(error)}. Nothing was changed, so the release that "
            "ran before can still use the database."
        ) from error


def words_of(error: Exception) -> str:
    """A reason without a path, a statement or a row of anybody's."""
    if isinstance(error, DBAPIError):
        error = error.orig if isinstance(error.orig, Exception) else error
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, sqlite3.Error | DamagedError):
        return str(error).rstrip(".")
    return type(error).__name__
