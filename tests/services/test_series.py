"""Recurring todos in the database: one row for each occurrence, one of them open, whoever completes it how often."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from backend import database
from backend.errors import ConflictError, InvalidInputError, StorageUnavailableError
from backend.models.history import UndoRequest
from backend.models.quick import QuickCreate
from backend.models.todo import Todo, TodoCreate, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.todo_list import ListCreate
from backend.services import lists, quick, searches, series, todos, undo
from backend.services.actor import Actor
from tests.services.conftest import Run


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time that series reckon with; tests may move it."""
    clock = [datetime(2027, 3, 1, 8, 0, tzinfo=UTC)]
    monkeypatch.setattr(series, "utc_now", lambda: clock[0])
    return clock


def recurring(run: Run, actor: Actor, rule: str = "FREQ=DAILY", **fields: Any) -> TodoRead:
    data = {"title": "Water the plants", "due_date": "2027-03-01", "recurrence": rule, **fields}
    todo: TodoRead = run(todos.create, actor, TodoCreate.model_validate(data))
    return todo


def rows(actor: Actor, *, is_open: bool | None = None) -> list[Todo]:
    with database.read_scope() as session:
        statement = select(Todo).where(Todo.owner_id == actor.user_id, col(Todo.deleted_at).is_(None))
        found = session.exec(statement.order_by(col(Todo.occurrence))).all()
    return [row for row in found if is_open is None or row.completed is not is_open]


def the_open_one(actor: Actor) -> Todo:
    [found] = rows(actor, is_open=True)
    return found


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "nonsense", "FREQ=DAILY;COUNT=2;UNTIL=20270301", "", "X" * 501])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="recurrence"):
        TodoCreate.model_validate({"title": "Water", "due_date": "2027-03-01", "recurrence": rule})


def test_what_repeats_needs_a_day_to_begin_on(run: Run, actor: Actor) -> None:
    with pytest.raises(InvalidInputError, match="due_date"):
        recurring(run, actor, due_date=None)
    todo = recurring(run, actor)
    with pytest.raises(InvalidInputError, match="recurrence"):
        run(todos.update, actor, todo.id, TodoUpdate(due_date=None))


def test_completing_makes_the_next_with_everything_that_was_said(run: Run, actor: Actor) -> None:
    todo = recurring(
        run, actor, "weekly", due_time="09:00", tags=["home"], priority="high", remind_at="2027-03-01T08:30:00Z"
    )
    assert run(todos.complete, actor, todo.id).completed
    following = the_open_one(actor)
    assert (following.due_date, following.due_time.isoformat()) == (date(2027, 3, 8), "09:00:00")  # type: ignore[union-attr]
    assert (following.title, following.tags, following.priority) == ("Water the plants", ["home"], "high")
    assert following.remind_at == datetime(2027, 3, 8, 8, 30, tzinfo=UTC)
    assert (following.series_id, following.occurrences_missed) == (todo.series_id, 0)


def test_the_next_one_is_stored_once(run: Run, actor: Actor) -> None:
    todo, sent = recurring(run, actor), list[str]()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        run(todos.complete, actor, todo.id)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert the_open_one(actor).due_date == date(2027, 3, 2)
    assert not [one for one in sent if one.startswith("UPDATE todos SET title")]


@pytest.mark.parametrize("again", [todos.complete, lambda *_: None])
def test_completing_twice_makes_one(run: Run, actor: Actor, again: Callable[..., object]) -> None:
    todo = recurring(run, actor)
    run(todos.complete, actor, todo.id)
    run(again, actor, todo.id)
    assert len(rows(actor)) == 2


def test_fifty_completions_at_once_make_one(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    barrier = threading.Barrier(50)

    def complete() -> None:
        barrier.wait()
        for _ in range(100):
            try:
                run(todos.complete, actor, todo.id)
            except (StorageUnavailableError, ConflictError):  # nothing was changed, says the refusal: try again
                continue
            return

    threads = [threading.Thread(target=complete) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.occurrence for row in rows(actor)] == ["2027-03-01", "2027-03-02"]


def test_after_a_long_sleep_one_is_open_and_says_how_many_were_missed(
    run: Run, actor: Actor, now: list[datetime]
) -> None:
    todo = recurring(run, actor)
    now[0] += timedelta(days=400)
    run(todos.complete, actor, todo.id)
    following = the_open_one(actor)
    assert (following.due_date, following.occurrences_missed) == (date(2028, 4, 4), 399)


def test_a_series_with_an_end_ends(run: Run, actor: Actor) -> None:
    recurring(run, actor, "FREQ=DAILY;COUNT=3")
    for _ in range(3):
        run(todos.complete, actor, the_open_one(actor).id)
    assert rows(actor, is_open=True) == []
    assert len(rows(actor)) == 3


def test_counted_from_completion(run: Run, actor: Actor, now: list[datetime]) -> None:
    todo = recurring(run, actor, "FREQ=DAILY;INTERVAL=3", recurrence_from="completion", due_time="07:00")
    now[0] = datetime(2027, 3, 10, 22, 0, tzinfo=UTC)
    run(todos.complete, actor, todo.id)
    following = the_open_one(actor)
    assert (following.occurrence, following.occurrences_missed) == ("2027-03-13T07:00", 0)


def test_nine_oclock_stays_nine_oclock_across_a_clock_change(run: Run, make_actor: Callable[..., Actor]) -> None:
    actor = make_actor("Europe/Berlin")
    recurring(run, actor, due_date="2027-03-27", due_time="09:00")
    instants = []
    for _ in range(3):
        todo = run(todos.get, actor, the_open_one(actor).id)
        instants.append((todo.due_time.isoformat(timespec="minutes"), todo.due_at.hour))
        run(todos.complete, actor, todo.id)
    assert instants == [("09:00", 8), ("09:00", 7), ("09:00", 7)]


def test_reopening_takes_the_next_back_unless_somebody_touched_it(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    run(todos.complete, actor, todo.id)
    run(todos.reopen, actor, todo.id)
    assert [row.id for row in rows(actor)] == [todo.id]
    run(todos.complete, actor, todo.id)
    following = the_open_one(actor)
    assert following.occurrence == "2027-03-02"
    run(todos.update, actor, following.id, TodoUpdate(title="The balcony too"))
    run(todos.reopen, actor, todo.id)
    assert len(rows(actor, is_open=True)) == 2


def test_undoing_a_completion_takes_the_next_back_and_redoing_brings_it(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    run(todos.complete, actor, todo.id)
    done = run(undo.undo, actor, UndoRequest(last=1))
    assert done.conflicts == []
    assert the_open_one(actor).id == todo.id
    run(todos.complete, actor, todo.id)
    assert [row.occurrence for row in rows(actor)] == ["2027-03-01", "2027-03-02"]


def test_a_moved_due_is_this_ones_alone(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor, "FREQ=WEEKLY")
    run(todos.update, actor, todo.id, TodoUpdate.model_validate({"due_date": "2027-03-04"}))
    run(todos.complete, actor, todo.id)
    assert the_open_one(actor).due_date == date(2027, 3, 8)


def test_a_due_moved_for_all_that_follow(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor, "FREQ=WEEKLY;COUNT=3")
    moved = TodoUpdate.model_validate({"due_date": "2027-03-03", "due_time": "10:00", "apply_to": "following"})
    run(todos.update, actor, todo.id, moved)
    for _ in range(3):
        run(todos.complete, actor, the_open_one(actor).id)
    assert [row.occurrence for row in rows(actor)] == ["2027-03-03T10:00", "2027-03-10T10:00", "2027-03-17T10:00"]


def test_a_change_for_this_one_alone_leaves_the_series_as_it_was(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    run(todos.update, actor, todo.id, TodoUpdate.model_validate({"title": "With fertiliser", "apply_to": "this"}))
    first, second = rows(actor)
    assert (first.title, first.recurrence) == ("With fertiliser", None)
    assert (second.title, second.due_date) == ("Water the plants", date(2027, 3, 2))
    run(todos.complete, actor, first.id)
    assert len(rows(actor)) == 2


def test_a_series_stops_when_its_rule_is_taken_away(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    run(todos.update, actor, todo.id, TodoUpdate(recurrence=None))
    run(todos.complete, actor, todo.id)
    assert len(rows(actor)) == 1


def test_skipping_one_goes_on_with_the_next(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    assert run(todos.skip, actor, todo.id).due_date == date(2027, 3, 2)
    assert [row.occurrence for row in rows(actor)] == ["2027-03-02"]
    plain = run(todos.create, actor, TodoCreate(title="Once"))
    with pytest.raises(InvalidInputError):
        run(todos.skip, actor, plain.id)


def test_the_next_one_has_parts_of_its_own_open_again(run: Run, actor: Actor) -> None:
    todo = recurring(run, actor)
    part = run(todos.create, actor, TodoCreate(title="Balcony", parent_id=todo.id))
    run(todos.create, actor, TodoCreate(title="Herbs", parent_id=part.id))
    run(todos.complete, actor, todo.id)
    assert sorted(row.title for row in rows(actor, is_open=True)) == ["Balcony", "Herbs", "Water the plants"]


def test_quick_add_asks_which_lists_there_are(run: Run, actor: Actor) -> None:
    made = run(lists.create, actor, ListCreate(name="Home"))
    answer = run(quick.add, actor, QuickCreate(text="x @Work @HOME"))
    assert (answer.todo.title, answer.todo.list_id) == ("x @Work", made.id)
    assert [span.meaning for span in answer.reading.left] == [
        "there is no list called Work, so @Work stays in the title"
    ]


def test_quick_add_reads_a_line_into_a_recurring_todo(run: Run, actor: Actor) -> None:
    line = "Pay rent every 1st 9am #home !high @nowhere"
    dry = run(quick.add, actor, QuickCreate(text=line, dry_run=True))
    assert dry.todo is None
    assert run(searches.search, actor, TodoFilter()).total == 0
    made = run(quick.add, actor, QuickCreate(text=line)).todo
    assert (made.title, made.priority, made.tags) == ("Pay rent @nowhere", "high", ["home"])
    assert made.recurrence == "FREQ=MONTHLY;BYMONTHDAY=1"
    assert (made.due_date.day, made.due_time.hour) == (1, 9)
