"""A todo outside of the database, and what else a file can hold of an account.

Writers take records as they are; readers make them with `todo`, which lets through only what the models allow.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, ValidationError

from backend.errors import AppError, describe
from backend.models.base import Id, Instant, Shape, as_id
from backend.models.field import Priority
from backend.models.todo import TodoCreate
from backend.models.user import TIMEZONE_MAX

Origin = Literal["due", "completion"]

# Every id that we make for somebody else's todo comes from here, so that the same file makes the same ids for ever.
NAMESPACE = uuid.UUID("6f1c8a52-9d0b-5f3e-8c47-2b7a0e94d1c6")

_WALL_CLOCK = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything of a todo that belongs to its account."""

    title: str
    id: str | None = None
    description: str = ""
    completed: bool = False
    completed_at: datetime | None = None
    priority: Priority = Priority.MEDIUM
    tags: tuple[str, ...] = ()
    due_date: date | None = None
    due_time: time | None = None
    due_timezone: str | None = None
    remind_at: datetime | None = None
    recurrence: str | None = None
    recurrence_from: Origin = "due"
    series_id: str | None = None
    series_start: str | None = None
    occurrence: str | None = None
    occurrences_missed: int = 0
    list_id: str | None = None
    list_name: str | None = None
    parent_id: str | None = None
    position: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    # A due in words ("every monday"), and their language, from files of others; never written.
    due_text: str | None = None
    due_language: str | None = None
    # The fields that the file says anything of; the others have their defaults. With `id` the todo is named by it,
    # without it its id is made of what it says.
    said: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


FIELDS = tuple(field.name for field in fields(Record) if field.name not in {"due_text", "due_language", "said"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What a reader has to say about a line: that it was refused, or (a notice) what of it was left out."""

    sentence: str
    refused: bool = True
    stops: bool = False  # nothing after this line could be read


def _printable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain half a character (a lone surrogate)") from None
    return value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


_Text = Annotated[str, AfterValidator(_printable)]


_Short = Annotated[_Text | None, Field(max_length=500), BeforeValidator(_none_if_empty)]
_Moment = Annotated[Instant | None, BeforeValidator(_none_if_empty)]
_OptionalId = Annotated[Id | None, BeforeValidator(_none_if_empty)]
_WallClock = Annotated[str | None, Field(pattern=_WALL_CLOCK), BeforeValidator(_none_if_empty)]


class _Rest(Shape):
    """What a record has beside the fields that a user sets, whose rules stand in TodoCreate."""

    completed_at: _Moment = None
    remind_at: _Moment = None
    recurrence: Annotated[
        str | None, Field(max_length=1_000, pattern=r"^[A-Z0-9=;,:+\-]+$"), BeforeValidator(_none_if_empty)
    ] = None
    recurrence_from: Origin = "due"
    series_id: _Short = None
    series_start: _WallClock = None
    occurrence: _WallClock = None
    occurrences_missed: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    list_id: _OptionalId = None
    list_name: _Short = None
    parent_id: _OptionalId = None
    position: _Short = None
    created_at: _Moment = None
    updated_at: _Moment = None
    deleted_at: _Moment = None
    due_text: _Short = None
    due_language: _Short = None


_SHOWN_MAX = 60
_USER_FIELDS = ("id", "title", "description", "completed", "priority", "tags", "due_date", "due_time", "due_timezone")


def todo(raw: Mapping[str, Any]) -> Record:
    """The record that raw values mean; raises InvalidInputError with a sentence for each field that is wrong."""
    try:
        rest = _Rest.model_validate({name: value for name, value in raw.items() if name not in _USER_FIELDS})
        said = TodoCreate.model_validate({name: raw[name] for name in _USER_FIELDS if name in raw})
    except ValidationError as error:
        raise describe(error) from None
    values = {name: getattr(said, name) for name in _USER_FIELDS} | rest.__dict__
    values["tags"] = tuple(said.tags)
    if not said.completed:
        values["completed_at"] = None
    return Record(**values, said=frozenset(raw))


def unnamed(made: Record) -> Record:
    """The record of a row that has no id of its own."""
    return replace(made, said=made.said - {"id"})


def about(kind: str, name: object, number: int | None = None) -> str:
    """What a report calls a todo, a list or a filter by, as one line may hold a whole file: its name, or its number."""
    shown = name[:_SHOWN_MAX] if isinstance(name, str) else ""
    # What cannot be printed may be what it was refused for, and cannot always be sent.
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in shown).split())
    if shown:
        return f'The {kind} "{shown}"' if len(str(name)) <= _SHOWN_MAX else f'The {kind} "{shown}..."'
    return f"This {kind}" if number is None else f"{kind.capitalize()} {number} of the file"


def problem(error: AppError, about: str = "This todo") -> Problem:
    """A refusal of the models as the sentence for a line."""
    return Problem(f"{about} was not taken: {error.detail}")


class ListRecord(Shape):
    """A list of the account."""

    id: Id
    name: Annotated[_Text, Field(min_length=1, max_length=500)]
    color: _Short = None
    position: _Short = None
    is_archived: StrictBool = False
    created_at: _Moment = None
    updated_at: _Moment = None
    deleted_at: _Moment = None


class FilterRecord(Shape):
    """A saved filter of the account."""

    id: Id
    name: Annotated[_Text, Field(min_length=1, max_length=500)]
    query: dict[str, Any]
    position: _Short = None
    created_at: _Moment = None
    updated_at: _Moment = None


class AccountRecord(Shape):
    """Whose export it is; never a password, a hash or a token."""

    username: Annotated[_Text, Field(max_length=50)]
    email: Annotated[_Text, Field(max_length=254)]
    timezone: Annotated[_Text, Field(max_length=TIMEZONE_MAX)]


Anything = Record | ListRecord | FilterRecord | AccountRecord | Problem
Row = tuple[int, Anything]


def foreign_id(uid: str) -> str:
    """The id of a todo that another program named: its own where it is a UUID, and else always the same one."""
    try:
        return as_id(uid.strip())
    except ValueError:
        return str(uuid.uuid5(NAMESPACE, uid))


class Identities:
    """Ids for rows that have none: the same row of the same file gets the same id each time it is read.

    Remembers 8 bytes of each row, to tell twins apart by their order.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def of(self, *parts: str | None) -> str:
        """The id of the row that these texts stand for."""
        name = "\x1f".join(part or "" for part in parts)
        digest = int.from_bytes(hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest())
        twins = self._seen[digest] = self._seen.get(digest, -1) + 1
        return str(uuid.uuid5(NAMESPACE, f"{name}\x1f{twins}" if twins else name))
