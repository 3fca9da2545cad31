"""Reminders: which open todos are to be rung for in a stretch of time."""

from sqlmodel import Session, col, select

from backend.models.reminder import Reminder, ReminderPage, ReminderRequest
from backend.models.todo import Todo
from backend.models.token import Scope
from backend.services.actor import Actor

# Whoever set more for one minute wants no bell for each.
MOST = 20


def search(session: Session, actor: Actor, wanted: ReminderRequest) -> ReminderPage:
    """The actor's own open todos whose reminder lies in the stretch, the earliest first."""
    actor.ensure(Scope.READ)
    rows = session.exec(
        select(Todo.id, Todo.title, Todo.remind_at)
        .where(
            Todo.owner_id == actor.user_id,
            col(Todo.remind_at) > wanted.after,
            col(Todo.remind_at) <= wanted.until,
            ~col(Todo.completed),
            col(Todo.deleted_at).is_(None),
        )
        .order_by(col(Todo.remind_at), col(Todo.id))
        .limit(MOST + 1)
    ).all()
    found = [Reminder(id=id_, title=title, remind_at=at) for id_, title, at in rows if at is not None]
    return ReminderPage(reminders=found[:MOST], is_cut=len(found) > MOST)
