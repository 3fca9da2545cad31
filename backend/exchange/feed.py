"""The calendar feed: what is open and has a due, as events, for a calendar to subscribe to.

Events and not VTODOs: Google Calendar, Outlook and Apple's Calendar show no VTODO of a subscription; Thunderbird shows
both. Nothing in it floats, because Google misplaces floating times: a time without a zone is taken where the account
lives, and every time is written in UTC. Reminders are VALARMs, which Google and Outlook pass over; there the calendar's
own default reminder rings. An unchanged todo gives unchanged bytes.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from backend.exchange import ics, intake, zones
from backend.exchange.record import Record
from backend.models.due import Due

EVENT_MINUTES = 30
REFRESH = "PT1H"

_COUNTED_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_RANKS = {"high": 1, "medium": 5, "low": 9}


def write(
    records: Iterable[Record], *, timezone: str, name: str = "Todos", base_url: str | None = None
) -> Iterator[bytes]:
    """The feed, piece by piece. `timezone` is where the account lives; `base_url` makes links to the todos."""
    return intake.gathered(_calendar(records, timezone, name, base_url))


def _calendar(records: Iterable[Record], timezone: str, name: str, base_url: str | None) -> Iterator[bytes]:
    yield b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + ics.line("PRODID", ics.PRODID)
    yield b"CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
    yield ics.line("X-WR-CALNAME", ics.text(name)) + ics.line("NAME", ics.text(name))
    yield ics.line("X-WR-TIMEZONE", timezone)
    yield ics.line("REFRESH-INTERVAL;VALUE=DURATION", REFRESH) + ics.line("X-PUBLISHED-TTL", REFRESH)
    yield zones.described(timezone)  # also what makes an empty feed a valid calendar
    for item in records:
        if not item.completed and item.deleted_at is None and item.due_date is not None:
            yield from _event(item, Due(item.due_date, item.due_time, item.due_timezone), timezone, base_url)
    yield b"END:VCALENDAR\r\n"


def _event(item: Record, due: Due, timezone: str, base_url: str | None) -> Iterator[bytes]:
    changed = item.updated_at or item.created_at or _COUNTED_FROM
    yield b"BEGIN:VEVENT\r\n"
    yield ics.line("UID", f"due-{item.id}")  # not the VTODO's, in a client that has both
    yield ics.line("DTSTAMP", ics.utc(changed)) + ics.line("LAST-MODIFIED", ics.utc(changed))
    yield ics.line("SEQUENCE", max(0, int((changed - _COUNTED_FROM).total_seconds())))
    yield ics.line("SUMMARY", ics.text(item.title))
    if item.description:
        yield ics.line("DESCRIPTION", ics.text(item.description))
    yield from _when(due, timezone)
    yield ics.line("PRIORITY", _RANKS[item.priority])
    if item.tags:
        yield ics.line("CATEGORIES", ",".join(ics.text(tag) for tag in item.tags))
    if base_url is not None:
        yield ics.line("URL", f"{base_url.rstrip('/')}/?todo={item.id}")
    yield b"STATUS:CONFIRMED\r\nTRANSP:TRANSPARENT\r\n"  # a todo keeps nobody busy
    if item.remind_at is not None:
        yield b"BEGIN:VALARM\r\nACTION:DISPLAY\r\n" + ics.line("DESCRIPTION", ics.text(item.title))
        yield ics.line("TRIGGER;VALUE=DATE-TIME", ics.utc(item.remind_at)) + b"END:VALARM\r\n"
    yield b"END:VEVENT\r\n"


def _when(due: Due, timezone: str) -> Iterator[bytes]:
    at = due.at(timezone)
    if due.due_date is not None and at is None:
        yield ics.line("DTSTART;VALUE=DATE", ics.day(due.due_date))
        yield ics.line("DTEND;VALUE=DATE", ics.day(due.due_date + timedelta(days=1)))
    elif at is not None:
        yield ics.line("DTSTART", ics.utc(at)) + ics.line("DTEND", ics.utc(at + timedelta(minutes=EVENT_MINUTES)))
