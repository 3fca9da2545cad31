"""Times: naive text that meant UTC becomes aware; a due that meant a wall clock stays one."""

from datetime import UTC, datetime, time

from backend.adoption.report import RowNotes, What
from backend.adoption.texts import as_text
from backend.models.due import EARLIEST, LATEST, Due

# The day of their first release: what a row says that knows no better time. Never the present, because ids are made of
# it, and a repeated adoption must make the same ids.
RELEASED = datetime(2026, 1, 10, tzinfo=UTC)


def instant(value: object) -> datetime | None:
    """The aware UTC time that a stored text means, None where it means none."""
    moment = _parsed(value)
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def life(created: object, updated: object, earlier: datetime, notes: RowNotes) -> tuple[datetime, datetime]:
    """When a row was created and last changed.

    Where one is unreadable the other stands in for it, and where both are, the row before: old ids rise with time.
    """
    created_at, updated_at = instant(created), instant(updated)
    known = created_at or updated_at or earlier
    for column, value, found in (("created_at", created, created_at), ("updated_at", updated, updated_at)):
        if found is None:
            notes.add(What.TIME_REPLACED, f"{column}: {as_text(value)}", known.isoformat())
    return created_at or known, updated_at or known


def due(value: object, notes: RowNotes) -> Due | None:
    """The due that a stored timestamp means, None where it cannot be read.

    It floats: their form took wall-clock time and their list showed it as such, wherever the reader was. Midnight to
    the microsecond is all day: it is what a date without a time became on its way in, their list never showed the
    time, and as a time it would be overdue before its day began.
    """
    if value is None or not as_text(value).strip():
        return Due()
    moment = _parsed(value)
    if moment is None:
        return None
    zone = None
    if moment.tzinfo is not None:  # only in a database that somebody has altered; then it is one instant
        try:
            moment, zone = moment.astimezone(UTC), "UTC"
        except OverflowError:
            return None
    if not EARLIEST <= moment.date() <= LATEST:
        return None
    if zone is None and moment.time() == time():
        return Due(moment.date())
    if moment.microsecond:
        notes.add(What.DUE_FRACTION_DROPPED, as_text(value))
    return Due(moment.date(), moment.time().replace(tzinfo=None, microsecond=0), zone)


def _parsed(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(as_text(value).strip()) if isinstance(value, str | bytes) else None
    except ValueError:
        return None
