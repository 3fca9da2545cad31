"""Dues under every date, time and zone that hypothesis finds: none slips by a day, none breaks."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.errors import FieldError, InvalidInputError
from backend.models import due
from backend.models.due import EARLIEST, LATEST, Due
from backend.models.todo import TodoCreate, TodoUpdate

quick = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    # Every test has a database of its own, also those that need none.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
days = st.dates(EARLIEST, LATEST)
times = st.times().map(lambda moment: moment.replace(microsecond=0))
zones = st.sampled_from(sorted(available_timezones() - {"localtime"}))
parts = st.fixed_dictionaries(
    {},
    optional={
        "due_date": st.none() | days.map(str),
        "due_time": st.none() | times.map(str),
        "due_timezone": st.none() | zones,
    },
)


@quick
@given(days, zones)
def test_a_whole_day_ends_when_it_ends_where_its_owner_lives(day: date, zone: str) -> None:
    until = Due(day).until(zone)
    assert until is not None
    assert until.astimezone(ZoneInfo(zone)).date() == day
    assert Due(day).at(zone) is None


@quick
@given(days, times, zones, zones)
def test_a_fixed_time_is_one_instant_wherever_its_owner_lives(day: date, at: time, zone: str, home: str) -> None:
    fixed = Due(day, at, zone)
    assert fixed.at(home) == fixed.at("UTC") == fixed.until(home)
    assert Due(day, at).at(zone) == fixed.at(home)


@quick
@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zones
def test_a_timestamp_with_an_offset_is_that_instant(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    todo = TodoCreate(title="x", due_date=moment.astimezone(UTC).isoformat())
    assert Due(todo.due_date, todo.due_time, todo.due_timezone).at("Asia/Tokyo") == moment.astimezone(UTC)


@quick
@given(parts)
def test_what_is_taken_is_read_back_as_it_was_said_and_the_rest_is_refused_in_words(said: dict[str, Any]) -> None:
    faults: tuple[FieldError, ...] = ()
    todo = None
    try:
        todo = TodoCreate.model_validate({"title": "x", **said})
    except InvalidInputError as refused:
        faults = refused.errors
    means_something = bool(said.get("due_date")) >= bool(said.get("due_time")) >= bool(said.get("due_timezone"))
    assert (todo is not None) == means_something
    assert {fault.field for fault in faults} <= {"due_time", "due_timezone"}
    if todo is not None:
        kept = todo.model_dump(mode="json")
        assert {name: kept[name] for name in due.FIELDS} == {name: said.get(name) for name in due.FIELDS}


@quick
@given(parts, parts)
def test_a_change_says_what_a_creation_with_both_would_say(first: dict[str, Any], then: dict[str, Any]) -> None:
    """Absent stays, null clears: except that nothing is left of a time whose day is cleared."""
    try:
        start = Due().merged(TodoUpdate.model_validate(first).changes)
        end = start.merged(TodoUpdate.model_validate(then).changes)
    except InvalidInputError:
        return
    assert (end.due_date is None) <= (end.due_time is None) <= (end.due_timezone is None)
    for name in due.FIELDS:
        if then.get(name) is not None:
            assert str(getattr(end, name)) == then[name]
        elif name in then:
            assert getattr(end, name) is None
    if "due_date" not in then:
        assert end.due_date == start.due_date


@quick
@given(st.text(max_size=40))
def test_no_text_is_more_than_refused(text: str) -> None:
    for field in due.FIELDS:
        values = {"title": "x", "due_date": "2027-03-01", "due_time": "09:00", field: text}
        try:
            todo = TodoCreate.model_validate(values)
        except (InvalidInputError, ValueError):
            continue
        assert EARLIEST <= (todo.due_date or EARLIEST) <= LATEST
