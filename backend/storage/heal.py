"""Healing: a new file is built from every row that can still be read, verified, and put in the damaged file's place.

The damaged file is never opened as a database here: its pages are read, from a link that lies in quarantine already.
"""

import json
import shutil
import sqlite3
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from backend.storage import memory, quarantine, snapshots, swap
from backend.storage.diagnose import Diagnosis, State, diagnose
from backend.storage.home import Home
from backend.storage.layout import HALF_DONE, VERSION_TABLE, Layouts
from backend.storage.look import sidecar_of
from backend.storage.salvage.caretaker import Caretaker
from backend.storage.salvage.donors import Donor
from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.report import Report
from backend.storage.salvage.salvage import Salvage

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
    invented: int = 0
    has_content: bool = True
    restored_from: str | None = None
    absent: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()

    @property
    def lost_nothing(self) -> bool:
        """Whether every row is there as it was, as far as anything can tell."""
        return self.has_content and not (
            self.lost
            or self.partial
            or self.doubtful
            or self.rejected
            or self.invented
            or self.absent
            or self.unproven
            or self.saved < self.expected
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
                f" invented={self.invented}"
            )
        if self.absent:
            told += f" absent={','.join(self.absent)}"
        if self.unproven:
            told += f" maybe_more_lost_of={','.join(self.unproven)}"
        return f"Healed the database: state={self.state} {told}. The damaged file lies whole in {self.quarantine}."


def heal(home: Home, seen: Diagnosis, layouts: Layouts, caretaker: Caretaker, watched: tuple[str, ...] = ()) -> Healed:
    """Replace a damaged file by what can be saved of it. Raises OSError or sqlite3.Error with the original in place."""
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
    if not healed.lost_nothing:
        # Before the swap: whoever starts after a crash finds a file that is in order, and must know all the same.
        memory.write_down(database, replace(memory.recall(database), is_clean=False, unacknowledged=healed.sentence))
    swap.swap(database, candidate)
    return healed


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
        ledgers = folder / f"attempt-{number}"
        ledgers.mkdir()
        report = _salvage(damaged, view, attempt, ledgers, layouts, caretaker, [backup] if backup else [])
        reports.append((report.total("saved"), attempt, report))
    saved, best, report = max(reports, key=lambda one: one[0])
    for number, (_, attempt, _) in enumerate(reports):
        ledgers = folder / f"attempt-{number}"
        if attempt == best:
            for ledger in ledgers.iterdir():
                ledger.replace(folder / ledger.name)
        else:
            attempt.unlink()
        shutil.rmtree(ledgers)
    # Of a file that was no database, or is cut off before its first page, nothing that anybody wrote is left.
    has_content = seen.state not in {State.CORRUPT, State.NOT_A_DATABASE} or any(
        report.table(table).saved > report.table(table).from_backup for table in watched
    )
    if not has_content and backup is not None:
        best.unlink()
        for ledger in folder.glob("*.jsonl"):
            ledger.unlink()  # they list every row of the snapshot
        shutil.copyfile(backup, candidate)
        _bring_to_head(candidate)
        return Healed(seen.state, f"{folder.parent.name}/{folder.name}", has_content=False, restored_from=backup.name)
    best.replace(candidate)
    _bring_to_head(candidate)
    _verify(candidate, layouts, watched)
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
        invented=report.total("invented"),
        has_content=has_content,
        absent=report.absent,
        unproven=(*report.unproven, *(table for table in report.traceless if table in watched)),
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
    with ExitStack() as stack:
        donors = [stack.enter_context(Donor(backup)) for backup in backups]
        salvage = stack.enter_context(Salvage(damaged, layouts.known, log, donors))
        revision = salvage.chart.revision or layouts.head
        leftovers = {
            table.name: table.name.removeprefix(HALF_DONE)
            for table in salvage.sources()
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
            caretaker=caretaker,
            ledger_folder=folder,
            aliases=leftovers,
            skip=[VERSION_TABLE],
            salvage=salvage,
            check=False,
        )


def _bring_to_head(candidate: Path) -> None:
    _bring_to(candidate, "head")


def _bring_to(path: Path, revision: str) -> None:
    from backend.storage import migrate  # noqa: PLC0415 - only a start that heals pays for Alembic

    migrate.create(path, revision=revision)


def _verify(candidate: Path, layouts: Layouts, watched: tuple[str, ...]) -> None:
    """Look at the new file as closely as at any, before it takes the place of the old one."""
    seen = diagnose(candidate, layouts, watched=watched, thorough=True)
    if seen.state is not State.HEALTHY or sidecar_of(candidate):
        raise sqlite3.DatabaseError(f"the healed file did not pass its check ({seen.state})")
