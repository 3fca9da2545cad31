"""The days that a recurrence rule names, as python-dateutil counts them, with what it cannot count put right."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from dateutil import rrule

from backend.models.due import LATEST
from backend.models.recurrence_rule import ALL_YEAR, DAILY, LACKING, MONTHLY, WEEKDAY_MOST, WEEKLY, YEARLY, Rule

_LIBRARY: dict[str, Literal[0, 1, 2, 3]] = {
    YEARLY: rrule.YEARLY,
    MONTHLY: rrule.MONTHLY,
    WEEKLY: rrule.WEEKLY,
    DAILY: rrule.DAILY,
}
# The Gregorian calendar repeats, weekdays too, after 400 years.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_LEAP_DAY_OF_YEAR = 60  # 29 February where there is one, else 1 March


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
    if rule.freq == DAILY and (rule.months or rule.month_days or rule.weekdays):
        # Year by year the library passes over what does not fit; day by day it would stop at each.
        yearly = replace(rule, freq=YEARLY, interval=1, month_days=rule.month_days or tuple(range(1, 32)))
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
    if rule.freq == DAILY:
        return date.fromordinal(since.toordinal() - (since.toordinal() - began) % rule.interval)
    if rule.freq == WEEKLY:
        # The library would begin in the middle of a week, and BYSETPOS would count from there.
        week = began - (start.weekday() - rule.week_start) % 7
        return date.fromordinal(since.toordinal() - (since.toordinal() - week) % (7 * rule.interval))
    if rule.freq == MONTHLY:
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
        lacking = sorted(set(LACKING.get(day, ())) & set(rule.months or ALL_YEAR))
        if not lacking:
            continue
        if rule.skip == "BACKWARD":
            add(first, bymonth=lacking, bymonthday=-1)
            continue
        # Nothing moves out of December, which has all days: the year stays the same, and a month is only one further.
        after = first if rule.freq == YEARLY else (first + timedelta(days=31)).replace(day=1)
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
    each = range(1, WEEKDAY_MOST + 1 if rule.freq == MONTHLY or rule.months else 54)
    return [rrule.weekday(day, number) for day, said in rule.weekdays for number in ((said,) if said else each)]


def happens(rule: Rule) -> bool:
    """Whether the rule names any day in a whole cycle of the calendar, if it were to begin as fits best."""
    if _asks_too_much_of_a_week(rule):
        return False
    if rule.weeks and not rule.names_days:
        rule = replace(rule, weekdays=tuple((day, 0) for day in range(7)))
    first = date(date.max.year - _CYCLE_YEARS + 1, 1, 1)
    found = _library_days(replace(rule, interval=1).resolved(first), first, first.toordinal(), 0)
    return next(found, None) is not None


def _asks_too_much_of_a_week(rule: Rule) -> bool:
    """Such as its fifth Monday: the one weekly rule that never happens. Found without looking at 20,000 weeks."""
    most = len({day for day, _ in rule.weekdays}) or 1
    return rule.freq == WEEKLY and bool(rule.positions) and min(map(abs, rule.positions)) > most
