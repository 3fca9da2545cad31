"""The published corpus: RFC 5545's examples, days that months lack, long sleeps, every change of every clock."""

import json
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backend.models import recurrence
from backend.models.due import Due
from backend.models.recurrence import Series

CORPUS = Path(__file__).parent / "corpus"
AT = time(2, 30)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CORPUS / f"{name}.json").read_text())
    return found


RFC, DAYS, SLEEPS = read("rfc5545"), read("days"), read("sleeps")


def instant(wall: datetime, zone: str) -> datetime:
    """When a todo with this due is due."""
    at = Due(wall.date(), wall.time(), zone).at("UTC")
    assert at is not None
    return at


@pytest.mark.parametrize("example", RFC["examples"], ids=lambda example: example["title"])
def test_rfc_5545_says_when(example: dict[str, Any]) -> None:
    expected = [datetime.fromisoformat(moment) for moment in example["occurrences"]]
    for rule in example["rules"]:
        series = Series(recurrence.parse(f"RRULE:{rule}"), recurrence.wall(example["start"]), timezone=RFC["timezone"])
        # One example takes its start out again, with EXDATE.
        found = list(islice(series.occurrences(), len(expected) + 2))[example.get("start_excluded", 0) :]
        assert [
            instant(wall, RFC["timezone"]) for wall in found[: len(expected)] if isinstance(wall, datetime)
        ] == expected
        assert (len(found) > len(expected)) == example["goes_on"]
        assert [series.next_after(one) for one in found[:-1]] == found[1:]
        assert example["goes_on"] or series.next_after(found[-1]) is None


@pytest.mark.parametrize("example", RFC["refused"], ids=lambda example: example["title"])
def test_what_rfc_5545_repeats_within_a_day_is_refused_in_words(example: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=example["because"]):
        recurrence.parse(example["rule"])


@pytest.mark.parametrize("case", DAYS["cases"], ids=lambda case: f"{case['rule']} from {case['start']}")
def test_the_days_that_some_months_lack(case: dict[str, Any]) -> None:
    series = Series(
        recurrence.parse(case["rule"]), recurrence.wall(case["start"]), timezone=case.get("timezone", "UTC")
    )
    expected = [recurrence.wall(text) for text in case["occurrences"]]
    assert list(islice(series.occurrences(), len(expected))) == expected
    assert [series.next_after(one) for one in expected[:-1]] == expected[1:]
    assert [recurrence.written(one) for one in expected] == case["occurrences"]
    if case.get("ends"):
        assert series.next_after(expected[-1]) is None


@pytest.mark.parametrize("case", SLEEPS["cases"], ids=lambda case: f"{case['rule']} until {case['now']}")
def test_after_a_long_sleep_one_occurrence_is_open(case: dict[str, Any]) -> None:
    series = Series(
        recurrence.parse(case["rule"]), recurrence.wall(case["start"]), case.get("from", "due"), case["timezone"]
    )
    now = datetime.fromisoformat(case["now"]).replace(fold=int(case.get("second_time", False)))
    occurrence = recurrence.wall(case["occurrence"])
    expected = None if case["next"] is None else recurrence.wall(case["next"])
    assert series.next_open(occurrence, now) == (expected, case["missed"])
    assert recurrence.advance(series, occurrence, now, now) == (expected and (expected, case["missed"]))


@pytest.fixture
def packaged_zones() -> Iterator[dict[str, Any]]:
    """The corpus of zones, and the tzdata that it was made from in place of the machine's own."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield read("zones")
    zoneinfo.reset_tzpath(to=before)
    ZoneInfo.clear_cache()


def test_the_corpus_has_every_zone_of_this_tzdata(packaged_zones: dict[str, Any]) -> None:
    named = [name for group in packaged_zones["groups"] for name in group["zones"]]
    assert sorted([*named, *packaged_zones["unchanging"]]) == sorted(zoneinfo.available_timezones())


def test_daily_at_half_past_two_is_that_wherever_a_clock_changes(packaged_zones: dict[str, Any]) -> None:
    """Wall-clock time never drifts: skipped it moves forward by the gap, twice it is the first; and one is open."""
    seen = 0
    for group in packaged_zones["groups"]:
        for name in group["zones"]:
            zone = ZoneInfo(name)
            daily = Series("FREQ=DAILY", datetime(2019, 12, 1, 2, 30), timezone=name)  # noqa: DTZ001 - wall clock
            for change in group["changes"]:
                for day, said, kind in change["daily"]:
                    wall = datetime.combine(date.fromisoformat(day), AT)
                    at = datetime.fromisoformat(said)
                    assert daily.next_after(wall - DAY) == wall, (name, wall)
                    assert instant(wall, name) == at, (name, wall, kind)
                    shown = at.astimezone(zone).replace(tzinfo=None)
                    gap = timedelta(seconds=change["after"] - change["before"])
                    assert shown == (wall + gap if kind == "skipped" else wall), (name, wall, kind)
                    early, late = ((at + by).astimezone(zone).replace(tzinfo=None) for by in (-MINUTE, MINUTE))
                    assert daily.next_open(wall - DAY, early) == (wall, 0), (name, wall, kind)
                    assert daily.next_open(wall - DAY, late) == (wall + DAY, 1), (name, wall, kind)
                    seen += 1
    assert seen > 8_000


def test_monthly_on_the_31st_is_in_every_month_of_every_zone(packaged_zones: dict[str, Any]) -> None:
    walls = [datetime.combine(date.fromisoformat(day), AT) for day in packaged_zones["month_ends"]]
    monthly = Series(recurrence.parse("every 31st"), walls[0])
    assert list(islice(monthly.occurrences(), len(walls))) == walls
    assert all(monthly.next_after(one) == following for one, following in pairwise(walls))
    with_31 = [wall for wall in walls if wall.day == 31]
    plain = Series("FREQ=MONTHLY", walls[0])
    assert list(islice(plain.occurrences(), len(with_31))) == with_31

    for name, offset in packaged_zones["unchanging"].items():
        for wall in walls[::20]:
            assert instant(wall, name) == wall.replace(tzinfo=UTC) - timedelta(seconds=offset), (name, wall)
    for group in packaged_zones["groups"]:
        changing = {day: said for change in group["changes"] for day, said, _ in change["daily"]}
        jumps = [(datetime.fromisoformat(change["at"]), change) for change in group["changes"]]
        for wall in walls:
            before = [change for at, change in jumps if (at + timedelta(seconds=change["after"])).date() < wall.date()]
            offset = before[-1]["after"] if before else jumps[0][1]["before"]
            said = changing.get(str(wall.date()))
            expected = datetime.fromisoformat(said) if said else wall.replace(tzinfo=UTC) - timedelta(seconds=offset)
            for name in group["zones"]:
                assert instant(wall, name) == expected, (name, wall)
