"""Healing: a new file is built from every row that can still be read, verified, and put in the damaged file's place.

The damaged file is never opened as a database here: its pages are read, from a link that lies in quarantine already.
Whose tables they hold, only the pages can tell. If they are those of somebody whom the adopter knows, the rows go into
a bare file of such tables first, and are adopted from there as from a healthy one. Once the new file is in place it is
copied at once, so that what was saved is not in one place alone.
"""

import json
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, make_url

from backend.storage import adopter as adopting
from backend.storage import layout, memory, quarantine, snapshots, swap, taking
from backend.storage.adopter import Adopter, RefusedError
from backend.storage.diagnose import Diagnosis, State, diagnose
from backend.storage.engine import make_engine
from backend.storage.healed import Healed
from backend.storage.home import Home
from backend.storage.layout import HALF_DONE, VERSION_TABLE, Layouts
from backend.storage.look import sidecar_of
from backend.storage.salvage import ledger
from backend.storage.salvage.caretaker import Caretaker
from backend.storage.salvage.donors import Donor
from backend.storage.salvage.layouts import quoted
from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.report import Report
from backend.storage.salvage.salvage import Salvage

logger = logging.getLogger(__name__)

# A candidate, its journal and the log of what was rejected, in multiples of the damaged file.
_ROOM_NEEDED = 2
_CACHE_KIB = 32 * 1024


Lost = tuple[str, dict[str, object], frozenset[str]]
"""A table, a row that was kept, and the columns of which the values are lost."""
Read = Callable[[str], Iterator[dict[str, object]]]
"""What the damaged file, or an index in it, still has of the rows of a derived table."""


@dataclass(frozen=True)
class Derived:
    """Tables that say again, in another form, what stands in others. They are made anew, never salvaged.

    What they still say may give back what is lost where they were made from: `give_back` is asked before they are made.
    """

    tables: frozenset[str] = frozenset()
    rebuild: Callable[[Connection], object] = lambda _: None
    give_back: Callable[[sqlite3.Connection, Iterable[Lost], Read], object] = lambda *_: None


@dataclass(frozen=True)
class _Attempt:
    """What came out of one view of the damaged file. `ledgers`: the folder of what could not be kept as it was."""

    path: Path
    ledgers: Path
    report: Report
    is_foreign: bool

    @property
    def saved(self) -> int:
        return self.report.total("saved")


def heal(
    home: Home,
    seen: Diagnosis,
    layouts: Layouts,
    caretaker: Caretaker,
    watched: tuple[str, ...] = (),
    adopter: Adopter | None = None,
    derived: Derived = Derived(),
) -> Healed:
    """Replace a damaged file by what can be saved of it, and take a snapshot of that.

    Raises OSError, sqlite3.Error or RefusedError with the original in place.
    """
    database = home.live
    _ensure_room(database)
    candidate = swap.candidate_of(database)
    folder = quarantine.keep(database, seen.state)
    try:
        healed = _Heal(home, seen, layouts, caretaker, watched, adopter, derived, folder, candidate).run()
    except (OSError, sqlite3.Error, RefusedError):
        # The folder holds links to files that are still in place, and an unfinished log; the next start makes its own.
        swap.resume(database)
        shutil.rmtree(folder)
        raise
    (folder / "report.json").write_text(json.dumps(healed.note, indent=1))
    # Before the swap: whoever starts after a crash finds a file that is in order, and must know all the same.
    before = memory.recall(database)
    memory.write_down(database, healed.remembered(before))
    try:
        swap.swap(database, candidate)
    except OSError:
        memory.write_down(database, before)
        raise
    _keep_a_copy(home)
    return healed


def _keep_a_copy(home: Home) -> None:
    """The first snapshot of what was saved. Without it the heal stands all the same: the disk may be full now."""
    try:
        taking.take(home, "heal", is_closed=True)
    except (OSError, sqlite3.Error, snapshots.DamagedError) as error:
        told = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        logger.warning("No snapshot of the healed database could be taken: %s. The next one is tried later.", told)


def _ensure_room(database: Path) -> None:
    size = database.stat().st_size
    free = shutil.disk_usage(database.parent).free
    if free < _ROOM_NEEDED * size:
        raise OSError(28, f"healing needs {_ROOM_NEEDED * size // 1024:,} KiB of free space, {free // 1024:,} are free")


@dataclass(frozen=True)
class _Heal:
    """One heal, with everything it needs to know."""

    home: Home
    seen: Diagnosis
    layouts: Layouts
    caretaker: Caretaker
    watched: tuple[str, ...]
    adopter: Adopter | None
    derived: Derived
    folder: Path
    candidate: Path

    def run(self) -> Healed:
        """Build the candidate, or put a snapshot in its place where nothing is left to build it from."""
        damaged = self.folder / self.home.live.name
        log = damaged.with_name(damaged.name + "-wal")
        views = [log, None] if log.exists() and log.stat().st_size else [None]
        attempts = [self._salvage(damaged, view, number) for number, view in enumerate(views)]
        best = max(attempts, key=lambda attempt: attempt.saved)
        # Of a file that was no database, or is cut off before its first page, nothing that anybody wrote is left.
        has_content = self.seen.state not in {State.CORRUPT, State.NOT_A_DATABASE} or any(
            best.report.table(table).saved > best.report.table(table).from_backup for table in self.watched
        )
        name = f"{self.folder.parent.name}/{self.folder.name}"
        if not has_content and (newest := snapshots.newest_good(self.home.backups, self.home.live.stem)) is not None:
            _clear(attempts)
            # Whichever release or deployment it was taken of: the look that follows a heal sees to that.
            shutil.copyfile(newest.path, self.candidate)
            return Healed(self.seen.state, name, has_content=False, restored_from=newest.path.name)
        for path in best.ledgers.iterdir():
            path.replace(self.folder / path.name)
        adopted = None
        if best.is_foreign:
            adopted = self._adopt(best)
        else:
            self._complete(best)
        _clear(attempts)
        self._verify()
        report = best.report
        return Healed(
            self.seen.state,
            name,
            saved=best.saved,
            expected=report.total("expected"),
            partial=report.total("partial"),
            doubtful=report.total("doubtful"),
            from_index=report.total("from_index"),
            from_backup=report.total("from_backup"),
            rejected=report.total("rejected"),
            lost=report.total("lost"),
            invented=report.total("invented"),
            invented_in=tuple(table.name for table in report.tables if table.invented),
            has_content=has_content,
            unknown=report.unknown,
            absent=report.absent,
            unproven=report.unproven,
            adopted=adopted,
        )

    def _salvage(self, damaged: Path, log: Path | None, number: int) -> _Attempt:
        """Save what one view shows into a file of its own, made of the tables that the view is nearest to."""
        theirs = self.adopter.layouts if self.adopter is not None else ()
        known = (*self.layouts.known, *theirs)
        path = self.candidate.with_name(f"{self.candidate.name}.{number}")
        ledgers = self.folder / f"attempt-{number}"
        ledgers.mkdir()
        with ExitStack() as stack:
            salvage = stack.enter_context(Salvage(damaged, known, log))
            revision = salvage.chart.revision or self.layouts.head
            is_foreign = any(revision == layout.revision for layout in theirs)
            if (backup := self._newest_backup(is_foreign=is_foreign)) is not None:
                salvage.donors = [stack.enter_context(Donor(backup))]
            adopter = self.adopter if is_foreign else None
            leftovers = {
                table.name: table.name.removeprefix(HALF_DONE)
                for table in salvage.sources()
                if table.name.startswith(HALF_DONE)
            }

            def create(path: Path) -> None:
                if adopter is not None:
                    adopter.create_bare(path)
                    _narrow(path, salvage)
                else:
                    # As the damaged file's own revision: the migrations then do to its rows what they do to all.
                    _bring_to(path, revision)
                    _empty(path)

            report = rebuild(
                damaged,
                path,
                create,
                known,
                caretaker=adopter.caretaker if adopter is not None else self.caretaker,
                ledger_folder=ledgers,
                aliases=leftovers,
                skip=[VERSION_TABLE, *(() if is_foreign else self.derived.tables)],
                salvage=salvage,
                check=False,
            )
            if not is_foreign:
                self._give_back(path, ledgers, salvage)
            else:
                vanished = {table.name for table in salvage.sources() if salvage.is_vanished(table)}
                gone = vanished - set(leftovers.values())
                never = {table.name for table in report.tables if table.name in gone and not table.saved}
                _drop(path, never)
                if not salvage.has_free_pages:
                    # Nobody dropped them: the first start failed before it made them.
                    report = replace(report, absent=tuple(name for name in report.absent if name not in never))
        return _Attempt(path, ledgers, report, is_foreign)

    def _give_back(self, path: Path, ledgers: Path, salvage: Salvage) -> None:
        def read(name: str) -> Iterator[dict[str, object]]:
            for source in salvage.sources():
                if source.name == name and not salvage.is_vanished(source):
                    names = [column.name for column in source.columns]
                    for row in salvage.table(source).rows():
                        yield {
                            n: v for i, (n, v) in enumerate(zip(names, row.values, strict=True)) if i not in row.missing
                        }

        with closing(sqlite3.connect(path)) as connection, connection:
            self.derived.give_back(connection, ledger.lost_in(ledgers), read)

    def _newest_backup(self, *, is_foreign: bool) -> Path | None:
        """The newest good snapshot of the same tables."""
        newest = snapshots.newest_good(
            self.home.backups,
            self.home.live.stem,
            lambda manifest: (manifest.revision in self.layouts.fingerprints) is not is_foreign,
        )
        return newest.path if newest is not None else None

    def _complete(self, attempt: _Attempt) -> None:
        """Ours: bring it to head, and make anew what stands in other tables already."""
        attempt.path.replace(self.candidate)
        if attempt.report.revision not in {"", self.layouts.head}:
            _bring_to(self.candidate, "head")
        engine = make_engine(make_url(f"sqlite:///{self.candidate}"))
        try:
            with engine.connect() as connection:
                # Looking up each row's parent took a fifth of the time; the check of the candidate does it in one go.
                driver: Any = connection.connection
                driver.execute("PRAGMA foreign_keys = OFF").close()
                driver.execute(f"PRAGMA cache_size = -{_CACHE_KIB}").close()
                with connection.begin():
                    self.derived.rebuild(connection)
        finally:
            engine.dispose()
        _as_one_file(self.candidate)

    def _adopt(self, attempt: _Attempt) -> str:
        """Theirs: adopt it. Answers a sentence; the findings lie beside the report."""
        if self.adopter is None:
            raise RefusedError("nobody can adopt it")
        adopted = adopting.fill(self.candidate, attempt.path, self.adopter)
        (self.folder / "adoption.jsonl").write_text(adopted.findings)
        return adopted.sentence

    def _verify(self) -> None:
        """Look at the new file, its rows as closely as at any, before it takes the place of the old one."""
        seen = diagnose(self.candidate, self.layouts, watched=self.watched, thorough=True, is_fresh=True)
        if seen.state is not State.HEALTHY or sidecar_of(self.candidate):
            raise sqlite3.DatabaseError(f"the healed file did not pass its check ({seen.state})")


def _clear(attempts: list[_Attempt]) -> None:
    for attempt in attempts:
        attempt.path.unlink(missing_ok=True)
        shutil.rmtree(attempt.ledgers)


def _narrow(path: Path, salvage: Salvage) -> None:
    """Take off the columns that the damaged file never had: an empty one would say something of each row."""
    have: dict[str, set[str]] = {}
    for table in salvage.sources():
        names = (column.name for column in table.columns)
        have.setdefault(table.name.removeprefix(HALF_DONE), set()).update(names)
    with closing(sqlite3.connect(path)) as connection:
        for name, columns in have.items():
            for _, column, *_ in connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall():
                if column not in columns:
                    connection.execute(f"ALTER TABLE {quoted(name)} DROP COLUMN {quoted(column)}")


def _empty(path: Path) -> None:
    """Take out what migrations put into a new database: of two rows with one key the first would be kept."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in layout.table_names(connection) - {VERSION_TABLE}:
            connection.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 - quoted


def _drop(path: Path, tables: set[str]) -> None:
    """Take off the tables that the damaged file does not have, and of which nothing was found either."""
    with closing(sqlite3.connect(path)) as connection:
        for table in tables:
            connection.execute(f"DROP TABLE {quoted(table)}")


def _bring_to(path: Path, revision: str) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - only a start that heals pays for Alembic

    migrate.create(path, revision=revision)


def _as_one_file(path: Path) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - the same

    migrate.as_one_file(path)
