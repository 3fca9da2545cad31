"""Plans: what a change of many todos would do, shown before it is done."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field

from backend.models.base import FieldsOf, Id, Shape
from backend.models.batch import BATCH_MAX, BulkFilter
from backend.models.history import UndoRead, UndoRequest
from backend.models.operation import Action, Kind
from backend.models.todo import TodoUpdate
from backend.models.todo_filter import ListOrInbox, TodoFilter

PLAN_MINUTES = 15
# As many as somebody can read through before agreeing.
PLAN_MAX_TODOS = BATCH_MAX

_PLAN_ID = Field(
    None,
    max_length=100,
    description="From the answer to this same call without it: does what was shown, if nothing has changed since.",
)


class BulkAction(StrEnum):
    """What is done to each of the todos."""

    COMPLETE = "complete"
    REOPEN = "reopen"
    UPDATE = "update"
    DELETE = "delete"


class PlanFilter(BulkFilter):
    """Which of the account's own todos: those for which everything holds that is said. Something has to be said."""

    ids: list[Id] | None = Field(None, min_length=1, max_length=PLAN_MAX_TODOS, description="Only these.")
    list_id: ListOrInbox | None = Field(None, description="A list's id, or `inbox` for what is in none.")

    @property
    def wanted(self) -> TodoFilter:
        """The same as the filter of a list, which knows no ids."""
        return TodoFilter.model_validate(self.model_dump(exclude_unset=True, exclude={"ids"}))


class BulkRequest(Shape):
    """One change for every todo that a filter finds."""

    FEWER: ClassVar = "choose fewer"

    action: BulkAction
    where: PlanFilter
    changes: Annotated[dict[str, Any], FieldsOf(TodoUpdate)] = Field(
        default_factory=dict, description="For update: what is not named stays as it is; null clears."
    )
    plan_id: str | None = _PLAN_ID


# What a field of a todo or list can say, as the log holds it.
Said = bool | int | str | list[str] | None


class PlannedField(Shape):
    """A field that says something else afterwards."""

    field: str
    before: Said
    after: Said


class PlannedChange(Shape):
    """What happens to one todo or list."""

    action: Action
    kind: Kind
    id: Id | None = Field(description="null for what would be new, such as the next one of what repeats.")
    title: str | None
    fields: list[PlannedField]


class Plan(Shape):
    """What would be done, all of it. Nothing is, until the same call comes with the plan_id."""

    plan_id: str | None = Field(description="Commits it; null where there is nothing to do.")
    expires_at: datetime | None
    count: int = Field(description="How many todos and lists change.")
    changes: list[PlannedChange]


class BulkAnswer(Shape):
    """Either a plan, or what was done of one."""

    plan: Plan | None = Field(description="Nothing is done yet: show this, then call again with its plan_id.")
    done: list[PlannedChange] | None = Field(description="What was changed; null while it is a plan.")
    operation_id: Id | None = Field(description="Once it is done: undo takes it back.")


class UndoPlanRequest(UndoRequest):
    """What to take back. With `since` the answer is a plan first."""

    FEWER: ClassVar = (
        "give a later `since`, take single operations back with `operation_id` or `last`,"
        " or log in and send the same to `POST /api/v1/undo`, which takes as many as there are"
    )

    plan_id: str | None = _PLAN_ID


# What can be planned. `FEWER` says how to have less of it, where it is more than one plan may change.
Plannable: TypeAlias = BulkRequest | UndoPlanRequest


class UndoAnswer(UndoRead):
    """What was taken back; or with a plan, what would be, and nothing is yet."""

    plan: Plan | None = Field(description="Nothing is done yet: show this, then call again with its plan_id.")
