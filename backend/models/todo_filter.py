"""TodoFilter: which todos, in which order, and how many at a time."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from backend.models.base import Day, Instant, Shape, as_id
from backend.models.field import TAGS_MAX, Priority, Words
from backend.models.todo import TodoRead

SEARCH_MAX = 200
SEARCH_WORDS_MAX = 10
SEARCH_WORD_MAX = 50  # a longer one, looked for in long texts, costs seconds (its length times theirs)
LIMIT_DEFAULT, LIMIT_MAX = 50, 1_000
SKIP_MAX = 10_000


INBOX, NO_PARENT = "inbox", "none"


def _id_or(word: str) -> AfterValidator:
    """An id, or a word that stands for having none."""

    def check(value: str) -> str:
        try:
            return value if value == word else as_id(value)
        except ValueError:
            raise ValueError(f"must be an id or `{word}`") from None

    return AfterValidator(check)


def _schema(word: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "const": word}]})


def _worded(value: str | None) -> str | None:
    """What is searched for; None where that is no word, because then nothing is: it filters nothing."""
    words = (value or "").split()
    if len(words) > SEARCH_WORDS_MAX or any(len(word) > SEARCH_WORD_MAX for word in words):
        raise ValueError(f"must be at most {SEARCH_WORDS_MAX} words of at most {SEARCH_WORD_MAX} characters")
    return value if words else None


Search = Annotated[Words | None, Field(max_length=SEARCH_MAX), AfterValidator(_worded)]
ListOrInbox = Annotated[str, Field(max_length=64), _id_or(INBOX), _schema(INBOX)]
ParentOrNone = Annotated[str, Field(max_length=64), _id_or(NO_PARENT), _schema(NO_PARENT)]


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
    POSITION = "position"


class SortOrder(StrEnum):
    """Which end of the list comes first."""

    ASC = "asc"
    DESC = "desc"


class TodoQuery(Shape):
    """Which todos, in which order, and how many at a time: what a filter can be saved as."""

    search: Search = Field(
        None,
        description="Words of title or description, or their beginnings: all of them, in any order. Case and accents do"
        " not count. Scripts without spaces, such as Chinese, are found in any place.",
    )
    completed: bool | None = Field(None, description="true, false, or absent for both.")
    priority: Priority | None = None
    tags: list[Words] = Field([], max_length=TAGS_MAX, description="Todos with any of these tags.")
    tags_all: list[Words] = Field([], max_length=TAGS_MAX, description="Todos with all of these tags.")
    list_id: ListOrInbox | None = Field(None, description="A list's id, or `inbox` for what is in none.")
    parent_id: ParentOrNone | None = Field(
        None, description="The parts of this todo; `none` for what is a part of nothing."
    )
    due: DueWord | None = Field(None, description="In the account's timezone; week is today and the six days after.")
    due_before: Day | None = Field(None, description="Due on an earlier day, in the account's timezone.")
    due_after: Day | None = Field(None, description="Due on a later day, in the account's timezone.")
    updated_since: Instant | None = Field(None, description="Changed at or after this instant.")
    sort_by: SortBy = SortBy.CREATED_AT
    sort_order: SortOrder = SortOrder.DESC
    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)

    @property
    def is_slow(self) -> bool:
        """Whether many rows have to be looked at, however few are answered."""
        return self.search is not None


class TodoFilter(TodoQuery):
    """Which todos, in which order, and which page of them."""

    skip: int = Field(
        0, ge=0, le=SKIP_MAX, description="For short lists; a cursor is as fast on page 1,000 as on page 1."
    )
    cursor: str | None = Field(None, max_length=2_000, description="next_cursor of the page before.")


class TodoPage(Shape):
    """One page of a list, and how to get the next."""

    todos: list[TodoRead]
    total: int
    next_cursor: str | None
    skip: int
    limit: int
