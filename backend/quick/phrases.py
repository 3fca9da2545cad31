"""What the matchers share: a cursor over tokens, and the phrase that one of them found."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

from backend.quick import words
from backend.quick.tokens import Sign, Token

_NUMBER = re.compile(r"[0-9]{1,3}")
_ORDINAL = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)")
_DOTTED = re.compile(r"[0-9.]+|[ap]\.?m")


class Kind(StrEnum):
    """What a phrase says."""

    DATE = "date"
    TIME = "time"
    REPEAT = "recurrence"
    END = "end"
    START = "start"


class Strength(IntEnum):
    """What a phrase needs beside it, so that it counts."""

    STRONG = 0  # nothing
    WEAK = 1  # the end of the text, another date or time, or a lead and a word that goes on
    TAIL = 2  # the end of the text
    BESIDE = 3  # another date or time


@dataclass(frozen=True)
class Day:
    """A day, and perhaps the part of it: an hour that a clock time replaces."""

    day: date
    hour: int | None = None
    is_month: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class Moment:
    """A day with its time, as a timestamp or a distance in hours says it."""

    day: date
    clock: time
    timezone: str | None = None


@dataclass(frozen=True)
class Clock:
    """A time of day; `is_open` where a part of the day may still decide between morning and evening."""

    clock: time
    timezone: str | None = None
    is_open: bool = False
    is_midnight: bool = False
    is_period: bool = False


@dataclass(frozen=True)
class Doubt:
    """Looks like something, and stays in the title; the sentence says why."""

    reason: str


@dataclass(frozen=True)
class Phrase:
    """The tokens from `first` up to `end`, and what they say."""

    kind: Kind
    first: int
    end: int
    value: object
    strength: Strength = Strength.STRONG
    has_lead: bool = False


@dataclass(frozen=True)
class Scene:
    """When the text was said: the wall clock of the account, and the instant."""

    now: datetime
    instant: datetime
    timezone: str

    @property
    def today(self) -> date:
        """The account's day."""
        return self.now.date()

    def now_in(self, timezone: str | None) -> datetime:
        """The wall clock of a zone, the account's where none is said."""
        return self.instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) if timezone else self.now


class Cursor:
    """Reads words from a place on; never across a comma or a full stop, but where the grammar has one."""

    def __init__(self, tokens: list[Token], at: int) -> None:
        self.tokens = tokens
        self.first = self.at = at

    def word(self, *, commas: bool = False) -> str:
        """The word here, empty where the phrase cannot go on."""
        if self.at >= len(self.tokens) or self.tokens[self.at].sign is not Sign.WORD:
            return ""
        if self.at > self.first:
            before = self.tokens[self.at - 1]
            if before.stops and not (commas and before.stops == ","):
                return ""
            if before.has_dot and before.word not in words.MONTHS and not _DOTTED.fullmatch(before.word):
                return ""
        return self.tokens[self.at].word

    def take(self, vocabulary: Collection[str], *, commas: bool = False) -> str:
        """The word here if it is one of these, and a step on; empty otherwise."""
        word = self.word(commas=commas)
        if not word or word not in vocabulary:
            return ""
        self.at += 1
        return word

    def take_all(self, *phrase: str) -> bool:
        """A step over these words, all of them or none."""
        back = self.at
        for word in phrase:
            if not self.take((word,)):
                self.at = back
                return False
        return True

    def match(self, pattern: re.Pattern[str], *, commas: bool = False) -> re.Match[str] | None:
        """The whole word here if it has this form, and a step on."""
        found = pattern.fullmatch(self.word(commas=commas))
        self.at += found is not None
        return found

    def number(self) -> int | None:
        """`3` or `three`."""
        if found := self.match(_NUMBER):
            return int(found[0])
        word = self.take(words.NUMBERS)
        return words.NUMBERS[word] if word else None

    def ordinal(self, *, in_words: bool = True, dotted: bool = False, commas: bool = False) -> int | None:
        """`27th`, `first`, and `27.` where a dot means that."""
        if found := self.match(_ORDINAL, commas=commas):
            return int(found[1])
        if in_words and (word := self.take(words.ORDINALS, commas=commas)):
            return words.ORDINALS[word]
        if dotted and self.word(commas=commas).isascii() and self.word(commas=commas).isdigit():
            token = self.tokens[self.at]
            if token.has_dot and len(token.word) <= 2:  # noqa: PLR2004 - days have two digits
                self.at += 1
                return int(token.word)
        return None

    @property
    def before(self) -> str:
        """The word before the phrase."""
        return self.tokens[self.first - 1].word if self.first else ""
