"""Due dates, kept as they were said: a day, a wall-clock time anywhere, or a time in one zone.

A date alone is all day. With a time it floats: nine o'clock wherever its owner is. With a zone it is one instant.
Nothing is ever converted to UTC and back, so no due date can slip by a day.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from backend.errors import FieldError, InvalidInputError, invalid

# Said by their English names, whatever the machine's language is.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FIELDS = ("due_date", "due_time", "due_timezone")

# One day inside what datetime can hold, so that no zone pushes a due date over the edge.
EARLIEST, LATEST = date(1, 1, 2), date(9999, 12, 30)

# The longest spelling of RFC 3339 with microseconds and an offset of seconds.
_TIMESTAMP_MAX = len("2027-03-01T09:00:00.123456+01:00:00")
_LAST_MOMENT = time(23, 59, 59, 999999)


class Due(NamedTuple):
    """When something is due, in the three parts it is stored in."""

    due_date: date | None = None
    due_time: time | None = None
    due_timezone: str | None = None

    def merged(self, changes: Mapping[str, Any]) -> Self:
        """This due with the named parts changed; raises InvalidInputError where the result would mean nothing."""
        parts = {name: changes.get(name, getattr(self, name)) for name in FIELDS}
        if parts["due_date"] is None:
            for name in ("due_time", "due_timezone"):
                if changes.get(name) is not None:
                    raise _wrong(name, "A due time needs a due_date.")
            return type(self)()
        if parts["due_time"] is None:
            if changes.get("due_timezone") is not None:
                raise _wrong("due_timezone", "A due_timezone needs a due_time; a due_date alone is all day.")
            parts["due_timezone"] = None
        return type(self)(**parts)

    def at(self, account_timezone: str) -> datetime | None:
        """The UTC instant, None for a whole day. Wall times that a clock change skips move forward by the gap."""
        if self.due_date is None or self.due_time is None:
            return None
        zone = ZoneInfo(self.due_timezone or account_timezone)
        return datetime.combine(self.due_date, self.due_time, zone).astimezone(UTC)

    def until(self, account_timezone: str) -> datetime | None:
        """The UTC instant after which it is overdue: `at`, or the end of a whole day where its owner lives."""
        if self.due_date is None:
            return None
        if self.due_time is not None:
            return self.at(account_timezone)
        return datetime.combine(self.due_date, _LAST_MOMENT, ZoneInfo(account_timezone)).astimezone(UTC)


def take_apart(values: Mapping[str, Any]) -> dict[str, Any]:
    """Input with a whole timestamp in `due_date` as the three parts; raises InvalidInputError where two contradict.

    A timestamp without offset floats; one with `Z` or an offset is that instant, in UTC. What is no timestamp stays as
    it is, for `as_date` to refuse.
    """
    values = dict(values)
    given = values.get("due_date")
    if isinstance(given, str) and len("2027-03-01") < len(given.strip()) <= _TIMESTAMP_MAX:
        if values.get("due_time") is not None:
            raise _wrong("due_time", "Say the time once: in due_date or in due_time.")
        try:
            moment = datetime.fromisoformat(given.strip())
        except ValueError:
            return values
        if moment.tzinfo is not None:
            if values.get("due_timezone") is not None:
                raise _wrong("due_timezone", "Say the zone once: as an offset in due_date or in due_timezone.")
            try:
                moment = moment.astimezone(UTC)
            except OverflowError:
                return values
            values["due_timezone"] = "UTC"
        values["due_date"] = moment.date().isoformat()
        values["due_time"] = moment.time().isoformat()
        values.setdefault("due_timezone", None)
    return values


def as_date(value: Any) -> date | None:
    """A calendar day from `2027-03-01`."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        day = _day(value.strip())
    except (AttributeError, ValueError, TypeError):
        raise ValueError(_DATE_HELP) from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"must lie between {EARLIEST} and {LATEST}")
    return day


def _day(text: str) -> date:
    if len(text) == len("2027-03-01") and text[4] == text[7] == "-":
        try:
            return date.fromisoformat(text)  # what patterns take ten times as long to read
        except ValueError:
            pass
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone


def as_time(value: Any) -> time | None:
    """A wall-clock time from `09:00` or `09:00:30`; fractions of a second are dropped."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(_TIME_HELP) from None
    if not isinstance(value, time) or value.tzinfo is not None:
        raise ValueError(_TIME_HELP)
    return value.replace(microsecond=0)


def clock(value: time) -> str:
    """`09:00`, or `09:00:30` where somebody said the seconds."""
    return value.isoformat() if value.second else value.isoformat(timespec="minutes")


def _wrong(field: str, message: str) -> InvalidInputError:
    # Not a ValueError: pydantic would report it for the whole input, and the caller would look for the field.
    return invalid([FieldError(field, message)])


_DATE_HELP = "must be a date such as 2027-03-01, or a timestamp such as 2027-03-01T09:00 or 2027-03-01T09:00:00Z"
_TIME_HELP = "must be a time such as 09:00; a zone goes into due_timezone"
