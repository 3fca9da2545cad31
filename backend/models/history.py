"""What the log of operations answers, and what undoing takes and answers."""

from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import Field, StrictInt, field_validator, model_validator

from backend.models.base import Id, Instant, Shape, utc_now
from backend.models.operation import Action, Door, Kind, Operation
from backend.models.token import TOKENS_MAX, TokenName

PAGE_DEFAULT, PAGE_MAX = 50, 500
LAST_MAX = 100
# The clock of whoever asks may be this much ahead.
_AHEAD_MAX = timedelta(minutes=1)


class OperationFilter(Shape):
    """Which entries of the log, the newest first."""

    object_id: Id | None = Field(None, description="The history of one todo or list.")
    operation_id: Id | None = Field(None, description="The entries of one operation.")
    token_id: Id | None = Field(None, description="What was done with one personal token.")
    since: Instant | None = Field(None, description="Done at or after this instant.")
    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX)
    cursor: str | None = Field(None, max_length=200, description="next_cursor of the page before.")


class OperationRead(Shape):
    """One thing that was changed. `before` and `after` hold the fields that changed; at both ends, all of them."""

    operation_id: Id
    at: datetime
    actor_id: Id
    actor_name: str = Field(description="The username, or the name of the personal token that was used.")
    token_id: Id | None
    door: Door
    action: Action
    kind: Kind
    object_id: Id
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    undoes: Id | None = Field(description="The operation that this one took back.")

    @classmethod
    def of(cls, row: Operation) -> "OperationRead":
        """An entry as it is stored."""
        return OperationRead.model_validate({name: getattr(row, name) for name in cls.model_fields})


class OperationPage(Shape):
    """One page of the log."""

    operations: list[OperationRead]
    next_cursor: str | None
    total: int


class UndoRequest(Shape):
    """What to take back: one operation, your last ones, or whatever was done since an instant."""

    operation_id: Id | None = None
    last: StrictInt | None = Field(None, ge=1, le=LAST_MAX, description="Your own newest operations, this many.")
    since: Instant | None = Field(None, description="Everything done at or after this instant.")
    token_id: Id | None = Field(None, description="With since: only what was done with this personal token.")
    tokens: list[TokenName] | None = Field(
        None,
        min_length=1,
        max_length=TOKENS_MAX,
        description="With since: only what was done with these personal tokens, by name or id, also of revoked ones.",
        examples=[["claude-laptop"]],
    )

    @field_validator("since")
    @classmethod
    def _is_past(cls, value: datetime | None) -> datetime | None:
        if value is not None and value > utc_now() + _AHEAD_MAX:
            raise ValueError("must not lie in the future; a time without an offset is taken as UTC")
        return value

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(value is not None for value in (self.operation_id, self.last, self.since)) != 1:
            raise ValueError("Give exactly one of operation_id, last and since.")
        for name in ("token_id", "tokens"):
            if getattr(self, name) is not None and self.since is None:
                raise ValueError(f"{name} goes with since.")
        return self

    @property
    def whose(self) -> set[str] | None:
        """The names and ids of the tokens whose work is meant; None for everybody's."""
        named = set(self.tokens or ()) | ({self.token_id} if self.token_id is not None else set())
        return named or None


class UndoConflict(Shape):
    """Something that was left as it is, because it was changed later or is no longer there."""

    operation_id: Id
    kind: Kind
    object_id: Id
    title: str | None
    field: str | None
    reason: str


class UndoRead(Shape):
    """What was taken back. Undoing this operation does it again."""

    operation_id: Id | None = Field(description="The undoing itself; null where there was nothing to take back.")
    undone: list[Id] = Field(description="The operations that were taken back, at least in part.")
    changed: list[Id] = Field(description="The todos and lists that changed.")
    conflicts: list[UndoConflict]
