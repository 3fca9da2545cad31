"""What is written comes back: JSON and CSV exactly, the others but for what `losses` says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import icalendar
from hypothesis import example, given
from hypothesis import strategies as st

from backend.exchange import csv_file, feed, ics, json_file, todotxt
from backend.exchange.record import Identities, Record
from backend.models.field import unique_tags
from tests.exchange.records import (
    ACCOUNT,
    files,
    filters,
    items,
    lists,
    pieces,
    quick,
    records,
    taken,
    texts,
    zones,
)

NOW = datetime(2027, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)


def seconds(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def midnight(moment: datetime | None) -> datetime | None:
    return None if moment is None else datetime.combine(moment.date(), time(), UTC)


def one_newline(text: str | None) -> str | None:
    return None if text is None else re.sub(r"\r\n?", "\n", text)


def as_ics_has_it(item: Record) -> Record:
    """The record but for fractions of seconds and carriage returns."""
    return replace(
        item,
        title=one_newline(item.title) or "",
        description=one_newline(item.description) or "",
        tags=tuple(unique_tags(one_newline(tag) or "" for tag in item.tags)),
        list_name=one_newline(item.list_name),
        completed_at=seconds(item.completed_at),
        remind_at=seconds(item.remind_at),
        created_at=seconds(item.created_at),
        updated_at=seconds(item.updated_at),
    )


def as_todotxt_has_it(item: Record) -> Record:
    """The record but for what the table of losses names."""
    return Record(
        id=item.id,
        title=re.sub(r"\r\n|[\r\n]", " ", item.title),
        completed=item.completed,
        completed_at=midnight(item.completed_at),
        priority=item.priority,
        tags=item.tags,
        due_date=item.due_date,
        due_time=item.due_time,
        due_timezone=item.due_timezone,
        remind_at=seconds(item.remind_at),
        recurrence=item.recurrence,
        recurrence_from=item.recurrence_from,
        list_name=item.list_name,
        parent_id=item.parent_id,
        created_at=midnight(item.created_at),
    )


@quick
@given(files, st.lists(lists, max_size=2), st.lists(filters, max_size=2), st.integers(1, 500))
def test_json_is_lossless(some: list[Record], of_lists: list, saved: list, size: int) -> None:  # type: ignore[type-arg]
    data = b"".join(
        json_file.write(some, account=ACCOUNT, lists=of_lists, saved_filters=saved, exported_at=NOW),
    )
    assert items(json_file.read(pieces(data, size))) == [ACCOUNT, *of_lists, *saved, *some]


@quick
@given(files, st.integers(1, 500))
def test_csv_brings_every_column_back(some: list[Record], size: int) -> None:
    assert items(csv_file.read(pieces(b"".join(csv_file.write(some)), size))) == some


@quick
@given(texts)
@example("'=1")
@example("''\t")
@example("' \t")
@example("")
def test_a_neutralised_cell_never_runs_and_comes_back(cell: str) -> None:
    safe = csv_file.neutralised(cell)
    assert safe[:1] not in tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - full-width signs
    assert csv_file.restored(safe) == cell


@quick
@given(files, st.integers(1, 500))
def test_icalendar_brings_back_what_it_carries(some: list[Record], size: int) -> None:
    data = b"".join(ics.write(some))
    kept = [as_ics_has_it(item) for item in some if item.deleted_at is None]
    assert items(ics.read(pieces(data, size))) == kept


@quick
@given(files)
def test_icalendar_is_understood_by_the_library(some: list[Record]) -> None:
    data = b"".join(ics.write(some))
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    calendar: Any = icalendar.Calendar.from_ical(data)
    todos = calendar.todos
    kept = [item for item in some if item.deleted_at is None]
    assert [str(todo["UID"]) for todo in todos] == [item.id for item in kept]
    assert not any(todo.errors for todo in todos)
    named = {str(todo["DUE"].params["TZID"]) for todo in todos if "DUE" in todo and "TZID" in todo["DUE"].params}
    assert named <= {str(zone["TZID"]) for zone in calendar.timezones}
    for todo, item in zip(todos, kept, strict=True):
        assert str(todo["SUMMARY"]) == one_newline(item.title)


@quick
@given(files, st.integers(1, 500))
def test_todo_txt_brings_back_what_it_carries(some: list[Record], size: int) -> None:
    data = b"".join(todotxt.write(some))
    kept = [as_todotxt_has_it(item) for item in some if item.deleted_at is None]
    assert items(todotxt.read(pieces(data, size))) == kept


@quick
@given(files, zones)
def test_the_feed_is_a_calendar_of_events_that_stays_the_same(some: list[Record], zone: str) -> None:
    data = b"".join(feed.write(some, timezone=zone, base_url="https://example.com"))
    assert data == b"".join(feed.write(some, timezone=zone, base_url="https://example.com"))
    calendar: Any = icalendar.Calendar.from_ical(data)
    shown = [item for item in some if not item.completed and item.deleted_at is None and item.due_date]
    assert [str(event["UID"]) for event in calendar.events] == [f"due-{item.id}" for item in shown]
    for event, item in zip(calendar.events, shown, strict=True):
        starts, ends = event["DTSTART"].dt, event["DTEND"].dt
        assert isinstance(starts, datetime) == (item.due_time is not None)
        assert starts < ends
        assert len(event.walk("VALARM")) == (item.remind_at is not None)


@quick
@given(records)
def test_a_change_raises_the_sequence_of_its_event(item: Record) -> None:
    before = replace(item, completed=False, deleted_at=None, due_date=NOW.date(), due_time=None, updated_at=NOW)
    after = replace(before, updated_at=NOW.replace(year=2028))

    def sequence(one: Record) -> int:
        calendar: Any = icalendar.Calendar.from_ical(b"".join(feed.write([one], timezone="UTC")))
        return int(calendar.events[0]["SEQUENCE"])

    assert sequence(before) < sequence(after)


@quick
@given(st.lists(st.sampled_from(["a", "b"]), max_size=6))
def test_rows_without_ids_get_the_same_ones_each_time(names: Sequence[str]) -> None:
    first, second = Identities(), Identities()
    made = [first.of("x", name) for name in names]
    assert made == [second.of("x", name) for name in names]
    assert len(set(made)) == len(names)


@quick
@given(files)
def test_a_second_import_of_a_file_without_ids_makes_no_new_ones(some: list[Record]) -> None:
    nameless = [replace(item, id=None, parent_id=None, deleted_at=None) for item in some]
    for data, read in (
        (b"".join(csv_file.write(nameless)), csv_file.read),
        (b"".join(todotxt.write(nameless)), todotxt.read),
    ):
        once, again = taken(read([data])) if data else [], taken(read([data])) if data else []
        assert [item.id for item in once] == [item.id for item in again]
        assert len({item.id for item in once}) == len(once) == len(some)
