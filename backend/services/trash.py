"""The trash: what was deleted is kept for 30 days, and then goes for good. So does the old end of the log."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.models.idempotency import IdempotentAnswer
from backend.models.operation import Door, Operation
from backend.models.todo import Todo
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.services import list_rows, log, todo_rows
from backend.services.actor import Actor

KEPT_DAYS = 30
LOG_DAYS = 90
ANSWERS_HOURS = 24
_BATCH = 500


def empty(session: Session, actor: Actor) -> int:
    """Take everything in the actor's trash away for good; how many todos that were."""
    actor.ensure(Scope.DELETE)
    log.lock(session, actor.user_id)
    todos = session.exec(select(Todo).where(Todo.owner_id == actor.user_id, col(Todo.deleted_at).is_not(None))).all()
    with log.together(session):
        for todo in todos:
            todo_rows.remove(session, actor, todo)
        for one in session.exec(
            select(TodoList).where(TodoList.owner_id == actor.user_id, col(TodoList.deleted_at).is_not(None))
        ).all():
            list_rows.remove(session, actor, one)
    return len(todos)


def due_owners(session: Session, now: datetime) -> list[str]:
    """The accounts with something that was kept long enough."""
    trashed = select(Todo.owner_id).where(col(Todo.deleted_at) < now - timedelta(days=KEPT_DAYS))
    logged = select(Operation.owner_id).where(col(Operation.at) < now - timedelta(days=LOG_DAYS))
    lists = select(TodoList.owner_id).where(col(TodoList.deleted_at) < now - timedelta(days=KEPT_DAYS))
    return sorted({owner for owners in (trashed, logged, lists) for owner in session.exec(owners.distinct())})


def tidy(session: Session, owner_id: str, now: datetime) -> bool:
    """Let go of some of what was kept long enough; True while there is more. Short, so that nobody waits for it."""
    actor = Actor(owner_id, "", "UTC", is_admin=False, name="system", door=Door.SYSTEM)
    ledger = log.lock(session, owner_id)
    todos = session.exec(
        select(Todo)
        .where(Todo.owner_id == owner_id, col(Todo.deleted_at) < now - timedelta(days=KEPT_DAYS))
        .limit(_BATCH)
    ).all()
    with log.together(session):
        for todo in todos:
            todo_rows.remove(session, actor, todo)
        for one in session.exec(
            select(TodoList).where(
                TodoList.owner_id == owner_id, col(TodoList.deleted_at) < now - timedelta(days=KEPT_DAYS)
            )
        ).all():
            list_rows.remove(session, actor, one)
    old = session.exec(
        select(Operation.seq, Operation.at)
        .where(Operation.owner_id == owner_id, col(Operation.seq) > ledger.forgotten)
        .order_by(col(Operation.seq))
        .limit(_BATCH)
    ).all()
    forgotten = [seq for seq, at in old if at < now - timedelta(days=LOG_DAYS)]
    if forgotten:
        ledger.forgotten = forgotten[-1]
        session.exec(
            sa.delete(Operation).where(col(Operation.owner_id) == owner_id, col(Operation.seq) <= forgotten[-1])
        )
    session.flush()
    return len(todos) == _BATCH or len(forgotten) == _BATCH


def forget_answers(session: Session, now: datetime) -> None:
    """Let go of answers that nobody will ask for again."""
    session.exec(
        sa.delete(IdempotentAnswer).where(col(IdempotentAnswer.created_at) < now - timedelta(hours=ANSWERS_HOURS))
    )
