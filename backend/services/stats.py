"""Counts of an account's todos."""

from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.models.base import Shape
from backend.models.field import Priority
from backend.models.overview import DayRead, StatsRead
from backend.models.todo import Todo
from backend.models.token import Scope
from backend.services.actor import Actor

_DAYS = 30


class UserStats(Shape):
    """How many todos an account has. The rate is a percentage from 0 to 100."""

    total_todos: int
    completed_todos: int
    pending_todos: int
    completion_rate: float
    priority_distribution: dict[Priority, int]


def of(session: Session, actor: Actor) -> UserStats:
    """Count the actor's todos outside the trash."""
    actor.ensure(Scope.READ)
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


def read(session: Session, actor: Actor) -> StatsRead:
    """The same with what was done on each of the last days."""
    counts = of(session, actor)
    zone = ZoneInfo(actor.timezone)
    today = datetime.now(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(_DAYS))]
    moments = session.exec(
        select(Todo.completed_at).where(
            col(Todo.owner_id) == actor.user_id,
            col(Todo.deleted_at).is_(None),
            col(Todo.completed_at) >= datetime.combine(days[0], time(), zone),
        )
    )
    done = Counter(moment.astimezone(zone).date() for moment in moments if moment is not None)
    return StatsRead(
        total=counts.total_todos,
        open=counts.pending_todos,
        done=counts.completed_todos,
        completion_rate=counts.completion_rate,
        by_priority=counts.priority_distribution,
        completed_by_day=[DayRead(day=day, completed=done[day]) for day in days],
    )
