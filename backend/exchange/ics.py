"""iCalendar: a VTODO for each todo (RFC 5545).

What iCalendar has no word for stands in properties X-TODOS-..., which other programs pass over and we read back. A
recurring todo that is open has DTSTART beside DUE, because a rule counts from there; a rule with SKIP= (RFC 7529) is
written without it, so that programs which do not know it still recur, and whole in X-TODOS-RECURRENCE.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import vDuration, vRecur
from icalendar.parser import split_on_unescaped_comma, unescape_backslash

from backend.errors import AppError
from backend.exchange import contentline, intake, moments, record, zones
from backend.exchange.contentline import Component, Property
from backend.exchange.record import Problem, Record, Row
from backend.models.due import Due
from backend.models.field import Priority

PRODID = "-//Todos//Todos//EN"

_OUT = {Priority.HIGH: 1, Priority.MEDIUM: 5, Priority.LOW: 9}
_HIGH_UNTIL, _MEDIUM = 4, 5  # RFC 5545, 3.8.1.9
_ESCAPED = re.compile(r"[\\;,]")
_NEWLINES = re.compile(r"\r\n?")
_WANTED = frozenset({"VTODO", "VTIMEZONE"})

# Fields that travel under a name of ours, as text.
_EXTRAS = {
    "X-TODOS-LIST": "list_name",
    "X-TODOS-LIST-ID": "list_id",
    "X-TODOS-POSITION": "position",
    "X-TODOS-SERIES-ID": "series_id",
    "X-TODOS-SERIES-START": "series_start",
    "X-TODOS-OCCURRENCE": "occurrence",
}


def line(name: str, value: object) -> bytes:
    """A content line, folded."""
    return contentline.folded(f"{name}:{value}")


def text(value: str) -> str:
    r"""A text, escaped. Not by the library's vText (7.3.0), which makes a line end of a backslash before an N."""
    return _ESCAPED.sub(r"\\\g<0>", _NEWLINES.sub("\n", value)).replace("\n", "\\n")


def utc(moment: datetime) -> str:
    """20270301T080000Z."""
    return _compact(moment.astimezone(UTC)) + "Z"


def day(value: date) -> str:
    """20270301."""
    return value.isoformat().replace("-", "")


def _compact(moment: datetime) -> str:
    return moment.replace(microsecond=0, tzinfo=None).isoformat().replace("-", "").replace(":", "")


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """The calendar, piece by piece. What lies in the trash is left out: iCalendar would make it an open todo."""
    return intake.gathered(_calendar(item for item in records if item.deleted_at is None))


def _calendar(records: Iterable[Record]) -> Iterator[bytes]:
    yield b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + line("PRODID", PRODID) + b"CALSCALE:GREGORIAN\r\n"
    described: set[str] = set()
    empty = True
    for item in records:
        empty = False
        if item.due_timezone not in {None, "UTC", *described}:
            described.add(zone := str(item.due_timezone))
            yield zones.described(zone)
        yield from _todo(item)
    if empty:  # a calendar needs a component
        yield zones.described("UTC")
    yield b"END:VCALENDAR\r\n"


def _todo(item: Record) -> Iterator[bytes]:
    yield b"BEGIN:VTODO\r\n"
    if item.id is not None:
        yield line("UID", item.id)
    yield line("DTSTAMP", utc(item.updated_at or item.created_at or datetime(1970, 1, 1, tzinfo=UTC)))
    yield line("SUMMARY", text(item.title))
    if item.description:
        yield line("DESCRIPTION", text(item.description))
    yield line("STATUS", "COMPLETED" if item.completed else "NEEDS-ACTION")
    if item.completed:
        yield b"PERCENT-COMPLETE:100\r\n"
    for name, moment in (
        ("COMPLETED", item.completed_at),
        ("CREATED", item.created_at),
        ("LAST-MODIFIED", item.updated_at),
    ):
        if moment is not None:
            yield line(name, utc(moment))
    yield line("PRIORITY", _OUT[item.priority])
    if item.tags:
        yield line("CATEGORIES", ",".join(text(tag) for tag in item.tags))
    if item.parent_id is not None:
        yield line("RELATED-TO", item.parent_id)
    yield from _due(item)
    yield from _extras(item)
    if item.remind_at is not None:
        yield b"BEGIN:VALARM\r\nACTION:DISPLAY\r\n" + line("DESCRIPTION", text(item.title))
        yield line("TRIGGER;VALUE=DATE-TIME", utc(item.remind_at)) + b"END:VALARM\r\n"
    yield b"END:VTODO\r\n"


def _due(item: Record) -> Iterator[bytes]:
    if item.due_date is None:
        return
    if item.due_time is None:
        said = f";VALUE=DATE:{day(item.due_date)}"
    else:
        wall = _compact(datetime.combine(item.due_date, item.due_time))
        zone = item.due_timezone
        said = f":{wall}Z" if zone == "UTC" else f":{wall}" if zone is None else f";TZID={zone}:{wall}"
    rule = _plain_rule(item)
    for name in ("DUE", "DTSTART") if rule else ("DUE",):
        yield contentline.folded(f"{name}{said}")
    if rule:
        yield line("RRULE", rule)


def _extras(item: Record) -> Iterator[bytes]:
    if item.recurrence is not None and item.recurrence != _plain_rule(item):
        yield line("X-TODOS-RECURRENCE", text(item.recurrence))
    if item.recurrence_from != "due":
        yield line("X-TODOS-RECURRENCE-FROM", item.recurrence_from)
    if item.occurrences_missed:
        yield line("X-TODOS-OCCURRENCES-MISSED", item.occurrences_missed)
    for name, field in _EXTRAS.items():
        value = getattr(item, field)
        if value is not None:
            yield line(name, text(value))


def _plain(rule: str) -> str:
    """The rule in the words of RFC 5545 alone."""
    return ";".join(part for part in rule.split(";") if not part.startswith(("SKIP=", "RSCALE=")))


def _plain_rule(item: Record) -> str | None:
    """What RRULE can say of this todo: nothing once it is done, or other programs would make it recur again."""
    if item.recurrence is None or item.completed or item.due_date is None:
        return None
    rule = _plain(item.recurrence)
    return rule if _is_rule(rule) else None


def _is_rule(rule: str) -> bool:
    """Whether the library understands it. It is only taken apart, never run."""
    try:
        return "FREQ" in vRecur.from_ical(rule)
    except (ValueError, TypeError, KeyError):
        return False


def read(source: Iterable[bytes], *, timezone: str = "UTC") -> Iterator[Row]:
    """A record or a problem for each VTODO, with the line it begins on; what is no todo is counted at the end.

    `timezone` is where the account lives: alarms that count from a due without a zone count from there.
    """
    declared: dict[str, str] = {}
    others: dict[str, tuple[int, int]] = {}
    for component in contentline.components(source, _WANTED):
        if component.name == "VTODO":
            yield from _Reading(component, timezone, declared).rows()
        elif component.name == "VTIMEZONE":
            if len(declared) < _ZONES_MAX:
                _declare(component, declared)
        elif component.fault is not None:
            yield component.line, Problem(component.fault, refused=False, stops=True)
        else:
            name = component.name if len(others) < _ZONES_MAX else "other component"
            first, count = others.get(name, (component.line, 0))
            others[name] = first, count + 1
    for name, (first, count) in others.items():
        yield first, Problem(f"{count:,} {name} left out; only VTODO is a todo.", refused=False)


_ZONES_MAX = 500


def _declare(component: Component, declared: dict[str, str]) -> None:
    """Some programs name a zone as they like, and say in X-LIC-LOCATION which one they mean."""
    name, place = component.first("TZID"), component.first("X-LIC-LOCATION")
    if name and place and (zone := zones.known(place.value)):
        declared[name.value] = zone


_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?")


class _UnreadableError(ValueError):
    """A value that is not what its property takes; the text is the sentence."""


class _Reading:
    """One VTODO on its way to a record."""

    def __init__(self, component: Component, timezone: str, declared: dict[str, str]) -> None:
        self.component, self.timezone, self.declared = component, timezone, declared
        self.notices: list[str] = []

    def rows(self) -> Iterator[Row]:
        """The record and what is to say of it, or why there is none."""
        at = self.component.line
        if self.component.fault is not None:
            yield at, Problem(f"This todo was not taken: {self.component.fault}")
            return
        try:
            made = record.todo(self.values())
            if not (self.text("UID") or "").strip():
                made = record.unnamed(made)
        except AppError as error:
            yield at, record.problem(error)
            return
        except (_UnreadableError, OverflowError) as error:
            why = str(error) if isinstance(error, _UnreadableError) else "A time lies outside of the years 1 to 9999."
            yield at, Problem(f"This todo was not taken: {why}")
            return
        yield at, made
        for notice in self.notices:
            yield at, Problem(notice, refused=False)

    def values(self) -> dict[str, Any]:
        """The fields as the models check them."""
        due = self.due()
        completed = self.completed()
        title, description = self.text("SUMMARY") or "", self.text("DESCRIPTION") or ""
        tags = [tag for part in self.component.all("CATEGORIES") for tag in split_on_unescaped_comma(part.value)]
        if (self.text("STATUS") or "").upper() == "CANCELLED":
            tags.append("cancelled")  # done with, and still to be told from what was done
        values: dict[str, Any] = {
            "id": self.id(title),
            "title": title if title.strip(" \t\n") else description.strip().split("\n")[0][:500],
            "description": description,
            "completed": completed,
            "completed_at": self.moment("COMPLETED") if completed else None,
            "priority": self.priority(),
            "tags": [tag for tag in tags if tag.strip()],
            "due_date": due.due_date,
            "due_time": due.due_time,
            "due_timezone": due.due_timezone,
            "remind_at": self.alarm(due),
            "recurrence": self.recurrence(completed, due),
            "created_at": self.moment("CREATED"),
            "updated_at": self.moment("LAST-MODIFIED"),
        }
        # Other programs drop what they do not know: where one is absent, nothing is said of it.
        values |= {field: said for name, field in _EXTRAS.items() if (said := self.text(name)) is not None}
        if parent := self.parent():
            values["parent_id"] = parent
        if missed := self.text("X-TODOS-OCCURRENCES-MISSED"):
            values["occurrences_missed"] = missed
        if origin := self.text("X-TODOS-RECURRENCE-FROM"):
            values["recurrence_from"] = origin
        for name in ("EXDATE", "RDATE"):
            if self.component.all(name):
                self.notices.append(f"{name} was left out: single dates of a recurrence are not kept.")
        return values

    def text(self, name: str) -> str | None:
        """The first property of this name as text."""
        found = self.component.first(name)
        return None if found is None else unescape_backslash(found.value)

    def id(self, title: str) -> str:
        """From the UID, so that a file read twice makes no second todo; each changed occurrence has its own."""
        uid, occurrence = self.text("UID"), self.component.first("RECURRENCE-ID")
        if not (uid or "").strip():
            return record.foreign_id("\x1f".join(("ics", title, self.text("DTSTAMP") or "", self.text("DUE") or "")))
        return record.foreign_id(f"{uid}\x1f{occurrence.value}" if occurrence else str(uid))

    def completed(self) -> bool:
        """STATUS says it; without one, that it has been completed."""
        status = (self.text("STATUS") or "").strip().upper()
        if status:
            return status in {"COMPLETED", "CANCELLED"}
        return self.component.first("COMPLETED") is not None or self.text("PERCENT-COMPLETE") == "100"

    def priority(self) -> Priority:
        """1 to 4 is high, 5 medium, 6 to 9 low; 0 and none say nothing."""
        said = (self.text("PRIORITY") or "0").strip()
        if not (said.isascii() and said.isdigit() and len(said) == 1):
            raise _UnreadableError(f"its PRIORITY is {said[:20]!r}, not 0 to 9.")
        rank = int(said)
        if rank in {0, _MEDIUM}:
            return Priority.MEDIUM
        return Priority.HIGH if rank <= _HIGH_UNTIL else Priority.LOW

    def parent(self) -> str | None:
        """RELATED-TO names the parent, unless it says that it names something else."""
        for related in self.component.all("RELATED-TO"):
            if related.parameters.get("RELTYPE", "PARENT").upper() == "PARENT" and related.value.strip():
                return record.foreign_id(unescape_backslash(related.value))
        return None

    def recurrence(self, completed: bool, due: Due) -> str | None:
        """RRULE; ours in full where both say the same, or where RRULE could not say it."""
        said, ours = self.component.first("RRULE"), self.text("X-TODOS-RECURRENCE")
        if len(self.component.all("RRULE")) > 1:
            self.notices.append("Only the first RRULE was taken.")
        rule = said.value.strip().upper() if said else None
        if ours is not None:
            unsaid = completed or due.due_date is None or not _is_rule(_plain(ours))
            if rule == _plain(ours) or (rule is None and unsaid):
                return ours
        if rule is not None and not _is_rule(rule):
            self.notices.append("Its RRULE cannot be read; the todo was taken without recurrence.")
            return None
        return rule

    def due(self) -> Due:
        """DUE; without one DTSTART and DURATION, or DTSTART, which is the only date it has."""
        start = self.when("DTSTART")
        due = self.when("DUE")
        if due.due_date is not None or start.due_date is None:
            return due
        length = self.component.first("DURATION")
        if length is None:
            return start
        moment = datetime.combine(start.due_date, start.due_time or time()) + self.duration(length)
        return Due(moment.date(), moment.time() if start.due_time is not None else None, start.due_timezone)

    def when(self, name: str) -> Due:
        """A date, or a time that floats, has a zone or is in UTC."""
        found = self.component.first(name)
        if found is None or not found.value.strip():
            return Due()
        parts = _MOMENT.fullmatch(found.value.strip())
        try:
            if parts is None:
                raise ValueError  # noqa: TRY301 - the same sentence as for 31 February
            on = date(int(parts[1]), int(parts[2]), int(parts[3]))
            if parts[4] is None or found.parameters.get("VALUE", "").upper() == "DATE":
                return Due(on)
            at = time(int(parts[4]), int(parts[5]), min(int(parts[6]), 59))  # a leap second is 60
        except ValueError:
            raise _UnreadableError(f"its {name} is {found.value[:50]!r}, not such as 20270301T090000Z.") from None
        return Due(on, at, "UTC" if parts[7] else self.zone(found))

    def zone(self, found: Property) -> str | None:
        """The IANA name of a TZID; a time in a zone that nobody knows floats."""
        said = found.parameters.get("TZID")
        if said is None:
            return None
        zone = self.declared.get(said) or zones.known(said)
        if zone is None:
            self.notices.append(f"The time zone {said[:50]!r} is not known; the time was kept as the clock shows it.")
        return zone

    def moment(self, name: str) -> datetime | None:
        """An instant; one without a zone is taken where the account lives."""
        when = self.when(name)
        return moments.begins(when, self.timezone)

    def duration(self, found: Property) -> timedelta:
        """PT15M."""
        try:
            length: timedelta = vDuration.from_ical(found.value.strip())  # type: ignore[no-untyped-call]
        except ValueError:
            raise _UnreadableError(f"a duration is {found.value[:50]!r}, not such as PT15M.") from None
        return length

    def alarm(self, due: Due) -> datetime | None:
        """The earliest reminder."""
        alarms = [part for part in self.component.parts if part.name == "VALARM" and part.first("TRIGGER")]
        found = [moment for part in alarms if (moment := self.trigger(part, due)) is not None]
        if len(found) > 1:
            self.notices.append("It has several alarms; the earliest was taken.")
        return min(found, default=None)

    def trigger(self, part: Component, due: Due) -> datetime | None:
        """The instant of an alarm; None where it counts from a time that the todo does not have."""
        trigger = part.properties["TRIGGER"][0]
        if _MOMENT.fullmatch(trigger.value.strip()):
            reading = _Reading(Component("VALARM", part.line, {"TRIGGER": [trigger]}), self.timezone, self.declared)
            return None if trigger.value.strip() == _NO_ALARM else reading.moment("TRIGGER")
        start = self.when("DTSTART")
        from_end = trigger.parameters.get("RELATED", "START").upper() == "END" or start.due_date is None
        base = moments.begins(due if from_end else start, self.timezone)
        return None if base is None else base + self.duration(trigger)


_NO_ALARM = "19760401T005545Z"  # what Apple writes where an alarm was taken away
