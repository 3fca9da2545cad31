"""Records as hypothesis makes them: each is one that the models let through, with texts that formats stumble over."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from backend.errors import InvalidInputError
from backend.exchange import record
from backend.exchange.record import AccountRecord, Anything, FilterRecord, ListRecord, Problem, Record, Row
from backend.models.due import EARLIEST, LATEST

quick = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    # Every test has a database of its own, also those that need none.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
ACCOUNT = AccountRecord(username="testuser", email="test@example.com", timezone="Europe/Berlin")

AWKWARD = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1",
    "''@x",
    "x",
    "(A)",
    "2027-01-01",
    "due:2027-03-01",
    "at:09:00",
    "id:7",
    "p:7",
    "@home",
    "+garden",
    "\\@home",
    "\\\\+x",
    "\\n",
    "\\N",
    "\\\\",
    "\\,",
    "\\;",
    "BEGIN:VTODO",
    "END:VCALENDAR",
    "RRULE:FREQ=DAILY",
    "a,b",
    "a;b",
    '"',
    '""',
    "'",
    "%20",
    "%zz",
    "rec:+1w",
    "pri:A",
    "list:x",
    "\xe9",
    "\u1e9e",
    "\u65e5\u672c\u8a9e",
    "\U0001f600",
    "http://example.com/?a=b",
    "\uff1d1",
    "\u2028",
    "\x85",
    "\x0b",
    "\x1c",
    "\ufeff",
]
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
words = st.sampled_from(AWKWARD) | st.text(characters, min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=8).flatmap(
    lambda found: st.sampled_from([" ", "  ", "\n", "\t", "\r\n", "\r", ""]).map(lambda between: between.join(found))
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ids = st.uuids().map(str)
zones = st.sampled_from(sorted(available_timezones() - {"localtime"}))
walls = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.isoformat(timespec="minutes")
)
rules = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=1",
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=WEEKLY;BYDAY=MO,-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3",
        "FREQ=YEARLY;UNTIL=20300101T000000Z",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;BYMONTHDAY=31",
        "FREQ=MONTHLY;SKIP=BACKWARD",
        "FREQ=NEVER",
    ]
)


def _checked(raw: dict[str, Any]) -> Record | None:
    raw = {name: value for name, value in raw.items() if value is not None}
    if "due_date" not in raw:
        raw.pop("due_time", None)
    if "due_time" not in raw:
        raw.pop("due_timezone", None)
    try:
        made = record.todo(raw)
    except InvalidInputError:
        return None
    return replace(made, completed_at=made.completed_at or made.created_at) if made.completed else made


records = (
    st.fixed_dictionaries(
        {"id": ids, "title": texts, "created_at": moments},
        optional={
            "description": texts,
            "completed": st.booleans(),
            "completed_at": moments,
            "priority": st.sampled_from(["low", "medium", "high"]),
            "tags": st.lists(texts, max_size=4),
            "due_date": st.dates(EARLIEST, LATEST),
            "due_time": st.none() | st.times().map(lambda moment: moment.replace(microsecond=0)),
            "due_timezone": st.none() | zones,
            "remind_at": moments,
            "recurrence": rules,
            "recurrence_from": st.sampled_from(["due", "completion"]),
            "series_id": ids,
            "series_start": walls,
            "occurrence": walls,
            "occurrences_missed": st.integers(0, 1_000),
            "list_id": ids,
            "list_name": texts,
            "parent_id": ids,
            "position": st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20),
            "updated_at": moments,
            "deleted_at": moments,
        },
    )
    .map(_checked)
    .filter(lambda made: made is not None)
)
files = st.lists(records, max_size=4)
lists = st.builds(ListRecord, id=ids, name=words, color=st.none() | st.just("#ff0000"), is_archived=st.booleans())
filters = st.builds(
    FilterRecord, id=ids, name=words, query=st.dictionaries(words, words | st.booleans() | st.lists(words), max_size=3)
)


def taken(rows: Iterable[Row]) -> list[Record]:
    """The todos of a file."""
    return [item for _, item in rows if isinstance(item, Record)]


def problems(rows: Iterable[Row]) -> list[tuple[int, Problem]]:
    return [(line, item) for line, item in rows if isinstance(item, Problem)]


def refusals(rows: Iterable[Row]) -> list[tuple[int, str]]:
    return [(line, item.sentence) for line, item in problems(rows) if item.refused]


def items(rows: Iterable[Row]) -> list[Anything]:
    return [item for _, item in rows]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """As a network would hand it over."""
    return (data[start : start + size] for start in range(0, len(data), size))
