"""Recurrence rules as text: read, checked once, and brought into one spelling.

Words mean what people mean by them: "monthly", "yearly" and "every 31st" take the last day of a shorter month.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from backend.models.due import EARLIEST, LATEST
from backend.models.recurrence_days import happens
from backend.models.recurrence_rule import (
    COUNT_MAX,
    DAILY,
    MONTHLY,
    RULE_MAX,
    SKIPS,
    WEEKDAY_MOST,
    WEEKDAYS,
    WEEKLY,
    YEARLY,
    Rule,
)

# A century at most, so that the next occurrence lies within the 400 years that are looked through.
_INTERVAL_MAX = {DAILY: 36_500, WEEKLY: 5_200, MONTHLY: 1_200, YEARLY: 100}
_FREQUENCIES = (YEARLY, MONTHLY, WEEKLY, DAILY)
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_LAST_SURE_DAY = 28


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
    if not happens(rule):
        raise ValueError("never happens: no day fits all of its parts")
    return rule


def for_calendars(text: str) -> str:
    """The rule as other programs take it: RFC 7529 wants RSCALE beside SKIP."""
    return f"RSCALE=GREGORIAN;{text}" if "SKIP=" in text else text


def _from_parts(parts: dict[str, str]) -> Rule:
    freq = parts.get("FREQ", "")
    if freq in _TOO_OFTEN:
        raise ValueError("must not repeat more than once a day: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
    if freq not in _FREQUENCIES:
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
        "must have BYWEEKNO with FREQ=YEARLY only": rule.weeks and rule.freq != YEARLY,
        "must have BYYEARDAY with FREQ=YEARLY only": rule.year_days and rule.freq != YEARLY,
        "must not have BYMONTHDAY with FREQ=WEEKLY": rule.month_days and rule.freq == WEEKLY,
        "must have numbers in BYDAY, such as 1MO, with FREQ=MONTHLY or YEARLY only": (
            ordinals and rule.freq in {DAILY, WEEKLY}
        ),
        "must not have both BYWEEKNO and numbers in BYDAY": ordinals and rule.weeks,
        # The library looks for the 20th Monday of December behind the end of its tables.
        "must have numbers from 1 to 5 or -1 to -5 in BYDAY: no month has more": (
            any(abs(which) > WEEKDAY_MOST for _, which in rule.weekdays) and (rule.freq == MONTHLY or rule.months)
        ),
        "must have BYSETPOS with FREQ=WEEKLY, MONTHLY or YEARLY only": rule.positions and rule.freq == DAILY,
        "must have another BY part beside BYSETPOS": rule.positions
        and not (rule.names_days or rule.months or rule.weeks),
    }
    if rule.skip != "OMIT" and rule.freq in {MONTHLY, YEARLY}:
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
    may_lack = rule.freq in {MONTHLY, YEARLY}
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
    "FREQ": ("freq", _one_of(_FREQUENCIES)),
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
