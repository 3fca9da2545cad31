"""The keeper: a thread that notices changes and takes snapshots of them, without anybody waiting for it.

Of several processes one keeps; the others stand by, and look once more when they stop, because their last write may
come after the keeping one has gone.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from backend.storage import lock, ring, snapshots, taking
from backend.storage.changes import Changes, FileChanges
from backend.storage.checkup import CheckUp
from backend.storage.courier import Courier
from backend.storage.diagnose import Check
from backend.storage.home import Home, Kind
from backend.storage.rescue import Original
from backend.storage.snapshots import DamagedError, Snapshot
from backend.storage.taking import Source

logger = logging.getLogger(__name__)

# What a kill -9 may cost where only snapshots survive, while one takes up to 4 s (85 MiB over FUSE): the one that is
# under way, a rest, and the next. Small databases lose 3 s at most. `Status.unsaved_seconds` is the truth at any time.
LOSS_SECONDS = 10
DELAY_SECONDS = 2.0
# Between two snapshots of a database that is written to all the time, so that they do not take all of the processor.
REST_SECONDS_MAX = 2.0
# Where the live file survives, a snapshot is for the day that it is damaged.
INTERVAL_SECONDS = 6 * 3600
# Where only the remote survives, which takes a limited number of commits an hour.
REMOTE_INTERVAL_SECONDS = 300
# The thread may take this long after a SIGTERM; hosts kill after some 30 s.
STOP_SECONDS = 25.0
FINAL_TRIES = 5

POLL_SECONDS = 0.25
STANDBY_SECONDS = 30.0
RETRY_SECONDS_MAX = 60.0
# Each attempt copies the database, and nobody can write until one succeeds.
RESCUE_RETRY_SECONDS = 5.0


# Saves what is in a file that has lost its name. Answers the one that holds it now; None where another has the name.
Rescuer = Callable[[Original], Original | None]


@dataclass(frozen=True)
class Status:
    """How the snapshots are doing. `unsaved_seconds`: since when there is a change that no snapshot has.

    `check`: the last close look at one of them.
    """

    newest_at: datetime | None = None
    count: int = 0
    unsaved_seconds: float | None = None
    last_took_seconds: float | None = None
    last_error: str | None = None
    is_keeping: bool = False
    check: Check | None = None

    @property
    def age_seconds(self) -> float | None:
        """The age of the newest snapshot."""
        return None if self.newest_at is None else max(0.0, (datetime.now(UTC) - self.newest_at).total_seconds())


class Keeper:
    """Keeps snapshots of one home, and notices when its file is removed or replaced: then it calls `rescue`.

    `source` and `changes` are for a home that one connection holds exclusively.
    """

    def __init__(
        self,
        home: Home,
        *,
        source: Source | None = None,
        changes: Changes | None = None,
        courier: Courier | None = None,
        rescue: Rescuer | None = None,
    ) -> None:
        self._home = home
        self._rescue = rescue
        self._original: Original | None = None
        self._is_replaced = False
        self._rescue_at = 0.0
        self._source = source
        self._changes = changes or FileChanges(home.live)
        self._courier = courier
        self._check_up = CheckUp(home.live)
        self._lock = FileLock(lock.lock_file(home.live, ".keeper"), thread_local=False)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._mark: object = None
        self._dirty_since: float | None = None
        self._due_at = 0.0
        self._failures = 0
        self._status = Status()
        self._started_at = datetime.now(UTC)
        self._runs: set[str] = set()
        self._has_told_of_others = False

    def start(self) -> None:
        """Begin to keep, in a thread of its own. What happened before is not known, so the first look is a snapshot."""
        if self._courier is not None:
            self._courier.start()
        if self._rescue is not None:
            # Before anybody writes: what is written to a file that nobody holds goes with its name.
            with suppress(OSError, sqlite3.Error):
                self._original = Original(self._home.live)
        self._thread.start()

    def stop(self) -> None:
        """Take the last snapshot and end, within STOP_SECONDS. Call it when nobody writes any more."""
        deadline = time.monotonic() + STOP_SECONDS
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            logger.warning(
                "The last snapshot was not finished in %d s; what changed since the one before is not in it.",
                STOP_SECONDS,
            )
        if self._courier is not None:
            self._courier.stop(max(0.0, deadline - time.monotonic()))

    @property
    def status(self) -> Status:
        """The state of things, from memory: asking never waits for a mount."""
        since = self._dirty_since
        unsaved = None if since is None or not self._status.is_keeping else time.monotonic() - since
        return replace(self._status, unsaved_seconds=unsaved, check=self._check_up.last)

    def _run(self) -> None:
        try:
            while not self._stopping.wait(POLL_SECONDS):
                self._guarded(self._look)
            for _ in range(FINAL_TRIES):
                if self._guarded(self._finish):
                    break
                time.sleep(1)
        finally:
            if self._original is not None:
                self._original.close()
            self._changes.close()
            self._lock.release()

    def _guarded(self, step: Callable[[], None]) -> bool:
        """Tell once that a mount is full or gone, or the database damaged, and try again ever more rarely."""
        try:
            step()
        except (OSError, sqlite3.Error, SQLAlchemyError, DamagedError) as error:
            self._failures += 1
            self._due_at = time.monotonic() + min(RETRY_SECONDS_MAX, 2.0**self._failures)
            sentence = f"A snapshot could not be taken: {getattr(error, 'strerror', None) or error}"
            if self._failures == 1:
                logger.warning("%s; it is tried again until it works.", sentence.rstrip("."))
            self._status = replace(self._status, last_error=sentence)
            return False
        return True

    def _look(self) -> None:
        if not self._is_in_place():
            return
        self._notice()
        if not self._status.is_keeping and not self._take_over():
            return
        if self._is_due():
            self._keep("schedule")

    def _finish(self) -> None:
        self._rescue_at = 0.0  # there is no later
        if not self._is_in_place():
            return
        self._notice()
        if self._dirty_since is None:
            return
        if not self._lock.is_locked:
            # Another process keeps, and may be at its own last one.
            try:
                self._lock.acquire(timeout=STOP_SECONDS / 2)
            except Timeout:
                return
        self._keep("stop")

    def _is_in_place(self) -> bool:
        """Whether the name leads to the database that the app works with, or leads to it again now."""
        if self._rescue is None or self._is_replaced:
            return not self._is_replaced
        before = self._original = self._original or Original(self._home.live)
        if not before.is_in_place():
            if time.monotonic() < self._rescue_at:
                return False
            self._rescue_at = time.monotonic() + RESCUE_RETRY_SECONDS
            self._runs.add(before.run)
            self._original = self._rescue(before)
            self._rescue_at, self._is_replaced = 0.0, self._original is None
            before.close()
            # What was removed with the file may be the lock's as well.
            self._lock.release()
            self._status = replace(self._status, is_keeping=False)
        return not self._is_replaced

    def _notice(self) -> None:
        mark = self._changes.mark()
        if mark != self._mark:
            self._mark = mark
            if self._dirty_since is None:
                self._dirty_since = time.monotonic()

    def _take_over(self) -> bool:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            if time.monotonic() >= self._due_at:
                self._read_status(is_keeping=False)
                self._due_at = time.monotonic() + STANDBY_SECONDS
            return False
        ring.clear_leftovers(self._home.backups, self._home.live.stem)
        self._read_status(is_keeping=True)
        self._due_at = time.monotonic() + self._first_pause()
        return True

    def _read_status(self, *, is_keeping: bool) -> None:
        found = snapshots.listed(self._home.backups, self._home.live.stem)
        newest_at = found[0].manifest.taken_at if found else None
        self._status = replace(self._status, newest_at=newest_at, count=len(found), is_keeping=is_keeping)

    def _first_pause(self) -> float:
        if self._home.kind is Kind.MOUNTED:
            return DELAY_SECONDS
        age = self._status.age_seconds
        return 0.0 if age is None else max(0.0, self._interval - age)

    @property
    def _interval(self) -> float:
        if self._home.kind is Kind.EPHEMERAL and self._courier is not None:
            return REMOTE_INTERVAL_SECONDS
        return INTERVAL_SECONDS

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._dirty_since is None or now < self._due_at:
            return False
        return self._home.kind is not Kind.MOUNTED or now >= self._dirty_since + DELAY_SECONDS

    def _keep(self, reason: str) -> None:
        self._mark, started = self._changes.mark(), time.monotonic()
        snapshot = taking.take(self._home, reason, self._source)
        took = time.monotonic() - started
        # What was committed while the copy was made may not be in it: it counts as changed at the copy's beginning.
        self._dirty_since = None
        mark = self._changes.mark()
        if mark != self._mark:
            self._mark, self._dirty_since = mark, started
        self._settle(snapshot, took)

    def _settle(self, snapshot: Snapshot, took: float) -> None:
        self._runs.add(snapshot.manifest.run)
        if self._failures:
            logger.info("Snapshots can be taken again.")
        self._failures = 0
        pause = min(took, REST_SECONDS_MAX) if self._home.kind is Kind.MOUNTED else self._interval
        self._due_at = time.monotonic() + pause
        self._status = replace(
            self._status, newest_at=snapshot.manifest.taken_at, last_took_seconds=round(took, 3), last_error=None
        )
        if self._courier is not None:
            self._courier.offer(snapshot)
        self._look_for_others()
        count = ring.turn(self._home.backups, self._home.live.stem)
        self._status = replace(self._status, count=count)
        self._check_up.offer(snapshot)

    def _look_for_others(self) -> None:
        """Tell of another machine that keeps the same database: at an update the old one may still be running."""
        others = any(
            one.manifest.run not in self._runs and one.manifest.taken_at > self._started_at
            for one in snapshots.listed(self._home.backups, self._home.live.stem)
        )
        if others and not self._has_told_of_others:
            self._has_told_of_others = True
            logger.warning(
                "Another running copy of this app keeps its snapshots in the same place; each may have todos that the "
                "other lacks. The last snapshot of both is kept."
            )
