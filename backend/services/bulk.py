"""Bulk: what is done to all todos that pass a filter."""

from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.base import utc_now
from backend.models.batch import BulkFilter, BulkRead
from backend.models.operation import Action
from backend.models.todo import Todo
from backend.models.token import Scope
from backend.services import log, searches, todo_rows
from backend.services.actor import Actor


def delete(session: Session, actor: Actor, chosen: BulkFilter) -> BulkRead:
    """Move the actor's own todos that pass the filter to the trash; raises InvalidInputError for an empty filter."""
    actor.ensure(Scope.DELETE)
    if chosen.is_empty:
        raise invalid([FieldError("filter", "Say which todos, such as completed=true; without that it would be all.")])
    log.lock(session, actor.user_id)
    conditions = searches.conditions(session, actor, chosen.wanted)
    found = session.exec(select(Todo).where(*conditions, col(Todo.owner_id) == actor.user_id)).all()
    now = utc_now()
    with log.together(session) as operation_id:
        for todo in found:
            todo_rows.change(session, actor, todo, Action.DELETE, {"deleted_at": now})
    return BulkRead(deleted=len(found), operation_id=operation_id if found else None)
