"""What the tools take that no other door takes in this form. None of it can name an account."""

from enum import StrEnum

from pydantic import Field, SkipValidation

from backend.models.base import Shape
from backend.models.todo import TodoUpdate
from backend.models.todo_filter import TodoFilter

PAGE_DEFAULT, PAGE_MAX = 25, 100
_TODO_ID = Field(description="The todo's id.")


class Nothing(Shape):
    """No arguments at all."""


class OneTodo(Shape):
    """A todo that is meant."""

    todo_id: str = _TODO_ID


class Change(Shape):
    """Changes to a todo that is meant."""

    todo_id: str = _TODO_ID
    # Checked where it is used, so that a refusal names its field as every other door does.
    changes: SkipValidation[TodoUpdate] = Field(description="What is not named stays as it is; null clears.")


class Wanted(TodoFilter):
    """Which todos, and which page of them; an agent reads fewer at a time than a program."""

    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="next_cursor leads on.")


class OneTask(Shape):
    """A task that is meant."""

    task_id: str = _TODO_ID


class TaskChange(TodoUpdate):
    """Changes to a task that is meant: only what is named."""

    task_id: str = _TODO_ID

    @property
    def update(self) -> TodoUpdate:
        """The changes without whom they are meant for."""
        return TodoUpdate.model_construct(
            _fields_set=self.model_fields_set - {"task_id"},
            **{name: getattr(self, name) for name in TodoUpdate.model_fields},
        )


class Status(StrEnum):
    """Which tasks."""

    ALL = "all"
    PENDING = "pending"
    COMPLETED = "completed"


class WantedTasks(Shape):
    """Which tasks, and which page of them."""

    status: Status = Status.ALL
    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="next_cursor leads on.")
    cursor: str | None = Field(None, max_length=2_000, description="next_cursor of the page before.")

    @property
    def filter(self) -> TodoFilter:
        """The same as the filter of a list."""
        completed = {Status.ALL: None, Status.PENDING: False, Status.COMPLETED: True}[self.status]
        return TodoFilter(completed=completed, limit=self.limit, cursor=self.cursor)
