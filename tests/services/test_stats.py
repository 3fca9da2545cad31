"""Statistics: what is counted is what a plain look at every todo counts, on every day of every zone."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import select

from backend import database
from backend.models.field import Priority
from backend.models.operation import Ledger
from backend.models.stats import StatsRead, StatsRequest
from backend.models.todo import Todo, TodoCreate
from backend.models.todo_list import TodoList
from backend.services import stats, todos
from backend.services.actor import Actor
from tests.services.conftest import Run

# Clocks that change at midnight, by half an hour, twice in a month; a day that never was; quarters of an hour.
ZONES = {
    "UTC": datetime(2027, 3, 15, 12, tzinfo=UTC),
    "Europe/Berlin": datetime(2027, 3, 30, 12, tzinfo=UTC),
    "America/New_York": datetime(2026, 11, 5, 3, tzinfo=UTC),
    "America/Santiago": datetime(2026, 9, 9, 12, tzinfo=UTC),
    "America/Havana": datetime(2026, 11, 3, 12, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 10, 8, 12, tzinfo=UTC),
    "Africa/Casablanca": datetime(2027, 3, 16, 12, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2027, 3, 15, 18, 20, tzinfo=UTC),
    "Pacific/Kiritimati": datetime(2027, 3, 15, 10, 30, tzinfo=UTC),
    "Pacific/Pago_Pago": datetime(2027, 3, 15, 10, 30, tzinfo=UTC),
    "Pacific/Apia": datetime(2012, 1, 5, 12, tzinfo=UTC),
}


def stored(actor: Actor, **fields: Any) -> Todo:
    """A todo as it would be stored, at whatever time."""
    said: dict[str, Any] = {
        "title": "x",
        "title_key": "x",
        "description": "",
        "priority": Priority.LOW,
        "tags": [],
        "position": "a",
    }
    return Todo(**said, owner_id=actor.user_id, **fields)


def read(run: Run, actor: Actor, days: int = 30, *, now: datetime | None = None) -> StatsRead:
    with pytest.MonkeyPatch.context() as patch:
        if now is not None:
            patch.setattr(stats, "utc_now", lambda: now)
        answer: StatsRead = run(stats.read, actor, StatsRequest(days=days))
    return answer


def expected_days(actor: Actor, now: datetime, days: int) -> list[tuple[date, int, int]]:
    """Every todo looked at for every day."""
    zone = ZoneInfo(actor.timezone)
    with database.read_scope() as session:
        rows = session.exec(select(Todo).where(Todo.owner_id == actor.user_id)).all()
    done = Counter(row.completed_at.astimezone(zone).date() for row in rows if row.completed_at)
    today = now.astimezone(zone).date()
    answer = []
    for number in range(days - 1, -1, -1):
        day = today - timedelta(days=number)
        end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) if number else now
        overdue = sum(
            row.deleted_at is None
            and row.due_until is not None
            and row.due_until < end
            and row.created_at < end
            and (not row.completed or (row.completed_at is not None and row.completed_at >= end))
            for row in rows
        )
        answer.append((day, done[day], overdue))
    return answer


@pytest.mark.parametrize("timezone", ZONES)
def test_days_are_counted_as_a_plain_look_counts_them(
    run: Run, make_actor: Callable[..., Actor], timezone: str
) -> None:
    actor, now, chance = make_actor(timezone), ZONES[timezone], random.Random(timezone)  # noqa: S311 - seeded on purpose
    zone = ZoneInfo(timezone)
    midnights = [
        datetime.combine(now.astimezone(zone).date() - timedelta(days=number), time(), zone).astimezone(UTC)
        for number in range(20)
    ]

    def moment() -> datetime:
        """Often just before or after a midnight."""
        near = chance.choice(midnights) + chance.choice([-1, 0, 1]) * timedelta(microseconds=chance.choice([1, 10**6]))
        return min(
            chance.choice([near, now - timedelta(minutes=chance.randint(1, 60 * 24 * 25))]),
            now - timedelta(microseconds=1),
        )

    with database.write_scope() as session:
        for _ in range(250):
            created, is_done = moment(), chance.random() < 0.6
            session.add(
                stored(
                    actor,
                    created_at=created,
                    completed=is_done,
                    completed_at=max(created, moment()) if is_done else None,
                    due_until=chance.choice([None, moment(), moment(), now + timedelta(days=3)]),
                    deleted_at=now if chance.random() < 0.1 else None,
                )
            )
    found = read(run, actor, days=18, now=now)
    assert [(one.date, one.completed, one.overdue) for one in found.days] == expected_days(actor, now, 18)
    assert found.days[-1].overdue == found.overdue
    assert found.timezone == timezone


@pytest.mark.parametrize(
    ("done_days_ago", "current", "longest"),
    [
        ([], 0, 0),
        ([0], 1, 1),
        ([1], 1, 1),
        ([2], 0, 1),
        ([0, 1, 2], 3, 3),
        ([1, 2, 3], 3, 3),
        ([2, 3, 4], 0, 3),
        ([0, 2, 3, 4, 5], 1, 4),
        ([0, 0, 1, 1], 2, 2),
        ([*range(200)], 200, 200),
        ([*range(50, 113), *range(3)], 3, 63),
        ([*range(400, 523), 1], 1, 123),
        ([0, 3_000, 3_001], 1, 2),
        ([0, 4_000, 4_001], 1, 1),
        ([-1, 0], 1, 1),
    ],
)
@pytest.mark.parametrize("timezone", ["Europe/Berlin", "Pacific/Kiritimati"])
def test_streaks(
    run: Run, make_actor: Callable[..., Actor], timezone: str, done_days_ago: list[int], current: int, longest: int
) -> None:
    actor, zone = make_actor(timezone), ZoneInfo(timezone)
    now = datetime(2027, 4, 1, 9, tzinfo=zone)
    with database.write_scope() as session:
        for days in done_days_ago:
            at = datetime.combine(now.date() - timedelta(days=days), time(23, 59), zone)
            at = at if days else now - timedelta(hours=1)
            session.add(stored(actor, completed=True, completed_at=at))
    found = read(run, actor, now=now.astimezone(UTC))
    assert (found.current_streak, found.longest_streak) == (current, longest)


def test_counts_by_priority_list_and_tag(run: Run, make_actor: Callable[..., Actor]) -> None:
    actor, other = make_actor(), make_actor()
    now = datetime.now(UTC)
    with database.write_scope() as session:
        for name, position in (("Second", "b"), ("First", "a")):
            session.add(TodoList(owner_id=actor.user_id, name=name, position=position))
        session.add(TodoList(owner_id=actor.user_id, name="Empty", position="c"))
    with database.read_scope() as session:
        lists = {one.name: one.id for one in session.exec(select(TodoList))}
    for list_id, priority, tags, completed in (
        (None, "high", ["Home"], False),
        (None, "high", ["HOME", "x"], True),
        (lists["First"], "low", ["home"], False),
        (lists["Second"], "medium", [], True),
    ):
        data = {"title": "x", "list_id": list_id, "priority": priority, "tags": tags, "completed": completed}
        run(todos.create, actor, TodoCreate.model_validate(data))
    gone = run(todos.create, actor, TodoCreate(title="x", tags=["home"], due_date="2020-01-01"))
    run(todos.delete, actor, gone.id)
    run(todos.create, actor, TodoCreate(title="x", due_date="2020-01-01"))
    run(todos.create, other, TodoCreate(title="x", tags=["theirs"], due_date="2020-01-01"))
    found = read(run, actor, days=1)
    assert (found.open, found.done, found.trashed, found.overdue) == (3, 2, 1, 1)
    assert [(one.priority.value, one.open, one.done) for one in found.by_priority] == [
        ("high", 1, 1),
        ("medium", 1, 1),
        ("low", 1, 0),
    ]
    assert [(one.name, one.list_id, one.open, one.done) for one in found.by_list] == [
        (None, None, 2, 1),
        ("First", lists["First"], 1, 0),
        ("Second", lists["Second"], 0, 1),
    ]
    assert [(one.tag, one.open, one.done) for one in found.by_tag] == [("home", 2, 1), ("x", 0, 1)]
    assert [(one.completed, one.overdue) for one in found.days] == [(2, 1)]
    assert found.days[0].date in {now.date(), datetime.now(UTC).date()}
    with database.write_scope() as session:
        session.exec(sa.delete(Ledger))
    assert read(run, actor, days=1).trashed == 1


def test_only_the_most_frequent_tags_are_shown(run: Run, actor: Actor) -> None:
    for number in range(25):
        run(todos.create, actor, TodoCreate(title="x", tags=[f"tag {one:02}" for one in range(number, 25)]))
    shown = read(run, actor).by_tag
    assert [(one.tag, one.open) for one in shown] == [(f"tag {number:02}", number + 1) for number in range(24, 4, -1)]


def test_a_day_that_was_finished_is_not_unfinished_by_the_trash(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="x"))
    run(todos.complete, actor, todo.id)
    run(todos.delete, actor, todo.id)
    found = read(run, actor)
    assert (found.days[-1].completed, found.current_streak, found.done) == (1, 1, 0)


@pytest.mark.parametrize("days", [1, 30, 61, 62, 366])
def test_as_many_days_as_were_asked_for_up_to_today(run: Run, actor: Actor, days: int) -> None:
    found = read(run, actor, days)
    assert [one.date for one in found.days] == [
        found.days[-1].date - timedelta(days=number) for number in range(days - 1, -1, -1)
    ]


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Counts the calls of Python functions: the work of this process, however busy the machine is."""
    count, before = [0], sys.getprofile()

    def note(_frame: object, what: str, _about: object) -> None:
        count[0] += what == "call"

    sys.setprofile(note)
    try:
        yield count
    finally:
        sys.setprofile(before)


@pytest.mark.usefixtures("own_database")
def test_a_year_costs_little_more_than_its_counting(run: Run, actor: Actor) -> None:
    read(run, actor, days=366)
    with counted_calls() as count:
        read(run, actor, days=366)
    # To build its questions anew each time took half a million.
    assert count[0] < 60_000
