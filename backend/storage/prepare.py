"""Preparation: what happens to the database before anybody uses it. Safe when several processes do it at once."""

import logging
import sqlite3
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from backend.storage import adopter, comeback, files, lock, memory, server, shape, snapshots, swap, taking
from backend.storage import mend as mending
from backend.storage.adopter import Adopter, RefusedError
from backend.storage.diagnose import Check, State, diagnose
from backend.storage.engine import make_engine
from backend.storage.heal import Derived, heal
from backend.storage.healed import Healed
from backend.storage.home import Home, find_home
from backend.storage.layout import Layouts
from backend.storage.lock import Occupancy
from backend.storage.look import Sidecar
from backend.storage.salvage.caretaker import Caretaker

logger = logging.getLogger(__name__)

# Each round changes something; a healthy start takes one.
_ROUNDS = 6

_NO_LOCKS = (
    "The storage that DATABASE_URL points into grants no locks, and without them SQLite damages its file. Leave "
    "DATABASE_URL out: the database is then on the local disk, and copies of it go to that storage."
)

_WHAT_TO_DO = {
    State.UNKNOWN_LAYOUT: "It may belong to another app: set DATABASE_URL to a file that this app has to itself. If it "
    "is an old database of yours, keep it and ask its maker; nothing was changed in it.",
    State.SCHEMA_NEWER: "Deploy the newer release again, or put back a copy from before it with "
    "`python -m backend restore`.",
}

# Their tables may be called as ours are, so that they look like ours half migrated, or of another release.
_MAYBE_FOREIGN = {State.UNKNOWN_LAYOUT, State.SCHEMA_HALF, State.SCHEMA_NEWER}


@dataclass(frozen=True)
class Report:
    """What a start found and did. `actions` are sentences for the log; none holds a path or a secret.

    `last_heal` is the newest one of any start, with the fields of `Healed`. `is_damaged`: damage was met since.
    """

    found: State
    actions: tuple[str, ...] = ()
    is_usable: bool = True
    is_read_only: bool = False
    healed: Healed | None = None
    rolled_back: str | None = None
    unacknowledged: str | None = None
    seconds: float = 0.0
    head: str = ""
    check: Check | None = None
    last_heal: dict[str, Any] | None = None
    is_damaged: bool = False

    @property
    def lost_nothing(self) -> bool:
        """Whether everything that was there is there, as far as anybody who should know has not been told otherwise."""
        return self.unacknowledged is None

    @property
    def is_at_head(self) -> bool:
        """Whether the tables are those of this release."""
        return self.is_usable and self.found is not State.SCHEMA_NEWER


@dataclass(frozen=True)
class Prepared:
    """An engine to work with, and the report of how it came to be usable."""

    engine: Engine
    report: Report
    occupancy: Occupancy | None = None
    watched: tuple[str, ...] = ()

    def take_up(self) -> None:
        """Work with the database again after `close`; nothing where it was not closed."""
        if self.occupancy is not None:
            _take_up(self.occupancy, Path(str(self.engine.url.database)).resolve())

    def abandon(self) -> None:
        """Let go of a file that is not in its place any more; there is nothing to remember of it."""
        self.engine.dispose()
        if self.occupancy is not None:
            self.occupancy.leave()

    def close(self, *, is_clean: bool = True) -> None:
        """Let go of the database, and remember how it was left. May be called twice.

        After a stop that was not clean the next start looks closely.
        """
        self.engine.dispose()
        if self.occupancy is not None and self.occupancy.leave():
            database = Path(str(self.engine.url.database)).resolve()
            # Where others still work with it, such as the app beside a command, the last one of them remembers.
            with suppress(sqlite3.Error, OSError, Timeout), self.occupancy.alone():
                rows = memory.count(database, self.watched)
                memory.write_down(database, replace(memory.recall(database), is_clean=is_clean, rows=rows))


@dataclass(frozen=True)
class Rules:
    """What storage must be told about tables that it knows nothing of."""

    watched: tuple[str, ...] = ()
    caretaker: Caretaker = field(default_factory=Caretaker)
    adopter: Adopter | None = None
    derived: Derived = field(default_factory=Derived)


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
        report = replace(report, head=layouts.head)
        engine.dispose()
        # In a mount a file may have another number each time that it is asked for.
        only = None if home.is_exclusive else files.identity_of(home.live)
        engine = make_engine(url, is_read_only=report.is_read_only, only=only)
    else:
        report = replace(_prepare_server(engine, rules, wait_seconds), head=shape.released().head)
    is_in_order = report.is_usable and not report.is_read_only and report.lost_nothing
    for action in report.actions:
        logger.log(logging.INFO if is_in_order else logging.WARNING, action)
    if report.is_usable:
        logger.info("Database is healthy, no reset needed")
    logger.info("Database initialization complete")
    report = replace(report, seconds=round(time.monotonic() - started, 3))
    return Prepared(engine, report, occupancy, rules.watched)


def _take_up(occupancy: Occupancy, database: Path) -> None:
    """Hold the database, and from now on an end that is not said is none in good order.

    In this sequence: who had it before may be writing down at this moment that it left it well.
    """
    if occupancy.share():
        memory.write_down(database, replace(memory.recall(database), is_clean=False))


def _prepare_server(engine: Engine, rules: Rules, wait_seconds: float) -> Report:
    report = Report(**asdict(server.prepare(engine, wait_seconds=wait_seconds)))
    if rules.adopter is None or report.found is not State.UNKNOWN_LAYOUT:
        return report
    if not adopter.is_foreign(engine, rules.adopter):
        return report
    try:
        told = adopter.adopt_server(engine, rules.adopter)
    except RefusedError as error:
        return replace(report, actions=(*report.actions, f"The database is left as it is: {error}"))
    again = Report(**asdict(server.prepare(engine, wait_seconds=wait_seconds)))
    return replace(again, found=report.found, actions=(told, *again.actions))


def _prepare_file(
    home: Home, remote: comeback.Remote | None, engine: Engine, layouts: Layouts, rules: Rules
) -> tuple[Report, Occupancy | None]:
    database = home.live
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        if not files.is_writable(database):
            return _read_only(database, layouts, rules), None
        if home.is_exclusive and not lock.grants_locks(database.parent):
            return Report(State.UNUSABLE, (_NO_LOCKS,), is_usable=False), None
        occupancy = Occupancy(database)
        with lock.file_lock(database):
            report = _under_lock(home, remote, engine, layouts, rules, occupancy)
            if report.is_usable:
                _take_up(occupancy, database)
            else:
                occupancy.share()
            return report, occupancy
    except Timeout:
        told = "The database is damaged, and another process works with it. Stop that one, and start again."
    except RefusedError as error:
        told = f"The database is left as it is: {error}"
    except mending.StuckError as error:
        told = str(error)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        told = f"The database cannot be used: {mending.words_of(error)}. Nothing was changed."
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
    restored = None if files.has_content(database) else _bring_back(home, remote, occupancy, actions)
    report = _correct(home, engine, layouts, rules, occupancy, thorough=not before.is_in_order)
    report = replace(report, actions=(*actions, *report.actions))
    if not report.is_usable:
        return replace(report, last_heal=before.last_heal)
    known = before if report.healed is None else report.healed.remembered(before)
    if restored is not None and not restored.lost_nothing:
        known = known.telling(restored.sentence)
    if known.checked_at is None or not before.is_in_order or report.healed is not None:
        known = known.checked(datetime.now(UTC))
    rows = memory.count(database, rules.watched)
    warning = memory.missing(before) if report.found is State.NEW else memory.shortfall(before, rows)
    if warning is None and report.healed is None and not before.is_clean:
        warning = _behind_snapshot(home, rows)
    if restored is None and warning:
        warning += _where_to_look(home, rows)
        report = replace(report, actions=(*report.actions, warning), rolled_back=warning)
        known = known.telling(warning)
    if mending.TORN_LOG in report.actions:
        report = replace(report, rolled_back=mending.TORN_LOG)
        known = known.telling(mending.TORN_LOG)
    memory.write_down(database, replace(known, is_clean=False, rows=rows))
    return replace(report, unacknowledged=known.unacknowledged, last_heal=known.last_heal)


def _bring_back(
    home: Home, remote: comeback.Remote | None, occupancy: Occupancy, actions: list[str]
) -> comeback.Comeback | None:
    """Put something in the place of a file that is gone: for its log, or from a snapshot."""
    if not occupancy.is_free():
        raise mending.StuckError(
            "The database file is gone, and another process of the app, which has it open, puts it back. Try again in a"
            " moment."
        )
    if (stood_in := mending.stand_in(home.live)) is not None:
        actions.append(stood_in)
    restored = comeback.bring_back(home, remote)
    if restored is not None:
        actions.append(restored.sentence)
    return restored


def _where_to_look(home: Home, rows: dict[str, int]) -> str:
    """Where what is missing may be: in a snapshot that has more than there is now."""
    try:
        known = [found.manifest.tables for found in snapshots.listed(home.backups, home.live.stem)]
    except OSError:
        known = []
    has_more = any(table in once and once[table].rows > now for once in known for table, now in rows.items())
    return " A snapshot may have them: `python -m backend restore --list` shows them." if has_more else ""


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
    is_rebuilt = False

    def keep(sidecar: Sidecar) -> None:
        actions.extend(mending.keep_log(home, sidecar, occupancy))

    for _ in range(_ROUNDS):
        started = time.monotonic()
        seen = diagnose(home.live, layouts, watched=rules.watched, thorough=thorough, before_replay=keep)
        took = round(time.monotonic() - started, 3)
        check = Check("full" if thorough else "quick", datetime.now(UTC), took, seen.state)
        found = found or seen.state
        if seen.state is State.HEALTHY:
            return Report(found, tuple(actions), healed=healed, check=check)
        if seen.state in _MAYBE_FOREIGN and rules.adopter and adopter.is_foreign_file(home.live, rules.adopter):
            adopted = mending.adopt(home, rules.adopter, occupancy)
            if adopted is not None:
                actions.append(adopted)
                continue
            seen = replace(seen, state=State.SCHEMA_HALF)
        if seen.state in {State.UNUSABLE, State.UNKNOWN_LAYOUT}:
            told = f"The database is left as it is: {seen.detail}. {_WHAT_TO_DO.get(seen.state, '')}".rstrip()
            return Report(found, (*actions, told), is_usable=False, check=check)
        if seen.state is State.SCHEMA_NEWER:
            told = f"Reading only: {seen.detail}. {_WHAT_TO_DO[seen.state]}"
            return Report(found, (*actions, told), is_read_only=True, check=check)
        if (action := mending.mend(home, engine, seen)) not in {None, *actions}:
            actions.append(str(action))
            continue
        if is_rebuilt:
            break
        with occupancy.alone():
            latest = heal(home, seen, layouts, rules.caretaker, rules.watched, rules.adopter, rules.derived)
        actions.append(latest.sentence)
        is_rebuilt = latest.restored_from is None
        # What a snapshot does not have stays lost, however well its own damage is healed.
        healed = latest if healed is None else replace(latest, has_content=False, restored_from=healed.restored_from)
        # What was rebuilt was looked at before it came here, as closely as a file needs that SQLite has just made.
        thorough = not is_rebuilt
    return Report(found or State.UNUSABLE, (*actions, "The database is still not in order."), is_usable=False)


def _read_only(database: Path, layouts: Layouts, rules: Rules) -> Report:
    """Where nothing may be written, a database that is in order can still be read."""
    started = time.monotonic()
    seen = diagnose(database, layouts, watched=rules.watched)
    if seen.state is State.HEALTHY:
        told = "The database or its folder cannot be written to: reading only. Make both writable, and start again."
        check = Check("quick", datetime.now(UTC), round(time.monotonic() - started, 3), seen.state)
        return Report(State.HEALTHY, (told,), is_read_only=True, check=check)
    told = (
        f"The database is {seen.state}, and it or its folder cannot be written to. Make both writable, and start again."
    )
    return Report(seen.state, (told,), is_usable=False)
