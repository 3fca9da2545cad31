"""A log that is damaged beside the database after a kill -9: kept, told, and touched by nobody who only looks."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.storage import memory
from backend.storage.diagnose import State
from backend.storage.mend import TORN_LOG
from backend.storage.salvage.wal import is_torn
from tests.storage.test_prepare import start, with_a_user
from tests.test_cli import run

COMMITS = 40
# Commits one row after the other and is gone, as by a kill -9, with all of them in the log.
_WRITE = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
for number in range(int(sys.argv[2])):
    connection.execute("UPDATE users SET timezone = ?", (str(number),))
os._exit(0)
"""

Fault = Callable[[bytearray], bytearray]


@pytest.fixture
def killed(own_database: Path) -> Path:
    prepared = start(own_database)
    with_a_user(own_database)
    prepared.close()
    subprocess.run([sys.executable, "-c", _WRITE, str(own_database), str(COMMITS)], check=True)
    return own_database


def log_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def timezone_in(database: Path) -> str:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return str(connection.execute("SELECT timezone FROM users").fetchone()[0])


def one_byte(content: bytearray) -> bytearray:
    content[len(content) // 2] ^= 0xFF
    return content


def no_header(content: bytearray) -> bytearray:
    return bytearray(32) + content[32:]


def cut(content: bytearray) -> bytearray:
    return content[: len(content) // 2 + 7]


def test_a_log_as_it_was_written_is_not_torn(killed: Path) -> None:
    assert not is_torn(log_of(killed))
    # What a transaction wrote that never came to its end is behind the last commit.
    content = log_of(killed).read_bytes()
    frame = bytearray(content[-(24 + 4096) :])
    frame[4:8], frame[100] = bytes(4), frame[100] ^ 0xFF
    log_of(killed).write_bytes(content + frame)
    assert not is_torn(log_of(killed))
    report = start(killed).report
    assert report.lost_nothing
    assert timezone_in(killed) == f"{COMMITS - 1}"


def unfinished(killed: Path, length: int) -> None:
    """What is left where the process was killed while it wrote the last frame of a transaction."""
    content = log_of(killed).read_bytes()
    log_of(killed).write_bytes(content + content[-(24 + 4096) :][:length])


@pytest.mark.parametrize("length", [24, 24 + 2900])
def test_a_kill_in_the_middle_of_a_frame_is_no_loss(killed: Path, length: int) -> None:
    unfinished(killed, length)
    assert not is_torn(log_of(killed))
    assert run(killed, "doctor").returncode == 0
    report = start(killed).report
    assert (report.lost_nothing, report.actions) == (True, ())
    assert timezone_in(killed) == f"{COMMITS - 1}"


def forget(index: Path) -> None:
    index.unlink()


def come_from_before_the_machine_went_down(index: Path) -> None:
    os.utime(index, (1e9, 1e9))


def be_of_another_round(index: Path) -> None:
    content = bytearray(index.read_bytes())
    for head in (0, 48):
        content[head + 32] ^= 0xFF
    index.write_bytes(content)


@pytest.mark.parametrize("change", [forget, come_from_before_the_machine_went_down, be_of_another_round])
def test_where_no_index_tells_what_was_committed_it_may_be_one(killed: Path, change: Callable[[Path], None]) -> None:
    unfinished(killed, 24)
    change(killed.with_name(f"{killed.name}-shm"))
    assert is_torn(log_of(killed))
    assert start(killed).report.unacknowledged == TORN_LOG


@pytest.mark.parametrize("fault", [one_byte, no_header, cut])
def test_a_torn_log_is_kept_and_told(killed: Path, fault: Fault) -> None:
    torn = bytes(fault(bytearray(log_of(killed).read_bytes())))
    log_of(killed).write_bytes(torn)
    assert is_torn(log_of(killed))
    prepared = start(killed)
    assert prepared.report.found is State.HEALTHY
    assert not prepared.report.lost_nothing
    assert prepared.report.rolled_back == prepared.report.unacknowledged == TORN_LOG
    [folder] = (killed.parent / f"{killed.name}.quarantine").iterdir()
    assert (folder / log_of(killed).name).read_bytes() == torn
    prepared.close()
    assert start(killed).report.actions == ()
    assert memory.recall(killed).unacknowledged == TORN_LOG


@pytest.mark.parametrize("fault", [one_byte, no_header, cut, None])
def test_doctor_changes_nothing_and_tells_of_it(killed: Path, fault: Fault | None) -> None:
    if fault is not None:
        log_of(killed).write_bytes(fault(bytearray(log_of(killed).read_bytes())))
    before = killed.read_bytes(), log_of(killed).read_bytes()
    done = run(killed, "doctor")
    assert (done.returncode == 0) is (fault is None), done.stdout
    assert ("The log beside it is damaged." in done.stdout) is (fault is not None)
    assert (killed.read_bytes(), log_of(killed).read_bytes()) == before
    assert list(killed.parent.glob("*.look.*")) == []
