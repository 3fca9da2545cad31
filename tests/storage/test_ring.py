"""Which snapshots stay. Invented ones, because a ring turns over weeks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.storage import ring
from backend.storage.snapshots import Manifest, Snapshot, TableCount

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLENTY = 10**9


def at(age: timedelta, reason: str = "schedule", rows: int = 100, run: str = "a", size: int = 100) -> Snapshot:
    taken_at = NOW - age
    manifest = Manifest(
        taken_at=taken_at,
        reason=reason,
        revision="r",
        fingerprint="f",
        sha256="s",
        bytes=size,
        tables={"notes": TableCount(rows=rows, max_rowid=rows)},
        run=run,
        sqlite="3",
    )
    return Snapshot(Path(f"{taken_at:%Y%m%dT%H%M%S.%f}-{reason}.db"), manifest)


def ages(everything: list[Snapshot], budget: int = PLENTY) -> list[timedelta]:
    keep = ring.kept(everything, budget)
    return [NOW - one.manifest.taken_at for one in everything if one.path in keep]


def test_a_day_of_snapshots_every_few_seconds_does_not_pile_up() -> None:
    everything = [at(timedelta(seconds=5 * n)) for n in range(8_000)]
    assert ages(everything) == [timedelta(seconds=5 * n) for n in range(ring.RECENT)]


def test_seven_days_and_four_weeks_are_kept() -> None:
    everything = [at(timedelta(hours=6 * n)) for n in range(4 * 60)]
    kept = ages(everything)
    assert len({(NOW - age).date() for age in kept}) >= ring.DAILY
    assert len({(NOW - age).isocalendar()[:2] for age in kept}) == ring.WEEKLY
    assert len(kept) <= ring.RECENT + ring.DAILY + ring.WEEKLY


def test_what_was_taken_before_danger_stays_longer() -> None:
    everything = [at(timedelta(seconds=5 * n), "migration" if n >= 90 else "schedule") for n in range(100)]
    kept = ages(everything)
    assert [age.total_seconds() for age in kept if age >= timedelta(seconds=450)] == [450, 455, 460]


def test_the_last_one_before_most_rows_went_stays() -> None:
    everything = [at(timedelta(seconds=5 * n), rows=10 if n < 50 else 1000) for n in range(100)]
    assert timedelta(seconds=250) in ages(everything)


def test_the_last_one_of_a_process_that_ran_at_the_same_time_stays() -> None:
    everything = [at(timedelta(seconds=5 * n), run="a" if n < 50 else "b") for n in range(100)]
    assert timedelta(seconds=250) in ages(everything)


@pytest.mark.parametrize("budget", [0, 100, 500, 700])
def test_the_budget_holds_but_two_always_stay_and_the_rest_reaches_back(budget: int) -> None:
    everything = [at(timedelta(hours=6 * n)) for n in range(4 * 60)]
    kept = ages(everything, budget)
    assert kept[:2] == [timedelta(0), timedelta(hours=6)]
    assert len(kept) == max(2, budget // 100)
    if budget >= 500:
        assert kept[-1] > timedelta(days=4)
