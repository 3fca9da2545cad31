"""The courier: carries finished snapshots to a remote place, one at a time, in a thread that nobody waits for."""

import logging
import threading
import time

from backend.storage.comeback import Remote
from backend.storage.snapshots import Snapshot

logger = logging.getLogger(__name__)

# The Hub limits the commits of an hour; one every five minutes stays far below.
PUSH_INTERVAL_SECONDS = 300.0
RETRY_SECONDS_MAX = 3600.0


class Courier:
    """Pushes the newest snapshot that was offered; those in between, offered while it was under way, are left out."""

    def __init__(self, remote: Remote, interval_seconds: float = PUSH_INTERVAL_SECONDS) -> None:
        self._remote = remote
        self._interval = interval_seconds
        self._wake = threading.Condition()
        self._offered: Snapshot | None = None
        self._is_stopping = False
        self._not_before = 0.0
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self.last_error: str | None = None
        self.last_pushed: str | None = None

    def start(self) -> None:
        """Begin to wait for snapshots."""
        self._thread.start()

    def offer(self, snapshot: Snapshot) -> None:
        """Hand over a finished snapshot; returns at once."""
        with self._wake:
            if snapshot.path.name != self.last_pushed:
                self._offered = snapshot
                self._wake.notify()

    def stop(self, within_seconds: float) -> None:
        """Push what is still waiting, now, and end. A push that takes longer is given up."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(within_seconds)

    def _run(self) -> None:
        while (snapshot := self._next()) is not None:
            try:
                self._remote.push(snapshot)
            except OSError as error:
                self._failed(snapshot, error)
            else:
                self._failures, self.last_error = 0, None
                self.last_pushed = snapshot.path.name
                self._not_before = time.monotonic() + self._interval

    def _next(self) -> Snapshot | None:
        """Wait for a snapshot and for its time; None when there is nothing more to do."""
        with self._wake:
            while True:
                rest = self._not_before - time.monotonic()
                if self._offered is not None and (rest <= 0 or (self._is_stopping and not self._failures)):
                    taken, self._offered = self._offered, None
                    return taken
                if self._is_stopping:
                    return None
                self._wake.wait(rest if self._offered is not None else None)

    def _failed(self, snapshot: Snapshot, error: OSError) -> None:
        self._failures += 1
        self.last_error = f"A snapshot could not be sent to the backup repository: {error.strerror or error}"
        if self._failures == 1:
            logger.warning("%s", self.last_error)
        self._not_before = time.monotonic() + min(RETRY_SECONDS_MAX, self._interval * 2.0 ** (self._failures - 1))
        with self._wake:
            # A newer one may have been offered meanwhile; a removed one will never work.
            if self._offered is None and snapshot.path.exists():
                self._offered = snapshot
