"""SavedFilter: a search that somebody wants to come back to."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import JSON, Column, ForeignKey, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, Id, Shape, UtcDateTime, new_id, utc_now
from backend.models.columns import bytewise
from backend.models.field import NAME_MAX, Words, printable
from backend.models.todo import POSITION_MAX
from backend.models.todo_filter import TodoQuery

FILTERS_LIMIT_DEFAULT, FILTERS_LIMIT_MAX = 50, 200

FilterName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX), AfterValidator(printable)
]
# Without spaces, which some databases do not compare at the end of a text.
Position = Annotated[str, StringConstraints(min_length=1, max_length=POSITION_MAX, pattern=r"^[!-~]+$")]
_POSITION = "Sorts the filters, by code points. A new one comes last."


class FilterCreate(Shape):
    """A new saved filter."""

    id: Id | None = Field(None, description="Chosen by the client, so that a retry makes no second filter.")
    name: FilterName = Field(examples=["Urgent at home"])
    query: TodoQuery = Field(
        description="What to list, in the words of `GET /todos`; what is absent is not saved.",
        examples=[{"priority": "high", "tags": ["home"], "sort_by": "due_date", "sort_order": "asc"}],
    )
    position: Position | None = Field(None, description=_POSITION)


class FilterUpdate(Shape):
    """Changes to a saved filter. What is absent stays; a query replaces the one before."""

    name: FilterName = Field(default_factory=str)
    query: TodoQuery = Field(default_factory=TodoQuery)
    position: Position = Field(default_factory=str, description=_POSITION)

    @property
    def changes(self) -> dict[str, Any]:
        """Only what was named, as it is stored."""
        named = {name: getattr(self, name) for name in self.model_fields_set}
        return {**named, "query": said(self.query)} if "query" in named else named


class FilterRead(Shape):
    """A saved filter as its owner sees it."""

    id: Id
    name: str
    query: dict[str, Any] = Field(description="Parameters of `GET /todos`, just as they were saved.")
    position: str = Field(description=_POSITION)
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="Counts the changes; the ETag.")

    @classmethod
    def of(cls, row: "SavedFilter") -> "FilterRead":
        """A filter as it is stored."""
        return cls.model_construct(**{name: getattr(row, name) for name in cls.model_fields})


class FilterRequest(Shape):
    """Which page of the saved filters."""

    limit: int = Field(FILTERS_LIMIT_DEFAULT, ge=1, le=FILTERS_LIMIT_MAX)
    cursor: Words | None = Field(None, max_length=2_000, description="next_cursor of the page before.")


class FilterPage(Shape):
    """One page of saved filters, and how to get the next."""

    filters: list[FilterRead]
    total: int
    next_cursor: str | None


def said(query: TodoQuery) -> dict[str, Any]:
    """What a query says and nothing that it leaves open, as JSON can hold it."""
    return query.model_dump(mode="json", exclude_unset=True, exclude_none=True)


class SavedFilter(SQLModel, table=True):
    """A name and the query that it stands for."""

    __tablename__ = "saved_filters"

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    name: str = TableField(sa_column=Column(String(NAME_MAX), nullable=False))
    query: dict[str, Any] = TableField(sa_column=Column(JSON, nullable=False))
    position: str = TableField(sa_column=Column(bytewise(POSITION_MAX), nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    version: int = 1
