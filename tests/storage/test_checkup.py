"""The check-up: what passes every quick look is found in a snapshot, told, and mended by the next start."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.storage import memory, taking, vitals
from backend.storage.checkup import INTERVAL, CheckUp
from backend.storage.diagnose import State
from backend.storage.home import Home, find_home
from backend.storage.keeper import Keeper, Status
from tests.storage.damage import damage
from tests.storage.helpers import until
from tests.storage.test_prepare import USER, change, rows, start, with_a_user

SESSIONS = 200


@pytest.fixture
def stopped(own_database: Path) -> Home:
    """A database with an account that is logged in often, after a stop in good order."""
    prepared = start(own_database)
    with_a_user(own_database)
    moments = "'2026-01-01T00:00:00.000000Z', '2036-01-01T00:00:00.000000Z'"
    change(
        own_database,
        *(f"INSERT INTO sessions VALUES ('{n:036}', '{USER}', 1, {moments})" for n in range(SESSIONS)),  # noqa: S608 - numbers
    )
    prepared.close()
    return find_home(own_database, is_space=False, data_dir=None)


def checked(home: Home, ago: timedelta) -> None:
    """The last close look was so long ago."""
    noted = memory.recall(home.live)
    memory.write_down(home.live, replace(noted, checked_at=(datetime.now(UTC) - ago).isoformat()))


def test_wrong_index_entries_are_found_told_and_mended_by_the_next_start(
    stopped: Home, caplog: pytest.LogCaptureFixture
) -> None:
    damage(stopped.live, "index-missing", 1, table="sessions")
    prepared = start(stopped.live)
    assert prepared.report.found is State.HEALTHY  # a quick look sees nothing
    checked(stopped, INTERVAL + timedelta(hours=1))
    check_up = CheckUp(stopped.live)
    with caplog.at_level(logging.ERROR):
        check_up.offer(taking.take(stopped, "schedule"))
        until(lambda: check_up.last is not None)
    assert "Restart the app: its start mends it." in caplog.text
    told = vitals.measure("sqlite", prepared.report, stopped, Status(check=check_up.last))
    assert told.is_damaged
    assert (told.check.kind, told.check.result) == ("full", "index_damaged") if told.check else False
    prepared.close()

    again = start(stopped.live)
    assert again.report.found is State.INDEX_DAMAGED
    assert "REINDEX" in again.report.actions[0]
    assert again.report.lost_nothing
    assert rows(stopped.live, "SELECT count(*) FROM sessions") == [(SESSIONS,)]
    again.close()
    assert memory.recall(stopped.live).is_in_order

    last = start(stopped.live)
    assert last.report.found is State.HEALTHY
    assert last.report.check is not None
    assert last.report.check.kind == "quick"
    last.close()


def test_the_keeper_has_a_snapshot_looked_at_once_a_week(stopped: Home, make_keeper: Callable[[Home], Keeper]) -> None:
    checked(stopped, INTERVAL + timedelta(hours=1))
    keeper = make_keeper(stopped)
    until(lambda: keeper.status.check is not None)
    assert keeper.status.check is not None
    assert (keeper.status.check.kind, keeper.status.check.result) == ("full", State.HEALTHY)
    noted = memory.recall(stopped.live)
    assert not noted.is_unchecked_for(timedelta(minutes=1))
    assert noted.is_in_order


def test_within_the_week_nothing_is_looked_at(stopped: Home, make_keeper: Callable[[Home], Keeper]) -> None:
    checked(stopped, INTERVAL - timedelta(hours=1))
    before = memory.recall(stopped.live)
    keeper = make_keeper(stopped)
    until(lambda: keeper.status.count == 1)
    keeper.stop()
    assert keeper.status.check is None
    assert memory.recall(stopped.live) == before


def test_a_start_that_looked_closely_begins_the_week_anew(stopped: Home) -> None:
    checked(stopped, INTERVAL + timedelta(hours=1))
    memory.write_down(stopped.live, replace(memory.recall(stopped.live), is_clean=False))
    start(stopped.live).close()
    assert not memory.recall(stopped.live).is_unchecked_for(timedelta(minutes=1))


def test_a_note_that_somebody_edited_means_a_look(stopped: Home) -> None:
    for text in ("yesterday", "2026-01-01"):
        assert replace(memory.recall(stopped.live), checked_at=text).is_unchecked_for(INTERVAL)
