"""Times of day: 9am, 9:30, at 17, noon, 9 Uhr, and the zone that may follow."""

import re
from datetime import time

from backend.models.user import as_timezone
from backend.quick import words
from backend.quick.phrases import Clock, Cursor, Kind, Phrase, Strength
from backend.quick.tokens import Sign

_TWELVE = re.compile(r"@?(1[0-2]|0?[1-9])(?:[:.]([0-5][0-9]))?([ap])\.?m")
_TWELVE_APART = re.compile(r"(1[0-2]|0?[1-9])(?:[:.]([0-5][0-9]))?")
_HALF = re.compile(r"([ap])\.?m")
_CLOCK = re.compile(r"(@?)([01]?[0-9]|2[0-3]):([0-5][0-9])")
_UHR = re.compile(r"([01]?[0-9]|2[0-3])(?:[:.]([0-5][0-9]))?")
_HOUR = re.compile(r"[01]?[0-9]|2[0-3]")
_NOON = 12


def phrase(cursor: Cursor) -> Phrase | None:
    """A time with the words that lead to it, and its zone: `at 9am Europe/Berlin`."""
    lead = cursor.take(words.TIME_LEADS)
    found = _value(cursor, lead)
    if not found:
        cursor.at = cursor.first
        found = _period(cursor)
    if not found:
        return None
    clock, strength = found
    if not clock.is_period and (zone := _zone(cursor)):
        clock, strength = Clock(clock.clock, zone, clock.is_open, clock.is_midnight), Strength.STRONG
    return Phrase(Kind.TIME, cursor.first, cursor.at, clock, strength, has_lead=bool(lead))


def _value(cursor: Cursor, lead: str) -> tuple[Clock, Strength] | None:  # noqa: PLR0911 - one return for each form
    if found := cursor.match(_TWELVE):
        return _of_half(found[1], found[2], found[3]), Strength.STRONG
    back = cursor.at
    # "um 9 am Montag" is German, and its "am" leads to the day.
    if lead != "um" and (found := cursor.match(_TWELVE_APART)) and (half := cursor.match(_HALF)):
        return _of_half(found[1], found[2], half[1]), Strength.STRONG
    cursor.at = back
    if (found := cursor.match(_UHR)) and cursor.take(("uhr",)):
        return Clock(time(int(found[1]), int(found[2] or 0))), Strength.STRONG
    cursor.at = back
    if found := cursor.match(_CLOCK):
        cursor.take(("uhr",))
        strong = lead or found[1]
        return _of_day(int(found[2]), int(found[3])), Strength.STRONG if strong else Strength.WEAK
    if lead in {"at", "@", "um"} and (found := cursor.match(_HOUR)):
        return _of_day(int(found[0]), 0), Strength.WEAK
    if cursor.take(words.NOON):
        return Clock(time(_NOON)), Strength.STRONG if lead else Strength.WEAK
    if cursor.take(words.MIDNIGHT):
        return Clock(time(0), is_midnight=True), Strength.STRONG if lead else Strength.WEAK
    return None


def _of_half(hour: str, minute: str | None, half: str) -> Clock:
    return Clock(time(int(hour) % _NOON + (_NOON if half == "p" else 0), int(minute or 0)))


def _of_day(hour: int, minute: int) -> Clock:
    return Clock(time(hour, minute), is_open=1 <= hour < _NOON)


def _period(cursor: Cursor) -> tuple[Clock, Strength] | None:
    """`in the morning`, beside a date alone."""
    if not (cursor.take_all("in", "the") or cursor.take_all("at") or cursor.take_all("am")):
        return None
    word = cursor.take(words.PERIODS)
    return (Clock(time(words.PERIODS[word]), is_period=True), Strength.BESIDE) if word else None


def _zone(cursor: Cursor) -> str | None:
    """An IANA zone in its own spelling, or UTC."""
    word = cursor.word()
    if not word or cursor.tokens[cursor.at].sign is not Sign.WORD:
        return None
    token = cursor.tokens[cursor.at]
    name = "UTC" if word in {"utc", "gmt"} else token.raw.rstrip(",;:!?.")
    if "/" not in name and name != "UTC":
        return None
    try:
        zone = as_timezone(name)
    except ValueError:
        return None
    cursor.at += 1
    return zone
