"""What the tests of storage share: a small database of no particular kind, and real FUSE mounts."""

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.storage import snapshots, taking
from backend.storage.home import Home, Kind, find_home
from backend.storage.snapshots import Snapshot

BINDFS = shutil.which("bindfs")
needs_fuse = pytest.mark.skipif(
    BINDFS is None or not Path("/dev/fuse").exists(), reason="bindfs or /dev/fuse is missing"
)


def make_database(path: Path, rows: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT)")
    connection.executemany("INSERT INTO notes VALUES (?, ?)", ((f"{n:06}", "x" * 200) for n in range(rows)))
    connection.commit()
    connection.close()
    return path


def write(path: Path, key: str) -> None:
    connection = sqlite3.connect(path, timeout=10)
    connection.execute("INSERT INTO notes VALUES (?, 'new')", [key])
    connection.commit()
    connection.close()


def keys(path: Path) -> set[str]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    found = {key for (key,) in connection.execute("SELECT id FROM notes")}
    connection.close()
    return found


def newest_keys(home: Home) -> set[str]:
    newest: Snapshot | None = next(iter(snapshots.listed(home.backups)), None)
    return keys(newest.path) if newest else set()


def make_home(tmp_path: Path, kind: Kind, rows: int = 100, mount: Path | None = None) -> Home:
    """A home of a kind with a database in it; a mounted one's mount is another folder unless one is given."""
    live = make_database(tmp_path / "disk" / "store.db", rows)
    if kind is Kind.MOUNTED:
        return find_home(live, is_space=False, data_dir=mount or tmp_path / "mount")
    return find_home(live, is_space=kind is Kind.EPHEMERAL, data_dir=tmp_path if kind is Kind.EPHEMERAL else None)


def until(condition: Callable[[], bool], seconds: float = 10) -> float:
    """Wait for something; returns how long it took, and fails if it does not come."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def fuse(bucket: Path, point: Path, *options: str) -> Iterator[Path]:
    """A real FUSE mount of a folder. What is written through it outlives it, as in a bucket."""
    bucket.mkdir(parents=True, exist_ok=True)
    point.mkdir(parents=True, exist_ok=True)
    subprocess.run([BINDFS or "bindfs", *options, bucket, point], check=True)
    try:
        yield point
    finally:
        unmount(point)


def unmount(point: Path) -> None:
    subprocess.run(["fusermount", "-uz", point], check=False, capture_output=True)


@contextmanager
def crashing_fuse(bucket: Path, point: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """The same with the program that serves it, to be killed or stopped."""
    bucket.mkdir()
    point.mkdir()
    program = subprocess.Popen([BINDFS or "bindfs", "-f", bucket, point])
    until(point.is_mount)
    try:
        yield point, program
    finally:
        unmount(point)
        program.kill()
        program.wait()


def several(home: Home, count: int) -> list[Snapshot]:
    """Snapshots with a change before each; the newest first."""
    taken = []
    for number in range(count):
        write(home.live, f"change {number}")
        taken.append(taking.take(home, "schedule"))
    return taken[::-1]


def spoil(snapshot: Snapshot) -> None:
    content = bytearray(snapshot.path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    snapshot.path.write_bytes(content)
