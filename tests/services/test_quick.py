"""Quick add: what a line of text says. The table of phrases beside this file was said on one Tuesday at ten."""

import contextlib
import json
import re
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import quick
from backend.errors import InvalidInputError
from backend.models.due import Due
from backend.models.field import TITLE_MAX
from backend.models.quick import TEXT_MAX, QuickCreate, QuickKind, Reading
from backend.models.todo import TodoCreate
from backend.quick import words
from tests.support import ROOT

BERLIN = "Europe/Berlin"
NOW = "2027-01-26T10:00"  # a Tuesday
PHRASES: list[tuple[str, dict[str, Any]]] = json.loads((ROOT / "tests/services/quick_phrases.json").read_text())
UNESCAPED = [text for text, _ in PHRASES if '"' not in text and "\\" not in text]


def read(text: str, now: str = NOW, timezone: str = BERLIN) -> Reading:
    return quick.read(text, now=datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(timezone)), timezone=timezone)


def said(reading: Reading) -> dict[str, Any]:
    """What a reading says beyond a bare todo, with the texts of its spans."""
    fields = reading.model_dump(mode="json", exclude_defaults=True)
    spans = {name: [span["text"] for span in fields[name]] for name in ("understood", "left") if name in fields}
    return fields | spans


def due_of(reading: Reading) -> str:
    return " ".join(part for part in (str(reading.due_date or ""), str(reading.due_time or "")[:5]) if part)


def keeps_its_promises(text: str, reading: Reading) -> None:
    """Removing the spans gives the title, each span is where it says, and the rest makes a todo."""
    kept, at = "", 0
    for span in reading.understood:
        assert at <= span.start < span.end
        assert text[span.start : span.end] == span.text
        kept += text[at : span.start]
        at = span.end
    assert reading.title == " ".join((kept + text[at:]).split())
    assert 1 <= len(reading.title) <= TITLE_MAX
    for span in reading.left:
        assert text[span.start : span.end] == span.text
        assert span.meaning
    fields = {"title", "priority", "tags", "due_date", "due_time", "due_timezone"}
    TodoCreate.model_validate(reading.model_dump(include=fields))
    if reading.recurrence:
        assert first_of(reading) == reading.due_date


def first_of(reading: Reading) -> Any:
    """The first day that python-dateutil finds for the rule, whose SKIP it does not know."""
    assert reading.recurrence
    assert reading.due_date
    rule = reading.recurrence.removesuffix(";SKIP=BACKWARD")
    start = datetime.combine(reading.due_date, reading.due_time or datetime.min.time())
    first = next(iter(rrulestr(rule, dtstart=start)), None)
    if rule != reading.recurrence and (not first or first.date() != reading.due_date):
        assert (reading.due_date + timedelta(days=1)).day == 1, "only the last day of a month stands for a missing one"
        return reading.due_date
    return first.date() if first else None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must not be empty"),
        (" \t\n", "must not be empty"),
        ("\u200b\u2060", "must not be empty"),
        ("\u200b tomorrow", "leaves nothing for the title"),
        ("tomorrow 9am #home", "leaves nothing for the title"),
        ("!high", "leaves nothing for the title"),
        ("- tomorrow", "leaves nothing for the title"),
        ("x" * (TEXT_MAX + 1), f"must have at most {TEXT_MAX} characters"),
        ("x" * 10_000, f"must have at most {TEXT_MAX} characters"),
        ("x" * (TITLE_MAX + 1), f"leaves a title of {TITLE_MAX + 1} characters"),
        ("a\x00b", "must not contain the NUL character"),
        ("a\ud800b", "must not contain half a character"),
    ],
)
def test_what_makes_no_todo_is_refused_with_a_sentence_about_the_text(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        read(text)
    [error] = refusal.value.errors
    assert error.field == "text"
    assert message in error.message


def test_the_table_is_as_large_as_the_grammar_needs() -> None:
    assert len(PHRASES) > 300
    assert len(dict(PHRASES)) == len(PHRASES)


@pytest.mark.parametrize(("text", "expected"), PHRASES, ids=[text for text, _ in PHRASES])
def test_phrases(text: str, expected: dict[str, Any]) -> None:
    if expected.get("refused"):
        with pytest.raises(InvalidInputError):
            read(text)
        return
    reading = read(text)
    assert said(reading) == expected
    keeps_its_promises(text, reading)


@pytest.mark.parametrize(
    ("now", "text", "due"),
    [
        # Sunday: the next week starts tomorrow.
        ("2027-01-31T10:00", "x next monday", "2027-02-01"),
        ("2027-01-31T10:00", "x next sunday", "2027-02-07"),
        ("2027-01-31T10:00", "x this sunday", "2027-01-31"),
        ("2027-01-31T10:00", "x sunday", "2027-02-07"),
        ("2027-01-31T10:00", "x next week", "2027-02-01"),
        # The last of a month.
        ("2027-01-31T10:00", "x in 1 month", "2027-02-28"),
        ("2027-01-31T10:00", "x next month", "2027-02-01"),
        ("2027-01-31T10:00", "x 30th", "2027-03-30"),
        ("2027-01-31T10:00", "x every 31st", "2027-01-31"),
        ("2027-02-01T10:00", "x every 31st", "2027-02-28"),
        ("2028-02-01T10:00", "x every 31st", "2028-02-29"),
        ("2027-03-01T10:00", "x every 29 feb", "2028-02-29"),
        ("2028-02-29T10:00", "x in 1 year", "2029-02-28"),
        ("2097-01-01T10:00", "x feb 29", "2104-02-29"),
        # What is past today.
        ("2027-01-26T08:59", "x 9am", "2027-01-26 09:00"),
        ("2027-01-26T09:00:30", "x 9am", "2027-01-26 09:00"),
        ("2027-01-26T09:01", "x 9am", "2027-01-27 09:00"),
        ("2027-01-26T09:01", "x today 9am", "2027-01-26 09:00"),
        ("2027-01-26T09:01", "x jan 26 9am", "2027-01-26 09:00"),
        ("2027-01-26T09:01", "x every day 9am", "2027-01-27 09:00"),
        ("2027-01-26T09:01", "x every tuesday 9am", "2027-02-02 09:00"),
        ("2027-01-26T09:01", "x every 26th 9am", "2027-02-26 09:00"),
        ("2027-01-26T09:01", "x every day 9am starting today", "2027-01-26 09:00"),
        ("2027-01-26T21:00", "x tonight", "2027-01-26"),
        ("2027-01-26T21:00", "x tonight 22:00", "2027-01-26 22:00"),
        ("2027-01-26T12:00", "x this morning", "2027-01-26"),
        ("2027-12-31T23:59", "x tomorrow", "2028-01-01"),
        ("2027-12-31T23:59", "x in 2 minutes", "2028-01-01 00:01"),
        ("2027-01-26T10:00:01", "x in 30 minutes", "2027-01-26 10:31"),
        # Three hours of the night when clocks go forward, and back.
        ("2027-03-28T01:30", "x in 3 hours", "2027-03-28 05:30"),
        ("2027-10-31T01:30", "x in 3 hours", "2027-10-31 03:30"),
        ("2027-03-28T00:30", "x at 2:30", "2027-03-28 02:30"),
        # Where the calendar ends.
        ("9999-12-29T10:00", "x tomorrow", "9999-12-30"),
        ("9999-12-30T10:00", "x tomorrow", ""),
        ("9999-12-30T10:00", "x 9am", ""),
        ("9999-12-30T10:00", "x every monday", ""),
        ("9999-06-01T10:00", "x in 999 years", ""),
    ],
)
def test_days_are_counted_from_the_moment_it_was_said(now: str, text: str, due: str) -> None:
    reading = read(text, now)
    assert due_of(reading) == due
    keeps_its_promises(text, reading)


def test_a_time_in_another_zone_is_the_next_one_there() -> None:
    # Ten in the morning in Berlin is six in the evening in Tokyo, and four in the morning in New York.
    tokyo, new_york = read("x 9am Asia/Tokyo"), read("x 9am America/New_York")
    assert (due_of(tokyo), tokyo.due_timezone) == ("2027-01-27 09:00", "Asia/Tokyo")
    assert (due_of(new_york), new_york.due_timezone) == ("2027-01-26 09:00", "America/New_York")


def test_the_account_decides_which_day_it_is() -> None:
    instant = datetime.fromisoformat("2027-01-26T23:30:00+00:00")
    days = {zone: quick.read("x today", now=instant, timezone=zone).due_date for zone in ("UTC", "Asia/Tokyo")}
    assert {zone: str(day) for zone, day in days.items()} == {"UTC": "2027-01-26", "Asia/Tokyo": "2027-01-27"}


def test_each_word_is_explained() -> None:
    reading = read("Team sync every other tuesday 9am until june #work @Office !high")
    assert [(span.kind, span.text, span.meaning) for span in reading.understood] == [
        ("recurrence", "every other tuesday", "every second Tuesday, 09:00; first on Tuesday 2 February 2027"),
        ("time", "9am", "09:00"),
        ("end", "until june", "until Monday 31 May 2027"),
        ("tag", "#work", "tag work"),
        ("list", "@Office", "list Office"),
        ("priority", "!high", "high priority"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pay 2/3", "could be 2 March or 3 February; write the month as a word"),
        ("x every 2nd tuesday", "could be every 2 weeks or the 2nd Tuesday of a month"),
        ("x 30 feb", "February has no such day"),
        ("x monday 27 january 2027", "Wednesday 27 January 2027 is no Monday"),
        ("x every day until 2020-01-01", "it would end before it begins, on Tuesday 26 January 2027"),
        ("x every friday midnight", "the midnight before the day or after it?"),
        ("x saturday and sunday", "two dates; a todo has one due"),
        ("x every 5 minutes", "a todo recurs once a day at most"),
        ("x !1 !2", "a priority has been said already"),
        (f"x #{'t' * 101}", "a tag has at most 100 characters"),
        ("x " + " ".join(f"#t{number}" for number in range(51)), "a todo has at most 50 tags"),
    ],
)
def test_what_stays_in_the_title_says_why(text: str, reason: str) -> None:
    [span] = read(text).left
    assert span.kind is QuickKind.LEFT
    assert span.meaning.startswith(reason)
    assert span.text in read(text).title


def test_in_quotes_every_phrase_is_a_title() -> None:
    for text in UNESCAPED:
        reading = read(f'"{text}"')
        assert reading.title.strip('"') == " ".join(text.split())
        assert not reading.left, text
        assert {span.kind for span in reading.understood} <= {QuickKind.ESCAPE}, text


def test_a_backslash_before_every_word_makes_it_a_title() -> None:
    for text in UNESCAPED:
        reading = read(" ".join(f"\\{word}" for word in text.split()))
        assert {span.kind for span in reading.understood} <= {QuickKind.ESCAPE}, text
        assert said(reading).keys() <= {"title", "understood"}, text


@pytest.mark.parametrize("text", [text for text, fields in PHRASES if "recurrence" in fields])
def test_every_recurrence_goes_on_from_its_first_day(text: str) -> None:
    reading = read(text)
    assert reading.recurrence
    assert re.fullmatch(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[A-Z0-9,-]+)*", reading.recurrence)
    months_without = {"29", "30", "31"} & set(re.findall(r"BYMONTHDAY=([\d,]+)", reading.recurrence))
    if "BYMONTH=" not in reading.recurrence:
        assert bool(months_without) == reading.recurrence.endswith("SKIP=BACKWARD")


def test_what_is_said_is_a_due_that_means_something() -> None:
    reading = read("x tomorrow 9am America/New_York")
    instant = Due(reading.due_date, reading.due_time, reading.due_timezone).at(BERLIN)
    assert instant == datetime.fromisoformat("2027-01-27T14:00:00+00:00")


@pytest.mark.parametrize(
    ("text", "title", "understood", "left"),
    [
        ("x @Work", "x @Work", [], ["there is no list called Work, so @Work stays in the title"]),
        ("@Work, x", "@Work, x", [], ["there is no list called Work, so @Work stays in the title"]),
        ('x @"Big one"', 'x @"Big one"', [], ["there is no list called Big one, so @Big one stays in the title"]),
        ("x @Work @Home", "x @Work", ["list Home"], ["there is no list called Work, so @Work stays in the title"]),
    ],
)
def test_a_name_that_no_list_has_stays_in_the_title_and_the_reading_says_why(
    text: str, title: str, understood: list[str], left: list[str]
) -> None:
    now = datetime.fromisoformat(NOW).replace(tzinfo=ZoneInfo(BERLIN))
    reading = quick.read(text, now=now, timezone=BERLIN, has_list=lambda name: name == "Home")
    assert reading.title == title
    assert [span.meaning for span in reading.understood] == understood
    assert [span.meaning for span in reading.left] == left


def test_the_request_has_the_limits_of_the_reading() -> None:
    assert QuickCreate(text="x").dry_run is False
    schema = QuickCreate.model_json_schema()
    assert schema["properties"]["text"]["maxLength"] == TEXT_MAX
    assert schema["required"] == ["text"]


WORDS = [
    *sorted(words.MEANINGFUL | words.BLOCKERS | words.RANGES),
    *("9am", "9:30", "27th", "1st", "2027-01-27", "27.1.", "2/3", "every!", "#home", '#"two', 'words"', "@list"),
    *("!high", '"', '"a', 'b"', "\\tomorrow", ",", "-", "x", "10", "99999999999", "times", "Europe/Berlin", "₂", "²"),
]
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 29))  # noqa: DTZ001 - it gets its zone below
ZONES = st.sampled_from(["UTC", BERLIN, "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"])


def survives(text: str, now: datetime, timezone: str) -> None:
    now = now.replace(tzinfo=ZoneInfo(timezone))
    reading = None
    with contextlib.suppress(InvalidInputError):
        reading = quick.read(text, now=now, timezone=timezone)
    if reading:
        keeps_its_promises(text, reading)
        assert quick.read(text, now=now, timezone=timezone) == reading


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=600), MOMENTS, ZONES)
def test_any_text_is_a_todo_or_a_refusal(text: str, now: datetime, timezone: str) -> None:
    survives(text, now, timezone)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), MOMENTS, ZONES)
def test_any_words_of_the_grammar_are_a_todo_or_a_refusal(text: str, now: datetime, timezone: str) -> None:
    survives(text, now, timezone)


@pytest.mark.parametrize(
    "piece", ['"', "# ", '#"', "every ", "mon ", "x mon, ", "1st and ", "#a mon ", "\\", "9 - ", "( "]
)
def test_a_text_that_repeats_itself_costs_no_more_than_its_length(piece: str) -> None:
    calls = {}
    for count in (400, 1_600):
        steps = 0

        def trace(*_: Any) -> None:
            nonlocal steps
            steps += 1

        text = (piece * TEXT_MAX)[:count]
        sys.setprofile(trace)
        with contextlib.suppress(InvalidInputError):
            read(text)
        sys.setprofile(None)
        calls[count] = steps
    # Four times the text; a quadratic reading would take sixteen times the steps.
    assert calls[1_600] < 8 * calls[400]
