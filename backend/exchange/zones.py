"""Time zones by the names that calendars give them, and as calendars want them described."""

from datetime import date
from functools import cache

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from backend.models.user import as_timezone

# Years that a described zone covers; programs that know the zone by its name use their own data anyway.
_FIRST, _LAST = date(2000, 1, 1), date(2040, 1, 1)


def known(name: str) -> str | None:
    """The IANA zone that a TZID means: by its own name, by Windows' name, or at the end of a path."""
    name = name.strip().strip('"')
    parts = name.strip("/").split("/")
    for candidate in (name, WINDOWS_TO_OLSON.get(name, ""), *("/".join(parts[-count:]) for count in (3, 2, 1))):
        try:
            return as_timezone(candidate)
        except ValueError:
            continue
    return None


@cache
def described(zone: str) -> bytes:
    """A VTIMEZONE."""
    written: bytes = Timezone.from_tzid(zone, first_date=_FIRST, last_date=_LAST).to_ical()
    return written
