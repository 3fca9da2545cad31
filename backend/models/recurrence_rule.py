"""A recurrence rule: what RFC 5545's RRULE can say here, and its one spelling.

What repeats is a day; the time of day is that of the first occurrence. Days that a rule does not name come from the
first occurrence, as RFC 5545 has it: FREQ=MONTHLY is the day of the month on which the series began.

The 31st and 29 February: a plain rule follows RFC 5545 and leaves out the months and years that have no such day. With
SKIP=BACKWARD (RFC 7529) it takes the last day of the month instead, with SKIP=FORWARD the first of the next.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

RULE_MAX = 500
COUNT_MAX = 10_000
SKIPS = ("OMIT", "BACKWARD", "FORWARD")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
YEARLY, MONTHLY, WEEKLY, DAILY = "YEARLY", "MONTHLY", "WEEKLY", "DAILY"
# Which months lack a day, and so which months such a day moves into.
LACKING = {29: (2,), 30: (2,), 31: (2, 4, 6, 9, 11)}
ALL_YEAR = tuple(range(1, 13))
WEEKDAY_MOST = 5  # times in a month


@dataclass(frozen=True)
class Rule:
    """A rule that has been checked; `str` is its one spelling."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    """Monday is 0; the second number is which one of the month or year, 0 for each."""
    positions: tuple[int, ...] = ()
    week_start: int = 0
    skip: str = "OMIT"

    def __str__(self) -> str:
        numbers = {
            "BYMONTH": self.months,
            "BYWEEKNO": self.weeks,
            "BYYEARDAY": self.year_days,
            "BYMONTHDAY": self.month_days,
            "BYDAY": tuple(f"{which or ''}{WEEKDAYS[day]}" for day, which in self.weekdays),
            "BYSETPOS": self.positions,
        }
        parts = {
            "FREQ": self.freq,
            "INTERVAL": self.interval if self.interval > 1 else None,
            "COUNT": self.count,
            "UNTIL": _until_text(self.until),
            **{name: ",".join(map(str, values)) for name, values in numbers.items()},
            "WKST": WEEKDAYS[self.week_start] if self.week_start else None,
            "SKIP": self.skip if self.skip != "OMIT" else None,
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    @property
    def names_days(self) -> bool:
        """False when the day comes from the first occurrence alone."""
        return bool(self.year_days or self.month_days or self.weekdays)

    @property
    def lacks_days(self) -> bool:
        """True when a month that it names does not always have a day that it names."""
        months = self.months or ALL_YEAR
        return self.freq in {MONTHLY, YEARLY} and any(
            set(LACKING.get(day, ())) & set(months) for day in self.month_days
        )

    def resolved(self, start: date) -> "Rule":
        """The same rule with the days written out that it takes from its first occurrence."""
        if self.names_days or self.freq == DAILY:
            return self
        if self.freq == WEEKLY or self.weeks:
            return replace(self, weekdays=((start.weekday(), 0),))
        if self.freq == MONTHLY:
            return replace(self, month_days=(start.day,))
        return replace(self, months=self.months or (start.month,), month_days=(start.day,))


def _until_text(until: date | datetime | None) -> str | None:
    if not isinstance(until, datetime):
        return until.isoformat().replace("-", "") if until else None
    return until.replace(tzinfo=None).isoformat().replace("-", "").replace(":", "") + ("Z" if until.tzinfo else "")
