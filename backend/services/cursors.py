"""Cursors: where a page ended, as opaque text. Stable when todos come, change or go between two pages."""

import base64
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from pydantic_core import to_json

from backend.errors import FieldError, invalid
from backend.models.base import Instant
from backend.models.field import Priority
from backend.models.todo_filter import SortBy, SortOrder, TodoFilter

# Without NUL, which no key contains and PostgreSQL does not compare.
_Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
_KEYS: dict[SortBy, tuple[str, TypeAdapter[Any]]] = {
    SortBy.CREATED_AT: ("created_at", TypeAdapter(Instant)),
    SortBy.UPDATED_AT: ("updated_at", TypeAdapter(Instant)),
    SortBy.DUE_DATE: ("due_until", TypeAdapter(Instant | None)),
    SortBy.PRIORITY: ("priority", TypeAdapter(Priority)),
    SortBy.TITLE: ("title_key", TypeAdapter(_Text)),
    SortBy.POSITION: ("position", TypeAdapter(_Text)),
}
_PARTS = TypeAdapter(tuple[SortBy, SortOrder, Any, Annotated[_Text, Field(max_length=64)]])


def key_of(sort_by: SortBy) -> str:
    """The column that an order sorts by."""
    return _KEYS[sort_by][0]


def write(wanted: TodoFilter, last: Any) -> str:
    """A cursor to what comes after this row."""
    parts = to_json([wanted.sort_by, wanted.sort_order, getattr(last, key_of(wanted.sort_by)), last.id])
    return base64.urlsafe_b64encode(parts).decode().rstrip("=")


def read(wanted: TodoFilter, cursor: str) -> tuple[Any, str]:
    """Sort key and id of the last row before; raises InvalidInputError for a cursor that was made for another list."""
    try:
        parts = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        sort_by, sort_order, key, last_id = _PARTS.validate_json(parts)
        key = _KEYS[sort_by][1].validate_python(key) if sort_by is wanted.sort_by else None
        fits = (sort_by, sort_order) == (wanted.sort_by, wanted.sort_order)
    except ValueError:  # pydantic's and base64's errors are both ValueErrors
        fits = False
    if not fits:
        raise invalid([FieldError("cursor", "is not a next_cursor of this list and order; start from the first page")])
    return key, last_id
