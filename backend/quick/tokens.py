"""A text as tokens: words, quoted phrases, escaped words, and what a sign in front makes of a word.

A token is a run without white space, or reaches to the closing quote where it opens one. Every span of a reading covers
whole tokens, so that what is left is the title.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from backend.quick import words

WORD_MAX = 40  # longer ones mean nothing to the grammar, and need not be folded

# Marks of direction and of width zero: an RTL keyboard leaves them beside words.
_INVISIBLE = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_CLOSING = {'"': '"', "“": "”", "„": "“”", "”": "”"}
_SPACE_OR_RUN = re.compile(r"\s+|\S+")
_STOPS = ",;:!?"


class Sign(StrEnum):
    """What kind of token it is."""

    WORD = "word"
    QUOTED = "quoted"
    ESCAPED = "escaped"
    TAG = "tag"
    LIST = "list"
    PRIORITY = "priority"


SIGNS = {"#": Sign.TAG, "@": Sign.LIST, "!": Sign.PRIORITY}


@dataclass(frozen=True)
class Token:
    """A piece of the text from `start` to `end`; `word` is folded and without what ends a sentence."""

    start: int
    end: int
    sign: Sign
    raw: str
    word: str = ""
    stops: str = ""
    has_dot: bool = False
    name: str = ""

    @property
    def is_name(self) -> bool:
        """Whether it stands for itself: a tag, a list, a priority. Such tokens may stand between any two words."""
        return self.sign in {Sign.TAG, Sign.LIST, Sign.PRIORITY}


def split(text: str, *, quotes: bool = True) -> list[Token]:
    """The tokens of a text, in time that grows with its length."""
    found: list[Token] = []
    closers = _Closers(text)
    position = 0
    while match := _SPACE_OR_RUN.match(text, position):
        position = match.end()
        run = match[0]
        if run[0].isspace():
            continue
        token = (quotes and _quoted(text, match.start(), closers)) or _plain(match.start(), run)
        found.append(token)
        position = token.end
    return found


class _Closers:
    """Where the next closing quote lies; each text is walked through once for each mark, however many it opens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._places: dict[str, Iterator[int]] = {}
        self._next: dict[str, int | None] = {}

    def after(self, marks: str, start: int) -> int | None:
        """The first place after `start` where one of the marks ends a word."""
        if marks not in self._places:
            self._places[marks] = (
                place
                for place, sign in enumerate(self.text)
                if sign in marks and (place + 1 == len(self.text) or not self.text[place + 1].isalnum())
            )
            self._next[marks] = next(self._places[marks], None)
        while (place := self._next[marks]) is not None and place <= start:
            self._next[marks] = next(self._places[marks], None)
        return place


def _quoted(text: str, start: int, closers: _Closers) -> Token | None:
    """A phrase in quotes, with a `#` or `@` before it or without; None where no quote opens or none closes."""
    sign = SIGNS.get(text[start], Sign.QUOTED) if text[start] in "#@" else Sign.QUOTED
    opening = start + (sign is not Sign.QUOTED)
    marks = _CLOSING.get(text[opening : opening + 1])
    closing = marks and closers.after(marks, opening)
    if not closing:
        return None
    end = closing + 1
    while end < len(text) and text[end] in _STOPS + ".":
        end += 1
    follows = text[end : end + 1]
    if follows and not follows.isspace():
        return None
    inner = text[opening + 1 : closing]
    if not inner.strip():
        return None
    name = " ".join(inner.split()) if sign is not Sign.QUOTED else inner
    return Token(start, end, sign, text[start:end], stops=text[closing + 1 : end], name=name)


def _plain(start: int, run: str) -> Token:
    end = start + len(run)
    if len(run) > 1 and run[0] == "\\":
        return Token(start, end, Sign.ESCAPED, run, word=fold(run[1:].rstrip(_STOPS + ".")))
    bare = run.strip(_INVISIBLE)
    core = bare.rstrip(_STOPS + ".")
    stops, has_dot = bare[len(core) :].replace(".", ""), "." in bare[len(core) :]
    sign = SIGNS.get(core[:1], Sign.WORD)
    name = core[1:].rstrip(")…")
    if sign is Sign.PRIORITY and fold(name) in words.PRIORITIES:
        return Token(start, end, sign, run, stops=stops, name=words.PRIORITIES[fold(name)])
    # "#1" is an issue and "@5" an hour: a name has something that is no digit.
    has_name = name and not name.isdigit() and name[0] not in '#@!"“„' and not _is_hour(name)
    if sign in {Sign.TAG, Sign.LIST} and has_name:
        return Token(start, end, sign, run, stops=stops, name=name)
    return Token(start, end, Sign.WORD, run, word=fold(core), stops=stops, has_dot=has_dot)


def fold(word: str) -> str:
    """The form in which words are compared."""
    return unicodedata.normalize("NFC", word).casefold() if len(word) <= WORD_MAX else ""


_HOUR = re.compile(r"[0-9]{1,2}(:[0-9]{2})?(am|pm)?")


def _is_hour(name: str) -> bool:
    return bool(_HOUR.fullmatch(fold(name)))
