"""The feed of changes: what a program reads to hold a copy that is always right."""

from datetime import datetime

from pydantic import Field

from backend.models.base import Id, Shape
from backend.models.operation import Kind
from backend.models.todo import TodoRead

PAGE_DEFAULT, PAGE_MAX = 100, 1_000


class FeedRequest(Shape):
    """Where to go on, and how far."""

    cursor: str | None = Field(None, max_length=8_000, description="next_cursor of before; absent: from the beginning.")
    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX)


class ChangeRead(Shape):
    """One thing as it is now, or the tombstone of one that is gone, or that you may no longer see."""

    kind: Kind = Field(description="A todo comes with the change; a list or a saved filter is read by its id.")
    id: Id
    deleted: bool = Field(description="True: it is gone, forget it. What is in the trash is not gone.")
    changed_at: datetime | None = Field(description="When; null where the feed begins with what is there.")
    todo: TodoRead | None


class FeedPage(Shape):
    """What changed, in order. Ask again with `next_cursor`, at once while `has_more`."""

    changes: list[ChangeRead]
    next_cursor: str
    has_more: bool
