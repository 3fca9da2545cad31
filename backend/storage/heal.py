"""Healing: a new file is built from every row that can still be read, verified, and put in the damaged file's place.

The damaged file is never opened as a database here: its pages are read, from a link that lies in quarantine already.
Once the new file is in place it is copied at once, so that what was saved is not in one place alone.
"""

import json
import logging
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from backend.storage import layout, quarantine, snapshots, swap, taking
from backend.storage.diagnose import Diagnosis, State
from backend.storage.home import Home
from backend.storage.layout import HALF_DONE, VERSION_TABLE, Layouts
from backend.storage.look import sidecar_of
from backend.storage.salvage.caretaker import Caretaker
from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.report import Report
from backend.storage.salvage.salvage import Salvage

logger = logging.getLogger(__name__)

# A candidate, its journal and the log of what was rejected, in multiples of the damaged file.
_ROOM_NEEDED = 2


@dataclass(frozen=True)
class Healed:
    """What a heal brought back. All counts are rows; `quarantine` names the folder where the damaged file lies."""

    state: State
    quarantine: str
    saved: int = 0
    expected: int = 0
    partial: int = 0
    doubtful: int = 0
    from_index: int = 0
    from_backup: int = 0
    rejected: int = 0
    lost: int = 0
    has_content: bool = True
    restored_from: str | None = None
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")

    @property
    def lost_nothing(self) -> bool:
        """Whether every row is there as it was, as far as anything can tell."""
        return self.has_content and not (
            self.lost or self.partial or self.doubtful or self.rejected or self.saved < self.expected
        )

    @property
    def sentence(self) -> str:
        """For the log: what happened, and where the rest lies."""
        if self.restored_from:
            told = f"nothing could be read from it, so the snapshot {self.restored_from} was restored"
        else:
            told = (
                f"saved={self.saved} of~{self.expected} partial={self.partial} doubtful={self.doubtful} "
                f"from_index={self.from_index} from_backup={self.from_backup} rejected={self.rejected} lost={self.lost}"
            )
        return f"Healed the database: state={self.state} {told}. The damaged file lies whole in {self.quarantine}."

    @property
    def notice(self) -> str:
        """For people: what the heal could not bring back as it was."""
        when = f"{datetime.fromisoformat(self.at):%Y-%m-%d %H:%M} UTC"
        if self.restored_from:
            return (
                f"Nothing could be read from the damaged database, so on {when} a snapshot took its place; what was "
                "changed after that snapshot is missing. The damaged file is kept whole."
            )
        if not self.has_content:
            return (
                f"Nothing could be read from the damaged database and there was no snapshot of it, so on {when} an "
                "empty one took its place. The damaged file is kept whole."
            )
        lost = max(self.lost, self.expected - self.saved)
        parts = (
            (lost, "could not be saved"),
            (self.partial, "lost a part of their content"),
            (self.doubtful, "may not be what they were"),
            (self.rejected, "broke a rule and were changed or left out"),
        )
        told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
        return (
            f"The database was damaged and was repaired on {when}. Of about {max(self.expected, self.saved):,} rows "
            f"{told}. The damaged file is kept whole."
        )


def heal(home: Home, seen: Diagnosis, layouts: Layouts, caretaker: Caretaker, watched: tuple[str, ...] = ()) -> Healed:
    """Replace a damaged file by what can be saved of it, and take a snapshot of that.

    Raises OSError or sqlite3.Error with the original in place.
    """
    database = home.live
    _ensure_room(database)
    candidate = swap.candidate_of(database)
    folder = quarantine.keep(database, seen.state)
    try:
        healed = _build(home, folder, candidate, seen, layouts, caretaker, watched)
    except (OSError, sqlite3.Error):
        # The folder holds links to files that are still in place, and an unfinished log; the next start makes its own.
        swap.resume(database)
        shutil.rmtree(folder)
        raise
    (folder / "report.json").write_text(json.dumps(asdict(healed), indent=1))
    swap.swap(database, candidate)
    _keep_a_copy(home)
    return healed


def _keep_a_copy(home: Home) -> None:
    """The first snapshot of what was saved. Without it the heal stands all the same: the disk may be full now."""
    try:
        taking.take(home, "heal")
    except (OSError, sqlite3.Error, snapshots.DamagedError) as error:
        told = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        logger.warning("No snapshot of the healed database could be taken: %s. The next one is tried later.", told)


def _ensure_room(database: Path) -> None:
    size = database.stat().st_size
    free = shutil.disk_usage(database.parent).free
    if free < _ROOM_NEEDED * size:
        raise OSError(
            28, f"healing needs {_ROOM_NEEDED * size // 2**20 + 1} MiB of free space, {free // 2**20} are free"
        )


def _build(
    home: Home,
    folder: Path,
    candidate: Path,
    seen: Diagnosis,
    layouts: Layouts,
    caretaker: Caretaker,
    watched: tuple[str, ...],
) -> Healed:
    damaged = folder / home.live.name
    log = damaged.with_name(damaged.name + "-wal")
    newest = snapshots.newest_good(home.backups, home.live.stem)
    backup = newest.path if newest is not None else None
    views = [log, None] if log.exists() and log.stat().st_size else [None]
    reports: list[tuple[int, Path, Report]] = []
    for number, view in enumerate(views):
        attempt = candidate.with_name(f"{candidate.name}.{number}")
        attempt.unlink(missing_ok=True)
        report = _salvage(damaged, view, attempt, folder, layouts, caretaker, [backup] if backup else [])
        reports.append((report.total("saved"), attempt, report))
    saved, best, report = max(reports, key=lambda one: one[0])
    for _, attempt, _ in reports:
        if attempt != best:
            attempt.unlink()
    # Of a file that was no database, or is cut off before its first page, nothing that anybody wrote is left.
    has_content = seen.state not in {State.CORRUPT, State.NOT_A_DATABASE} or any(
        report.table(table).saved for table in watched
    )
    if not has_content and backup is not None:
        best.unlink()
        shutil.copyfile(backup, candidate)
        _bring_to_head(candidate)
        return Healed(seen.state, f"{folder.parent.name}/{folder.name}", restored_from=backup.name)
    best.replace(candidate)
    _bring_to_head(candidate)
    _verify(candidate, layouts)
    return Healed(
        seen.state,
        f"{folder.parent.name}/{folder.name}",
        saved=saved,
        expected=report.total("expected"),
        partial=report.total("partial"),
        doubtful=report.total("doubtful"),
        from_index=report.total("from_index"),
        from_backup=report.total("from_backup"),
        rejected=report.total("rejected"),
        lost=report.total("lost"),
        has_content=has_content,
    )


def _salvage(
    damaged: Path,
    log: Path | None,
    candidate: Path,
    folder: Path,
    layouts: Layouts,
    caretaker: Caretaker,
    backups: list[Path],
) -> Report:
    with Salvage(damaged, layouts.known, log) as look:
        revision = look.chart.revision or layouts.head
        leftovers = {
            table.name: table.name.removeprefix(HALF_DONE)
            for table in look.sources()
            if table.name.startswith(HALF_DONE)
        }

    def create(path: Path) -> None:
        # As the damaged file's own revision, so that the migrations then do to its rows what they do to all rows.
        _bring_to(path, revision)

    return rebuild(
        damaged,
        candidate,
        create,
        layouts.known,
        log=log,
        backups=backups,
        caretaker=caretaker,
        ledger_folder=folder,
        aliases=leftovers,
        skip=[VERSION_TABLE],
    )


def _bring_to_head(candidate: Path) -> None:
    _bring_to(candidate, "head")


def _bring_to(path: Path, revision: str) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - only a start that heals pays for Alembic

    migrate.create(path, revision=revision)


def _verify(candidate: Path, layouts: Layouts) -> None:
    with closing(sqlite3.connect(candidate)) as connection:
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        found = layouts.revision_of(layout.fingerprint(connection, layouts.tables))
    if verdict != "ok" or orphan is not None or found != layouts.head or sidecar_of(candidate):
        raise sqlite3.DatabaseError("the healed file did not pass its check")
