"""Preparation: what happens to the database before anybody uses it. Safe when several processes do it at once."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from backend.storage import adopter, comeback, layout, lock, look, memory, quarantine, server, snapshots, swap, taking
from backend.storage.adopter import Adopter
from backend.storage.diagnose import Diagnosis, State, diagnose
from backend.storage.engine import make_engine
from backend.storage.heal import Healed, heal
from backend.storage.home import Home, find_home
from backend.storage.layout import Layouts
from backend.storage.lock import Occupancy
from backend.storage.look import Sidecar
from backend.storage.memory import Memory
from backend.storage.salvage.caretaker import Caretaker

logger = logging.getLogger(__name__)

# Each round changes something; a healthy start takes one.
_ROUNDS = 6

# Their tables may be called as ours are, so that they look like ours half migrated, or of another release.
_MAYBE_FOREIGN = {State.UNKNOWN_LAYOUT, State.SCHEMA_HALF, State.SCHEMA_NEWER}


@dataclass(frozen=True)
class Report:
    """What a start found and did. `actions` are sentences for the log; none holds a path or a secret."""

    found: State
    actions: tuple[str, ...] = ()
    is_usable: bool = True
    is_read_only: bool = False
    healed: Healed | None = None
    rolled_back: str | None = None
    unacknowledged: str | None = None
    seconds: float = 0.0

    @property
    def lost_nothing(self) -> bool:
        """Whether everything that was there is there, as far as anybody who should know has not been told otherwise."""
        return self.rolled_back is None and self.unacknowledged is None


@dataclass(frozen=True)
class Prepared:
    """An engine to work with, and the report of how it came to be usable."""

    engine: Engine
    report: Report
    occupancy: Occupancy | None = None
    watched: tuple[str, ...] = ()

    def close(self) -> None:
        """Let go of the database, and remember how it was left. May be called twice."""
        self.engine.dispose()
        if self.occupancy is not None:
            database = Path(str(self.engine.url.database)).resolve()
            with suppress(sqlite3.Error):  # it went away meanwhile: the next start looks closely
                rows = memory.count(database, self.watched)
                memory.write_down(database, replace(memory.recall(database), is_clean=True, rows=rows))
            self.occupancy.leave()


@dataclass(frozen=True)
class Rules:
    """What storage must be told about tables that it knows nothing of."""

    watched: tuple[str, ...] = ()
    caretaker: Caretaker = field(default_factory=Caretaker)
    adopter: Adopter | None = None


def prepare(
    url: URL,
    layouts: Layouts,
    rules: Rules = Rules(),
    home: Home | None = None,
    remote: comeback.Remote | None = None,
    *,
    wait_seconds: float = 0,
) -> Prepared:
    """Check, repair and migrate the database of a URL, once, whoever else tries at the same time."""
    started = time.monotonic()
    logger.info("Starting database initialization...")
    engine = make_engine(url)
    occupancy = None
    if engine.dialect.name == "sqlite":
        home = home or find_home(Path(str(url.database)), is_space=False)
        report, occupancy = _prepare_file(home, remote, engine, layouts, rules)
        if report.is_read_only:
            engine = make_engine(url, is_read_only=True)
    else:
        report = _prepare_server(engine, rules, wait_seconds)
    is_in_order = report.is_usable and not report.is_read_only and report.lost_nothing
    for action in report.actions:
        logger.log(logging.INFO if is_in_order else logging.WARNING, action)
    if report.is_usable:
        logger.info("Database is healthy, no reset needed")
    logger.info("Database initialization complete")
    report = replace(report, seconds=round(time.monotonic() - started, 3))
    return Prepared(engine, report, occupancy, rules.watched)


def _prepare_server(engine: Engine, rules: Rules, wait_seconds: float) -> Report:
    report = Report(**asdict(server.prepare(engine, wait_seconds=wait_seconds)))
    if rules.adopter is None or report.found is not State.UNKNOWN_LAYOUT:
        return report
    if not adopter.is_foreign(engine, rules.adopter):
        return report
    told = adopter.adopt_server(engine, rules.adopter)
    again = Report(**asdict(server.prepare(engine, wait_seconds=wait_seconds)))
    return replace(again, found=report.found, actions=(told, *again.actions))


def _prepare_file(
    home: Home, remote: comeback.Remote | None, engine: Engine, layouts: Layouts, rules: Rules
) -> tuple[Report, Occupancy | None]:
    database = home.live
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(database.parent, os.W_OK) or (database.exists() and not os.access(database, os.W_OK)):
            return _read_only(database, layouts, rules), None
        occupancy = Occupancy(database)
        with lock.file_lock(database):
            report = _under_lock(home, remote, engine, layouts, rules, occupancy)
            occupancy.share()
            return report, occupancy
    except Timeout:
        told = "The database is damaged, and another process works with it. Stop that one, and start again."
    except (OSError, sqlite3.Error) as error:
        told = f"The database cannot be used: {getattr(error, 'strerror', None) or error}. Nothing was changed."
    return Report(State.UNUSABLE, (told,), is_usable=False), None


def _under_lock(
    home: Home,
    remote: comeback.Remote | None,
    engine: Engine,
    layouts: Layouts,
    rules: Rules,
    occupancy: Occupancy,
) -> Report:
    database = home.live
    actions: list[str] = []
    if swap.resume(database):
        actions.append("Finished a heal that had been interrupted.")
    before = memory.recall(database)
    restored = comeback.bring_back(home, remote)
    if restored is not None:
        actions.append(restored.sentence)
    report = _correct(home, engine, layouts, rules, occupancy, thorough=not before.is_clean)
    report = replace(report, actions=(*actions, *report.actions))
    if not report.is_usable:
        return report
    untold = before.unacknowledged
    if report.healed is not None and not report.healed.lost_nothing:
        untold = report.healed.sentence
    if restored is not None and not restored.lost_nothing:
        untold = restored.sentence
    rows = memory.count(database, rules.watched)
    warning = memory.shortfall(before, rows)
    if warning is None and report.healed is None and not before.is_clean:
        warning = _behind_snapshot(home, rows)
    if restored is None and warning:
        report = replace(report, actions=(*report.actions, warning), rolled_back=warning)
    memory.write_down(database, Memory(is_clean=False, rows=rows, unacknowledged=untold))
    return replace(report, unacknowledged=untold)


def _behind_snapshot(home: Home, rows: dict[str, int]) -> str | None:
    """A sentence when a snapshot of this very file knows more and newer rows: a log with commits in it was lost.

    Whoever deletes for good the newest row of all, and is then killed, reads it too, until the next snapshot.
    """
    try:
        newest = next(iter(snapshots.listed(home.backups, home.live.stem)), None)
        if newest is None or newest.manifest.run != taking.run_of(home.live):
            return None
    except OSError:
        return None
    return memory.behind(home.live, newest.manifest.tables, rows)


def _correct(
    home: Home, engine: Engine, layouts: Layouts, rules: Rules, occupancy: Occupancy, *, thorough: bool
) -> Report:
    """Do what the state asks for and look again, until a look finds nothing: only a look decides."""
    actions: list[str] = []
    found: State | None = None
    healed: Healed | None = None

    def keep(sidecar: Sidecar) -> None:
        try:
            folder = quarantine.keep_copy(home.live, f"{sidecar}_log")
        except OSError as error:
            # Its log makes it whole, as far as can be seen, and that must not wait for space.
            actions.append(f"The database's {sidecar} log is replayed, and no copy of it was kept: {error.strerror}.")
            return
        actions.append(f"Kept the database and its {sidecar} log as they were in {folder.parent.name}/{folder.name}.")

    for _ in range(_ROUNDS):
        seen = diagnose(home.live, layouts, watched=rules.watched, thorough=thorough, before_replay=keep)
        found = found or seen.state
        if seen.state is State.HEALTHY:
            return Report(found, tuple(actions), healed=healed)
        if seen.state in _MAYBE_FOREIGN and rules.adopter and adopter.is_foreign(engine, rules.adopter):
            taking.take(home, "adoption")
            with occupancy.alone():
                actions.append(adopter.adopt_file(home.live, engine, rules.adopter))
            continue
        if seen.state in {State.UNUSABLE, State.UNKNOWN_LAYOUT}:
            return Report(found, (*actions, f"The database is left as it is: {seen.detail}."), is_usable=False)
        if seen.state is State.SCHEMA_NEWER:
            return Report(found, (*actions, f"Reading only: {seen.detail}."), is_read_only=True)
        if (action := _mend(home, engine, seen)) not in {None, *actions}:
            actions.append(str(action))
            continue
        if healed is not None:
            break
        with occupancy.alone():
            healed = heal(home, seen, layouts, rules.caretaker, rules.watched)
        actions.append(healed.sentence)
        # What was rebuilt was looked at as closely as can be before it came here.
        thorough = False
    return Report(found or State.UNUSABLE, (*actions, "The database is still not in order."), is_usable=False)


def _mend(home: Home, engine: Engine, seen: Diagnosis) -> str | None:
    """Put right what needs no new file; the sentence that says what was done, None where only healing helps."""
    database = home.live
    match seen.state:
        case State.NEW:
            if look.sidecar_of(database) is not None:
                quarantine.put_away(database, "stray_log")
            _migrate(engine)
            database.chmod(0o600)  # its -wal and -shm take the same rights
            return "Created a new database."
        case State.STALE_SIDECAR:
            folder = quarantine.put_away(database, seen.state)
            return f"Put a log aside to {folder.parent.name}/{folder.name}: {seen.detail}."
        case State.SCHEMA_OLD:
            copy = taking.take(home, "migration")
            _migrate(engine)
            return f"Migrated the database from {seen.revision}; a copy was kept as backups/{copy.path.name}."
        case State.VERSION_ROW_WRONG:
            revision = str(seen.revision)
            _execute(database, lambda connection: layout.restamp(connection, revision))
            return f"Corrected the version row: {seen.detail}."
        case State.INDEX_DAMAGED:
            quarantine.keep_copy(database, seen.state)
            _execute(database, lambda connection: connection.execute("REINDEX"))
            return f"Rebuilt the indexes (REINDEX): {seen.detail}."
        case _:
            return None


def _read_only(database: Path, layouts: Layouts, rules: Rules) -> Report:
    """Where nothing may be written, a database that is in order can still be read."""
    seen = diagnose(database, layouts, watched=rules.watched)
    if seen.state is State.HEALTHY:
        return Report(State.HEALTHY, ("The folder cannot be written to: reading only.",), is_read_only=True)
    return Report(seen.state, (f"The folder cannot be written to, and the database is {seen.state}.",), is_usable=False)


def _execute(database: Path, work: Callable[[sqlite3.Connection], object]) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        work(connection)


def _migrate(engine: Engine) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - a healthy start does not pay for Alembic

    migrate.upgrade(engine)
