"""Fields of todos, lists and tags: their limits and the types that check them, once for every shape that has them."""

import unicodedata
from collections.abc import Iterable
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticKnownError

from backend.models import due
from backend.models.user import fold

TITLE_MAX = 500
TITLE_KEY_MAX = 100
DESCRIPTION_MAX = 20_000
TAGS_MAX = 50
TAG_MAX = 100
TAG_KEY_MAX = 3 * TAG_MAX  # folding case can triple a text (Unicode, CaseFolding.txt)
NAME_MAX = 100


class Priority(StrEnum):
    """How urgent; sorted by urgency, never by alphabet."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """1 for low to 3 for high: what the database sorts by."""
        return _PRIORITIES.index(self) + 1


_PRIORITIES = tuple(Priority)

# Spaces, control signs, and signs of format such as the zero-width space; beside them what Unicode counts as letters,
# marks and symbols and nevertheless shows nothing: fillers, the blank of Braille, selectors of variants.
_CONTROL_KINDS = {"Cc", "Zl", "Zp"}
_UNSEEN_KINDS = _CONTROL_KINDS | {"Cf", "Zs"}
_UNSEEN = {*"\u034f\u115f\u1160\u2800\u3164\uffa0", *map(chr, range(0xFE00, 0xFE10))}


def printable(value: str) -> str:
    """A text that every database and every answer can hold; raises ValueError for any other."""
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can spell half a surrogate pair; no database and no answer can hold it
        raise ValueError("must not contain half a character (a lone surrogate)") from None
    return value


def in_one_line(value: str) -> str:
    """A text that stands in a line of a log as it is; raises ValueError for any other."""
    if any(unicodedata.category(sign) in _CONTROL_KINDS for sign in value):
        raise ValueError("must be one line without control characters, such as line breaks and tabs")
    return value


def is_blank(value: str) -> bool:
    """Whether nothing of a text shows."""
    return all(sign in _UNSEEN or unicodedata.category(sign) in _UNSEEN_KINDS for sign in value)


def _visible(value: str) -> str:
    if is_blank(value):  # refused as an empty one is
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return value


def unique_tags(tags: Iterable[str]) -> list[str]:
    """Trimmed, in the order given, each once regardless of case."""
    unique: dict[str, str] = {}
    for tag in (tag.strip() for tag in tags):
        unique.setdefault(fold(tag), tag)
    return list(unique.values())


def title_key(title: str) -> str:
    """What titles are sorted by: regardless of case, and short enough for every database's index."""
    return fold(title)[:TITLE_KEY_MAX]


def _tags(value: list[str]) -> list[str]:
    if not all(1 <= len(printable(tag).strip()) <= TAG_MAX for tag in value):
        raise ValueError(f"each tag must have 1 to {TAG_MAX} characters")
    tags = unique_tags(value)
    if len(tags) > TAGS_MAX:
        raise ValueError(f"a todo can have at most {TAGS_MAX} tags")
    return tags


def nullable(schema: dict[str, Any]) -> None:
    """Say in the documentation that `null` is taken too."""
    inner = {key: schema.pop(key) for key in list(schema) if key not in {"title", "description", "default", "examples"}}
    schema["anyOf"] = [inner, {"type": "null"}]


def or_default(default: Any) -> BeforeValidator:
    """`null` clears: it means what the field has when nothing was ever said."""
    return BeforeValidator(lambda value: default if value is None else value)


Words = Annotated[str, AfterValidator(printable)]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX),
    AfterValidator(printable),
    AfterValidator(_visible),
]
TagName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TAG_MAX), AfterValidator(printable)
]
Description = Annotated[
    str, or_default(""), Field(max_length=DESCRIPTION_MAX, json_schema_extra=nullable), AfterValidator(printable)
]
Tags = Annotated[list[str], or_default([]), Field(max_length=1_000, json_schema_extra=nullable), AfterValidator(_tags)]
Urgency = Annotated[Priority, or_default(Priority.MEDIUM), Field(json_schema_extra=nullable)]
DueDate = Annotated[
    date | None,
    BeforeValidator(due.as_date),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
                {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$"},
                {"type": "null"},
            ]
        }
    ),
]
DueTime = Annotated[
    time | None,
    BeforeValidator(due.as_time),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2})?$"}, {"type": "null"}]}),
]
Clock = Annotated[time, PlainSerializer(due.clock, return_type=str)]
