"""Todo: what somebody wants to do. Its tables and shapes; the rules about single fields are in models.field."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StrictBool, model_validator
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    text,
)
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models import due
from backend.models.base import ID_LENGTH, Id, Instant, Shape, UtcDateTime, new_id, utc_now
from backend.models.columns import LONG_TEXT, Ranked, WallClock, bytewise
from backend.models.field import (
    TAG_KEY_MAX,
    TITLE_KEY_MAX,
    TITLE_MAX,
    Clock,
    Description,
    DueDate,
    DueTime,
    Priority,
    Tags,
    Title,
    Urgency,
)
from backend.models.recurrence import RecurrenceFrom
from backend.models.recurrence_rule import RULE_MAX
from backend.models.recurrence_text import parse
from backend.models.user import TIMEZONE_MAX, Timezone, fold
from backend.models.words import WORD_MAX, words_of

POSITION_MAX = 120
Rule = Annotated[str, AfterValidator(parse)]


class ApplyTo(StrEnum):
    """Which occurrences a change of a recurring todo is meant for."""

    DEFAULT = "default"
    THIS = "this"
    FOLLOWING = "following"


def first_position(moment: datetime) -> str:
    """The place of a new todo: after all that were there before it.

    A fractional key whose whole part is the time, so that nobody has to look for the last one: `t` announces 20 digits.
    """
    # Not by strftime: what it says of a year before 1000 has four digits on some systems only, and it takes its time.
    text = moment.isoformat(timespec="microseconds")
    return f"t{text[:4]}{text[5:7]}{text[8:10]}{text[11:13]}{text[14:16]}{text[17:19]}{text[20:26]}"


def tag_rows(owner_id: str, todo_id: str, tags: Iterable[str]) -> list[dict[str, str]]:
    """The rows of the tag index that belong to a todo."""
    return [{"owner_id": owner_id, "todo_id": todo_id, "tag_key": fold(tag)} for tag in tags]


def word_rows(owner_id: str, todo_id: str, *texts: str) -> list[dict[str, str]]:
    """The rows of the search index that belong to a todo."""
    return [{"owner_id": owner_id, "todo_id": todo_id, "word": word} for word in sorted(words_of(*texts))]


class _DueRules(Shape):
    """A whole timestamp in `due_date` is taken apart before the fields are checked."""

    @model_validator(mode="before")
    @classmethod
    def _take_apart(cls, values: Any) -> Any:
        return due.take_apart(values) if isinstance(values, Mapping) else values


_DUE_DATE = Field(
    None,
    description=(
        "All day: 2027-03-01. A whole timestamp is taken apart: 2027-03-01T09:00 floats, "
        "with Z or an offset it is that instant in UTC."
    ),
    examples=["2027-03-01"],
)
_DUE_TIME = Field(None, description="Wall-clock time, 09:00; without a zone it is nine wherever you are.")
_DUE_TIMEZONE = Field(None, description="IANA zone that fixes the time to one instant.")
_RECURRENCE = Field(
    None,
    max_length=RULE_MAX,
    description="RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO, or daily, weekly, monthly, yearly, weekdays.",
    examples=["FREQ=WEEKLY;BYDAY=MO"],
)
_REMIND_AT = Field(None, description="When to remind, as an instant.")
_LIST_ID = Field(None, description="null is the inbox.")
_PARENT_ID = Field(None, description="The todo that this one is a part of.")
_ASSIGNEE_ID = Field(None, description="Who is to do it: the list's owner or one of its members.")


class TodoCreate(_DueRules):
    """A new todo. Only the title is needed."""

    id: Id | None = Field(None, description="Chosen by the client, so that a retry makes no second todo.")
    title: Title = Field(examples=["Buy milk"])
    description: Description = ""
    completed: StrictBool = False
    priority: Urgency = Priority.MEDIUM
    tags: Tags = Field(default_factory=list)
    due_date: DueDate = _DUE_DATE
    due_time: DueTime = _DUE_TIME
    due_timezone: Timezone | None = _DUE_TIMEZONE
    recurrence: Rule | None = _RECURRENCE
    recurrence_from: RecurrenceFrom = RecurrenceFrom.DUE
    remind_at: Instant | None = _REMIND_AT
    list_id: Id | None = _LIST_ID
    parent_id: Id | None = _PARENT_ID
    assignee_id: Id | None = _ASSIGNEE_ID

    @model_validator(mode="after")
    def _due_means_something(self) -> Self:
        if self.due_time is not None or self.due_timezone is not None:  # nothing and a day mean something by themselves
            due.Due().merged({name: getattr(self, name) for name in due.FIELDS})
        return self


class TodoUpdate(_DueRules):
    """Changes to a todo. What is absent stays, `null` clears; setting `due_date` to null clears all of the due."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    completed: StrictBool = Field(default_factory=bool)
    priority: Urgency = Field(default_factory=lambda: Priority.MEDIUM)
    tags: Tags = Field(default_factory=list)
    due_date: DueDate = _DUE_DATE
    due_time: DueTime = _DUE_TIME
    due_timezone: Timezone | None = _DUE_TIMEZONE
    recurrence: Rule | None = _RECURRENCE
    recurrence_from: RecurrenceFrom = Field(default_factory=lambda: RecurrenceFrom.DUE)
    remind_at: Instant | None = _REMIND_AT
    list_id: Id | None = _LIST_ID
    parent_id: Id | None = _PARENT_ID
    assignee_id: Id | None = _ASSIGNEE_ID
    apply_to: ApplyTo = Field(
        default_factory=lambda: ApplyTo.DEFAULT,
        description=(
            "For a todo that repeats. default: a due that is moved is this occurrence's alone, everything else also"
            " holds for those that follow. this: it becomes a todo of its own, the series goes on without the changes."
            " following: the due moves for all that follow, too."
        ),
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Only what was named."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"apply_to"}}


class TodoMove(Shape):
    """Where a todo goes in the manual order: before or after another one.

    Before `null` is the end, after `null` the start; with neither it goes to the end.
    """

    before_id: Id | None = Field(None, description="The todo that comes next; null for the end.")
    after_id: Id | None = Field(None, description="The todo that comes before; null for the start.")
    list_id: Id | None = _LIST_ID
    parent_id: Id | None = _PARENT_ID


class TodoRead(Shape):
    """A todo as its owner sees it. Instants are RFC 3339 in UTC; the due is as it was said."""

    id: Id
    title: str
    description: str
    completed: bool
    priority: Priority
    tags: list[str]
    due_date: date | None
    due_time: Clock | None
    due_timezone: str | None
    due_at: datetime | None = Field(description="The due as an instant in UTC; null for a whole day.")
    weekday: str | None = Field(description="The weekday of due_date, in English.")
    overdue: bool = Field(description="True when it is open and its due has passed in the account's timezone.")
    recurrence: str | None = Field(description="RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO.")
    recurrence_from: str = Field(description="due: by the calendar; completion: counted from when it was done.")
    series_id: str | None = Field(description="Shared by the occurrences of one recurring todo.")
    occurrences_missed: int = Field(description="How many occurrences passed before this one.")
    remind_at: datetime | None
    list_id: Id | None = Field(description="null is the inbox.")
    parent_id: Id | None
    position: str = Field(description="Sorts the manual order, by code points.")
    assignee_id: Id | None
    parts_open: int = Field(description="How many todos are a part of this one and open.")
    parts_done: int = Field(description="How many todos are a part of this one and done.")
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(description="Counts the changes; the ETag.")
    url: str = Field(description="Opens the todo in the web page.")

    @classmethod
    def of(cls, row: Any, *, timezone: str, now: datetime, parts: tuple[int, int] = (0, 0)) -> "TodoRead":
        """A stored row as an account in this timezone sees it now; its parts are counted by services.trees."""
        when = due.Due(row.due_date, row.due_time, row.due_timezone)
        # Not validated again: it was on its way in, and a row repaired after damage must still be readable.
        return cls.unchecked(
            id=row.id,
            title=row.title,
            description=row.description,
            completed=row.completed,
            priority=row.priority,
            tags=row.tags,
            due_date=row.due_date,
            due_time=row.due_time,
            due_timezone=row.due_timezone,
            due_at=when.at(timezone),
            weekday=due.WEEKDAYS[row.due_date.weekday()] if row.due_date else None,
            overdue=not row.completed and row.deleted_at is None and row.due_until is not None and row.due_until < now,
            recurrence=row.recurrence,
            recurrence_from=row.recurrence_from,
            series_id=row.series_id,
            occurrences_missed=row.occurrences_missed,
            remind_at=row.remind_at,
            list_id=row.list_id,
            parent_id=row.parent_id,
            position=row.position,
            assignee_id=row.assignee_id,
            parts_open=parts[0],
            parts_done=parts[1],
            completed_at=row.completed_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
            deleted_at=row.deleted_at,
            version=row.version,
            url=f"/?todo={row.id}",
        )


def _index_of_some(name: str, *columns: str, unique: bool = False) -> Index:
    """An index of an account's todos that have the first column; on a database server, of all of them."""
    return Index(name, "owner_id", *columns, unique=unique, sqlite_where=text(f"{columns[0]} IS NOT NULL"))


class Todo(SQLModel, table=True):
    """A todo. The owner comes first in every key: one account's rows lie together, and can be sharded by owner."""

    __tablename__ = "todos"
    __table_args__ = (
        CheckConstraint("length(title) >= 1", name="title_not_empty"),
        CheckConstraint("priority BETWEEN 1 AND 3", name="priority_rank"),
        CheckConstraint("version >= 1", name="version_positive"),
        # One index for each order a list can have, with the trash at its other end.
        Index("ix_todos_created", "owner_id", "deleted_at", "created_at", "id"),
        Index("ix_todos_open_created", "owner_id", "deleted_at", "completed", "created_at", "id"),
        Index("ix_todos_open_due", "owner_id", "deleted_at", "completed", "due_until", "id"),
        Index("ix_todos_open_priority", "owner_id", "deleted_at", "completed", "priority", "id"),
        Index("ix_todos_updated", "owner_id", "deleted_at", "updated_at", "id"),
        Index("ix_todos_title", "owner_id", "deleted_at", "title_key", "id"),
        Index("ix_todos_position", "owner_id", "deleted_at", "completed", "position", "id"),
        Index("ix_todos_list", "owner_id", "list_id", "deleted_at", "completed", "position", "id"),
        # Of what few todos have. SQLite keeps an index of those alone: others pay nothing for it.
        _index_of_some("ix_todos_with_parent", "parent_id"),
        _index_of_some("ix_todos_with_completed_at", "completed_at"),
        _index_of_some("ix_todos_with_remind_at", "remind_at"),
        # However often an occurrence is completed, its series gets one next.
        _index_of_some("uq_todos_occurrence", "series_id", "occurrence", unique=True),
    )

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    title: str = TableField(sa_column=Column(String(TITLE_MAX), nullable=False))
    title_key: str = TableField(sa_column=Column(String(TITLE_KEY_MAX), nullable=False))
    description: str = TableField(sa_column=Column(LONG_TEXT, nullable=False))
    completed: bool = TableField(
        default=False, sa_column=Column(Boolean(create_constraint=True, name="completed"), nullable=False)
    )
    priority: Priority = TableField(sa_column=Column(Ranked, nullable=False))
    tags: list[str] = TableField(sa_column=Column(JSON, nullable=False))
    due_date: date | None = TableField(default=None, sa_column=Column(Date))
    due_time: time | None = TableField(default=None, sa_column=Column(WallClock))
    due_timezone: str | None = TableField(default=None, sa_column=Column(String(TIMEZONE_MAX)))
    due_until: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    completed_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    deleted_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    # Lists and parents are kept by the services: a todo whose list or parent is gone must stay, and stand in the inbox.
    list_id: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))
    parent_id: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))
    position: str = TableField(sa_column=Column(bytewise(POSITION_MAX), nullable=False, server_default=""))
    assignee_id: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))
    remind_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    recurrence: str | None = TableField(default=None, sa_column=Column(String(RULE_MAX)))
    recurrence_from: str = TableField(default="due", sa_column=Column(String(16), nullable=False, server_default="due"))
    series_id: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))
    series_start: str | None = TableField(default=None, sa_column=Column(String(32)))
    occurrence: str | None = TableField(default=None, sa_column=Column(String(32)))
    occurrences_missed: int = TableField(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))


class TodoTag(SQLModel, table=True):
    """Which todos carry a tag: derived from Todo.tags, so that filtering by tag needs no scan."""

    __tablename__ = "todo_tags"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "todo_id"], ["todos.owner_id", "todos.id"], ondelete="CASCADE"),
        Index(None, "owner_id", "todo_id"),
    )

    owner_id: str = TableField(sa_column=Column(String(ID_LENGTH), primary_key=True))
    tag_key: str = TableField(sa_column=Column(String(TAG_KEY_MAX), primary_key=True))
    todo_id: str = TableField(sa_column=Column(String(ID_LENGTH), primary_key=True))


class TodoWord(SQLModel, table=True):
    """Which todos have a word: derived from title and description, so that searching reads no texts.

    The same on every database, and by owner first: what an account finds costs what its own todos cost, however many
    others there are. No reference to the todo, whose own index it would need: the services keep the two together.
    """

    __tablename__ = "todo_words"
    # A search finds the todos of a rare word by the key; whether a todo has a common one it asks here.
    __table_args__ = (Index("ix_todo_words_todo", "owner_id", "todo_id", "word"),)

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    word: str = TableField(sa_column=Column(bytewise(WORD_MAX), primary_key=True))
    todo_id: str = TableField(sa_column=Column(String(ID_LENGTH), primary_key=True))
