"""Bulk: what is done to all todos that pass a filter, at once or after a plan."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.base import utc_now
from backend.models.batch import BatchAction, BatchItem, BatchRead, BatchRequest, BulkFilter, BulkRead
from backend.models.operation import Action
from backend.models.plan import BulkAction, BulkAnswer, BulkRequest, PlanFilter
from backend.models.todo import Todo
from backend.models.token import Scope
from backend.services import batches, log, plans, searches, todo_rows
from backend.services.actor import Actor


def delete(session: Session, actor: Actor, chosen: BulkFilter) -> BulkRead:
    """Move the actor's own todos that pass the filter to the trash; raises InvalidInputError for an empty filter."""
    actor.ensure(Scope.DELETE)
    log.lock(session, actor.user_id)
    ids = _find(session, actor, chosen)
    actor.ensure_may_touch(len(ids))
    now = utc_now()
    with log.together(session) as operation_id:
        for todos in todo_rows.some_at_a_time(session, actor.user_id, ids):
            changes = [(todo, {"deleted_at": now}) for todo in todos]
            todo_rows.change_all(session, actor, actor.user_id, Action.DELETE, changes)
    return BulkRead(deleted=len(ids), operation_id=operation_id if ids else None)


def change(session: Session, actor: Actor, request: BulkRequest) -> BulkAnswer:
    """Plan a change of the actor's own todos that pass the filter; with the plan's id, make it."""
    actor.ensure(Scope.READ)  # a plan shows what there is
    actor.ensure(Scope.DELETE if request.action is BulkAction.DELETE else Scope.WRITE)
    if request.action is BulkAction.UPDATE and not request.changes:
        raise invalid([FieldError("changes", 'are required for the action update, such as {"priority": "high"}')])
    if request.action is not BulkAction.UPDATE and request.changes:
        raise invalid([FieldError("changes", "go with the action update, and with no other")])
    log.lock(session, actor.user_id)
    todos = list(_find(session, actor, request.where))
    plans.ensure_size(request, len(todos))

    def work() -> BatchRead:
        if not todos:
            return BatchRead(operation_id="", succeeded=0, failed=0, results=[])
        items = [BatchItem(action=BatchAction(request.action), id=one, data=request.changes) for one in todos]
        return batches.run(session, actor, BatchRequest(operations=items))

    if request.plan_id is None:
        plan, _ = plans.preview(session, actor, request, todos, work)
        return BulkAnswer(plan=plan, done=None, operation_id=None)
    done, answer = plans.commit(session, actor, request, todos, work, request.plan_id)
    return BulkAnswer(plan=None, done=done, operation_id=answer.operation_id)


def _find(session: Session, actor: Actor, chosen: BulkFilter) -> Sequence[str]:
    """The actor's own todos that pass the filter, in a lasting order; raises InvalidInputError for an empty one."""
    if chosen.is_empty:
        raise invalid([FieldError("filter", "Say which todos, such as completed=true; without that it would be all.")])
    conditions = searches.conditions(session, actor, chosen.wanted)
    if isinstance(chosen, PlanFilter) and chosen.ids is not None:
        conditions.append(col(Todo.id).in_(chosen.ids))
    return session.exec(
        select(Todo.id).where(*conditions, col(Todo.owner_id) == actor.user_id).order_by(col(Todo.id))
    ).all()
