"""Case 28: snapshots beside writers. A copy comes to its end, and nobody waits for it.

How long each takes is recorded, and judged by the long proof alone: a slow machine is no fault of ours.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.storage import snapshots, taking
from backend.storage.home import Home, Kind, find_home
from tests.storage.helpers import fuse, needs_fuse

MIB = 1024 * 1024
WRITES_PER_SECOND = 200


def make_large(path: Path, mebibytes: int) -> Path:
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE notes (id TEXT PRIMARY KEY, owner TEXT, body TEXT)")
    connection.execute("CREATE INDEX by_owner ON notes (owner)")
    chance = random.Random(1)  # noqa: S311 - the same database each time
    number = 0
    connection.execute("BEGIN")
    while connection.execute("PRAGMA page_count").fetchone()[0] * 4096 < mebibytes * MIB:
        rows = ((f"{number + n:09}", f"{chance.random()}", chance.randbytes(120).hex()) for n in range(5_000))
        connection.executemany("INSERT INTO notes VALUES (?, ?, ?)", rows)
        number += 5_000
    connection.execute("COMMIT")
    connection.close()
    return path


class Writer(threading.Thread):
    """Commits 200 times a second, as the app's connections do, and remembers how long each took."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self.took: list[float] = []
        self.failure: Exception | None = None
        self._database = database
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            self._write()
        except sqlite3.Error as error:
            self.failure = error

    def _write(self) -> None:
        connection = sqlite3.connect(self._database, isolation_level=None, timeout=5)
        connection.execute("PRAGMA synchronous = NORMAL")
        due = time.monotonic()
        while not self._stopping.is_set():
            started = time.monotonic()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO notes VALUES (?, 'me', 'x')", [f"w{len(self.took)}"])
            connection.execute("COMMIT")
            self.took.append(time.monotonic() - started)
            due += 1 / WRITES_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    @property
    def p99_ms(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99)] * 1000


def measure(home: Home, times: int, record: Callable[[str, object], None], *, is_judged: bool) -> None:
    size = home.live.stat().st_size / MIB
    writer = Writer(home.live)
    writer.start()
    time.sleep(1)
    took, written = [], []
    for _ in range(times):
        started, before = time.monotonic(), len(writer.took)
        snapshot = taking.take(home, "schedule")
        took.append(time.monotonic() - started)
        written.append(len(writer.took) - before)
    writer.stop()
    assert writer.failure is None
    # While each copy was made, checked and carried, commits went on.
    assert all(written), written
    record(f"{home.kind}, {size:.0f} MiB: seconds for each", [round(seconds, 2) for seconds in took])
    record(f"{home.kind}, {size:.0f} MiB: writer p99, ms", round(writer.p99_ms, 2))
    record(f"{home.kind}, {size:.0f} MiB: writes", len(writer.took))
    snapshots.verify(snapshot)
    if not is_judged:
        return
    # Carrying it to a mount and back takes what the mount takes; no lock is held for that.
    assert min(took) < (2 if home.kind is Kind.LASTING else 8) * max(1.0, size / 85)
    assert writer.p99_ms < 10


def test_case_28_a_snapshot_comes_to_its_end_and_writers_go_on(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    live = make_large(tmp_path / "disk" / "large.db", 20)
    measure(find_home(live, is_space=False), 5, record_property, is_judged=False)


@needs_fuse
@pytest.mark.endurance
@pytest.mark.parametrize("kind", [Kind.LASTING, Kind.MOUNTED])
def test_case_28_a_large_snapshot_is_quick_and_writers_do_not_notice(
    tmp_path: Path, record_property: Callable[[str, object], None], kind: Kind
) -> None:
    live = make_large(tmp_path / "disk" / "large.db", 85)
    with fuse(tmp_path / "bucket", tmp_path / "mount") as point:
        home = find_home(live, is_space=False, data_dir=point if kind is Kind.MOUNTED else None)
        measure(home, 5, record_property, is_judged=True)
