"""The trash: what was deleted is kept for 30 days, and then goes for good. So does the old end of the log."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.models.idempotency import IdempotentAnswer
from backend.models.operation import Door, Operation
from backend.models.todo import Todo
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.services import list_rows, log, todo_rows, trees
from backend.services.actor import Actor

KEPT_DAYS = 30
LOG_DAYS = 90
ANSWERS_HOURS = 24
_BATCH = 500


def empty(session: Session, actor: Actor) -> int:
    """Take everything in the actor's trash away for good; how many todos that were."""
    actor.ensure(Scope.DELETE)
    log.lock(session, actor.user_id)
    parents = dict(
        session.exec(
            select(Todo.id, Todo.parent_id)
            .where(Todo.owner_id == actor.user_id, col(Todo.deleted_at).is_not(None))
            .order_by(col(Todo.id))
        ).all()
    )
    with log.together(session):
        for ids in _parts_first(parents):
            for todos in todo_rows.some_at_a_time(session, actor.user_id, ids):
                todo_rows.remove_all(session, actor, actor.user_id, todos)
        for one in session.exec(
            select(TodoList).where(TodoList.owner_id == actor.user_id, col(TodoList.deleted_at).is_not(None))
        ).all():
            list_rows.remove(session, actor, one)
    return len(parents)


def _parts_first(parents: Mapping[str, str | None]) -> list[list[str]]:
    """Todos by how deep they lie: to take this back, from the newest entry on, begins with what others are parts of."""
    levels: list[list[str]] = [[] for _ in range(trees.LEVELS_MAX)]
    for todo_id in parents:
        level, above = 0, parents[todo_id]
        while above is not None and above in parents and level < trees.LEVELS_MAX - 1:
            level, above = level + 1, parents[above]
        levels[level].append(todo_id)
    return levels[::-1]


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
        todo_rows.remove_all(session, actor, owner_id, todos)
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
        log.has_changed(session, ledger)
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
