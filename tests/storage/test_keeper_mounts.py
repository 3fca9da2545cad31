"""What a keeper survives: mounts that are full, slow, gone or hang, and a database inside one. All of them real."""

import logging
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from backend.storage import comeback, taking
from backend.storage import keeper as keeping
from backend.storage.changes import EngineChanges
from backend.storage.engine import for_writing, make_engine
from backend.storage.home import Home, Kind, find_home
from backend.storage.keeper import Keeper
from tests.storage.helpers import crashing_fuse, fuse, make_home, needs_fuse, newest_keys, unmount, until, write


def test_a_full_mount_is_told_once_and_recovered_from(
    tmp_path: Path, make_keeper: Callable[[Home], Keeper], caplog: pytest.LogCaptureFixture
) -> None:
    point = tmp_path / "mount"
    point.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", point], check=False)
    if mount.returncode:
        pytest.skip("no right to mount a tmpfs")
    try:
        ballast = point / "ballast"
        ballast.write_bytes(b"x" * 190_000)
        home = make_home(tmp_path, Kind.MOUNTED)
        keeper = make_keeper(home)
        until(lambda: keeper.status.last_error is not None)
        assert "No space left" in (keeper.status.last_error or "")
        time.sleep(5)
        assert [record.levelname for record in caplog.records if "snapshot" in record.message].count("WARNING") == 1
        assert not list(home.backups.glob("*.db"))
        write(home.live, "while it was full")
        ballast.unlink()
        until(lambda: keeper.status.last_error is None and keeper.status.count == 1, 15)
        assert "while it was full" in newest_keys(home)
        assert not list(home.backups.glob("*.tmp"))
        keeper.stop()
    finally:
        subprocess.run(["umount", "-l", point], check=True)


@needs_fuse
def test_a_mount_that_goes_and_comes_back_is_survived(
    tmp_path: Path, make_keeper: Callable[[Home], Keeper], caplog: pytest.LogCaptureFixture
) -> None:
    with crashing_fuse(tmp_path / "bucket", tmp_path / "mount") as (point, program):
        home = make_home(tmp_path, Kind.MOUNTED, mount=point)
        keeper = make_keeper(home)
        until(lambda: keeper.status.count == 1)
        program.kill()
        write(home.live, "while it was away")
        until(lambda: keeper.status.last_error is not None)
        assert "not connected" in (keeper.status.last_error or "")
        assert keeper.status.unsaved_seconds is not None
        with pytest.raises(OSError, match="not connected"):
            comeback.bring_back(replace(home, live=tmp_path / "store.db"), wait=lambda _: None)
        unmount(point)
        with caplog.at_level(logging.INFO), fuse(tmp_path / "bucket", point):
            until(lambda: keeper.status.last_error is None, 15)
            assert "while it was away" in newest_keys(home)
            assert "Snapshots can be taken again." in caplog.messages
            keeper.stop()


@needs_fuse
def test_a_mount_that_answers_nothing_holds_up_neither_writers_nor_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeping, "STOP_SECONDS", 1.0)
    with crashing_fuse(tmp_path / "bucket", tmp_path / "mount") as (point, program):
        home = make_home(tmp_path, Kind.MOUNTED, mount=point)
        keeper = Keeper(home)
        keeper.start()
        until(lambda: keeper.status.count == 1)
        program.send_signal(signal.SIGSTOP)
        write(home.live, "nobody answers")
        time.sleep(keeping.DELAY_SECONDS + 1)
        started = time.monotonic()
        write(home.live, "still")
        assert (keeper.status.unsaved_seconds or 0) > keeping.DELAY_SECONDS
        assert time.monotonic() - started < 0.5
        keeper.stop()
        assert time.monotonic() - started < 2
        assert "not finished" in caplog.text
        program.send_signal(signal.SIGCONT)
        until(lambda: not any(thread.name == "snapshots" for thread in threading.enumerate()))
        assert "still" in newest_keys(home)


@needs_fuse
def test_a_slow_mount_holds_up_no_writer(tmp_path: Path, make_keeper: Callable[[Home], Keeper]) -> None:
    with fuse(tmp_path / "bucket", tmp_path / "mount", "--write-rate=500k", "--read-rate=2M") as point:
        home = make_home(tmp_path, Kind.MOUNTED, rows=5_000, mount=point)
        keeper = make_keeper(home)
        connection = sqlite3.connect(home.live, isolation_level=None)
        slowest, number = 0.0, 0
        while keeper.status.newest_at is None:
            started = time.monotonic()
            connection.execute("INSERT INTO notes VALUES (?, '')", [f"w{number}"])
            slowest, number = max(slowest, time.monotonic() - started), number + 1
            time.sleep(0.02)
        connection.close()
        assert (keeper.status.last_took_seconds or 0) > 1
        assert slowest < 0.5
        assert number > 50
        keeper.stop()
        assert f"w{number - 1}" in newest_keys(home)


@needs_fuse
def test_a_database_inside_a_mount_is_kept_over_its_only_connection(tmp_path: Path) -> None:
    with fuse(tmp_path / "bucket", tmp_path / "mount") as point:
        live = Path(shutil.copy(make_home(tmp_path, Kind.LASTING).live, point / "store.db"))
        home = find_home(live, is_space=True, data_dir=point)
        engine = make_engine(make_url(f"sqlite:///{live}"))
        with for_writing(engine).begin() as connection:
            connection.execute(text("INSERT INTO notes VALUES ('first', '')"))
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "delete"
            assert connection.execute(text("PRAGMA locking_mode")).scalar_one() == "exclusive"
        keeper = Keeper(home, source=taking.engine_source(engine), changes=EngineChanges(engine))
        keeper.start()
        until(lambda: "first" in newest_keys(home))
        with for_writing(engine).begin() as connection:
            connection.execute(text("INSERT INTO notes VALUES ('second', '')"))
        keeper.stop()
        assert "second" in newest_keys(home)
        intruder = sqlite3.connect(live, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            intruder.execute("SELECT * FROM notes")
        intruder.close()
        engine.dispose()
        assert sorted(path.name for path in point.iterdir()) == ["backups", "store.db"]
