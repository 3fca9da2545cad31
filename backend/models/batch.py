"""Batches: up to 100 operations in one request."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt

from backend.models.base import Day, FieldsOf, Shape
from backend.models.field import TAGS_MAX, Priority, Words
from backend.models.todo import TodoCreate, TodoRead
from backend.models.todo_filter import DueWord, Search, TodoFilter

BATCH_MAX = 100


class BatchAction(StrEnum):
    """What one item of a batch does."""

    CREATE = "create"
    UPDATE = "update"
    COMPLETE = "complete"
    REOPEN = "reopen"
    DELETE = "delete"
    RESTORE = "restore"


class BatchItem(Shape):
    """One operation. `id` names the todo; to create, it goes into `data`, or is left out."""

    action: BatchAction
    id: str | None = Field(None, max_length=64)
    data: dict[str, Any] = Field(default_factory=dict, description="The fields, for create and update.")
    version: StrictInt | None = Field(None, ge=1, description="Change it only if it still has this version.")


class BatchRequest(Shape):
    """Operations in their order. `atomic`: all of them or none; otherwise each for itself."""

    operations: list[BatchItem] = Field(min_length=1, max_length=BATCH_MAX)
    atomic: StrictBool = True


class BatchCreate(Shape):
    """New todos, each for itself: one that is refused stops no other."""

    todos: list[Annotated[dict[str, Any], FieldsOf(TodoCreate)]] = Field(min_length=1, max_length=BATCH_MAX)

    @property
    def request(self) -> BatchRequest:
        """The same as operations."""
        items = [BatchItem(action=BatchAction.CREATE, data=fields) for fields in self.todos]
        return BatchRequest(operations=items, atomic=False)


class BatchError(Shape):
    """Why an item was refused, in the words of a single request."""

    code: str
    detail: str
    status: int


class BatchResult(Shape):
    """What became of one item: the todo as it is now, or why it was refused."""

    index: int
    todo: TodoRead | None = None
    error: BatchError | None = None


class BatchRead(Shape):
    """A result for each item, in their order. The whole batch is one operation, and can be undone as one."""

    operation_id: str
    succeeded: int
    failed: int
    results: list[BatchResult]


class BulkFilter(Shape):
    """Which todos to delete. At least one of these has to be said."""

    search: Search = None
    completed: bool | None = None
    priority: Priority | None = None
    tags: list[Words] = Field([], max_length=TAGS_MAX, description="Todos with any of these tags.")
    tags_all: list[Words] = Field([], max_length=TAGS_MAX, description="Todos with all of these tags.")
    due: DueWord | None = None
    due_before: Day | None = None
    due_after: Day | None = None

    @property
    def wanted(self) -> TodoFilter:
        """The same as the filter of a list."""
        return TodoFilter.model_validate(self.model_dump(exclude_unset=True))

    @property
    def is_empty(self) -> bool:
        """Whether it would take everything."""
        return not any(value not in (None, []) for value in self.model_dump().values())


class BulkRead(Shape):
    """How many todos went to the trash, by which operation; null where there were none."""

    deleted: int
    operation_id: str | None


class TrashRead(Shape):
    """How many todos are gone for good."""

    purged: int
