"""The rescue: what is done when the database file loses its name while the app works with it, or its log does.

A file that is removed or replaced under open connections goes on taking their writes, and takes them along when the
last one is closed. As long as one is open, everything can still be read over it.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from backend.storage import comeback, files, lock, memory, quarantine, swap, taking
from backend.storage.home import Home
from backend.storage.snapshots import DamagedError

_BUSY_SECONDS = 30
# Other processes of the app notice it by themselves within this time, and write no more.
_NOTICED_SECONDS = 1.0
# The log and its index keep their names as long as anybody has the database open.
_BESIDE = ("-wal", "-shm")


class Original:
    """The file that the app works with, held open whatever has its name. For one thread at a time."""

    def __init__(self, live: Path) -> None:
        self._live = live
        self._identity = files.identity_of(live)
        self.run = taking.run_of(live)
        self._held_since = _now()
        self._guard, self._reader = _opened(live), _opened(live)
        self._beside = {path: files.identity_of(path) for path in _beside(live)}

    def is_in_place(self) -> bool:
        """Whether its name still leads to it, and those of its log and of the log's index to these."""
        parts = {self._live: self._identity, **self._beside}
        return all(files.identity_of(path) == known for path, known in parts.items())

    def is_replaced(self) -> bool:
        """Whether its name leads to another file, that is not empty."""
        return files.identity_of(self._live) != self._identity and files.has_content(self._live)

    def is_put_back(self) -> bool:
        """Whether another process of the app has done that. An older file may have had the same number."""
        run, _, at = (memory.recall(self._live).put_back or "").partition(" ")
        return run == self.run and at > self._held_since

    def note_put_back(self) -> None:
        """Let the other processes know."""
        before = memory.recall(self._live)
        memory.write_down(self._live, replace(before, put_back=f"{self.run} {_now()}"))

    def left_its_log(self) -> bool:
        """Whether its log has kept the name: SQLite would replay it into whatever has the database's."""
        return any(files.identity_of(path) == known for path, known in self._beside.items())

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
    """Put what the original holds in its place again; where another file has that, take a snapshot of it.

    Raises sqlite3.Error, OSError and DamagedError as they come; the original is what it was, and can be tried again.
    """
    home.live.parent.mkdir(parents=True, exist_ok=True)
    with lock.file_lock(home.live), original.standing_still() as source:
        if original.is_replaced():
            if original.is_put_back():
                return Rescue("Another process of the app has put the database file back.", is_back=True)
            return _kept_beside(home, original, source)
        try:
            _put_back(home, source)
        except (OSError, sqlite3.Error):
            # There may be room elsewhere: the next start brings it back from there.
            with suppress(OSError, sqlite3.Error, DamagedError):
                taking.take(home, "removed", lambda: nullcontext(source), run=original.run)
            raise
        original.note_put_back()
        return Rescue("The database file or its log was removed while the app ran; it is back, whole.", is_back=True)


def _put_back(home: Home, source: sqlite3.Connection) -> None:
    draft = swap.candidate_of(home.live)  # the next start clears it away where this process is killed
    draft.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft)) as copy:
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE").close()
        files.sync(draft)
        comeback.put_in_place(draft, home.live)
    finally:
        for leftover in (draft, draft.with_name(f"{draft.name}-journal")):
            leftover.unlink(missing_ok=True)


def _kept_beside(home: Home, original: Original, source: sqlite3.Connection) -> Rescue:
    snapshot = taking.take(home, "replaced", lambda: nullcontext(source), run=original.run)
    if original.left_its_log():
        quarantine.put_away(home.live, "replaced")
    told = (
        "Another file took the place of the database while the app ran. The next start uses that one; what the app had "
        f"is in the snapshot {snapshot.path.name}, and `python -m backend restore {snapshot.path.name}` puts it back."
    )
    memory.write_down(home.live, memory.recall(home.live).telling(told))
    return Rescue(told, is_back=False)


def _beside(live: Path) -> list[Path]:
    return [live.with_name(live.name + suffix) for suffix in _BESIDE]


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"


def _opened(live: Path) -> sqlite3.Connection:
    """A connection that has its log open as well: once the name is gone, nobody finds that."""
    connection = sqlite3.connect(
        f"{live.as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    # As all of the app's connections; what was restored from a snapshot has no log yet.
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("SELECT count(*) FROM sqlite_master").close()
    return connection
