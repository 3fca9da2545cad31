"""A change of many todos: shown before it is made, and made only while what was shown is true."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backend.errors import AppError, InvalidInputError, LimitReachedError, PermissionDeniedError, VersionConflictError
from backend.models.base import new_id, utc_now
from backend.models.batch import BatchAction, BatchItem, BatchRequest
from backend.models.history import OperationFilter, UndoRequest
from backend.models.plan import PLAN_MINUTES, BulkAnswer, BulkRequest, Plan, UndoAnswer, UndoPlanRequest
from backend.models.todo import TodoCreate, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.todo_list import ListCreate
from backend.models.token import Scope
from backend.services import batches, bulk, lists, operations, searches, todos, undo
from backend.services.actor import Actor
from tests.services.conftest import Run

OPEN = {"completed": False}


def ask(run: Run, actor: Actor, action: str, where: dict[str, Any], **more: Any) -> BulkAnswer:
    answer: BulkAnswer = run(bulk.change, actor, BulkRequest.model_validate({"action": action, "where": where, **more}))
    return answer


def planned(run: Run, actor: Actor, action: str, where: dict[str, Any], **more: Any) -> Plan:
    answer = ask(run, actor, action, where, **more)
    assert (answer.done, answer.operation_id) == (None, None)
    assert answer.plan is not None
    return answer.plan


def state(run: Run, actor: Actor) -> list[tuple[str, bool, int]]:
    found = run(searches.search, actor, TodoFilter(limit=1_000)).todos
    return sorted((todo.title, todo.completed, todo.version) for todo in found)


def add_many(run: Run, actor: Actor, count: int) -> None:
    for start in range(0, count, 100):
        items = [
            BatchItem(action=BatchAction.CREATE, data={"title": f"{number}"})
            for number in range(start, min(start + 100, count))
        ]
        run(batches.run, actor, BatchRequest(operations=items))


# Refusals


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"completed": None},
        {"tags": [], "search": ""},
        *({"search": blank} for blank in (" ", "\t\n", "\u3000\u00a0")),
    ],
)
def test_an_empty_filter_is_refused(run: Run, actor: Actor, where: dict[str, Any]) -> None:
    run(todos.create, actor, TodoCreate(title="Milk"))
    with pytest.raises(InvalidInputError, match="without that it would be all"):
        ask(run, actor, "delete", where)


def test_changes_go_with_an_update(run: Run, actor: Actor) -> None:
    for action in ("complete", "reopen", "delete"):
        with pytest.raises(InvalidInputError, match=r"^changes: go with the action update, and with no other"):
            ask(run, actor, action, OPEN, changes={"title": "x"})


@pytest.mark.parametrize("more", [{}, {"changes": {}}])
def test_an_update_without_changes_is_told_what_it_lacks(run: Run, actor: Actor, more: dict[str, Any]) -> None:
    says = r'^changes: are required for the action update, such as \{"priority": "high"\}\.$'
    with pytest.raises(InvalidInputError, match=says):
        ask(run, actor, "update", OPEN, **more)


@pytest.mark.parametrize("where", [{"search": "!!!"}, {"search": '""'}, {"search": "\u200b"}, {"tags": [""]}])
def test_what_is_no_word_but_shows_or_no_tag_that_there_is_finds_what_has_it(
    run: Run, actor: Actor, where: dict[str, Any]
) -> None:
    run(todos.create, actor, TodoCreate(title="Milk"))
    assert planned(run, actor, "delete", where).changes == []


def test_one_change_that_is_refused_refuses_the_plan(run: Run, actor: Actor) -> None:
    for due in ({"due_date": "2027-03-01"}, {}):
        run(todos.create, actor, TodoCreate.model_validate({"title": "Milk", **due}))
    before = state(run, actor)
    with pytest.raises(InvalidInputError, match="A due time"):
        ask(run, actor, "update", OPEN, changes={"due_time": "09:00"})
    assert state(run, actor) == before


def test_a_plan_has_a_size_that_can_be_read_through(run: Run, actor: Actor) -> None:
    add_many(run, actor, 101)
    with pytest.raises(LimitReachedError, match=r"^This would change 101 todos, and one plan may change 100 at most"):
        ask(run, actor, "complete", OPEN)


def test_what_is_taken_along_counts_too(run: Run, actor: Actor) -> None:
    for _ in range(2):
        root = run(todos.create, actor, TodoCreate(title="root", tags=["root"]))
        items = [BatchItem(action=BatchAction.CREATE, data={"title": "part", "parent_id": root.id}) for _ in range(60)]
        run(batches.run, actor, BatchRequest(operations=items))
    before = state(run, actor)
    with pytest.raises(LimitReachedError, match="This would change 122 todos"):
        ask(run, actor, "delete", {"tags": ["root"]})
    assert state(run, actor) == before


def test_a_token_plans_only_as_many_as_it_may_change_with_what_is_taken_along(run: Run, actor: Actor) -> None:
    agent = replace(actor, token_id=new_id(), max_changes=5)
    start = utc_now()
    root = run(todos.create, actor, TodoCreate(title="root", tags=["root"]))
    for _ in range(5):
        run(todos.create, actor, TodoCreate(title="part", parent_id=root.id))
    before = state(run, actor)
    says = r"^This would change 6 todos, and one call with this token may change 5 at most\."
    for where in (OPEN, {"tags": ["root"]}):
        with pytest.raises(LimitReachedError, match=says):
            ask(run, agent, "complete", where)
    with pytest.raises(LimitReachedError, match=says):
        run(undo.planned, agent, UndoPlanRequest(since=start))
    assert state(run, actor) == before
    assert planned(run, agent, "complete", {"search": "part"}).count == 5


@pytest.mark.parametrize(
    ("action", "scopes", "lacks"),
    [
        ("complete", {"write"}, "read"),
        ("complete", {"read", "delete"}, "write"),
        ("delete", {"read", "write"}, "delete"),
    ],
)
def test_a_token_plans_only_what_it_may_do(run: Run, actor: Actor, action: str, scopes: set[str], lacks: str) -> None:
    agent = replace(actor, token_id=new_id(), scopes=frozenset(map(Scope, scopes)))
    with pytest.raises(PermissionDeniedError, match=f"lacks the scope `{lacks}`"):
        ask(run, agent, action, OPEN)


@pytest.mark.parametrize("plan_id", ["", "x", "1.2", "a.b.c", "g.b.c", "a.ä.c", f"{2**40:x}.{'0' * 16}.{'0' * 16}"])
def test_an_id_that_nobody_was_given_commits_nothing(run: Run, actor: Actor, plan_id: str) -> None:
    run(todos.create, actor, TodoCreate(title="Milk"))
    with pytest.raises(InvalidInputError, match="plan_id: "):
        ask(run, actor, "complete", OPEN, plan_id=plan_id)
    assert state(run, actor) == [("Milk", False, 1)]


def test_a_plan_is_for_its_own_request_and_actor(run: Run, actor: Actor, make_actor: Callable[..., Actor]) -> None:
    run(todos.create, actor, TodoCreate(title="Milk"))
    plan_id = planned(run, actor, "complete", OPEN).plan_id
    for other, action, where in (
        (actor, "delete", OPEN),
        (actor, "complete", {"search": "milk"}),
        (replace(actor, token_id=new_id()), "complete", OPEN),
        (make_actor(), "complete", OPEN),
    ):
        with pytest.raises(InvalidInputError, match="plan_id: belongs to another call"):
            ask(run, other, action, where, plan_id=plan_id)
    assert state(run, actor) == [("Milk", False, 1)]


def test_a_plan_ends_and_its_end_cannot_be_moved(run: Run, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    run(todos.create, actor, TodoCreate(title="Milk"))
    plan_id = planned(run, actor, "complete", OPEN).plan_id
    assert plan_id is not None
    late = time.time() + PLAN_MINUTES * 60 + 1
    monkeypatch.setattr(time, "time", lambda: late)
    with pytest.raises(InvalidInputError, match="plan_id: has expired"):
        ask(run, actor, "complete", OPEN, plan_id=plan_id)
    moved = ".".join([f"{int(late) + 60:x}", *plan_id.split(".")[1:]])
    with pytest.raises(AppError):
        ask(run, actor, "complete", OPEN, plan_id=moved)
    assert state(run, actor) == [("Milk", False, 1)]


def test_whatever_changes_in_between_makes_a_plan_void(run: Run, actor: Actor) -> None:
    milk = run(todos.create, actor, TodoCreate(title="Milk"))
    part = run(todos.create, actor, TodoCreate(title="Part", parent_id=milk.id))
    done = run(todos.create, actor, TodoCreate(title="Done", completed=True))
    where = {"ids": [milk.id, done.id]}
    for service, *arguments in (
        (todos.update, milk.id, TodoUpdate(description="more")),
        (todos.update, part.id, TodoUpdate(priority="high")),
        (todos.update, done.id, TodoUpdate(title="Done!")),  # chosen, though nothing would happen to it
        (todos.create, TodoCreate(title="A new part", parent_id=milk.id)),
        (todos.delete, part.id),
        (todos.complete, milk.id),
    ):
        plan_id = planned(run, actor, "complete", where).plan_id
        run(service, actor, *arguments)
        before = state(run, actor)
        with pytest.raises(VersionConflictError, match="so nothing was done; call without plan_id for a new plan"):
            ask(run, actor, "complete", where, plan_id=plan_id)
        assert state(run, actor) == before


def test_a_todo_that_comes_to_be_chosen_makes_a_plan_void(run: Run, actor: Actor) -> None:
    run(todos.create, actor, TodoCreate(title="Milk"))
    plan_id = planned(run, actor, "delete", OPEN).plan_id
    run(todos.create, actor, TodoCreate(title="Bread"))
    with pytest.raises(VersionConflictError):
        ask(run, actor, "delete", OPEN, plan_id=plan_id)
    assert len(state(run, actor)) == 2


# What it does


def test_a_plan_shows_exactly_what_then_happens(run: Run, actor: Actor) -> None:
    errands = run(lists.create, actor, ListCreate(name="Errands"))
    trip = run(todos.create, actor, TodoCreate(title="Trip", tags=["go"]))
    run(todos.create, actor, TodoCreate(title="Pack", parent_id=trip.id))
    rent = TodoCreate.model_validate(
        {"title": "Rent", "tags": ["go"], "due_date": "2027-03-01", "recurrence": "monthly"}
    )
    run(todos.create, actor, rent)
    run(todos.create, actor, TodoCreate(title="Elsewhere"))
    before, log = state(run, actor), run(operations.search, actor, OperationFilter()).total

    plan = planned(run, actor, "complete", {"tags": ["go"]})
    assert (state(run, actor), run(operations.search, actor, OperationFilter()).total) == (before, log)
    shown = sorted((change.action, change.title, change.id is None) for change in plan.changes)
    assert shown == [
        ("complete", "Pack", False),
        ("complete", "Rent", False),
        ("complete", "Trip", False),
        ("create", "Rent", True),
    ]
    assert plan.count == 4
    [following] = [change for change in plan.changes if change.action == "create"]
    assert {one.field: one.after for one in following.fields}["due_date"] == "2027-04-01"

    answer = ask(run, actor, "complete", {"tags": ["go"]}, plan_id=plan.plan_id)
    assert answer.plan is None
    assert answer.done is not None
    assert [change.model_dump(exclude={"id"}) for change in answer.done] == [
        change.model_dump(exclude={"id"}) for change in plan.changes
    ]
    assert [title for title, is_done, _ in state(run, actor) if is_done] == ["Pack", "Rent", "Trip"]

    moved = planned(run, actor, "update", {"search": "elsewhere"}, changes={"list_id": errands.id, "tags": ["x"]})
    [change] = moved.changes
    assert {one.field: (one.before, one.after) for one in change.fields} == {
        "list_id": (None, errands.id),
        "tags": ([], ["x"]),
    }
    assert answer.operation_id is not None
    run(undo.undo, actor, UndoRequest(operation_id=answer.operation_id))
    assert [title for title, is_done, _ in state(run, actor) if is_done] == []


@pytest.mark.parametrize("action", ["complete", "reopen", "delete"])
def test_what_is_so_already_is_no_part_of_a_plan(run: Run, actor: Actor, action: str) -> None:
    for title, completed in (("a", False), ("b", True)):
        run(todos.create, actor, TodoCreate(title=title, completed=completed, tags=["x"]))
    plan = planned(run, actor, action, {"tags": ["x"]})
    assert [change.title for change in plan.changes] == {"complete": ["a"], "reopen": ["b"], "delete": ["a", "b"]}[
        action
    ]
    nothing = planned(run, actor, action, {"tags": ["y"]})
    assert (nothing.plan_id, nothing.expires_at, nothing.count, nothing.changes) == (None, None, 0, [])


def test_only_what_fulfils_everything_is_chosen(run: Run, actor: Actor) -> None:
    errands = run(lists.create, actor, ListCreate(name="Errands"))
    inside, done, outside = (
        run(todos.create, actor, TodoCreate.model_validate({"title": "x", **fields}))
        for fields in ({"list_id": errands.id}, {"list_id": errands.id, "completed": True}, {})
    )
    for where, expected in (
        ({"list_id": errands.id}, {inside.id, done.id}),
        ({"list_id": "inbox"}, {outside.id}),
        ({"list_id": errands.id, **OPEN}, {inside.id}),
        ({"ids": [inside.id, outside.id, new_id()], "list_id": errands.id}, {inside.id}),
    ):
        assert {change.id for change in planned(run, actor, "delete", where).changes} == expected


# Undo


def test_what_a_time_chooses_is_taken_back_after_a_plan(run: Run, actor: Actor) -> None:
    agent = replace(actor, token_id=new_id(), name="laptop")
    mine = run(todos.create, actor, TodoCreate(title="Mine"))
    start = utc_now()
    theirs = run(todos.create, agent, TodoCreate(title="Theirs"))
    run(todos.update, agent, mine.id, TodoUpdate(title="Theirs now", priority="high"))
    run(todos.update, actor, mine.id, TodoUpdate(title="Mine again"))
    before = state(run, actor)

    def ask_undo(plan_id: str | None = None) -> UndoAnswer:
        answer: UndoAnswer = run(undo.planned, actor, UndoPlanRequest(since=start, tokens=["laptop"], plan_id=plan_id))
        return answer

    first = ask_undo()
    assert (state(run, actor), first.operation_id, first.changed) == (before, None, [])
    assert first.plan is not None
    assert {(change.action, change.id) for change in first.plan.changes} == {
        ("delete", theirs.id),
        ("update", mine.id),
    }
    assert [conflict.field for conflict in first.conflicts] == ["title"]
    run(todos.update, actor, theirs.id, TodoUpdate(description="Mine too"))
    with pytest.raises(VersionConflictError):
        ask_undo(first.plan.plan_id)
    second = ask_undo()
    assert second.plan is not None
    assert [change.id for change in second.plan.changes] == [mine.id]
    done = ask_undo(second.plan.plan_id)
    assert (done.plan, done.changed, len(done.conflicts)) == (None, [mine.id], 2)
    nothing = ask_undo()
    assert (nothing.plan, nothing.changed) == (None, [])


def test_who_undoes_too_much_is_told_how_to_undo_less_or_all(run: Run, actor: Actor) -> None:
    start = utc_now()
    add_many(run, actor, 101)
    with pytest.raises(LimitReachedError) as refusal:
        run(undo.planned, actor, UndoPlanRequest(since=start))
    assert refusal.value.detail == (
        "This would change 101 todos, and one plan may change 100 at most; give a later `since`, take single"
        " operations back with `operation_id` or `last`, or log in and send the same to `POST /api/v1/undo`, which"
        " takes as many as there are."
    )
    assert len(run(undo.undo, actor, UndoRequest(since=start)).changed) == 101


def test_what_is_named_is_taken_back_at_once(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Mine"))
    with pytest.raises(InvalidInputError, match="plan_id: goes with since"):
        run(undo.planned, actor, UndoPlanRequest(last=1, plan_id="x"))
    done = run(undo.planned, actor, UndoPlanRequest(last=1))
    assert (done.plan, done.changed) == (None, [todo.id])
