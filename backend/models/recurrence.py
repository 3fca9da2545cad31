"""Recurrence: which occurrence of a todo follows, in wall-clock time.

A series steps from one wall-clock time to the next where the todo lives, never by hours: 02:30 daily stays 02:30
across every clock change. A wall time that a clock change skips moves forward by the gap, and of one that comes twice
the first counts, as for every due date.

The first occurrence is where the series starts, whether it fits the rule or not, and COUNT counts it (RFC 5545,
3.3.10). UNTIL is the last moment at which one may be due: a day is meant whole, a time without zone is wall-clock time,
and a time in UTC is that instant in the zone of the series.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from backend.models import due
from backend.models.recurrence_days import days
from backend.models.recurrence_rule import RULE_MAX, Rule
from backend.models.recurrence_text import for_calendars, parse, read
from backend.models.recurrence_words import describe

__all__ = [
    "MISSED_MAX",
    "RULE_MAX",
    "Next",
    "RecurrenceFrom",
    "Series",
    "Wall",
    "advance",
    "describe",
    "for_calendars",
    "parse",
    "wall",
    "written",
]

# A whole day, or a wall-clock time without zone.
Wall = date | datetime

# Further than this the missed ones are not counted: daily since 1999.
MISSED_MAX = 10_000


class RecurrenceFrom(StrEnum):
    """What the next occurrence is counted from."""

    DUE = "due"
    COMPLETION = "completion"


class Next(NamedTuple):
    """The occurrence that follows, and how many before it passed without being done."""

    due: Wall
    missed: int


@dataclass(frozen=True)
class Series:
    """A todo that repeats: its rule, the wall-clock time of its first occurrence, and where its clock hangs."""

    rule: str
    start: Wall
    recurrence_from: str = RecurrenceFrom.DUE
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if isinstance(self.start, datetime) and self.start.tzinfo is not None:
            raise ValueError("A series starts at a wall-clock time, without a zone.")

    def occurrences(self, since: Wall | None = None) -> Iterator[Wall]:
        """The scheduled occurrences, rising, from `since` on or from the first."""
        since = self.start if since is None else max(self._like_start(since), self.start)
        if since == self.start:
            yield self.start
        last = _last_of_count(self.rule, _day(self.start))
        for day in days(self._rule, _day(self.start), max(_day(since), _day(self.start) + timedelta(days=1))):
            if (last is not None and day > last) or self._is_after_until(day):
                return
            occurrence = self._on(day)
            if occurrence >= since:
                yield occurrence

    def next_after(self, occurrence: Wall) -> Wall | None:
        """The first occurrence strictly after this one, None when the series has ended.

        In a series that counts from completion: the next one if this one is done on its day, whatever COUNT says.
        """
        occurrence = self._like_start(occurrence)
        if self.recurrence_from == RecurrenceFrom.COMPLETION:
            return self._after_completion(occurrence, _day(occurrence))
        return next((later for later in self.occurrences(occurrence) if later > occurrence), None)

    def next_open(self, occurrence: Wall, now_wall: datetime) -> tuple[Wall | None, int]:
        """The one occurrence that is open once this one is done, and how many between them were missed.

        It is the first one strictly after this occurrence that is not over: due today or later where the todo lives if
        it is for a whole day, due now or later if it has a time. What lies between is missed, and is not made up for:
        however long nobody looked, one occurrence is open. None when all that were left have passed. At most 10,000
        missed ones are counted. In a series that counts from completion nothing is missed, and now is the completion.
        """
        occurrence = self._like_start(occurrence)
        if self.recurrence_from == RecurrenceFrom.COMPLETION:
            return self._after_completion(occurrence, now_wall.date()), 0
        missed = 0
        for later in self.occurrences(occurrence):
            if later <= occurrence:
                continue
            if not self._is_over(later, now_wall):
                return later, missed
            missed += 1
            if missed == MISSED_MAX:
                break
        else:
            return None, missed
        # A day and more before now, because a clock change can move a wall time past it.
        near = max(_day(occurrence), now_wall.date() - timedelta(days=2))
        still_open = (
            later for later in self.occurrences(near) if later > occurrence and not self._is_over(later, now_wall)
        )
        return next(still_open, None), missed

    def following(self, occurrence: Wall) -> "Series":
        """The series that begins with this occurrence and goes on as this one does, with what is left of COUNT.

        The days that the rule took from its first occurrence are written out: monthly since the 31st stays that, also
        where it is cut on 28 February. (A rule for every few months that moves its day into the next month with
        SKIP=FORWARD, cut on such a day, goes on counting from that next month.)
        """
        occurrence = self._like_start(occurrence)
        rule = self._rule.resolved(_day(self.start))
        if rule.count is not None:
            before = sum(1 for earlier in islice(self.occurrences(), rule.count) if earlier < occurrence)
            rule = replace(rule, count=max(rule.count - before, 1))
        return replace(self, rule=str(rule), start=occurrence)

    @property
    def _rule(self) -> Rule:
        return read(self.rule)

    def _after_completion(self, occurrence: Wall, completed: date) -> Wall | None:
        """The rule begun anew on the day of completion, at the time of day of the first occurrence.

        Done early, it can fall on or before the occurrence that was done; then it is the next one after that, because
        every occurrence of a series has a day of its own.
        """
        after = max(completed, _day(occurrence))
        day = next(days(self._rule, completed, after + timedelta(days=1)), None)
        return None if day is None or self._is_after_until(day) else self._on(day)

    def _on(self, day: date) -> Wall:
        return datetime.combine(day, self.start.time()) if isinstance(self.start, datetime) else day

    def _like_start(self, occurrence: Wall) -> Wall:
        """An occurrence as a day or a time, as the series has them."""
        if isinstance(self.start, datetime):
            return occurrence if isinstance(occurrence, datetime) else self._on(occurrence)
        return _day(occurrence)

    def _is_after_until(self, day: date) -> bool:
        until = self._rule.until
        if until is None:
            return False
        if not isinstance(until, datetime):
            return day > until
        due_then = self._on(day)
        if not isinstance(due_then, datetime):
            return day > (until.astimezone(ZoneInfo(self.timezone)) if until.tzinfo else until).date()
        return self._instant(due_then) > until if until.tzinfo else due_then > until

    def _is_over(self, occurrence: Wall, now_wall: datetime) -> bool:
        if isinstance(occurrence, datetime):
            # Instants, because after a clock change 02:30 can be later than 03:10.
            return self._instant(occurrence) < self._instant(now_wall)
        return occurrence < now_wall.date()

    def _instant(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)


def advance(
    series: Series, occurrence: Wall, completed_wall: datetime, now_wall: datetime, *, number: int | None = None
) -> Next | None:
    """What follows an occurrence that was completed: the next one and the missed ones between, None after the last.

    `completed_wall` and `now_wall` are wall-clock times in the todo's zone. `number` says which occurrence of its
    series this is, the first being 1; only a series with COUNT that counts from completion has to be told. The answer
    depends on nothing else, but two calls on both sides of midnight differ: who completes an occurrence has to make
    sure that it was open.
    """
    if series.recurrence_from == RecurrenceFrom.COMPLETION:
        count = read(series.rule).count
        if count is not None:
            if number is None:
                raise ValueError("A series with COUNT that counts from completion needs the number of the occurrence.")
            if number >= count:
                return None
        following, missed = series.next_open(occurrence, completed_wall)
    else:
        following, missed = series.next_open(occurrence, now_wall)
    return None if following is None else Next(following, missed)


def wall(text: str) -> Wall:
    """A whole day from `2027-03-01`, a wall-clock time from `2027-03-01T09:00`."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def written(occurrence: Wall) -> str:
    """`2027-03-01` or `2027-03-01T09:00`: what `wall` reads."""
    if isinstance(occurrence, datetime):
        return f"{occurrence.date()}T{due.clock(time(occurrence.hour, occurrence.minute, occurrence.second))}"
    return occurrence.isoformat()


@lru_cache(maxsize=1_024)
def _last_of_count(text: str, start: date) -> date | None:
    """The day of the last occurrence that COUNT allows, None where nothing is counted."""
    count = read(text).count
    if count is None:
        return None
    return max(islice(days(read(text), start, start + timedelta(days=1)), count - 1), default=start)


def _day(occurrence: Wall) -> date:
    return occurrence.date() if isinstance(occurrence, datetime) else occurrence
