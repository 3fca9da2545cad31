"""The thread that keeps: what it notices and when it acts, in real time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.storage import keeper as keeping
from backend.storage import snapshots, taking
from backend.storage.home import Home, Kind
from backend.storage.keeper import Keeper
from tests.storage.helpers import make_home, newest_keys, until, write


def test_a_change_is_on_the_mount_within_the_stated_seconds(
    mounted: Home, make_keeper: Callable[[Home], Keeper]
) -> None:
    keeper = make_keeper(mounted)
    until(lambda: keeper.status.count == 1)
    took: list[float] = []
    # A machine that is busy elsewhere may hold any of them up; a keeper that is too slow is so each time.
    while not took or (took[-1] >= keeping.DELAY_SECONDS + 1 and len(took) < 5):
        write(mounted.live, key := f"precious {len(took)}")
        took.append(until(lambda: key in newest_keys(mounted), 60))
    assert took[-1] < keeping.DELAY_SECONDS + 1, took
    until(lambda: keeper.status.unsaved_seconds is None)


def test_without_a_change_nothing_is_written(mounted: Home, make_keeper: Callable[[Home], Keeper]) -> None:
    keeper = make_keeper(mounted)
    until(lambda: keeper.status.count == 1)
    before = {path: path.stat().st_mtime_ns for path in mounted.backups.iterdir()}
    time.sleep(keeping.DELAY_SECONDS + 0.5)
    assert {path: path.stat().st_mtime_ns for path in mounted.backups.iterdir()} == before


def test_stopping_loses_nothing(mounted: Home, make_keeper: Callable[[Home], Keeper]) -> None:
    keeper = make_keeper(mounted)
    write(mounted.live, "at the last moment")
    started = time.monotonic()
    keeper.stop()
    assert time.monotonic() - started < 2
    assert "at the last moment" in newest_keys(mounted)


def test_a_disk_that_stays_is_not_copied_at_each_change(
    tmp_path: Path, make_keeper: Callable[[Home], Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path, Kind.LASTING)
    keeper = make_keeper(home)
    until(lambda: keeper.status.count == 1)
    write(home.live, "soon")
    time.sleep(1)
    assert keeper.status.count == 1
    assert keeper.status.unsaved_seconds is not None
    # Six hours pass.
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + keeping.INTERVAL_SECONDS)
    until(lambda: keeper.status.count == 2, keeping.INTERVAL_SECONDS + 10)
    assert "soon" in newest_keys(home)


@pytest.mark.parametrize(("hours", "count"), [(5, 1), (7, 2)])
def test_a_start_copies_what_changed_since_a_snapshot_of_long_ago(
    tmp_path: Path, make_keeper: Callable[[Home], Keeper], hours: float, count: int
) -> None:
    home = make_home(tmp_path, Kind.LASTING)
    old = taking.take(home, "schedule")
    aged = old.manifest.model_copy(update={"taken_at": datetime.now(UTC) - timedelta(hours=hours)})
    old.path.with_suffix(".json").write_text(aged.model_dump_json())
    write(home.live, "since then")
    keeper = make_keeper(home)
    until(lambda: keeper.status.is_keeping)
    time.sleep(0.7)
    assert keeper.status.count == count


def test_of_several_processes_one_keeps_and_the_last_write_of_each_is_saved(
    mounted: Home, make_keeper: Callable[[Home], Keeper]
) -> None:
    first, second = make_keeper(mounted), make_keeper(mounted)
    until(lambda: first.status.is_keeping or second.status.is_keeping)
    time.sleep(0.6)
    assert first.status.is_keeping != second.status.is_keeping
    keeper, standby = (first, second) if first.status.is_keeping else (second, first)
    keeper.stop()
    write(mounted.live, "after the keeping one has gone")
    standby.stop()
    assert "after the keeping one has gone" in newest_keys(mounted)


def test_one_that_stands_by_takes_over(mounted: Home, make_keeper: Callable[[Home], Keeper]) -> None:
    first = make_keeper(mounted)
    until(lambda: first.status.is_keeping)
    second = make_keeper(mounted)
    first.stop()
    until(lambda: second.status.is_keeping)
    write(mounted.live, "later")
    until(lambda: "later" in newest_keys(mounted))


def test_another_machine_in_the_same_storage_is_told_of_once_and_its_last_snapshot_stays(
    mounted: Home, tmp_path: Path, make_keeper: Callable[[Home], Keeper], caplog: pytest.LogCaptureFixture
) -> None:
    keeper = make_keeper(mounted)
    until(lambda: keeper.status.count == 1)
    other = make_home(tmp_path / "other", Kind.MOUNTED, mount=mounted.backups.parent)
    write(other.live, "only there")
    theirs = taking.take(other, "stop")
    for number in range(4):
        write(mounted.live, f"only here {number}")
        until(lambda number=number: f"only here {number}" in newest_keys(mounted))  # type: ignore[misc]
    assert theirs in snapshots.listed(mounted.backups)
    assert caplog.text.count("Another running copy") == 1
