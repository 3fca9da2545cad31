"""Words: what a text is found by. Case and accents do not count; scripts without spaces are found by pairs of signs."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

WORD_MAX = 40

_RUN = re.compile(r"[^\W_]+|[^\w\s\x00-\x7f]")  # letters and digits; an emoji is a word of its own
# Thai, kana, Chinese: written without spaces, so that no word has a beginning to look for.
_UNSPACED = re.compile("([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")


def words_of(*texts: str) -> set[str]:
    """Every word that the texts can be found by."""
    return {word for text in texts for part in text.split() for word in _words_in(part)}


def prefixes_of(query: str) -> list[str]:
    """What words have to begin with, all of them, for a text to be found; empty where a query says no word."""
    return list(dict.fromkeys(piece for run in _runs(query) for piece in _pieces(run, last_alone=False)))


def _words_in(part: str) -> tuple[str, ...]:
    return _remembered(part) if len(part) <= WORD_MAX else _found(part)


def _found(part: str) -> tuple[str, ...]:
    return tuple({word for run in _runs(part) for word in _pieces(run, last_alone=True)})


# People use the same words again and again: where all of them are made anew, this is most of the time saved.
_remembered = lru_cache(maxsize=20_000)(_found)


def _runs(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    for run in _RUN.findall(plain):
        yield from filter(None, _UNSPACED.split(run))


def _pieces(run: str, *, last_alone: bool) -> Iterator[str]:
    if not _UNSPACED.match(run):
        yield run[:WORD_MAX]
        return
    for start in range(len(run) - 1):
        yield run[start : start + 2]
    if last_alone or len(run) == 1:
        yield run[-1]
