"""Recurrence in words: every other Tuesday, every 1st, daily, until June, 10 times."""

import re
from dataclasses import dataclass, replace
from datetime import date

from backend.quick import dates, days, words
from backend.quick.phrases import Cursor, Day, Doubt, Kind, Moment, Phrase, Scene, Strength
from backend.quick.rules import LAST, WORKDAYS, Rule

_WEEKDAY_RANGE = re.compile(r"([a-z]+)[-–]([a-z]+)")  # noqa: RUF001 - the dashes that people type
_TIMES = re.compile(r"x?([0-9]{1,3})x?")
_COUNT_MAX = 999
_UNIT_RULES = {
    "day": ("DAILY", 1),
    "week": ("WEEKLY", 1),
    "month": ("MONTHLY", 1),
    "quarter": ("MONTHLY", 3),
    "year": ("YEARLY", 1),
}
# No longer than a century, which is what a series can be asked for.
_LENGTH_MAX = {"day": 999, "week": 999, "month": 999, "quarter": 400, "year": 100}
_WEEKS_IN_A_MONTH = 5
_NUMBER_MAX = 31
_AND = frozenset({"and", "und", "&"})

Found = tuple[Rule | Doubt, Strength] | None


@dataclass(frozen=True)
class Until:
    """The last day it may happen on."""

    day: date


@dataclass(frozen=True)
class Count:
    """How often it happens."""

    count: int


@dataclass(frozen=True)
class Lasting:
    """How long it goes on from its first day."""

    count: int
    unit: str


def phrase(cursor: Cursor, scene: Scene) -> Phrase | None:
    """A recurrence: `every other Tuesday`, `3 days after completion`."""
    for form in (_every, _of_every_month, _counted_from_completion, _each_weekday, _adverb):
        cursor.at = cursor.first
        if found := form(cursor, scene):
            what, strength = found
            if isinstance(what, Rule) and _after_completion(cursor):
                what, strength = replace(what, from_completion=True), Strength.STRONG
            return Phrase(Kind.REPEAT, cursor.first, cursor.at, what, strength, has_lead=form is _every)
    return None


def end(cursor: Cursor, scene: Scene) -> Phrase | None:
    """Where a recurrence ends: `until June`, `10 times`, `for 3 weeks`. Means something only beside one."""
    if cursor.take(words.UNTIL):
        cursor.take(("on",))
        found = dates.value(cursor, scene, anywhere=True)
        if not found or not isinstance(found[0], Day | Moment):
            return None
        what = found[0]
        day = what.day
        if isinstance(what, Day) and what.is_month:
            before = days.shifted(day, -1, "day")  # until June: June itself is no part of it
            if not before:
                return None
            day = before
        return Phrase(Kind.END, cursor.first, cursor.at, Until(day), has_lead=True)
    has_for = bool(cursor.take(("for",)))
    back = cursor.at
    if found_times := cursor.match(_TIMES):
        count = int(found_times[1])
        is_count = cursor.take(("times", "mal")) or found_times[0].strip("0123456789")
    else:
        count, is_count = cursor.number() or 0, cursor.take(("times", "mal"))
    if is_count and 1 <= count <= _COUNT_MAX:
        return Phrase(Kind.END, cursor.first, cursor.at, Count(count), Strength.BESIDE)
    cursor.at = back
    if has_for and (length := cursor.number()) and (unit := cursor.take(words.UNITS)):
        unit = words.UNITS[unit]
        if unit not in words.CLOCK_UNITS:
            return Phrase(Kind.END, cursor.first, cursor.at, Lasting(length, unit), Strength.BESIDE)
    return None


def start(cursor: Cursor, scene: Scene) -> Phrase | None:
    """Where a recurrence starts: `starting Monday`. Means something only beside one."""
    if not cursor.take(words.STARTING):
        return None
    cursor.take(("on",))
    found = dates.value(cursor, scene, anywhere=True)
    if not found or not isinstance(found[0], Day):
        return None
    return Phrase(Kind.START, cursor.first, cursor.at, found[0], has_lead=True)


def _every(cursor: Cursor, scene: Scene) -> Found:
    cursor.take(("on",))
    at = cursor.at
    if not cursor.take(words.EVERY):
        return None
    token = cursor.tokens[at]
    from_completion = token.stops == "!"
    if token.stops and not from_completion:
        return None
    # What follows is a phrase of its own, so that the "!" does not end it.
    inner = Cursor(cursor.tokens, cursor.at)
    found = _what(inner, scene)
    if not found:
        return None
    cursor.at = inner.at
    what, strength = found
    if from_completion and isinstance(what, Rule):
        what = replace(what, from_completion=True)
    return what, strength


def _what(cursor: Cursor, scene: Scene) -> Found:
    """Whatever can follow `every`."""
    for form in (_last, _yearly_date, _ordinals, _interval, _weekdays, _part_of_day):
        cursor.at = cursor.first
        if found := form(cursor, scene):
            return found
    return None


def _part_of_day(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - one signature for every form
    word = cursor.take(words.PERIODS)
    return (Rule("DAILY", hour=words.PERIODS[word]), Strength.STRONG) if word else None


def _last(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - the same
    """`last Friday`, `last day`, both of the month."""
    if not cursor.take(words.LAST):
        return None
    if words.UNITS.get(cursor.take(words.UNITS)) == "day":
        rule = Rule("MONTHLY", numbers=(LAST,))
    elif word := cursor.take(words.WEEKDAYS):
        rule = Rule("MONTHLY", weekdays=((LAST, words.WEEKDAYS[word]),))
    else:
        return None
    _of_the_month(cursor)
    return rule, Strength.STRONG


def _yearly_date(cursor: Cursor, scene: Scene) -> Found:
    """`Jan 27`, `27th of January`."""
    for numbered, named in ((0, 1), (1, 0)):
        cursor.at = cursor.first
        parts: dict[int, int] = {}
        for place in range(2):
            if place == named and (word := cursor.take(words.MONTHS)):
                parts[named] = words.MONTHS[word]
            elif place == numbered and (found := cursor.match(re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?"))):
                parts[numbered] = int(found[1])
                cursor.take(("of",)) if numbered == 0 else None
        if len(parts) == 2:  # noqa: PLR2004 - day and month
            month, number = parts[named], parts[numbered]
            if not days.next_date(scene.today, month, number):
                return Doubt(f"{words.MONTH_NAMES[month - 1]} has no such day"), Strength.STRONG
            return Rule("YEARLY", month=month, numbers=(number,)), Strength.STRONG
    return None


def _ordinals(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001, PLR0911 - one signature, one return, a form
    """`1st`, `1st and 15th`; `first Monday`, `2nd Tuesday of the month`; `second day`."""
    at = cursor.at
    is_word = cursor.word() in words.ORDINALS
    number = cursor.ordinal(dotted=True)
    if number is None or not 1 <= number <= _NUMBER_MAX:
        return None
    if (word := cursor.take(words.UNITS)) and words.UNITS[word] not in words.CLOCK_UNITS:
        if words.UNITS[word] == "day" and _of_the_month(cursor):
            return Rule("MONTHLY", numbers=(number,)), Strength.STRONG
        frequency, times = _UNIT_RULES[words.UNITS[word]]
        return Rule(frequency, number * times), Strength.STRONG
    if word := cursor.take(words.WEEKDAYS):
        weekday = words.WEEKDAYS[word]
        if number <= _WEEKS_IN_A_MONTH and (_of_the_month(cursor) or number == 1):
            return Rule("MONTHLY", weekdays=((number, weekday),)), Strength.STRONG
        if is_word and number == 2:  # noqa: PLR2004 - "every second Tuesday" is every other Tuesday
            return Rule("WEEKLY", 2, weekdays=((0, weekday),)), Strength.STRONG
        name = words.WEEKDAY_NAMES[weekday]
        return (
            Doubt(
                f"could be every {number} weeks or the {cursor.tokens[at].word} {name} of a month; "
                f'write "every {number} weeks on {name}" or add "of the month"'
            ),
            Strength.STRONG,
        )
    if is_word:
        return None
    numbers = _more_numbers(cursor, [number])
    # "Mop every 1st floor" names no day.
    is_clear = _of_the_month(cursor) or len(numbers) > 1
    return Rule("MONTHLY", numbers=tuple(numbers)), Strength.STRONG if is_clear else Strength.WEAK


def _more_numbers(cursor: Cursor, numbers: list[int]) -> list[int]:
    while True:
        back = cursor.at
        cursor.take(_AND, commas=True)
        number = cursor.ordinal(in_words=False, dotted=True, commas=True)
        if number is None or not 1 <= number <= _NUMBER_MAX:
            cursor.at = back
            return sorted(set(numbers))
        numbers.append(number)


def _of_the_month(cursor: Cursor) -> bool:
    return (
        cursor.take_all("of", "the", "month")
        or cursor.take_all("of", "every", "month")
        or (
            cursor.take_all("of", "each", "month") or cursor.take_all("im", "monat") or cursor.take_all("des", "monats")
        )
    )


def _interval(cursor: Cursor, scene: Scene) -> Found:
    """`day`, `2 weeks`, `other month on the 15th`."""
    other = bool(cursor.take(words.OTHER))
    number = 2 if other else cursor.number()
    if other and (weekdays := _weekday_list(cursor)):
        return Rule("WEEKLY", 2, weekdays=weekdays), Strength.STRONG
    interval = 1 if number is None else number
    word = cursor.take(words.UNITS)
    if not word:
        return None
    unit = words.UNITS[word]
    if unit in words.CLOCK_UNITS:
        return Doubt("a todo recurs once a day at most"), Strength.STRONG
    if not 1 <= interval <= _LENGTH_MAX[unit]:
        return None
    frequency, times = _UNIT_RULES[unit]
    return _on(cursor, scene, Rule(frequency, interval * times)), Strength.STRONG


def _on(cursor: Cursor, scene: Scene, rule: Rule) -> Rule:
    """The days that may follow: `on Monday and Friday`, `on the 15th`, `on the last Friday`, `on Jan 27`."""
    back = cursor.at
    if not cursor.take(("on", "am")):
        return rule
    if rule.frequency == "WEEKLY" and (weekdays := _weekday_list(cursor)):
        return replace(rule, weekdays=weekdays)
    if rule.frequency == "MONTHLY" and (found := _on_the(cursor)):
        return replace(found, interval=rule.interval)
    if rule.frequency == "YEARLY":
        inner = Cursor(cursor.tokens, cursor.at)
        found_date = _yearly_date(inner, scene)
        if found_date and isinstance(found_date[0], Rule):
            cursor.at = inner.at
            return replace(found_date[0], interval=rule.interval)
    cursor.at = back
    return rule


def _on_the(cursor: Cursor) -> Rule | None:
    cursor.take(("the",))
    if cursor.take(words.LAST):
        ordinal = LAST
    else:
        ordinal = cursor.ordinal(dotted=True) or 0
        if not 1 <= ordinal <= _NUMBER_MAX:
            return None
    if word := cursor.take(words.WEEKDAYS):
        return Rule("MONTHLY", weekdays=((ordinal, words.WEEKDAYS[word]),)) if ordinal <= _WEEKS_IN_A_MONTH else None
    is_day = bool(cursor.take(("day", "tag")))
    if ordinal == LAST:
        return Rule("MONTHLY", numbers=(LAST,)) if is_day else None
    return Rule("MONTHLY", numbers=tuple(_more_numbers(cursor, [ordinal])))


def _weekdays(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - one signature for every form
    """`Monday`, `mon, wed and fri`, `mon-fri`, `weekday`, `weekend`."""
    if cursor.take(words.WORKDAYS):
        return Rule("WEEKLY", weekdays=WORKDAYS), Strength.STRONG
    if cursor.take(words.WEEKEND):
        return Rule("WEEKLY", weekdays=((0, words.SATURDAY),)), Strength.STRONG
    word = cursor.word()
    found = _weekday_list(cursor)
    if not found:
        return None
    strength = Strength.WEAK if len(found) == 1 and word in words.AMBIGUOUS_WEEKDAYS else Strength.STRONG
    hour = cursor.take(words.PERIODS)
    return Rule("WEEKLY", weekdays=found, hour=words.PERIODS[hour] if hour else None), strength


def _weekday_list(cursor: Cursor) -> tuple[tuple[int, int], ...]:
    """One weekday or several: a range, or a list with commas and `and`."""
    named: set[int] = set()
    while True:
        back = cursor.at
        if named:
            cursor.take(_AND, commas=True)
        both = cursor.match(_WEEKDAY_RANGE, commas=True)
        if both and both[1] in words.WEEKDAYS and both[2] in words.WEEKDAYS:
            named |= _range(words.WEEKDAYS[both[1]], words.WEEKDAYS[both[2]])
            continue
        if both:
            cursor.at -= 1
        word = cursor.take(words.WEEKDAYS, commas=True)
        if not word:
            cursor.at = back
            return tuple((0, weekday) for weekday in sorted(named))
        named.add(words.WEEKDAYS[word])
        between = cursor.at
        if cursor.take(words.RANGES) and (last := cursor.take(words.WEEKDAYS)):
            named |= _range(words.WEEKDAYS[word], words.WEEKDAYS[last])
        else:
            cursor.at = between


def _range(first: int, last: int) -> set[int]:
    return {(first + step) % 7 for step in range((last - first) % 7 + 1)}


def _of_every_month(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - one signature for every form
    """`on the 15th of every month`, `last Friday of each month`."""
    cursor.take(("on",))
    rule = _on_the(cursor)
    if not rule or not cursor.take(("of",)) or not cursor.take(("every", "each")):
        return None
    if cursor.take(("other",)):
        rule = replace(rule, interval=2)
    return (rule, Strength.STRONG) if cursor.take(("month",)) else None


def _counted_from_completion(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - the same
    """`3 days after completion`."""
    count, word = cursor.number(), cursor.take(words.UNITS)
    if not count or not word or words.UNITS[word] in words.CLOCK_UNITS:
        return None
    frequency, times = _UNIT_RULES[words.UNITS[word]]
    if count > _LENGTH_MAX[words.UNITS[word]] or not _after_completion(cursor):
        return None
    return Rule(frequency, count * times, from_completion=True), Strength.STRONG


def _after_completion(cursor: Cursor) -> bool:
    return cursor.take_all("after", "completion") or cursor.take_all("nach", "erledigung")


def _each_weekday(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - the same
    """`Mondays`, `on Mondays`, `montags`, `weekdays`."""
    has_lead = bool(cursor.take(("on",)))
    if cursor.take(("weekdays", "werktags")):
        return Rule("WEEKLY", weekdays=WORKDAYS), Strength.STRONG if has_lead else Strength.WEAK
    named: set[int] = set()
    while word := cursor.take(words.EACH_WEEKDAYS, commas=True):
        named.add(words.EACH_WEEKDAYS[word])
        back = cursor.at
        if cursor.take(_AND, commas=True) and cursor.word() not in words.EACH_WEEKDAYS:
            cursor.at = back
    if not named:
        return None
    rule = Rule("WEEKLY", weekdays=tuple((0, weekday) for weekday in sorted(named)))
    return rule, Strength.STRONG if has_lead or len(named) > 1 else Strength.WEAK


def _adverb(cursor: Cursor, scene: Scene) -> Found:
    """`daily`, `weekly on Monday`."""
    word = cursor.take(words.ADVERBS)
    if not word:
        return None
    plain = Rule(*words.ADVERBS[word])
    rule = _on(cursor, scene, plain)
    return rule, Strength.WEAK if rule == plain else Strength.STRONG


def in_words(what: Until | Count | Lasting) -> str:
    """`until Monday 31 May 2027`, `10 times`."""
    if isinstance(what, Until):
        return f"until {days.in_words(what.day)}"
    if isinstance(what, Count):
        return "once" if what.count == 1 else f"{what.count} times"
    return f"for {what.count} {what.unit}{'s' if what.count > 1 else ''}"
