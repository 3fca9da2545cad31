"""Preparation: what happens to the database before anybody uses it. Safe when several processes do it at once."""

import logging
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL

from backend.storage import layout, lock, quarantine, snapshot
from backend.storage.diagnose import Diagnosis, State, diagnose
from backend.storage.engine import make_engine
from backend.storage.layout import Layouts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """What a start found and did. `actions` are sentences for the log; none holds a path or a secret."""

    found: State
    actions: tuple[str, ...] = ()
    is_usable: bool = True
    lost_nothing: bool = True
    seconds: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """An engine to work with, and the report of how it came to be usable."""

    engine: Engine
    report: Report


def prepare(url: URL, layouts: Layouts) -> Prepared:
    """Check, repair and migrate the database of a URL, once, whoever else tries at the same time."""
    started = time.monotonic()
    logger.info("Starting database initialization...")
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        report = _prepare_file(Path(str(url.database)).resolve(), engine, layouts)
    else:
        report = _prepare_server(engine, layouts)
    for action in report.actions:
        logger.log(logging.INFO if report.lost_nothing and report.is_usable else logging.WARNING, action)
    if report.is_usable:
        logger.info("Database is healthy, no reset needed")
    logger.info("Database initialization complete")
    return Prepared(engine, replace(report, seconds=round(time.monotonic() - started, 3)))


def _prepare_file(database: Path, engine: Engine, layouts: Layouts) -> Report:
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with lock.file_lock(database):
            return _correct(database, engine, layouts, diagnose(database, layouts))
    except (OSError, Timeout) as error:
        detail = getattr(error, "strerror", None) or "another process holds it for too long"
        return Report(
            State.UNUSABLE, (f"The database cannot be used: {detail}. Nothing was changed.",), is_usable=False
        )


def _correct(database: Path, engine: Engine, layouts: Layouts, seen: Diagnosis) -> Report:
    """Do what the state asks for, then look again: only a look decides whether the database is usable."""
    actions: list[str] = []
    match seen.state:
        case State.HEALTHY:
            return Report(State.HEALTHY)
        case State.UNUSABLE | State.UNKNOWN_LAYOUT:
            return Report(seen.state, (f"The database is left as it is: {seen.detail}.",), is_usable=False)
        case State.NEW:
            _migrate(engine)
            database.chmod(0o600)  # its -wal and -shm take the same rights
            actions.append("Created a new database.")
        case State.SCHEMA_OLD:
            copy = snapshot.take(database, "migration")
            _migrate(engine)
            actions.append(f"Migrated the database from {seen.revision}; a copy was kept as backups/{copy.name}.")
        case State.VERSION_ROW_WRONG:
            _restamp(database, seen.revision or "")
            actions.append(f"Corrected the version row: {seen.detail}.")
        case State.CORRUPT | State.NOT_A_DATABASE:
            folder = quarantine.move_aside(database, seen.state)
            _migrate(engine)
            actions.append(
                f"The database file was damaged ({seen.detail}). It was moved aside whole to {folder.parent.name}/"
                f"{folder.name}, nothing was deleted, and a new database was created."
            )
            return Report(seen.state, tuple(actions), lost_nothing=False)
    again = diagnose(database, layouts)
    if again.state is State.HEALTHY:
        return Report(seen.state, tuple(actions))
    if again.state is seen.state:
        return Report(seen.state, (*actions, f"The database is still {again.state}: {again.detail}."), is_usable=False)
    further = _correct(database, engine, layouts, again)
    return replace(further, found=seen.state, actions=(*actions, *further.actions))


def _migrate(engine: Engine) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - a healthy start does not pay for Alembic

    migrate.upgrade(engine)


def _restamp(database: Path, revision: str) -> None:
    connection = sqlite3.connect(database, timeout=30)
    with connection:
        layout.restamp(connection, revision)
    connection.close()


def _prepare_server(engine: Engine, layouts: Layouts) -> Report:
    with lock.server_lock(engine):
        with engine.connect() as connection:
            has_version = inspect(connection).has_table(layout.VERSION_TABLE)
            query = text(f"SELECT version_num FROM {layout.VERSION_TABLE}")  # noqa: S608 - a constant
            claimed = list(connection.scalars(query)) if has_version else []
        if claimed == [layouts.head]:
            return Report(State.HEALTHY)
        _migrate(engine)
    return Report(State.SCHEMA_OLD if claimed else State.NEW, ("Migrated the database to the newest revision.",))
