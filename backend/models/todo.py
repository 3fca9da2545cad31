"""Todo: what somebody wants to do. Its table, its shapes and every rule about its fields."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models import due
from backend.models.base import ID_LENGTH, Day, Id, Instant, Shape, UtcDateTime, new_id, utc_now
from backend.models.user import TIMEZONE_MAX, Timezone, fold

TITLE_MAX = 500
TITLE_KEY_MAX = 100
DESCRIPTION_MAX = 20_000
TAGS_MAX = 50
TAG_MAX = 100
TAG_KEY_MAX = 3 * TAG_MAX  # folding case can triple a text (Unicode, CaseFolding.txt)
SEARCH_MAX = 200
SEARCH_WORDS_MAX = 10
SEARCH_WORD_MAX = 50  # a longer one, looked for in long texts, costs seconds (its length times theirs)
LIMIT_DEFAULT, LIMIT_MAX = 50, 1_000
SKIP_MAX = 10_000


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


class Ranked(TypeDecorator[Priority]):
    """A priority as its rank, so that an index sorts it by urgency."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Priority | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The rank of a priority."""
        return None if value is None else Priority(value).rank

    def process_result_value(self, value: int | None, dialect: Dialect) -> Priority | None:  # noqa: ARG002
        """The priority of a rank."""
        return None if value is None else _PRIORITIES[value - 1]


class WallClock(TypeDecorator[time]):
    """A time of day as the text it was said in: MySQL's TIME is a duration, and comes back as one."""

    impl = String(8)
    cache_ok = True

    def process_bind_param(self, value: time | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """`09:00`."""
        return None if value is None else due.clock(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> time | None:  # noqa: ARG002
        """The time that the text says."""
        return None if value is None else time.fromisoformat(value)


def _printable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can spell half a surrogate pair; no database and no answer can hold it
        raise ValueError("must not contain half a character (a lone surrogate)") from None
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


def tag_rows(owner_id: str, todo_id: str, tags: Iterable[str]) -> list[dict[str, str]]:
    """The rows of the tag index that belong to a todo."""
    return [{"owner_id": owner_id, "todo_id": todo_id, "tag_key": fold(tag)} for tag in tags]


def _tags(value: list[str]) -> list[str]:
    if not all(1 <= len(_printable(tag).strip()) <= TAG_MAX for tag in value):
        raise ValueError(f"each tag must have 1 to {TAG_MAX} characters")
    tags = unique_tags(value)
    if len(tags) > TAGS_MAX:
        raise ValueError(f"a todo can have at most {TAGS_MAX} tags")
    return tags


def _nullable(schema: dict[str, Any]) -> None:
    """Say in the documentation that `null` is taken too."""
    inner = {key: schema.pop(key) for key in list(schema) if key not in {"title", "description", "default", "examples"}}
    schema["anyOf"] = [inner, {"type": "null"}]


def _or(default: Any) -> BeforeValidator:
    """`null` clears: it means what the field has when nothing was ever said."""
    return BeforeValidator(lambda value: default if value is None else value)


_Text = Annotated[str, AfterValidator(_printable)]
_Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX), AfterValidator(_printable)
]
_Description = Annotated[
    str, _or(""), Field(max_length=DESCRIPTION_MAX, json_schema_extra=_nullable), AfterValidator(_printable)
]
_Tags = Annotated[list[str], _or([]), Field(max_length=1_000, json_schema_extra=_nullable), AfterValidator(_tags)]
_Priority = Annotated[Priority, _or(Priority.MEDIUM), Field(json_schema_extra=_nullable)]
_Date = Annotated[
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
_Time = Annotated[
    time | None,
    BeforeValidator(due.as_time),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2})?$"}, {"type": "null"}]}),
]
_Clock = Annotated[time, PlainSerializer(due.clock, return_type=str)]


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


class TodoCreate(_DueRules):
    """A new todo. Only the title is needed."""

    id: Id | None = Field(None, description="Chosen by the client, so that a retry makes no second todo.")
    title: _Title = Field(examples=["Buy milk"])
    description: _Description = ""
    completed: StrictBool = False
    priority: _Priority = Priority.MEDIUM
    tags: _Tags = Field(default_factory=list)
    due_date: _Date = _DUE_DATE
    due_time: _Time = _DUE_TIME
    due_timezone: Timezone | None = _DUE_TIMEZONE

    @model_validator(mode="after")
    def _due_means_something(self) -> Self:
        due.Due().merged({name: getattr(self, name) for name in due.FIELDS})
        return self


class TodoUpdate(_DueRules):
    """Changes to a todo. What is absent stays, `null` clears; setting `due_date` to null clears all of the due."""

    title: _Title = Field(default_factory=str)
    description: _Description = Field(default_factory=str)
    completed: StrictBool = Field(default_factory=bool)
    priority: _Priority = Field(default_factory=lambda: Priority.MEDIUM)
    tags: _Tags = Field(default_factory=list)
    due_date: _Date = _DUE_DATE
    due_time: _Time = _DUE_TIME
    due_timezone: Timezone | None = _DUE_TIMEZONE

    @property
    def changes(self) -> dict[str, Any]:
        """Only what was named."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class TodoRead(Shape):
    """A todo as its owner sees it. Instants are RFC 3339 in UTC; the due is as it was said."""

    id: Id
    title: str
    description: str
    completed: bool
    priority: Priority
    tags: list[str]
    due_date: date | None
    due_time: _Clock | None
    due_timezone: str | None
    due_at: datetime | None = Field(description="The due as an instant in UTC; null for a whole day.")
    weekday: str | None = Field(description="The weekday of due_date, in English.")
    overdue: bool = Field(description="True when it is open and its due has passed in the account's timezone.")
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(description="Counts the changes; the ETag.")
    url: str = Field(description="Opens the todo in the web page.")

    @classmethod
    def of(cls, row: Any, *, timezone: str, now: datetime) -> "TodoRead":
        """A stored row as an account in this timezone sees it now."""
        when = due.Due(row.due_date, row.due_time, row.due_timezone)
        # Not validated again: it was on its way in, and a row repaired after damage must still be readable.
        return cls.model_construct(
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
            weekday=f"{row.due_date:%A}" if row.due_date else None,
            overdue=not row.completed and row.deleted_at is None and row.due_until is not None and row.due_until < now,
            completed_at=row.completed_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
            deleted_at=row.deleted_at,
            version=row.version,
            url=f"/?todo={row.id}",
        )


class DueWord(StrEnum):
    """Days in words, as the account's timezone has them."""

    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"
    NONE = "none"


class SortBy(StrEnum):
    """What a list is sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    DUE_DATE = "due_date"
    PRIORITY = "priority"
    TITLE = "title"


class SortOrder(StrEnum):
    """Which end of the list comes first."""

    ASC = "asc"
    DESC = "desc"


class TodoFilter(Shape):
    """Which todos, in which order, and how many."""

    search: _Text | None = Field(None, max_length=SEARCH_MAX, description="Words that title or description contain.")
    completed: bool | None = Field(None, description="true, false, or absent for both.")
    priority: Priority | None = None
    tags: list[_Text] = Field([], max_length=TAGS_MAX, description="Todos with any of these tags.")
    tags_all: list[_Text] = Field([], max_length=TAGS_MAX, description="Todos with all of these tags.")
    due: DueWord | None = Field(None, description="In the account's timezone; week is today and the six days after.")
    due_before: Day | None = Field(None, description="Due on an earlier day, in the account's timezone.")
    due_after: Day | None = Field(None, description="Due on a later day, in the account's timezone.")
    updated_since: Instant | None = Field(None, description="Changed at or after this instant.")
    sort_by: SortBy = SortBy.CREATED_AT
    sort_order: SortOrder = SortOrder.DESC
    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
    skip: int = Field(
        0, ge=0, le=SKIP_MAX, description="For short lists; a cursor is as fast on page 1,000 as on page 1."
    )
    cursor: str | None = Field(None, max_length=2_000, description="next_cursor of the page before.")

    @field_validator("search")
    @classmethod
    def _few_short_words(cls, value: str | None) -> str | None:
        words = (value or "").split()
        if len(words) > SEARCH_WORDS_MAX or any(len(word) > SEARCH_WORD_MAX for word in words):
            raise ValueError(f"must be at most {SEARCH_WORDS_MAX} words of at most {SEARCH_WORD_MAX} characters")
        return value

    @property
    def is_slow(self) -> bool:
        """Whether texts have to be read through, which takes longer than an index does."""
        return bool((self.search or "").strip())


class TodoPage(Shape):
    """One page of a list, and how to get the next."""

    todos: list[TodoRead]
    total: int
    next_cursor: str | None
    skip: int
    limit: int


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
    )

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    title: str = TableField(sa_column=Column(String(TITLE_MAX), nullable=False))
    title_key: str = TableField(sa_column=Column(String(TITLE_KEY_MAX), nullable=False))
    description: str = TableField(sa_column=Column(Text, nullable=False))
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
