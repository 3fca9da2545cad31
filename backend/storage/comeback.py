"""The comeback: a database that is not there any more is put back from its newest good snapshot."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backend.storage import files, quarantine, snapshots, swap
from backend.storage.home import Home, Kind
from backend.storage.snapshots import DamagedError, Snapshot

logger = logging.getLogger(__name__)

# A mount may come up a little later than the app. Longer than this in all, and the start says that it cannot serve.
WAITS_SECONDS = (1, 2, 4, 8)


class Remote(Protocol):
    """A place elsewhere that keeps snapshots too. Its methods raise OSError while it cannot be reached."""

    def push(self, snapshot: Snapshot) -> None:
        """Store a finished snapshot there."""

    def fetch_newest(self, folder: Path, stem: str) -> Snapshot | None:
        """Bring the newest good one into a folder; None if there is none."""


@dataclass(frozen=True)
class Comeback:
    """What came back, as a sentence; `lost_nothing` is False where the live file should not have been missing."""

    sentence: str
    lost_nothing: bool


def bring_back(home: Home, remote: Remote | None = None, wait: Callable[[float], None] = time.sleep) -> Comeback | None:
    """Restore a live file that is missing or empty; None if nothing was to be done, or nothing there to restore.

    Raises OSError if the place of the snapshots cannot be read. Then no new database may be made: its snapshots would
    lie over the old ones, and the todos would be gone.
    """
    if files.has_content(home.live):
        return None
    for seconds in (*WAITS_SECONDS, None):
        try:
            return _restore_newest(home, remote)
        except OSError as error:
            if seconds is None:
                raise
            logger.warning(
                "The storage of the snapshots cannot be read (%s); trying again in %d s.", error.strerror, seconds
            )
            wait(seconds)
    return None


def restore(snapshot: Snapshot, live: Path) -> Path | None:
    """Put a snapshot in the place of a live file that nobody has open.

    What is there is moved aside, whole, into the folder that is returned; None if nothing was there.

    Raises DamagedError, with nothing changed, if the copy is not what was written.
    """
    live.parent.mkdir(parents=True, exist_ok=True)
    draft = live.with_name(f"{live.name}.restore-{secrets.token_hex(4)}")
    try:
        if files.copy(snapshot.path, draft) != snapshot.manifest.sha256:
            raise DamagedError("its bytes are not those that were written.")
        snapshots.check(draft)
        return put_in_place(draft, live)
    finally:
        draft.unlink(missing_ok=True)


def put_in_place(draft: Path, live: Path, reason: str = "replaced") -> Path | None:
    """Give a finished file the name of the live one. What is there is moved aside, whole, into the returned folder."""
    is_there = any(live.with_name(live.name + suffix).exists() for suffix in (*quarantine.SIDECARS, ""))
    kept = quarantine.keep(live, reason) if is_there else None
    candidate = swap.candidate_of(live)
    draft.rename(candidate)
    swap.swap(live, candidate)
    return kept


def _restore_newest(home: Home, remote: Remote | None) -> Comeback | None:
    near = snapshots.listed(home.backups, home.live.stem)
    if (restored := _restore_first(near, home)) is not None:
        return restored
    if remote is not None and (fetched := remote.fetch_newest(home.backups, home.live.stem)) is not None:
        return _restore_first([fetched], home)
    if near:
        return Comeback(
            f"None of {len(near)} snapshots could be restored; they stay where they are.", lost_nothing=False
        )
    return None


def _restore_first(newest_first: list[Snapshot], home: Home) -> Comeback | None:
    for snapshot in newest_first:
        try:
            restore(snapshot, home.live)
        except DamagedError as error:
            logger.warning("The snapshot %s is passed over: %s", snapshot.path.name, error)
            continue
        manifest = snapshot.manifest
        return Comeback(
            f"Restored the database from the snapshot of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC "
            f"({manifest.rows} rows).",
            # On a disk that stays the file should have been there, and may have known more than the snapshot.
            lost_nothing=snapshot is newest_first[0] and home.kind is not Kind.LASTING,
        )
    return None
