"""RFC 5545's rules of days told a second time, slowly and without the library: each day of each period is looked at.

For SKIP, RFC 7529: a day that a month lacks is moved before BYDAY is looked at.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from backend.models.recurrence_rule import Rule

DAY = timedelta(days=1)


def days(rule: Rule, start: date, end: date) -> Iterator[date]:
    """The days that a rule names from its start to the end, the start only if the rule names it."""
    rule = rule.resolved(start)
    found: set[date] = set()
    for period in periods(rule, start, end):
        fitting = sorted(fit(rule, period))
        if rule.positions:
            # The second time counted from the end: a position beyond the set picks nothing.
            fitting = [
                day
                for index, day in enumerate(fitting)
                if index + 1 in rule.positions or index - len(fitting) in rule.positions
            ]
        found.update(fitting)
    yield from sorted(day for day in found if start <= day <= end)


def periods(rule: Rule, start: date, end: date) -> Iterator[list[date]]:
    """The days of every period in step with the start, the one before it too, because SKIP moves days forward."""
    if rule.freq == "DAILY":
        firsts = [start + DAY * n for n in range(0, (end - start).days + 1, rule.interval)]
        yield from ([day] for day in firsts)
    elif rule.freq == "WEEKLY":
        first = start - DAY * ((start.weekday() - rule.week_start) % 7)
        while first <= end:
            yield [first + DAY * n for n in range(7)]
            first += DAY * 7 * rule.interval
    elif rule.freq == "MONTHLY":
        month = start.year * 12 + start.month - 1 - rule.interval
        while month <= end.year * 12 + end.month:
            yield span(date(month // 12, month % 12 + 1, 1), date((month + 1) // 12, (month + 1) % 12 + 1, 1))
            month += rule.interval
    else:
        for year in range(start.year, end.year + 1, rule.interval):
            yield span(date(year, 1, 1), date(year + 1, 1, 1))


def span(first: date, beyond: date) -> list[date]:
    return [first + DAY * n for n in range((beyond - first).days)]


def fit(rule: Rule, period: list[date]) -> Iterator[date]:
    """The days of one period that fit all parts of the rule."""
    for day in period:
        if rule.months and day.month not in rule.months:
            continue
        last = month_length(day)
        named = not rule.month_days or day.day in rule.month_days or day.day - last - 1 in rule.month_days
        if named and fits_otherwise(rule, day):
            yield day
        if day.day == last and rule.skip != "OMIT" and any(said > last for said in rule.month_days):
            moved = day if rule.skip == "BACKWARD" else day + DAY
            if fits_otherwise(rule, moved):
                yield moved


def fits_otherwise(rule: Rule, day: date) -> bool:
    year_day, year_length = day.timetuple().tm_yday, (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    if rule.year_days and not {year_day, year_day - year_length - 1} & set(rule.year_days):
        return False
    if rule.weeks and not set(week_numbers(day, rule.week_start)) & set(rule.weeks):
        return False
    return not rule.weekdays or any(is_the(rule, day, weekday, which) for weekday, which in rule.weekdays)


def is_the(rule: Rule, day: date, weekday: int, which: int) -> bool:
    if day.weekday() != weekday:
        return False
    if not which:
        return True
    if rule.freq == "MONTHLY" or rule.months:
        number, length = day.day, month_length(day)
    else:
        number, length = day.timetuple().tm_yday, (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return which in {(number - 1) // 7 + 1, -((length - number) // 7) - 1}


def week_numbers(day: date, week_start: int) -> tuple[int, int]:
    """The number of the week of a day, from the beginning and from the end of the year that the week belongs to."""
    first = day - DAY * ((day.weekday() - week_start) % 7)
    year = (first + DAY * 3).year

    def week_one(year: int) -> date:
        fourth = date(year, 1, 4)
        return fourth - DAY * ((fourth.weekday() - week_start) % 7)

    number = (first - week_one(year)).days // 7 + 1
    weeks = (week_one(year + 1) - week_one(year)).days // 7
    return number, number - weeks - 1


def month_length(day: date) -> int:
    return (date(day.year + day.month // 12, day.month % 12 + 1, 1) - date(day.year, day.month, 1)).days
