"""Dates in words: today, next Friday, in 3 days, 27 January, the 27th, 2027-01-27."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.quick import days, words
from backend.quick.phrases import Cursor, Day, Doubt, Kind, Moment, Phrase, Scene, Strength

_TODAY = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1, "übermorgen": 2}
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:t([0-9]{2}):([0-9]{2})(?::[0-9]{2})?(z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_DOTS = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})(?:\.([0-9]{4}))?")
_SLASHES = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}))?")
_YEAR = re.compile(r"(?:19|20|21)[0-9]{2}")
_DAY_NUMBER = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?")
_ROUND_THE_CLOCK = "24/7"
_MONTHS = 12
TONIGHT_HOUR = 20

Value = Day | Moment | Doubt
Found = tuple[Value, Strength] | None


def phrase(cursor: Cursor, scene: Scene) -> Phrase | None:
    """A date with the words that lead to it: `by Friday`, `on the 27th`."""
    lead = cursor.take(words.DATE_LEADS)
    if lead == "due":
        cursor.take(words.DATE_LEADS)
    back = cursor.at
    found = value(cursor, scene, lead=lead)
    if not found and lead and cursor.at == back and cursor.take(("the", "dem", "den")):
        found = value(cursor, scene, lead="the")
    if not found:
        return None
    what, strength = found
    if lead in {"on", "by", "due", "am"} and strength is Strength.WEAK and _is_plain_weekday(cursor, back):
        strength = Strength.STRONG
    return Phrase(Kind.DATE, cursor.first, cursor.at, what, strength, has_lead=bool(lead))


def _is_plain_weekday(cursor: Cursor, at: int) -> bool:
    word = cursor.tokens[at].word
    return word in words.WEEKDAYS and word not in words.AMBIGUOUS_WEEKDAYS


def value(cursor: Cursor, scene: Scene, *, lead: str = "", anywhere: bool = False) -> Found:
    """The date here; `anywhere` also takes a month alone, which is its first day."""
    back = cursor.at
    for form in (_near, _distance, _next, _end, _weekday, _month_first, _number_first, _iso, _slashes):
        if found := form(cursor, scene):
            return found
        cursor.at = back
    if (found := _dots(cursor, scene, has_lead=bool(lead))) or (found := _bare_ordinal(cursor, scene)):
        return found
    cursor.at = back
    found = _month(cursor, scene, needs_in=not anywhere)
    if not found:
        cursor.at = back
    return found


def _near(cursor: Cursor, scene: Scene) -> Found:
    if cursor.take_all("day", "after", "tomorrow"):
        return _day(days.shifted(scene.today, 2, "day"), hour=_period(cursor))
    if cursor.take_all("tonight"):
        return _day(scene.today, hour=TONIGHT_HOUR)
    if cursor.word() == "this" and cursor.take(("this",)):
        hour = _period(cursor)
        return _day(scene.today, hour=hour) if hour else None
    at = cursor.at
    word = cursor.take(_TODAY)
    if not word:
        return None
    # A German noun in the middle of a sentence, as in "Guten Morgen" and "am Morgen".
    if word == "morgen" and ((at and cursor.tokens[at].raw[0].isupper()) or cursor.tokens[cursor.first].word == "am"):
        return None
    return _day(days.shifted(scene.today, _TODAY[word], "day"), hour=_period(cursor))


def _distance(cursor: Cursor, scene: Scene) -> Found:
    if not cursor.take(("in",)):
        return None
    if cursor.take_all("half", "an", "hour"):
        return _later(scene, timedelta(minutes=30))
    count, unit = cursor.number(), cursor.take(words.UNITS)
    if not count or not unit:
        return None
    unit = words.UNITS[unit]
    if unit in words.CLOCK_UNITS:
        return _later(scene, timedelta(**{f"{unit}s": count}))
    return _day(days.shifted(scene.today, count, unit), hour=_period(cursor))


def _later(scene: Scene, distance: timedelta) -> Found:
    # Over UTC, so that an hour is an hour on the night when clocks change; never a part of a minute too early.
    if scene.now.second or scene.now.microsecond:
        distance += timedelta(minutes=1)
    zone = ZoneInfo(scene.timezone)
    try:
        then = (scene.instant.astimezone(UTC) + distance).astimezone(zone)
    except OverflowError:
        return None
    day = days.shifted(then.date(), 0, "day")
    return (Moment(day, time(then.hour, then.minute)), Strength.STRONG) if day else None


def _next(cursor: Cursor, scene: Scene) -> Found:  # noqa: PLR0911 - a grammar: one return for each form
    is_next = bool(cursor.take(words.NEXT))
    if not is_next and not cursor.take(words.THIS):
        return None
    find = days.in_next_week if is_next else days.from_on
    at = cursor.at
    if word := cursor.take(words.WEEKDAYS):
        strength = Strength.WEAK if word in words.AMBIGUOUS_WEEKDAYS else Strength.STRONG
        return _day(find(scene.today, words.WEEKDAYS[word]), strength, hour=_period(cursor))
    if cursor.take(words.WEEKEND):
        return _day(find(scene.today, words.SATURDAY), Strength.WEAK)
    if is_next and (word := cursor.take(words.UNITS)):
        match words.UNITS[word]:
            case "week":
                return _day(days.in_next_week(scene.today, words.MONDAY), Strength.WEAK)
            case "month":
                return _day(days.shifted(scene.today.replace(day=1), 1, "month"), Strength.WEAK)
            case "year":
                return _day(days.in_year(scene.today.year + 1, 1, 1), Strength.WEAK)
    cursor.at = at
    return _month(cursor, scene, needs_in=False)


def _end(cursor: Cursor, scene: Scene) -> Found:
    cursor.take(("the",))
    if not cursor.take_all("end", "of"):
        return None
    if month := cursor.take(words.MONTHS):
        first = days.next_date(scene.today.replace(day=1), words.MONTHS[month], 1)
        return _day(first and days.last_of_month(first), Strength.WEAK)
    is_next = bool(cursor.take(("next",)))
    if not is_next:
        cursor.take(("the", "this"))
    unit = words.UNITS.get(cursor.take(("month", "year")))
    if unit == "month":
        month_day = days.shifted(scene.today.replace(day=1), int(is_next), "month")
        return _day(month_day and days.last_of_month(month_day), Strength.WEAK)
    return _day(days.in_year(scene.today.year + is_next, 12, 31), Strength.WEAK) if unit else None


def _weekday(cursor: Cursor, scene: Scene) -> Found:
    """A weekday alone, or before the date that it belongs to: `Wednesday, 27 January`."""
    word = cursor.take(words.WEEKDAYS)
    if not word:
        return None
    weekday, at = words.WEEKDAYS[word], cursor.at
    for form in (_month_first, _number_first, _iso, _dots, _bare_ordinal):
        # From a cursor of its own: a comma may stand between the two.
        inner = Cursor(cursor.tokens, at)
        if cursor.word(commas=True) and (found := form(inner, scene)):
            return _checked(cursor, inner, found, weekday)
    if cursor.take_all("next", "week"):
        return _day(days.in_next_week(scene.today, weekday))
    hour = _period(cursor)
    is_bare = hour is None and cursor.first == at - 1
    strength = Strength.BESIDE if word in words.AMBIGUOUS_WEEKDAYS and is_bare else Strength.WEAK
    return _day(days.after(scene.today, weekday), strength, hour=hour)


def _checked(cursor: Cursor, inner: Cursor, found: tuple[Value, Strength], weekday: int) -> Found:
    cursor.at = inner.at
    what, _ = found
    if isinstance(what, Day | Moment) and what.day.weekday() != weekday:
        return Doubt(f"{days.in_words(what.day)} is no {words.WEEKDAY_NAMES[weekday]}"), Strength.STRONG
    return what, Strength.STRONG


def _month_first(cursor: Cursor, scene: Scene) -> Found:
    """`Jan 27`, `January 27th, 2027`."""
    word = cursor.take(words.MONTHS)
    number = word and cursor.match(_DAY_NUMBER)
    if not number or cursor.word() in words.COUNTED:
        return None
    return _in_month(cursor, scene, word, int(number[1]), is_weak=word in words.AMBIGUOUS_MONTHS)


def _number_first(cursor: Cursor, scene: Scene) -> Found:
    """`27 Jan`, `the 27th of January 2027`, `27. Januar`."""
    cursor.take(("the",))
    number = cursor.match(_DAY_NUMBER)
    if not number:
        return None
    cursor.take(("of",))
    word = cursor.take(words.MONTHS)
    is_weak = word in words.AMBIGUOUS_MONTHS - {"jan"} and number[0].isdigit()
    return _in_month(cursor, scene, word, int(number[1]), is_weak=is_weak) if word else None


def _in_month(cursor: Cursor, scene: Scene, word: str, number: int, *, is_weak: bool) -> Found:
    month = words.MONTHS[word]
    year = cursor.match(_YEAR, commas=True)
    day = days.in_year(int(year[0]), month, number) if year else days.next_date(scene.today, month, number)
    if not day:
        return Doubt(f"{words.MONTH_NAMES[month - 1]} has no such day"), Strength.STRONG
    return _day(day, Strength.WEAK if is_weak and not year else Strength.STRONG)


def _iso(cursor: Cursor, scene: Scene) -> Found:  # noqa: ARG001 - one signature for every form
    found = cursor.match(_ISO)
    if not found:
        return None
    day = days.in_year(int(found[1]), int(found[2]), int(found[3]))
    if not day:
        return Doubt("there is no such day"), Strength.STRONG
    if found[4] is None:
        return _day(day)
    try:
        moment = datetime.fromisoformat(found[0].upper())
        moment = moment.astimezone(UTC) if found[6] else moment
    except (ValueError, OverflowError):
        return Doubt("there is no such time"), Strength.STRONG
    clock = moment.time().replace(second=0, microsecond=0, tzinfo=None)
    return Moment(moment.date(), clock, "UTC" if found[6] else None), Strength.STRONG


def _dots(cursor: Cursor, scene: Scene, *, has_lead: bool = False) -> Found:
    """`27.1.` and `27.1.2027`: dots mean day, month, year; without the last dot or a year it is a number."""
    at = cursor.at
    found = cursor.match(_DOTS)
    if not found or not (found[3] or cursor.tokens[at].has_dot):
        cursor.at = at
        return None
    if not has_lead and cursor.before in words.NUMBERED_THINGS:
        cursor.at = at
        return None
    return _numeric(scene, int(found[1]), int(found[2]), found[3])


def _slashes(cursor: Cursor, scene: Scene) -> Found:
    """`27/1` and `1/27`, where only one number can be the month."""
    at = cursor.at
    found = cursor.match(_SLASHES)
    if not found or (found[0] == _ROUND_THE_CLOCK and at == cursor.first):
        return None
    one, other = int(found[1]), int(found[2])
    if 0 < one <= _MONTHS and 0 < other <= _MONTHS and one != other:
        first, second = (f"{number} {words.MONTH_NAMES[month - 1]}" for number, month in ((one, other), (other, one)))
        return Doubt(f"could be {first} or {second}; write the month as a word"), Strength.STRONG
    number, month = (one, other) if one > _MONTHS or one == other else (other, one)
    read = _numeric(scene, number, month, found[3])
    return None if read and isinstance(read[0], Doubt) and not found[3] else read


def _numeric(scene: Scene, number: int, month: int, year: str | None) -> Found:
    if year:
        day = days.in_year(int(year), month, number)
        return _day(day) if day else (Doubt("there is no such day"), Strength.STRONG)
    following = days.next_date(scene.today, month, number)
    return (Day(following, is_number=True), Strength.WEAK) if following else None


def _bare_ordinal(cursor: Cursor, scene: Scene) -> Found:
    """`27th`, `the 27th`: the next day with this number."""
    back = cursor.at
    cursor.take(("the",))
    number = cursor.ordinal(in_words=False)
    if number is None:
        cursor.at = back
        return None
    if cursor.take_all("of", "next", "month"):
        month = days.shifted(scene.today.replace(day=1), 1, "month")
        day = month and days.in_year(month.year, month.month, number)
    else:
        cursor.take_all("of", "the", "month") or cursor.take_all("of", "this", "month")
        day = days.next_number(scene.today, number)
    found = _day(day, Strength.WEAK)
    if not found:
        cursor.at = back
    return found


def _month(cursor: Cursor, scene: Scene, *, needs_in: bool) -> Found:
    """`in June`: its first day, at the end of a text only, because months are people and verbs too."""
    if needs_in and not cursor.take(("in", "im")):
        return None
    word = cursor.take(words.MONTHS)
    if not word:
        return None
    month, year = words.MONTHS[word], cursor.match(_YEAR)
    if year:
        day = days.in_year(int(year[0]), month, 1)
    else:
        tomorrow = days.shifted(scene.today, 1, "day")
        day = tomorrow and days.next_date(tomorrow, month, 1)
    return (Day(day, is_month=True), Strength.TAIL) if day else None


def _period(cursor: Cursor) -> int | None:
    """The part of a day that follows it, as an hour."""
    word = cursor.take(words.PERIODS)
    return words.PERIODS[word] if word else None


def _day(day: date | None, strength: Strength = Strength.STRONG, *, hour: int | None = None) -> Found:
    return (Day(day, hour=hour), strength) if day else None
