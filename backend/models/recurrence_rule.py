"""Recurrence rules: RFC 5545's RRULE, checked once, kept in one spelling, and the days that it names.

What repeats is a day; the time of day is that of the first occurrence. Days that a rule does not name come from the
first occurrence, as RFC 5545 has it: FREQ=MONTHLY is the day of the month on which the series began.

The 31st and 29 February: a plain rule follows RFC 5545 and leaves out the months and years that have no such day. With
SKIP=BACKWARD (RFC 7529) it takes the last day of the month instead, with SKIP=FORWARD the first of the next. Words mean
what people mean by them: "monthly", "yearly" and "every 31st" take the last day of a shorter month.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from dateutil import rrule

from backend.models.due import EARLIEST, LATEST

RULE_MAX = 500
COUNT_MAX = 10_000
SKIPS = ("OMIT", "BACKWARD", "FORWARD")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_YEARLY, _MONTHLY, _WEEKLY, _DAILY = "YEARLY", "MONTHLY", "WEEKLY", "DAILY"
# A century at most, so that the next occurrence lies within the 400 years that are looked through.
_INTERVAL_MAX = {_DAILY: 36_500, _WEEKLY: 5_200, _MONTHLY: 1_200, _YEARLY: 100}
_LIBRARY: dict[str, Literal[0, 1, 2, 3]] = {
    _YEARLY: rrule.YEARLY,
    _MONTHLY: rrule.MONTHLY,
    _WEEKLY: rrule.WEEKLY,
    _DAILY: rrule.DAILY,
}
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")

# The Gregorian calendar repeats, weekdays too, after 400 years.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
# Which months lack a day, and so which months such a day moves into.
_LACKING = {29: (2,), 30: (2,), 31: (2, 4, 6, 9, 11)}
_ALL_YEAR = tuple(range(1, 13))
_LAST_SURE_DAY = 28
_WEEKDAY_MOST = 5  # times in a month
_LEAP_DAY_OF_YEAR = 60  # 29 February where there is one, else 1 March


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
        months = self.months or _ALL_YEAR
        return self.freq in {_MONTHLY, _YEARLY} and any(
            set(_LACKING.get(day, ())) & set(months) for day in self.month_days
        )

    def resolved(self, start: date) -> "Rule":
        """The same rule with the days written out that it takes from its first occurrence."""
        if self.names_days or self.freq == _DAILY:
            return self
        if self.freq == _WEEKLY or self.weeks:
            return replace(self, weekdays=((start.weekday(), 0),))
        if self.freq == _MONTHLY:
            return replace(self, month_days=(start.day,))
        return replace(self, months=self.months or (start.month,), month_days=(start.day,))


def parse(text: str) -> str:
    """The one spelling of a rule, without `RRULE:`; raises ValueError with what is wrong with it.

    Takes FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT or UNTIL, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY,
    BYDAY, BYSETPOS, WKST, and SKIP (with RSCALE=GREGORIAN or without), in any case and order. Takes words too: daily,
    weekly, monthly, yearly, weekdays, "every month", "every 31st".
    """
    return str(read(text))


@lru_cache(maxsize=1_024)
def read(text: str) -> Rule:
    """The rule of a text; raises ValueError as `parse` does."""
    if len(text) > RULE_MAX:
        raise ValueError(f"must be at most {RULE_MAX} characters")
    words = " ".join(text.split()).lower()
    said = _in_words(words) or words.upper().removeprefix("RRULE:").strip()
    if not said.isascii() or "=" not in said:
        raise ValueError(_HELP)
    parts: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in said.split(";"))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise ValueError(f"needs a value for {_short(name)}, as in FREQ=WEEKLY")
        if name in parts:
            raise ValueError(f"must say {_short(name)} once")
        if name not in _PARTS and name not in _TIMES:
            raise ValueError(f"has {_short(name)}, which is no part of a recurrence rule")
        parts[name] = value
    rule = _from_parts(parts)
    _refuse_what_cannot_be(rule)
    rule = _without_idle_skip(rule)
    if _asks_too_much_of_a_week(rule) or next(_probe(rule), None) is None:
        raise ValueError("never happens: no day fits all of its parts")
    return rule


def for_calendars(text: str) -> str:
    """The rule as other programs take it: RFC 7529 wants RSCALE beside SKIP."""
    return f"RSCALE=GREGORIAN;{text}" if "SKIP=" in text else text


def days(rule: Rule, start: date, since: date) -> Iterator[date]:
    """The days that the rule names from `since` on, rising; `start` is the day of its first occurrence.

    Ends where due dates end, and where no day comes for 400 years. COUNT and UNTIL are not looked at here.
    """
    rule, since = rule.resolved(start), max(since, start)
    while since <= LATEST:
        day = None
        for day in _four_centuries(rule, start, since):
            yield day
        if day is None:
            return
        since = day + timedelta(days=1)


def _four_centuries(rule: Rule, start: date, since: date) -> Iterator[date]:
    # The library follows a rule that names no day until the year 9999, 14 s for a daily one. So it works in the last
    # 800 years before that, whose calendar is that of any other, and is soon there.
    cycles = (date.max.year - since.year) // _CYCLE_YEARS - 1
    shift = cycles * _CYCLE_DAYS
    for moment in _library_days(rule, start, since.toordinal() + shift, cycles):
        ordinal = moment.toordinal() - shift
        if ordinal > LATEST.toordinal():
            return
        if ordinal >= since.toordinal():
            yield date.fromordinal(ordinal)


def _library_days(rule: Rule, start: date, since: int, cycles: int) -> Iterator[datetime]:
    """Days from a little before `since` on, all of them moved by whole cycles of the calendar."""
    began = start.toordinal() + cycles * _CYCLE_DAYS
    if rule.freq == _DAILY and (rule.months or rule.month_days or rule.weekdays):
        # Year by year the library passes over what does not fit; day by day it would stop at each.
        yearly = replace(rule, freq=_YEARLY, interval=1, month_days=rule.month_days or tuple(range(1, 32)))
        first = date(date.fromordinal(since).year, 1, 1)
        found: Iterator[datetime] = (
            day for day in _union(yearly, first) if (day.toordinal() - began) % rule.interval == 0
        )
    else:
        found = iter(_union(rule, _period(rule, start, began, date.fromordinal(since), cycles)))
    end = date.fromordinal(since).replace(month=12, day=31)
    end = end.replace(year=min(end.year + _CYCLE_YEARS, date.max.year))
    try:
        for day in found:
            if day.date() > end:
                return
            yield day
    except ValueError:
        # The week of 31 December 9999 has two days more than a date can hold. They lie after the end.
        return


def _period(rule: Rule, start: date, began: int, since: date, cycles: int) -> date:
    """The first day of a day, week, month or year in step with the start, on or before `since`."""
    if rule.freq == _DAILY:
        return date.fromordinal(since.toordinal() - (since.toordinal() - began) % rule.interval)
    if rule.freq == _WEEKLY:
        # The library would begin in the middle of a week, and BYSETPOS would count from there.
        week = began - (start.weekday() - rule.week_start) % 7
        return date.fromordinal(since.toordinal() - (since.toordinal() - week) % (7 * rule.interval))
    if rule.freq == _MONTHLY:
        began_in = (start.year + cycles * _CYCLE_YEARS) * 12 + start.month - 1
        month = since.year * 12 + since.month - 1
        # And one step more: SKIP=FORWARD moves the day of one month into the next.
        month -= (month - began_in) % rule.interval + rule.interval
        return date(month // 12, month % 12 + 1, 1)
    return date(since.year - (since.year - start.year - cycles * _CYCLE_YEARS) % rule.interval, 1, 1)


def _union(rule: Rule, first: date) -> rrule.rruleset:
    """The library's days from the first day of a period on; a day that SKIP moves is a rule of its own beside it."""
    found = rrule.rruleset()
    parts: dict[str, Any] = {
        "bymonth": rule.months or None,
        "byweekno": rule.weeks or None,
        "byyearday": rule.year_days or None,
        "bymonthday": rule.month_days or None,
        "byweekday": _library_weekdays(rule) or None,
        "bysetpos": rule.positions or None,
    }

    def add(first: date, **changes: Any) -> None:
        found.rrule(
            rrule.rrule(
                _LIBRARY[rule.freq],
                datetime(first.year, first.month, first.day),  # noqa: DTZ001 - a day has no zone
                interval=rule.interval,
                wkst=rrule.weekdays[rule.week_start],
                **(parts | changes),
            )
        )

    add(first)
    for day in rule.month_days if rule.skip != "OMIT" else ():
        lacking = sorted(set(_LACKING.get(day, ())) & set(rule.months or _ALL_YEAR))
        if not lacking:
            continue
        if rule.skip == "BACKWARD":
            add(first, bymonth=lacking, bymonthday=-1)
            continue
        # Nothing moves out of December, which has all days: the year stays the same, and a month is only one further.
        after = first if rule.freq == _YEARLY else (first + timedelta(days=31)).replace(day=1)
        only_common_years = {"byyearday": _LEAP_DAY_OF_YEAR} if day == 29 else {}  # noqa: PLR2004 - 29 February
        add(after, bymonth=[month + 1 for month in lacking], bymonthday=1, **only_common_years)
    return found


def _library_weekdays(rule: Rule) -> list[rrule.weekday]:
    """The weekdays as the library wants them.

    Of `MO,1TU` it takes what is both, so a plain Monday becomes each Monday of the month or year.
    """
    which = {number for _, number in rule.weekdays}
    if which <= {0} or 0 not in which:
        return [rrule.weekday(day, number or None) for day, number in rule.weekdays]
    each = range(1, _WEEKDAY_MOST + 1 if rule.freq == _MONTHLY or rule.months else 54)
    return [rrule.weekday(day, number) for day, said in rule.weekdays for number in ((said,) if said else each)]


def _probe(rule: Rule) -> Iterator[datetime]:
    """Days of the rule in the last whole cycle of the calendar, if it were to begin as fits best."""
    if rule.weeks and not rule.names_days:
        rule = replace(rule, weekdays=tuple((day, 0) for day in range(7)))
    first = date(date.max.year - _CYCLE_YEARS + 1, 1, 1)
    return _library_days(replace(rule, interval=1).resolved(first), first, first.toordinal(), 0)


def _asks_too_much_of_a_week(rule: Rule) -> bool:
    """Such as its fifth Monday: the one weekly rule that never happens. Found without looking at 20,000 weeks."""
    most = len({day for day, _ in rule.weekdays}) or 1
    return rule.freq == _WEEKLY and bool(rule.positions) and min(map(abs, rule.positions)) > most


def _from_parts(parts: dict[str, str]) -> Rule:
    freq = parts.get("FREQ", "")
    if freq in _TOO_OFTEN:
        raise ValueError("must not repeat more than once a day: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
    if freq not in _LIBRARY:
        raise ValueError("needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    for name in _TIMES:
        if name in parts:
            raise ValueError(f"must not have {name}: the time of day is the due_time")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("must end by COUNT or by UNTIL, not by both")
    values = {field: read_part(name, parts[name]) for name, (field, read_part) in _PARTS.items() if name in parts}
    values.pop("rscale", None)
    rule = Rule(**{"freq": freq, **values})
    if rule.interval > _INTERVAL_MAX[freq]:
        raise ValueError(f"must have an INTERVAL of at most {_INTERVAL_MAX[freq]} for {freq}: a century")
    return rule


def _refuse_what_cannot_be(rule: Rule) -> None:
    """What RFC 5545, 3.3.10 forbids, and what of RFC 7529 is not done here."""
    ordinals = any(which for _, which in rule.weekdays)
    wrong: dict[str, object] = {
        "must have BYWEEKNO with FREQ=YEARLY only": rule.weeks and rule.freq != _YEARLY,
        "must have BYYEARDAY with FREQ=YEARLY only": rule.year_days and rule.freq != _YEARLY,
        "must not have BYMONTHDAY with FREQ=WEEKLY": rule.month_days and rule.freq == _WEEKLY,
        "must have numbers in BYDAY, such as 1MO, with FREQ=MONTHLY or YEARLY only": (
            ordinals and rule.freq in {_DAILY, _WEEKLY}
        ),
        "must not have both BYWEEKNO and numbers in BYDAY": ordinals and rule.weeks,
        # The library looks for the 20th Monday of December behind the end of its tables.
        "must have numbers from 1 to 5 or -1 to -5 in BYDAY: no month has more": (
            any(abs(which) > _WEEKDAY_MOST for _, which in rule.weekdays) and (rule.freq == _MONTHLY or rule.months)
        ),
        "must have BYSETPOS with FREQ=WEEKLY, MONTHLY or YEARLY only": rule.positions and rule.freq == _DAILY,
        "must have another BY part beside BYSETPOS": rule.positions
        and not (rule.names_days or rule.months or rule.weeks),
    }
    if rule.skip != "OMIT" and rule.freq in {_MONTHLY, _YEARLY}:
        moves = _without_idle_skip(rule).skip != "OMIT"
        wrong |= {
            "must not have SKIP with BYYEARDAY or BYWEEKNO: it moves days of a month": rule.year_days or rule.weeks,
            "must not have SKIP with days that count from the end beyond -28": any(
                day < -_LAST_SURE_DAY for day in rule.month_days
            ),
            "must not have both SKIP and BYSETPOS": moves and rule.positions,
            "must not have both SKIP and numbers in BYDAY": moves and ordinals,
        }
    for sentence, is_wrong in wrong.items():
        if is_wrong:
            raise ValueError(sentence)


def _without_idle_skip(rule: Rule) -> Rule:
    """No SKIP where every day exists in every month."""
    may_lack = rule.freq in {_MONTHLY, _YEARLY}
    if may_lack and (not rule.names_days or any(day > _LAST_SURE_DAY for day in rule.month_days)):
        return rule
    return replace(rule, skip="OMIT")


def _in_words(words: str) -> str | None:
    if words in _WORDS:
        return _WORDS[words]
    if found := re.fullmatch(r"every ([1-9]|[12]\d|3[01])(st|nd|rd|th)", words, re.ASCII):
        return f"FREQ=MONTHLY;BYMONTHDAY={found[1]};SKIP=BACKWARD"
    return None


def _numbers(most: int, least: int = 1) -> Callable[[str, str], tuple[int, ...]]:
    """Reads a list of numbers from `least` to `most`, negative ones too where `least` is negative."""

    def read_numbers(name: str, value: str) -> tuple[int, ...]:
        texts = value.split(",")
        numbers = {int(text) for text in texts if re.fullmatch(r"[+-]?\d{1,3}", text, re.ASCII)}
        fits = len(numbers) > 0 and all(re.fullmatch(r"[+-]?\d{1,3}", text, re.ASCII) for text in texts)
        if not fits or 0 in numbers or not least <= min(numbers) <= max(numbers) <= most:
            span = f"1 to {most}" if least > 0 else f"1 to {most} or -1 to {least}"
            raise ValueError(f"must have numbers from {span} in {name}")
        return tuple(sorted(numbers, key=lambda number: (number < 0, number)))

    return read_numbers


def _number(most: int) -> Callable[[str, str], int]:
    def read_number(name: str, value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not 1 <= int(value) <= most:
            raise ValueError(f"must have a number from 1 to {most} in {name}")
        return int(value)

    return read_number


def _read_weekdays(name: str, value: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for text in value.split(","):
        match = re.fullmatch(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text, re.ASCII)
        number = int(match[1]) if match and match[1] else 0
        if not match or abs(number) > 53 or (match[1] and not number):  # noqa: PLR2004 - weeks of a year
            raise ValueError(f"must have weekdays in {name}, such as MO,WE or 1FR (the first) or -1FR (the last)")
        found.add((WEEKDAYS.index(match[2]), number))
    return tuple(sorted(found))


def _one_of(choices: tuple[str, ...]) -> Callable[[str, str], str]:
    def read_choice(name: str, value: str) -> str:
        if value not in choices:
            raise ValueError(f"must have {', '.join(choices[:-1])} or {choices[-1]} in {name}")
        return value

    return read_choice


def _read_calendar(name: str, value: str) -> None:
    if value != "GREGORIAN":
        raise ValueError(f"must have GREGORIAN in {name}: no other calendar is known here")


def _read_week_start(name: str, value: str) -> int:
    return WEEKDAYS.index(_one_of(WEEKDAYS)(name, value))


def _read_until(name: str, value: str) -> date | datetime:
    """A day, a wall-clock time, or with Z an instant."""
    match = re.fullmatch(r"(\d{8})(?:(T\d{6})(Z)?)?", value, re.ASCII)
    try:
        moment = datetime.fromisoformat(match[1] + (match[2] or "")) if match else datetime.min  # noqa: DTZ901
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - below, it is refused
    if not match or not EARLIEST <= moment.date() <= LATEST:
        raise ValueError(f"must have a day such as 20271231 or a time such as 20271231T235900Z in {name}")
    if not match[2]:
        return moment.date()
    return moment.replace(tzinfo=UTC) if match[3] else moment


def _until_text(until: date | datetime | None) -> str | None:
    if not isinstance(until, datetime):
        return until.isoformat().replace("-", "") if until else None
    return until.replace(tzinfo=None).isoformat().replace("-", "").replace(":", "") + ("Z" if until.tzinfo else "")


def _short(name: str) -> str:
    return name[:20] or "each part"


_WEEKDAYS_RULE = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
_WORDS = {
    **dict.fromkeys(("daily", "every day"), "FREQ=DAILY"),
    **dict.fromkeys(("weekly", "every week"), "FREQ=WEEKLY"),
    **dict.fromkeys(("monthly", "every month"), "FREQ=MONTHLY;SKIP=BACKWARD"),
    **dict.fromkeys(("yearly", "annually", "every year"), "FREQ=YEARLY;SKIP=BACKWARD"),
    **dict.fromkeys(("weekdays", "every weekday"), _WEEKDAYS_RULE),
}
_PARTS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "FREQ": ("freq", _one_of(tuple(_LIBRARY))),
    "INTERVAL": ("interval", _number(999_999_999)),
    "COUNT": ("count", _number(COUNT_MAX)),
    "UNTIL": ("until", _read_until),
    "BYMONTH": ("months", _numbers(12)),
    # The 52nd week from the end can be the first, which begins in the year before; there the library misses its days.
    "BYWEEKNO": ("weeks", _numbers(53, -51)),
    "BYYEARDAY": ("year_days", _numbers(366, -366)),
    "BYMONTHDAY": ("month_days", _numbers(31, -31)),
    "BYDAY": ("weekdays", _read_weekdays),
    "BYSETPOS": ("positions", _numbers(366, -366)),
    "WKST": ("week_start", _read_week_start),
    "SKIP": ("skip", _one_of(SKIPS)),
    "RSCALE": ("rscale", _read_calendar),
}
_HELP = "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=MO, or daily, weekly, monthly, yearly or weekdays"
