"""Moving an installation to another database while it is in use: `python -m backend move --to URL`.

1. The target must be empty. Its row `installation` (storage.gate) says `filling` from now on, so no app writes there.
2. Everything is copied, in stretches of keys, while the app goes on writing, and read back from the target. Stretches
   that changed meanwhile are carried over again, until little is left.
3. Writers of the source are stopped: they wait. The rest is carried over and read back. Each table's number of rows and
   its checksum, the sum of its stretches, must be those of the source.
4. The target says `ready`; then the source says `moved`, which is the one moment that counts. Its writers are refused
   from now on, with a sentence that says to restart the app with the new DATABASE_URL.

Whatever fails before that moment, a mismatch, an error or kill -9, leaves the source in use. The target is emptied, at
once or, after a kill, by the next run, which knows it by `filling` or `ready`: nobody has ever written there, because
the first write of an app turns `ready` into `active`, and an `active` target with rows in it is refused.

The marker is a row and not a file or a trigger, because it changes in one transaction with the lock that stops the
writers, on every database; each write of the app reads it first, which also is what makes that lock wait for the write.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from backend.models import Installation
from backend.models.base import metadata
from backend.settings import as_database_url, get_settings
from backend.storage import carry, faults, gate, places, rows
from backend.storage.canonical import Sum
from backend.storage.gate import State
from backend.storage.places import PlaceError

logger = logging.getLogger(__name__)

TABLES = tuple(table for table in metadata.sorted_tables if table.name != Installation.__tablename__)

# Few enough to carry over in the moment in which writers wait.
_LITTLE_ROWS = 200
_ROUNDS_MAX = 5


class MoveError(Exception):
    """The move did not take place and the source is in use; the text says why, without host, user or password."""


@dataclass(frozen=True)
class Step:
    """Where a move is: a stage, the table, and how many of its rows are done."""

    stage: str
    table: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class MoveReport:
    """What was moved: rows and checksum of each table, the same on both sides."""

    tables: dict[str, Sum]
    carried_over: int
    writers_stopped_seconds: float
    seconds: float

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(found.rows for found in self.tables.values())


Progress = Callable[[Step], None]


def quiet(_: Step) -> None:
    """Tell nobody."""


def move(source_url: URL, target_url: URL, progress: Progress = quiet) -> MoveReport:
    """Move everything to an empty database and close this one; raises MoveError with the source still in use."""
    started = time.monotonic()
    progress(Step("look"))
    with ExitStack() as stack:
        try:
            source = places.open_source(source_url)
            stack.callback(source.dispose)
            stack.enter_context(places.alone(source, "move"))
            target = places.open_target(target_url, TABLES, apart_from=source)
            stack.callback(target.dispose)
            stack.enter_context(places.alone(target, "moved-into"))
            carried, sums, stopped = _Move(source, target, progress).run()
        except PlaceError as error:
            raise MoveError(str(error)) from None
        except DBAPIError as error:
            raise MoveError(f"The move was given up: {faults.words_of(error)}. The old database is in use.") from error
        except SQLAlchemyError as error:
            raise MoveError(f"The move was given up: {type(error).__name__}. The old database is in use.") from error
    return MoveReport(sums, carried, round(stopped, 3), round(time.monotonic() - started, 3))


@dataclass(frozen=True)
class _Move:
    source: Engine
    target: Engine
    progress: Progress

    def run(self) -> tuple[int, dict[str, Sum], float]:
        """Copy, catch up, stop the writers, compare, cut over. Empties the target unless it gets to the end."""
        with ExitStack() as giving_up:
            self._claim_target()
            giving_up.callback(self._empty_target)
            carried = carry.copy(self.source, self.target, TABLES, self._teller("copy"))
            differing = 0
            for _ in range(_ROUNDS_MAX):
                found = carry.catch_up(self.source, self.target, carried, self._teller("catch up"))
                differing += found
                if found <= _LITTLE_ROWS:
                    break
            self.progress(Step("stop writers"))
            stopped_at = time.monotonic()
            try:
                with gate.closed(self.source) as closing:
                    differing += carry.catch_up(self.source, self.target, carried, self._teller("last changes"))
                    sums = carry.check(self.target, carried, self._teller("verify"))
                    self._count(sums)
                    self._set_target(State.READY)
                    places.make_durable(self.target)
                    self.progress(Step("cut over"))
                    gate.set_state(closing, State.MOVED)
            except carry.MismatchError as error:
                raise MoveError(f"The move was given up: {error}. The old database is in use.") from None
            except DBAPIError:
                # The connection may have broken while the source's row was committed. Then only looking helps.
                if self._source_state() is not State.MOVED:
                    raise
            giving_up.pop_all()
        self.progress(Step("done"))
        return differing, sums, time.monotonic() - stopped_at

    def _claim_target(self) -> None:
        with self.target.begin() as connection:
            gate.set_state(connection, State.FILLING)
        if self._source_state() is not State.ACTIVE:
            # Two spellings of one database: what was said to the target is heard from the source.
            self._set_target(State.ACTIVE)
            raise PlaceError("The new database is the one that is in use.")
        with self.target.begin() as connection:
            rows.clear(connection, TABLES)

    def _count(self, sums: dict[str, Sum]) -> None:
        """Count the source itself as well, whatever its stretches say."""
        with rows.snapshot(self.source) as reading:
            for table in TABLES:
                if (count := rows.count(reading, table)) != sums[table.name].rows:
                    raise carry.MismatchError(table.name, Sum(count), sums[table.name])

    def _empty_target(self) -> None:
        try:
            if self._source_state() is State.MOVED:
                return
            with self.target.begin() as connection:
                rows.clear(connection, TABLES)
                gate.set_state(connection, State.ACTIVE)
        except SQLAlchemyError:
            logger.warning("The new database could not be emptied; the next move into it will do so first.")

    def _set_target(self, state: State) -> None:
        with self.target.begin() as connection:
            gate.set_state(connection, state)

    def _source_state(self) -> State:
        with self.source.connect() as connection:
            return gate.state_of(connection)

    def _teller(self, stage: str) -> carry.Tell:
        return lambda table, done, total: self.progress(Step(stage, table, done, total))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m backend move` takes."""
    parser.add_argument("--to", required=True, metavar="URL", help="the new database, empty: sqlite, postgresql, mysql")


def run(arguments: argparse.Namespace, progress: Progress = quiet) -> int:
    """Move the database of DATABASE_URL, say how it went, and answer the exit code."""
    try:
        target = as_database_url(arguments.to, "--to")
        report = move(get_settings().url, target, progress)
    except (ValueError, MoveError) as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    for table, found in report.tables.items():
        sys.stdout.write(f"{table}: {found}, the same on both sides\n")
    sys.stdout.write(
        f"Moved {report.rows} rows in {report.seconds:g} s; writers waited for {report.writers_stopped_seconds:g} s.\n"
        "The old database refuses changes from now on. Restart the app with the new DATABASE_URL.\n"
    )
    return 0
