"""Quick add: a todo as one line of text, and what was understood of it."""

from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import Field, StrictBool

from backend.models.base import Shape
from backend.models.field import Clock, Priority
from backend.models.recurrence import RecurrenceFrom
from backend.models.todo import TodoRead

TEXT_MAX = 2_000


class QuickKind(StrEnum):
    """What a part of the text says."""

    DATE = "date"
    TIME = "time"
    RECURRENCE = "recurrence"
    START = "start"
    END = "end"
    TAG = "tag"
    LIST = "list"
    PRIORITY = "priority"
    ESCAPE = "escape"
    LEFT = "left"


class Span(Shape):
    """A part of the text, and what it was taken for."""

    start: int = Field(description="Where it begins, in characters (Unicode code points) from 0.")
    end: int = Field(description="Where it ends; the character here is no part of it.")
    text: str
    kind: QuickKind
    meaning: str = Field(description="In plain words, such as `every second Tuesday`.")


class Reading(Shape):
    """What one line of text says: the fields of a todo, and word by word where they come from."""

    title: str
    due_date: date | None = None
    due_time: Clock | None = None
    due_timezone: str | None = Field(None, description="Only where the text names a zone; else the time floats.")
    priority: Priority = Priority.MEDIUM
    tags: list[str] = Field(default_factory=list)
    list_name: str | None = Field(None, description="The name of the list, as written.")
    recurrence: str | None = Field(
        None, description="RFC 5545 text without `RRULE:`.", examples=["FREQ=WEEKLY;BYDAY=MO"]
    )
    recurrence_from: RecurrenceFrom = RecurrenceFrom.DUE
    understood: list[Span] = Field(
        default_factory=list, description="Whatever was taken out of the text, in its order; the rest is the title."
    )
    left: list[Span] = Field(
        default_factory=list, description="What looks like more and stayed in the title; `meaning` says why."
    )

    @property
    def fields(self) -> dict[str, Any]:
        """What the text said, by the names of a new todo; the list is still a name."""
        return self.model_dump(exclude={"list_name", "understood", "left"}, exclude_none=True)

    @property
    def said(self) -> dict[str, Any]:
        """Only those fields that words of the text stand for, and the title."""
        return {name: value for name, value in self.fields.items() if value != type(self).model_fields[name].default}


class QuickCreate(Shape):
    """A todo as one line, such as `Pay rent every 1st 9am #home !high`."""

    text: str = Field(min_length=1, max_length=TEXT_MAX, examples=["Pay rent every 1st 9am #home !high"])
    dry_run: StrictBool = Field(default=False, description="Only say what would be understood; nothing is created.")


class QuickRead(Shape):
    """What was understood, and the todo that it became."""

    todo: TodoRead | None = Field(description="null in a dry run.")
    reading: Reading
