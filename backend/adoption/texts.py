"""Texts: what a damaged or loosely typed column holds, as text that every database and every answer can carry."""

import re

from backend.adoption.report import RowNotes, What

# NUL ends a text in some databases and is refused by others; half a surrogate pair is no character at all, and is also
# how Python spells a byte that is not UTF-8. Replaced, not dropped, so that the place stays visible.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def as_text(value: object) -> str:
    """Any value as text: SQLite keeps what it was given, whatever the column's type says."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def storable(text: str) -> str:
    """The text with each character that no database takes replaced by U+FFFD."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def repaired(value: object, column: str, notes: RowNotes) -> str:
    """A column's text, storable; what had to be replaced is noted with the original."""
    original = as_text(value)
    text = storable(original)
    if text != original:
        notes.add(What.TEXT_REPAIRED, f"{column}: {original}")
    return text
