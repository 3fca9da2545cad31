"""Recurrence rules in plain English, for the people who look at them."""

from datetime import UTC, date, datetime

from backend.models import due
from backend.models.recurrence_rule import Rule
from backend.models.recurrence_text import read

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_RANKS = ("", "first", "second", "third", "fourth", "fifth")
_WORK_WEEK = tuple((day, 0) for day in range(5))


def describe(text: str, start: date | datetime | None = None) -> str:
    """`every second Tuesday at 09:00, 10 times`: what a rule means.

    With the first occurrence it says the time of day too, and the day that the rule takes from it.
    """
    rule = read(text)
    if start is not None:
        rule = rule.resolved(start.date() if isinstance(start, datetime) else start)
    words = [_frequency(rule), _days(rule), "" if rule.month_days else _months(rule)]
    if isinstance(start, datetime):
        words.append(f"at {due.clock(start.time())}")
    return " ".join(filter(None, words)) + _skipping(rule) + _ending(rule)


def _frequency(rule: Rule) -> str:
    """`every day`, `every 3 weeks`; a weekly rule for one weekday is named after it."""
    if rule.freq in {"DAILY", "WEEKLY"} and rule.weekdays and not rule.month_days and not rule.positions:
        names = "weekday" if rule.weekdays == _WORK_WEEK else _joined([due.WEEKDAYS[day] for day, _ in rule.weekdays])
        if rule.interval == 1:
            return f"every {names}"
        if rule.freq == "WEEKLY" and rule.interval == 2 and len(rule.weekdays) == 1:  # noqa: PLR2004 - every second
            return f"every second {names}"
        return f"{_every(rule)} on {'weekdays' if rule.weekdays == _WORK_WEEK else names}" + (
            " only" if rule.freq == "DAILY" else ""
        )
    return _every(rule)


def _every(rule: Rule) -> str:
    unit = _UNITS[rule.freq]
    if rule.interval == 1:
        return f"every {unit}"
    return f"every second {unit}" if rule.interval == 2 else f"every {rule.interval} {unit}s"  # noqa: PLR2004


def _days(rule: Rule) -> str:
    """`on the last Friday`, `on 29 February`, `on the 1st and the last day`."""
    phrases = []
    if rule.weeks:
        phrases.append(f"in week {_joined([_from_end(week) for week in rule.weeks])}")
    if rule.year_days:
        phrases.append(f"on the {_joined([_nth(day) for day in rule.year_days])} day of the year")
    if _is_one_date(rule):
        phrases.append(f"on {rule.month_days[0]} {_joined([_MONTHS[month - 1] for month in rule.months])}")
    elif rule.month_days:
        months = f"of {_joined([_MONTHS[month - 1] for month in rule.months])}" if rule.months else ""
        # A year has twelve of each, and a day as such has no month around it; a month is the one it is.
        months = months or {"YEARLY": "of each month", "DAILY": "of the month"}.get(rule.freq, "")
        phrases.append(f"on the {_joined([_day_of_month(day) for day in rule.month_days])} {months}".rstrip())
    if rule.weekdays and (rule.freq in {"MONTHLY", "YEARLY"} or rule.month_days or rule.positions):
        phrases.append(_weekdays(rule))
    elif rule.positions:
        phrases.append(f"on the {_joined([_nth(which) for which in rule.positions])} of these days")
    return " ".join(phrases)


def _weekdays(rule: Rule) -> str:
    if rule.month_days or rule.year_days:
        said = _joined([due.WEEKDAYS[day] for day, _ in rule.weekdays], "or")
        return f"if it is a {said}" + (
            f", the {_joined([_nth(which) for which in rule.positions])} of these" if rule.positions else ""
        )
    names = [
        f"{_nth(which)} {due.WEEKDAYS[day]}" if which else f"each {due.WEEKDAYS[day]}" for day, which in rule.weekdays
    ]
    if rule.positions:
        which = _joined([_nth(position) for position in rule.positions])
        kinds = "weekday" if rule.weekdays == _WORK_WEEK else None
        kinds = kinds or ("day" if len(rule.weekdays) == len(due.WEEKDAYS) else None)
        return f"on the {which} {kinds or _joined([due.WEEKDAYS[day] for day, _ in rule.weekdays], 'or')}"
    if all(which for _, which in rule.weekdays):
        return f"on the {_joined(names)}"
    if not any(which for _, which in rule.weekdays):
        return f"on each {_joined([due.WEEKDAYS[day] for day, _ in rule.weekdays])}"
    return f"on {_joined([name if name.startswith('each') else f'the {name}' for name in names])}"


def _months(rule: Rule) -> str:
    return f"in {_joined([_MONTHS[month - 1] for month in rule.months])}" if rule.months else ""


def _is_one_date(rule: Rule) -> bool:
    """Whether it reads best as a date, `on 29 February`."""
    plain = not (rule.weekdays or rule.year_days or rule.weeks or rule.positions)
    return (
        plain and rule.freq == "YEARLY" and bool(rule.months) and len(rule.month_days) == 1 and rule.month_days[0] > 0
    )


def _skipping(rule: Rule) -> str:
    """What happens in a month without the day."""
    if not rule.lacks_days:
        return ""
    return {
        "OMIT": ", where there is one",
        "BACKWARD": ", or the last day of a shorter month",
        "FORWARD": ", or the first day after a shorter month",
    }[rule.skip]


def _ending(rule: Rule) -> str:
    if rule.count is not None:
        return ", once" if rule.count == 1 else f", {rule.count} times"
    if rule.until is None:
        return ""
    day = f"{rule.until.day} {_MONTHS[rule.until.month - 1]} {rule.until.year}"
    if isinstance(rule.until, datetime):
        day += f" {due.clock(rule.until.time())}" + (" UTC" if rule.until.tzinfo is UTC else "")
    return f", until {day}"


def _nth(number: int) -> str:
    """`first`, `last`, `second to last`, `20th`."""
    if number < 0:
        return "last" if number == -1 else f"{_nth(-number)} to last"
    return _RANKS[number] if number < len(_RANKS) else _ordinal(number)


def _day_of_month(day: int) -> str:
    return _ordinal(day) if day > 0 else f"{_nth(day)} day"


def _from_end(week: int) -> str:
    return str(week) if week > 0 else f"{-week} from the end"


def _ordinal(number: int) -> str:
    last = number % 10 if number % 100 not in {11, 12, 13} else 0
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(last, 'th')}"


def _joined(words: list[str], link: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {link} {words[-1]}"
