"""What the tests of storage share: a small database of no particular kind, and real FUSE mounts."""

import ctypes
import fcntl
import platform
import shutil
import sqlite3
import struct
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


@contextmanager
def lockless_fuse(bucket: Path, point: Path, refusal: int) -> Iterator[Path]:
    """A real FUSE mount that refuses every lock with an errno, as some mounted buckets do.

    The mount forwards locks to the program that serves it, and the kernel refuses them to that program.
    """
    bucket.mkdir()
    point.mkdir()
    command: list[str | Path] = [BINDFS or "bindfs", "-f", "--enable-lock-forwarding", "--multithreaded", bucket, point]
    program = subprocess.Popen(command, preexec_fn=lambda: _refuse_locks(refusal))  # noqa: PLW1509 - no threads here yet
    until(point.is_mount)
    try:
        yield point
    finally:
        unmount(point)
        program.kill()
        program.wait()


def _refuse_locks(refusal: int) -> None:
    """A seccomp filter for this process: flock, and fcntl where it asks for a lock, answer an errno (see bpf(2))."""
    system_calls = {"x86_64": (72, 73), "aarch64": (25, 32)}
    fcntl_call, flock_call = system_calls[platform.machine()]
    load, jump_if_equal, answer = 0x20, 0x15, 0x06
    allowed, refused = 0x7FFF0000, 0x00050000 | refusal
    steps = [
        (load, 0, 0, 0),  # the number of the call
        (jump_if_equal, 0, 1, flock_call),
        (answer, 0, 0, refused),
        (jump_if_equal, 1, 0, fcntl_call),
        (answer, 0, 0, allowed),
        (load, 0, 0, 24),  # its second argument, the command
    ]
    for command in (fcntl.F_SETLK, fcntl.F_SETLKW, 37, 38):  # the last two: F_OFD_SETLK and F_OFD_SETLKW
        steps += [(jump_if_equal, 0, 1, command), (answer, 0, 0, refused)]
    steps.append((answer, 0, 0, allowed))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    if prctl(set_no_new_privileges, 1, 0, 0, 0) or prctl(set_seccomp, filter_mode, program, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


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
