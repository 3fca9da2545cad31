"""Calendar days: the next one with a name, a number or a distance. None where the calendar ends."""

import calendar
from datetime import date, timedelta

from backend.models import due
from backend.quick import words

DAYS_OF = {"day": 1, "week": 7}
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
_YEARS_TO_LEAP_DAY = 9  # 2096 to 2104


def shifted(day: date, count: int, unit: str) -> date | None:
    """So many days, weeks, months or years later; the 31st becomes the last day of a shorter month."""
    try:
        if unit in DAYS_OF:
            moved = day + timedelta(days=count * DAYS_OF[unit])
        else:
            months = day.year * 12 + day.month - 1 + count * MONTHS_OF[unit]
            year, month = months // 12, months % 12 + 1
            moved = date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    except (OverflowError, ValueError):
        return None
    return moved if due.EARLIEST <= moved <= due.LATEST else None


def after(day: date, weekday: int) -> date | None:
    """The first such weekday after this day."""
    return shifted(day, (weekday - day.weekday() - 1) % 7 + 1, "day")


def from_on(day: date, weekday: int) -> date | None:
    """The first such weekday, this day included."""
    return shifted(day, (weekday - day.weekday()) % 7, "day")


def in_next_week(day: date, weekday: int) -> date | None:
    """That weekday of the week that begins with the next Monday."""
    return shifted(day, 7 - day.weekday() + weekday, "day")


def in_year(year: int, month: int, number: int) -> date | None:
    """That day, None where there is none, as for 30 February."""
    try:
        found = date(year, month, number)
    except ValueError:
        return None
    return found if due.EARLIEST <= found <= due.LATEST else None


def next_date(day: date, month: int, number: int) -> date | None:
    """The next such day of a year, this day included; for 29 February the next leap day."""
    years = range(day.year, day.year + _YEARS_TO_LEAP_DAY)
    found = (in_year(year, month, number) for year in years)
    return next((one for one in found if one and one >= day), None)


def next_number(day: date, number: int) -> date | None:
    """The next day with this number, this day included, in the next month that has one."""
    months = (shifted(day.replace(day=1), count, "month") for count in range(12))
    found = (month and in_year(month.year, month.month, number) for month in months)
    return next((one for one in found if one and one >= day), None)


def last_of_month(day: date) -> date | None:
    """The last day of the month."""
    return in_year(day.year, day.month, calendar.monthrange(day.year, day.month)[1])


def in_words(day: date) -> str:
    """`Tuesday 2 March 2027`."""
    # Not by strftime, which speaks the language of the machine.
    return f"{words.WEEKDAY_NAMES[day.weekday()]} {day.day} {words.MONTH_NAMES[day.month - 1]} {day.year}"
