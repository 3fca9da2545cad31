"""Counts of an account's todos."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.models.base import Shape
from backend.models.field import Priority
from backend.models.todo import Todo
from backend.services.actor import Actor


class UserStats(Shape):
    """How many todos an account has. The rate is a percentage from 0 to 100."""

    total_todos: int
    completed_todos: int
    pending_todos: int
    completion_rate: float
    priority_distribution: dict[Priority, int]


def of(session: Session, actor: Actor) -> UserStats:
    """Count the actor's todos outside the trash."""
    rows = session.exec(
        select(Todo.priority, Todo.completed, sa.func.count())
        .where(col(Todo.owner_id) == actor.user_id, col(Todo.deleted_at).is_(None))
        .group_by(col(Todo.priority), col(Todo.completed))
    ).all()
    total = sum(count for *_, count in rows)
    completed = sum(count for _, is_completed, count in rows if is_completed)
    return UserStats(
        total_todos=total,
        completed_todos=completed,
        pending_todos=total - completed,
        completion_rate=round(100 * completed / total, 2) if total else 0.0,
        priority_distribution={
            priority: sum(count for of_rank, _, count in rows if of_rank is priority) for priority in Priority
        },
    )
