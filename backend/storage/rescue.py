"""The rescue: what is done when the database file loses its name while the app works with it.

A file that is removed or replaced under open connections goes on taking their writes, and takes them along when the
last one is closed. As long as one is open, everything can still be read over it.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.storage import comeback, lock, memory, quarantine, snapshots, taking
from backend.storage.home import Home

_REMOVED, _REPLACED = "removed", "replaced"
_BUSY_SECONDS = 30
# Other processes of the app notice it by themselves within this time, and write no more.
_NOTICED_SECONDS = 1.0


class Original:
    """The file that the app works with, held open whatever has its name. For one thread at a time."""

    def __init__(self, live: Path) -> None:
        self._live = live
        self._identity = _identity_of(live)
        self.run = taking.run_of(live)
        self.held_since = datetime.now(UTC)
        self._guard, self._reader = _opened(live), _opened(live)
        self._log = live.with_name(f"{live.name}-wal")
        self._identity_of_log = _identity_of(self._log)

    def is_in_place(self) -> bool:
        """Whether its name still leads to it."""
        return _is(self._live, self._identity)

    def left_its_log(self) -> bool:
        """Whether its log has kept the name: SQLite would replay it into whatever has the database's."""
        return _is(self._log, self._identity_of_log)

    @contextmanager
    def standing_still(self) -> Iterator[sqlite3.Connection]:
        """A connection to read it by, while nobody else can write to it."""
        self._guard.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        try:
            yield self._reader
            time.sleep(max(0.0, started + _NOTICED_SECONDS - time.monotonic()))
        finally:
            self._guard.rollback()

    def close(self) -> None:
        """Let go of it."""
        self._guard.close()
        self._reader.close()


@dataclass(frozen=True)
class Rescue:
    """How it went, as a sentence; `is_back`: the name leads to everything that the original held."""

    sentence: str
    is_back: bool


def rescue(home: Home, original: Original) -> Rescue:
    """Take a snapshot of what the original holds, and put that in its place where nothing else is there.

    Raises DamagedError, sqlite3.Error and OSError as they come; the original is what it was, and can be tried again.
    """
    home.live.parent.mkdir(parents=True, exist_ok=True)
    with lock.file_lock(home.live), original.standing_still() as source:
        is_gone = not home.live.exists() or home.live.stat().st_size == 0
        if not is_gone and _was_put_back(home, original):
            return Rescue("Another process of the app has put the database file back.", is_back=True)
        reason = _REMOVED if is_gone else _REPLACED
        snapshot = taking.take(home, reason, lambda: nullcontext(source), run=original.run)
        if is_gone:
            comeback.restore(snapshot, home.live)
            return Rescue("The database file was removed while the app ran; it is back, whole.", is_back=True)
        if original.left_its_log():
            quarantine.put_away(home.live, reason)
        told = (
            "Another file took the place of the database while the app ran. The next start uses that one; what the app "
            f"had is in the snapshot {snapshot.path.name}, and `python -m backend restore {snapshot.path.name}` puts it"
            " back."
        )
        memory.write_down(home.live, memory.recall(home.live).telling(told))
        return Rescue(told, is_back=False)


def _was_put_back(home: Home, original: Original) -> bool:
    """Whether another process was here first. An older file may have had the same number."""
    return any(
        one.manifest.reason == _REMOVED
        and one.manifest.run == original.run
        and one.manifest.taken_at > original.held_since
        for one in snapshots.listed(home.backups, home.live.stem)
    )


def _is(path: Path, identity: tuple[int, int]) -> bool:
    try:
        return _identity_of(path) == identity
    except FileNotFoundError:
        return False


def _identity_of(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def _opened(live: Path) -> sqlite3.Connection:
    """A connection that has its log open as well: once the name is gone, nobody finds that."""
    connection = sqlite3.connect(
        f"{live.as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    # As all of the app's connections; what was restored from a snapshot has no log yet.
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("SELECT count(*) FROM sqlite_master").close()
    return connection
