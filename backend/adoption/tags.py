"""Tags: JSON text there, and an array in the PostgreSQL generation, which is read as JSON too."""

import json
from collections.abc import Iterator
from typing import Any

from backend.adoption.report import RowNotes, What
from backend.adoption.texts import as_text, storable
from backend.models.field import TAG_MAX, TAGS_MAX, unique_tags


def read(value: object, notes: RowNotes) -> tuple[list[str], str]:
    """The tags by our rules, and the text of whatever is no tag by them, for the description."""
    original = as_text(value)
    if not original.strip():
        return [], ""
    try:
        given = list(_flat(_parsed(original)))
    except (ValueError, RecursionError):
        notes.add(What.TAGS_UNREADABLE, original)
        return [], storable(original)
    clean = [storable(tag).strip() for tag in given]
    unique = unique_tags(tag for tag in clean if 1 <= len(tag) <= TAG_MAX)
    tags = unique[:TAGS_MAX]
    outside = [*(tag for tag in clean if len(tag) > TAG_MAX), *unique[TAGS_MAX:]]
    if outside:
        notes.add(What.TAGS_IN_DESCRIPTION, original)
    elif tags != given:
        notes.add(What.TAGS_TIDIED, original)
    return tags, ", ".join(outside)


def _parsed(original: str) -> Any:
    value = json.loads(original)
    # A list that was written as JSON twice, or that PostgreSQL held in a column of text.
    return json.loads(value) if isinstance(value, str) and value.lstrip().startswith("[") else value


def _flat(value: Any) -> Iterator[str]:
    """Each tag of what JSON held: a list of texts, and what people make of one. Raises ValueError for an object."""
    match value:
        case None:
            return
        case list():
            for part in value:
                yield from _flat(part)
        case str():
            yield value
        case bool() | int() | float():
            yield json.dumps(value)
        case _:
            raise ValueError("an object is no tag")
