"""The check-up: once a week a fresh snapshot is looked at as closely as a start looks after an end in bad order.

A wrong entry of an index, or a text that is no UTF-8, passes every quick look. A snapshot holds what the file holds,
page by page, so this look holds up nobody. What it finds is not mended here, where the app is at work with the file: it
is told and remembered, and the next start looks as closely, and mends.
"""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.storage import layout, memory
from backend.storage.diagnose import Check, State, diagnose
from backend.storage.snapshots import Snapshot

logger = logging.getLogger(__name__)

INTERVAL = timedelta(days=7)
_FOUND = frozenset({State.CORRUPT, State.NOT_A_DATABASE, State.ROWS_INVALID, State.INDEX_DAMAGED})


class CheckUp:
    """In a thread of its own that nobody waits for: 140,000 todos take some ten seconds."""

    def __init__(self, live: Path) -> None:
        self.last: Check | None = None
        self._live = live
        self._thread = threading.Thread()

    def offer(self, snapshot: Snapshot) -> None:
        """Look at a snapshot, if the last look was long enough ago."""
        if not self._thread.is_alive() and memory.recall(self._live).is_unchecked_for(INTERVAL):
            self._thread = threading.Thread(target=self._look, args=(snapshot,), name="check-up", daemon=True)
            self._thread.start()

    def _look(self, snapshot: Snapshot) -> None:
        at, started = datetime.now(UTC), time.monotonic()
        seen = diagnose(snapshot.path, layout.released(), thorough=True)
        if seen.state is State.UNUSABLE:
            return  # the storage is out of reach; the next snapshot is looked at
        is_found = seen.state in _FOUND
        before = memory.recall(self._live)
        memory.write_down(self._live, before.checked(at, suspicion=seen.detail if is_found else None))
        took = round(time.monotonic() - started, 3)
        self.last = Check("full", at, took, seen.state if is_found else State.HEALTHY)
        if is_found:
            logger.error(
                "The weekly check of a snapshot found the database damaged (%s). Restart the app: its start mends it.",
                seen.detail,
            )
