"""Rules under everything that hypothesis finds: the same days as a second telling of RFC 5545, rising, and one open."""

from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, reject, settings
from hypothesis import strategies as st

from backend.models import recurrence, recurrence_days, recurrence_rule, recurrence_text
from backend.models.recurrence import Series, Wall
from tests.recurrence import reference

quick = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    # Every test has a database of its own, also those that need none.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow],
)
days = st.dates(date(1990, 1, 1), date(2110, 12, 31))
walls = days | st.datetimes(datetime(1990, 1, 1), datetime(2110, 12, 31)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])


def several(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return st.lists(numbers.map(str), min_size=1, max_size=3, unique=True).map(",".join)


def signed(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most) | st.integers(-most, -1)


WEEKDAY = st.sampled_from(recurrence_rule.WEEKDAYS)


@st.composite
def rules(draw: st.DrawFn, *, endless: bool = False) -> str:
    """Rules that `parse` takes, of every frequency and with every part that it may have."""
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"INTERVAL": draw(st.none() | st.integers(1, 6)), "BYMONTH": draw(st.none() | several(st.integers(1, 12)))}
    parts["WKST"] = draw(st.none() | WEEKDAY)
    parts["BYDAY"] = draw(st.none() | several(WEEKDAY))
    if freq in {"MONTHLY", "YEARLY"} and draw(st.booleans()):
        ordinal = st.builds("{}{}".format, signed(5 if freq == "MONTHLY" else 20), WEEKDAY)
        parts["BYDAY"] = draw(several(ordinal | WEEKDAY))
    # One of them at a time: few rules with two ever happen, and to find that out takes long.
    numbered = {
        "BYMONTHDAY": signed(31),
        "BYYEARDAY": signed(366),
        "BYWEEKNO": st.integers(1, 53) | st.integers(-51, -1),
    }
    names = {"WEEKLY": [], "YEARLY": list(numbered)}.get(freq, ["BYMONTHDAY"])
    if names and (name := draw(st.sampled_from(["", *names]))):
        parts[name] = draw(several(numbered[name]))
    parts["BYSETPOS"] = draw(st.none() | several(signed(4)))
    parts["SKIP"] = draw(st.none() | st.sampled_from(["BACKWARD", "FORWARD"]))
    if not endless:
        ending = draw(st.sampled_from(["COUNT", "UNTIL", ""]))
        parts |= {"COUNT": draw(st.integers(1, 40))} if ending == "COUNT" else {}
        parts |= {"UNTIL": draw(days).isoformat().replace("-", "")} if ending == "UNTIL" else {}
    text = ";".join([f"FREQ={freq}", *(f"{name}={value}" for name, value in parts.items() if value)])
    try:
        return recurrence.parse(text)
    except ValueError:
        reject()


def compare(text: str, start: date, later: int) -> None:
    rule, since = recurrence_text.read(text), start + timedelta(days=later)
    end = since + timedelta(days=3 * 366)
    expected = [day for day in reference.days(rule, start, end) if day >= since]
    assert list(takewhile(lambda day: day <= end, recurrence_days.days(rule, start, since))) == expected


@quick
@given(rules(endless=True), days, st.integers(0, 8 * 366))
def test_the_days_are_those_of_a_second_telling(text: str, start: date, later: int) -> None:
    compare(text, start, later)


@pytest.mark.endurance
@settings(quick, max_examples=1_000)
@given(rules(endless=True), days, st.integers(0, 30 * 366))
def test_the_days_are_those_of_a_second_telling_far_and_wide(text: str, start: date, later: int) -> None:
    compare(text, start, later)


@quick
@given(rules())
@example("FREQ=YEARLY;BYMONTH=1;BYDAY=-1MO,MO,1MO;WKST=SU")
@example("FREQ=DAILY;UNTIL=20270301T090000Z")
@example("FREQ=DAILY;UNTIL=20270301T090000")
def test_the_one_spelling_is_read_as_itself(text: str) -> None:
    assert recurrence.parse(text) == text
    shuffled = ";".join(reversed(text.lower().split(";")))
    assert recurrence.parse(f" rrule:{shuffled}; ") == text
    assert recurrence.parse(recurrence.for_calendars(text)) == text
    assert recurrence.describe(text).startswith("every ")


@quick
@given(rules(), walls, walls)
def test_the_next_is_strictly_later_and_the_first_that_is(text: str, start: Wall, asked: Wall) -> None:
    series = Series(text, start)
    chain = list(islice(series.occurrences(), 12))
    assert chain[0] == start
    assert all(type(one) is type(start) for one in chain)
    assert all(earlier < later for earlier, later in pairwise(chain))
    assert [series.next_after(one) for one in chain[:-1]] == chain[1:]
    if len(chain) < 12:
        assert series.next_after(chain[-1]) is None
    asked = series._like_start(asked)
    following = series.next_after(asked)
    assert following is None or following > asked
    assert following == next((one for one in series.occurrences() if one > asked), None)


@quick
@given(rules(), walls, zones, st.integers(0, 500), st.integers(-50, 900), st.times())
def test_at_most_one_is_open(text: str, start: Wall, zone: str, index: int, sleep: int, clock: time) -> None:
    series = Series(text, start, timezone=zone)
    occurrence = next(islice(series.occurrences(), index % 9, None), start)
    day = occurrence.date() if isinstance(occurrence, datetime) else occurrence
    now = datetime.combine(day + timedelta(days=sleep), clock)
    following, missed = series.next_open(occurrence, now)
    between = list(takewhile(lambda one: following is None or one < following, series.occurrences(occurrence)))[1:]
    assert len(between) == missed
    assert all(series._is_over(one, now) for one in between)
    assert following is None or (following > occurrence and not series._is_over(following, now))
    # Whoever completes it again, later but before the next one is over, is told of the same one.
    assert following is None or series.next_open(occurrence, now) == (following, missed)
    assert recurrence.advance(series, occurrence, now, now) == (following and (following, missed))


@quick
@given(rules(), walls, st.lists(st.integers(-40, 90), min_size=1, max_size=8), st.times())
def test_after_completion_each_occurrence_has_a_later_day(text: str, start: Wall, delays: list[int], at: time) -> None:
    series = Series(text, start, "completion")
    occurrence = start
    for number, delay in enumerate(delays, start=1):
        day = occurrence.date() if isinstance(occurrence, datetime) else occurrence
        completed = datetime.combine(day + timedelta(days=delay), at)
        following = recurrence.advance(series, occurrence, completed, completed, number=number)
        count = recurrence_text.read(text).count
        assert count is None or number < count or following is None
        if following is None:
            return
        assert following.missed == 0
        assert following.due > occurrence
        due_day = following.due.date() if isinstance(following.due, datetime) else following.due
        assert due_day > completed.date()
        assert not isinstance(start, datetime) or (
            isinstance(following.due, datetime) and following.due.time() == start.time()
        )
        occurrence = following.due


@quick
@given(rules(), walls, st.integers(0, 8))
def test_a_series_cut_in_two_has_the_occurrences_of_the_whole(text: str, start: Wall, index: int) -> None:
    rule = recurrence_text.read(text)
    assume(rule.skip != "FORWARD" or rule.interval == 1)
    series = Series(text, start)
    whole = list(islice(series.occurrences(), index + 10))
    assume(index < len(whole))
    # A first occurrence that the rule does not name is in step with nothing but itself.
    assert list(islice(series.following(whole[index]).occurrences(), 10)) == whole[index:]


@quick
@given(
    st.text(max_size=60) | st.from_regex(r"(FREQ|INTERVAL|COUNT|UNTIL|BY[A-Z]+|WKST|SKIP|;|=|[A-Z]{2}|[-+,0-9T])+Z?")
)
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        kept = recurrence.parse(text)
    except ValueError:
        return
    assert len(kept) <= recurrence.RULE_MAX
    assert recurrence.parse(kept) == kept
