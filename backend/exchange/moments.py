"""Instants as text, the same in every format of ours."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from backend.models.due import Due


def stamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z, with microseconds where there are any."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def to_seconds(moment: datetime) -> datetime:
    """In UTC, without the fractions that most formats cannot carry."""
    return moment.astimezone(UTC).replace(microsecond=0)


def begins(due: Due, timezone: str) -> datetime | None:
    """The instant that a due begins at: a whole day with its midnight, where the account lives."""
    if due.due_date is None:
        return None
    zone = ZoneInfo(due.due_timezone or timezone)
    return datetime.combine(due.due_date, due.due_time or time(), zone).astimezone(UTC)
