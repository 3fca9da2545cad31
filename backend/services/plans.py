"""Plans: many changes are shown before they are made, and made only while what was shown is still true.

Nothing is stored for a plan. To show it, the work is done for good measure and taken back with its savepoint: what it
wrote into the log is the difference, down to the parts that are ticked along. The plan's id seals the request, the end
of its time, and the version of everything that was chosen or touched; whoever commits has the work tried once more, and
where that comes to another seal, something has changed.
"""

import hmac
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend import security
from backend.errors import FieldError, InvalidInputError, LimitReachedError, VersionConflictError, invalid
from backend.models.operation import Action, Kind, Operation
from backend.models.plan import PLAN_MAX_TODOS, PLAN_MINUTES, Plan, Plannable, PlannedChange, PlannedField
from backend.models.todo import Todo
from backend.models.todo_list import TodoList
from backend.services import log, rights
from backend.services.actor import Actor

# Said by the action, or known only once it is done.
_UNSHOWN = {"completed_at", "deleted_at", "created_at", "series_id", "series_start", "occurrence"}
_EMPTY: tuple[Any, ...] = (None, "", [], False, 0)


class Operated(Protocol):
    """An answer that names the operation in which its work was done."""

    @property
    def operation_id(self) -> str | None:
        """What the log has it under; None where nothing was done."""


T = TypeVar("T", bound=Operated)


@dataclass
class _Change:
    """All that one operation did to one object."""

    action: Action
    kind: Kind
    object_id: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def preview(
    session: Session, actor: Actor, request: Plannable, chosen: Sequence[str], work: Callable[[], T]
) -> tuple[Plan, T]:
    """What the work would do, all of it, and answer; nothing of it stays. `chosen` are the todos it is meant for."""
    expires = int(time.time()) + PLAN_MINUTES * 60
    changes, answer, plan_id = _try(session, actor, request, chosen, work, expires)
    plan = Plan(
        plan_id=plan_id if changes else None,
        expires_at=datetime.fromtimestamp(expires, UTC) if changes else None,
        count=len(changes),
        changes=_shown(session, actor, changes, are_done=False),
    )
    return plan, answer


def commit(
    session: Session, actor: Actor, request: Plannable, chosen: Sequence[str], work: Callable[[], T], plan_id: str
) -> tuple[list[PlannedChange], T]:
    """Do what the plan has shown; raises VersionConflictError, and nothing is done, where that is no longer true."""
    expires, request_seal = _expiry(plan_id), _request_seal(actor, request)
    if not _is_same(plan_id.split(".")[1], request_seal):
        raise _refused("belongs to another call; send again exactly what the plan was made for")
    if expires <= time.time():
        raise _refused("has expired; call without it for a new plan")
    _, _, now_id = _try(session, actor, request, chosen, work, expires)
    if not _is_same(plan_id, now_id):
        raise VersionConflictError(
            "Something has changed since this plan was made, so nothing was done; call without plan_id for a new plan."
        )
    answer = work()
    return _shown(session, actor, _changes(session, actor, answer), are_done=True), answer


def ensure_size(request: Plannable, count: int) -> None:
    """Raise LimitReachedError for a plan that nobody could read through."""
    if count > PLAN_MAX_TODOS:
        raise LimitReachedError(
            f"This would change {count} todos, and one plan may change {PLAN_MAX_TODOS} at most; {request.FEWER}."
        )


def _try(
    session: Session, actor: Actor, request: Plannable, chosen: Sequence[str], work: Callable[[], T], expires: int
) -> tuple[list[_Change], T, str]:
    """Do the work and take it back: what it changed, what it answered, and the id of a plan for it."""
    # Before the savepoint: going back to it would set free what was locked after it, and others could slip in.
    for owner_id in rights.owners(session, actor):
        log.lock(session, owner_id)
    attempt = log.begin_part(session)
    try:
        answer = work()
        changes = _changes(session, actor, answer)
    finally:
        attempt.rollback()
        log.let_go(session)
    ensure_size(request, len(changes))
    versions = _versions(session, actor, {change.object_id for change in changes} | set(chosen))
    # The end of its time is within the seal, so that nobody can move it.
    ending = f"{expires:x}"
    return changes, answer, f"{ending}.{_request_seal(actor, request)}.{security.seal(ending, *versions)}"


def _changes(session: Session, actor: Actor, answer: Operated) -> list[_Change]:
    """What the operation did to each object, from its first entry to its last."""
    entries = session.exec(
        select(Operation)
        .where(
            col(Operation.owner_id).in_(rights.owners(session, actor)), Operation.operation_id == answer.operation_id
        )
        .order_by(col(Operation.owner_id), col(Operation.seq))
    )
    found: dict[tuple[str, str], _Change] = {}
    for entry in entries:
        new = _Change(Action(entry.action), Kind(entry.kind), entry.object_id)
        known = found.setdefault((entry.owner_id, entry.object_id), new)
        known.before = {**(entry.before or {}), **known.before}
        known.after |= entry.after or {}
    return list(found.values())


def _shown(session: Session, actor: Actor, changes: Sequence[_Change], *, are_done: bool) -> list[PlannedChange]:
    names = _names(session, actor, {change.object_id for change in changes})
    return [
        PlannedChange(
            action=change.action,
            kind=change.kind,
            # What is new gets its id when it is made.
            id=None if change.action is Action.CREATE and not are_done else change.object_id,
            title=names.get(change.object_id) or change.after.get("title") or change.before.get("title"),
            fields=[
                PlannedField(field=name, before=change.before.get(name), after=value)
                for name, value in change.after.items()
                if name not in _UNSHOWN and value != change.before.get(name)
                if change.action is not Action.CREATE or value not in _EMPTY
            ],
        )
        for change in changes
    ]


def _versions(session: Session, actor: Actor, ids: set[str]) -> list[str]:
    """Everything of these that is there, with the version it has."""
    return sorted(f"{row.id} {row.version}" for row in _rows(session, actor, ids))


def _names(session: Session, actor: Actor, ids: set[str]) -> dict[str, str]:
    return {row.id: row.name for row in _rows(session, actor, ids)}


def _rows(session: Session, actor: Actor, ids: set[str]) -> Iterator[Any]:
    owners = rights.owners(session, actor)
    for table, name in ((Todo, Todo.title), (TodoList, TodoList.name)):
        yield from session.execute(
            sa.select(col(table.id), col(table.version), col(name).label("name")).where(
                col(table.owner_id).in_(owners), col(table.id).in_(sorted(ids))
            )
        )


def _request_seal(actor: Actor, request: Plannable) -> str:
    """A plan is good for the request that it was made for, and for whoever made it."""
    said = request.model_dump_json(exclude_unset=True, exclude={"plan_id"})
    return security.seal(actor.user_id, actor.token_id or "", type(request).__name__, said)


def _expiry(plan_id: str) -> int:
    try:
        expires, _, _ = plan_id.split(".")
        return int(expires, 16)
    except ValueError:
        raise _refused("is none that this call has answered; call without it for a plan") from None


def _is_same(sent: str, sealed: str) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), sealed.encode())


def _refused(message: str) -> InvalidInputError:
    return invalid([FieldError("plan_id", message)])
