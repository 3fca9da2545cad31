"""Tags as an account sees them: they exist by being written on todos, and have no row of their own."""

from pydantic import Field

from backend.models.base import Shape
from backend.models.field import TagName, Words

TAGS_LIMIT_MAX = 1_000


class TagRead(Shape):
    """A tag, spelled as on the todo that was changed last, and how many of the account's todos have it."""

    name: str
    open_count: int
    total_count: int


class TagUpdate(Shape):
    """The new name of a tag; where that one exists, the two become one."""

    name: TagName = Field(examples=["home"])


class TagFilter(Shape):
    """How many tags at a time."""

    limit: int = Field(TAGS_LIMIT_MAX, ge=1, le=TAGS_LIMIT_MAX)
    cursor: Words | None = Field(None, max_length=2_000, description="next_cursor of the page before.")


class TagPage(Shape):
    """One page of tags by name, and how to get the next."""

    tags: list[TagRead]
    total: int
    next_cursor: str | None
