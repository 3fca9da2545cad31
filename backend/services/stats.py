"""Statistics of an account's todos. Everything is counted by the database, in ranges of an index.

A day is the account's own: its ends are computed here, so that a day of 23 or 25 hours has its own length, and each is
counted as a range. What was overdue at the end of a day is counted backwards from now: whatever became overdue on a
later day was not yet, and whatever was done on one still was.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from backend.models.base import utc_now
from backend.models.field import Priority
from backend.models.stats import (
    STREAK_DAYS_MAX,
    TAGS_SHOWN,
    DayStats,
    ListStats,
    PriorityStats,
    StatsRead,
    StatsRequest,
    TagStats,
    UserStats,
)
from backend.models.todo import Todo, TodoTag
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.models.user import fold
from backend.prepared import Prepared
from backend.services import log
from backend.services.actor import Actor

# Days asked for in one query: enough that few are needed, and fewer than SQLite's 500 selects in a UNION.
_DAYS_AT_ONCE = 61
_DAY = timedelta(days=1)


def of(session: Session, actor: Actor) -> UserStats:
    """Count the actor's todos outside the trash."""
    actor.ensure(Scope.READ)
    rows = _by(session, actor, col(Todo.priority))
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


def read(session: Session, actor: Actor, wanted: StatsRequest) -> StatsRead:
    """The actor's own todos in numbers, and the last days one by one."""
    actor.ensure(Scope.READ)
    now = utc_now()
    by_priority = _folded(_by(session, actor, col(Todo.priority)))
    overdue = session.exec(
        select(sa.func.count()).where(*_live(actor), ~col(Todo.completed), col(Todo.due_until) < now)
    ).one()
    today = now.astimezone(ZoneInfo(actor.timezone)).date()
    current, longest = _streaks(_active_days(session, actor, today), today)
    return StatsRead(
        timezone=actor.timezone,
        open=sum(number for number, _ in by_priority.values()),
        done=sum(number for _, number in by_priority.values()),
        trashed=_trashed(session, actor),
        overdue=overdue,
        current_streak=current,
        longest_streak=longest,
        days=_days(session, actor, today - (wanted.days - 1) * _DAY, today, overdue, now),
        by_priority=[
            PriorityStats(priority=priority, open=open_, done=done)
            for priority in reversed(Priority)
            for open_, done in [by_priority.get(priority, (0, 0))]
        ],
        by_list=_by_list(session, actor),
        by_tag=_by_tag(session, actor),
    )


def _live(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return col(Todo.owner_id) == actor.user_id, col(Todo.deleted_at).is_(None)


def _by(session: Session, actor: Actor, key: Any) -> Sequence[Any]:
    """How many open and done todos there are for each value of a column."""
    return session.exec(
        select(key, Todo.completed, sa.func.count()).where(*_live(actor)).group_by(key, col(Todo.completed))
    ).all()


def _folded(rows: Sequence[Any]) -> dict[Any, tuple[int, int]]:
    """The open and the done ones of each key."""
    found: dict[Any, tuple[int, int]] = {}
    for key, is_done, number in rows:
        open_, done = found.get(key, (0, 0))
        found[key] = (open_, done + number) if is_done else (open_ + number, done)
    return found


def _trashed(session: Session, actor: Actor) -> int:
    ledger = log.ledger_of(session, actor.user_id)
    if ledger is not None:
        return int(ledger.todos_trashed)
    trash = (col(Todo.owner_id) == actor.user_id, col(Todo.deleted_at).is_not(None))
    return session.exec(select(sa.func.count()).select_from(Todo).where(*trash)).one()


def _by_list(session: Session, actor: Actor) -> list[ListStats]:
    counts = _folded(_by(session, actor, col(Todo.list_id)))
    lists = session.exec(
        select(TodoList.id, TodoList.name)
        .where(TodoList.owner_id == actor.user_id, col(TodoList.id).in_([key for key in counts if key is not None]))
        .order_by(col(TodoList.position), col(TodoList.id))
    ).all()
    # What is left of a list that is gone stands in the inbox.
    known = {list_id for list_id, _ in lists}
    inbox = [number for key, number in counts.items() if key not in known]
    return [
        ListStats(list_id=None, name=None, open=sum(one for one, _ in inbox), done=sum(done for _, done in inbox)),
        *(ListStats(list_id=key, name=name, open=counts[key][0], done=counts[key][1]) for key, name in lists),
    ]


def _by_tag(session: Session, actor: Actor) -> list[TagStats]:
    counts: dict[str, tuple[int, int]] = {}
    newest: dict[str, str] = {}
    for is_done in (False, True):
        # A set of ids out of an index: looking up each todo of each tag would take several times as long.
        ids = select(Todo.id).where(*_live(actor), col(Todo.completed) == is_done)
        for key, number, last_id in session.exec(
            select(TodoTag.tag_key, sa.func.count(), sa.func.max(TodoTag.todo_id))
            .where(TodoTag.owner_id == actor.user_id, col(TodoTag.todo_id).in_(ids))
            .group_by(col(TodoTag.tag_key))
        ):
            counts[key] = (counts.get(key, (0, 0))[0], number) if is_done else (number, 0)
            newest[key] = max(last_id, newest.get(key, ""))
    shown = sorted(counts, key=lambda key: (-sum(counts[key]), key))[:TAGS_SHOWN]
    rows = session.exec(
        select(Todo.id, Todo.tags).where(
            Todo.owner_id == actor.user_id, col(Todo.id).in_({newest[key] for key in shown})
        )
    )
    # As its own newest todo spells it, and not as one that is there for another tag.
    spelled = {fold(tag): tag for todo_id, names in rows for tag in names if newest.get(fold(tag)) == todo_id}
    return [TagStats(tag=spelled.get(key, key), open=counts[key][0], done=counts[key][1]) for key in shown]


def _days(session: Session, actor: Actor, first: date, today: date, overdue: int, now: datetime) -> list[DayStats]:
    """Each day from the first to today."""
    found: list[DayStats] = []
    days = [first + number * _DAY for number in range((today - first).days + 1)]
    bounds = [*_midnights(actor, days), now]
    for number, done, lapsed, late, caught_up in reversed(list(_count(session, actor, bounds))):
        found.append(DayStats(date=days[number], completed=done, overdue=overdue))
        overdue = max(0, overdue + caught_up - lapsed - late)  # a clock that was wrong makes nobody owe less than none
    return found[::-1]


def _active_days(session: Session, actor: Actor, today: date) -> set[date]:
    """The days on which something was completed, looked for some at a time, from one that has something to the next."""
    found: set[date] = set()
    owner, completed_at = col(Todo.owner_id) == actor.user_id, col(Todo.completed_at)
    after = today + _DAY
    while True:
        [before] = _midnights(actor, [after])
        last = session.exec(select(sa.func.max(completed_at)).where(owner, completed_at < before)).one()
        if last is None:
            return found
        newest = last.astimezone(ZoneInfo(actor.timezone)).date()
        earliest = today - STREAK_DAYS_MAX * _DAY
        days = [day for number in range(_DAYS_AT_ONCE) if (day := newest - number * _DAY) >= earliest][::-1]
        if not days:
            return found
        after = days[0]
        bounds = _midnights(actor, [*days, days[-1] + _DAY])
        found.update(days[number] for (number,) in _any(session, bounds, owner))


def _streaks(active: set[date], today: date) -> tuple[int, int]:
    """The current and the longest row of days in which none is missing. Today, while it lasts, is not missing."""
    longest = length = 0
    previous = None
    for day in sorted(active):
        length = length + 1 if previous == day - _DAY else 1
        longest, previous = max(longest, length), day
    return (length if previous in {today, today - _DAY} else 0), longest


def _count(session: Session, actor: Actor, bounds: Sequence[datetime]) -> Iterator[Any]:
    """For each stretch between two bounds its number, and how many todos there are of each kind in it."""
    stretches = list(pairwise(bounds))
    for at in range(0, len(stretches), _DAYS_AT_ONCE):
        some = stretches[at : at + _DAYS_AT_ONCE]
        values = {
            name: moment
            for number, (start, end) in enumerate(some)
            for name, moment in ((f"start_{number}", start), (f"end_{number}", end))
        }
        rows = _counting(len(some)).all(session, owner=actor.user_id, **values)
        yield from sorted((at + number, *counts) for number, *counts in rows)


@lru_cache(maxsize=16)
def _counting(stretches: int) -> Prepared:
    """What counts in so many stretches. To build it takes several times as long as to ask it, so it is kept."""
    completed, due = col(Todo.completed), col(Todo.due_until)
    created_at, completed_at = col(Todo.created_at), col(Todo.completed_at)
    owned, live = col(Todo.owner_id) == sa.bindparam("owner"), col(Todo.deleted_at).is_(None)
    both = completed.in_([sa.false(), sa.true()])  # so that a range of the due can be looked up behind it

    def counts(number: int) -> tuple[tuple[Any, ...], ...]:
        start: Any = sa.bindparam(f"start_{number}")
        end: Any = sa.bindparam(f"end_{number}")
        done = (owned, completed_at >= start, completed_at < end)
        return (
            done,
            # Became overdue: when its due passed, or at once when it was made after that.
            (owned, live, both, due >= start, due < end, created_at <= due, ~completed | (completed_at > due)),
            (
                *(owned, live, created_at >= start, created_at < end, created_at > due),
                ~completed | (completed_at > created_at),
            ),
            # Was overdue no longer.
            (*done, live, completed, completed_at > due, completed_at > created_at),
        )

    arms = [
        sa.select(
            sa.literal(number).label("number"),
            *(
                sa.select(sa.func.count()).select_from(Todo).where(*conditions).scalar_subquery().label(f"count_{kind}")
                for kind, conditions in enumerate(counts(number))
            ),
        )
        for number in range(stretches)
    ]
    return Prepared(sa.union_all(*arms))


def _any(session: Session, bounds: Sequence[datetime], owner: ColumnElement[bool]) -> Sequence[Any]:
    """The numbers of the stretches between two bounds in which something was completed."""
    completed_at = col(Todo.completed_at)
    arms = [
        sa.select(sa.literal(number).label("number")).where(
            sa.select(sa.literal(1)).where(owner, completed_at >= start, completed_at < end).exists()
        )
        for number, (start, end) in enumerate(pairwise(bounds))
    ]
    return session.exec(sa.union_all(*arms)).all()  # type: ignore[call-overload,no-any-return]


def _midnights(actor: Actor, days: Sequence[date]) -> list[datetime]:
    """When days begin. Where a clock is put forward at midnight, the first moment after it; never two at once."""
    zone = ZoneInfo(actor.timezone)
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
