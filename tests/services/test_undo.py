"""The log and undo: everything that changes is written down, and goes back unless somebody has changed it since."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from backend import database
from backend.errors import InvalidInputError, NotFoundError
from backend.models.base import new_id, utc_now
from backend.models.batch import BatchItem, BatchRequest, BulkFilter
from backend.models.history import OperationFilter, UndoRead, UndoRequest
from backend.models.operation import Door, Ledger
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.services import batches, bulk, operations, searches, todos, trash, undo
from backend.services.actor import Actor
from tests.services.conftest import Run


def last(run: Run, actor: Actor, number: int = 1) -> UndoRead:
    answer: UndoRead = run(undo.undo, actor, UndoRequest(last=number))
    return answer


def said(todo: TodoRead) -> dict[str, object]:
    """What a todo says, without what counts its changes."""
    return todo.model_dump(exclude={"version", "updated_at"})


def test_every_change_is_written_down_with_who_and_what_was_there_before(run: Run, actor: Actor) -> None:
    me = replace(actor, name="claude-laptop", door=Door.MCP, token_id=new_id())
    todo = run(todos.create, me, TodoCreate(title="Milk", tags=["home"]))
    run(todos.update, actor, todo.id, TodoUpdate(title="Oat milk", priority="high"))
    run(todos.complete, actor, todo.id)
    run(todos.delete, actor, todo.id)
    run(todos.restore, actor, todo.id)
    page = run(operations.search, actor, OperationFilter(object_id=todo.id))
    assert [one.action for one in page.operations] == ["restore", "delete", "complete", "update", "create"]
    made, changed = page.operations[-1], page.operations[-2]
    assert (made.actor_name, made.door, made.token_id, made.before) == ("claude-laptop", "mcp", me.token_id, None)
    assert made.after is not None
    assert (made.after["title"], made.after["tags"]) == ("Milk", ["home"])
    assert changed.before == {"title": "Milk", "priority": "medium"}
    assert changed.after == {"title": "Oat milk", "priority": "high"}


def test_what_changes_nothing_is_not_written_down(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk"))
    run(todos.update, actor, todo.id, TodoUpdate(title="Milk"))
    run(todos.reopen, actor, todo.id)
    assert run(operations.search, actor, OperationFilter()).total == 1


def test_the_log_shows_nobody_elses_changes(run: Run, make_actor: Callable[..., Actor]) -> None:
    me, other = make_actor(), make_actor()
    todo = run(todos.create, other, TodoCreate(title="Theirs"))
    assert run(operations.search, me, OperationFilter()).operations == []
    [entry] = run(operations.search, other, OperationFilter()).operations
    with pytest.raises(NotFoundError):
        run(undo.undo, me, UndoRequest(operation_id=entry.operation_id))
    assert run(todos.get, other, todo.id).deleted_at is None


@pytest.mark.parametrize("wrong", [{}, {"last": 1, "operation_id": new_id()}, {"token_id": new_id(), "last": 1}])
def test_undo_wants_to_know_exactly_what(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"exactly one|goes with since"):
        UndoRequest.model_validate(wrong)


def test_each_kind_of_change_goes_back_and_comes_again(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk", due_date="2027-03-01", due_time="09:00"))
    cleared = TodoUpdate.model_validate({"due_date": None, "title": "Oat", "tags": ["a", "b"]})
    for service, *arguments in ((todos.update, cleared), (todos.complete,), (todos.delete,)):
        before = said(run(todos.get, actor, todo.id))
        run(service, actor, todo.id, *arguments)
        after = said(run(todos.get, actor, todo.id))
        done = last(run, actor)
        assert (done.changed, done.conflicts) == ([todo.id], [])
        assert said(run(todos.get, actor, todo.id)) == before
        again = run(undo.undo, actor, UndoRequest(operation_id=done.operation_id))
        assert again.conflicts == []
        assert said(run(todos.get, actor, todo.id)) == after


def test_undoing_a_creation_moves_it_to_the_trash(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk"))
    assert last(run, actor).changed == [todo.id]
    assert run(todos.get, actor, todo.id).deleted_at is not None


def test_the_last_ones_are_those_that_stand(run: Run, actor: Actor) -> None:
    first = run(todos.create, actor, TodoCreate(title="One"))
    second = run(todos.create, actor, TodoCreate(title="Two"))
    assert last(run, actor).changed == [second.id]
    assert last(run, actor).changed == [first.id]
    nothing = last(run, actor)
    assert (nothing.operation_id, nothing.undone, nothing.conflicts) == (None, [], [])


def test_what_was_changed_later_stays_and_is_listed(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk"))
    agent = replace(actor, token_id=new_id(), name="agent")
    start = utc_now()
    run(todos.update, agent, todo.id, TodoUpdate(title="Agent's title", priority="high"))
    run(todos.update, actor, todo.id, TodoUpdate(title="My title"))
    done = run(undo.undo, actor, UndoRequest(since=start, token_id=agent.token_id))
    now = run(todos.get, actor, todo.id)
    assert (now.title, now.priority) == ("My title", "medium")
    [conflict] = done.conflicts
    assert (conflict.field, conflict.title, conflict.object_id) == ("title", "My title", todo.id)


def test_undoing_one_actor_leaves_everybody_elses_work(run: Run, actor: Actor) -> None:
    agent = replace(actor, token_id=new_id(), name="agent")
    mine = run(todos.create, actor, TodoCreate(title="Mine"))
    start = utc_now()
    theirs = run(todos.create, agent, TodoCreate(title="Agent's"))
    run(todos.update, agent, theirs.id, TodoUpdate(description="more"))
    run(todos.complete, agent, mine.id)
    run(todos.update, actor, mine.id, TodoUpdate(description="mine too"))
    done = run(undo.undo, actor, UndoRequest(since=start, token_id=agent.token_id))
    assert done.conflicts == []
    left = run(searches.search, actor, TodoFilter()).todos
    assert [(todo.title, todo.completed, todo.description) for todo in left] == [("Mine", False, "mine too")]


def test_a_tree_goes_and_comes_as_one_operation(run: Run, actor: Actor) -> None:
    root = run(todos.create, actor, TodoCreate(title="Move house"))
    part = run(todos.create, actor, TodoCreate(title="Pack", parent_id=root.id))
    run(todos.complete, actor, root.id)
    assert run(todos.get, actor, part.id).completed
    assert set(last(run, actor).changed) == {root.id, part.id}
    assert not run(todos.get, actor, part.id).completed
    run(todos.delete, actor, root.id)
    assert set(last(run, actor).changed) == {root.id, part.id}


def test_what_is_gone_for_good_can_be_brought_back_while_the_log_keeps_it(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk", tags=["home"], description="two litres"))
    run(todos.delete, actor, todo.id)
    assert run(trash.empty, actor) == 1
    with pytest.raises(NotFoundError):
        run(todos.get, actor, todo.id)
    assert last(run, actor).changed == [todo.id]
    back = run(todos.get, actor, todo.id)
    assert (back.title, back.tags, back.description) == ("Milk", ["home"], "two litres")
    assert back.deleted_at is not None


def test_a_batch_is_one_operation(run: Run, actor: Actor) -> None:
    items = [BatchItem(action="create", data={"title": f"Number {number}"}) for number in range(5)]
    done = run(batches.run, actor, BatchRequest(operations=items))
    assert (done.succeeded, done.failed) == (5, 0)
    assert len(last(run, actor).changed) == 5
    assert run(searches.search, actor, TodoFilter()).total == 0


def test_a_batch_that_is_all_or_nothing_leaves_nothing(run: Run, actor: Actor) -> None:
    items = [
        BatchItem(action="create", data={"title": "Fine"}),
        BatchItem(action="create", data={"title": ""}),
    ]
    with pytest.raises(InvalidInputError) as refusal:
        run(batches.run, actor, BatchRequest(operations=items))
    assert "operation 1" in refusal.value.detail
    assert refusal.value.errors[0].field == "operations.1.title"
    assert run(searches.search, actor, TodoFilter()).total == 0
    assert run(operations.search, actor, OperationFilter()).total == 0


def test_in_a_batch_each_for_itself_a_refusal_takes_only_its_own_item_back(run: Run, actor: Actor) -> None:
    items = [
        BatchItem(action="create", data={"title": "First"}),
        BatchItem(action="complete", id=new_id()),
        BatchItem(action="create", data={"title": "Last"}),
    ]
    done = run(batches.run, actor, BatchRequest(operations=items, atomic=False))
    assert [result.error.code if result.error else "ok" for result in done.results] == ["ok", "not_found", "ok"]
    assert run(searches.search, actor, TodoFilter()).total == 2
    page = run(operations.search, actor, OperationFilter())
    assert page.total == 2
    assert {one.operation_id for one in page.operations} == {done.operation_id}


def test_deleting_many_wants_a_filter_and_is_one_operation(run: Run, actor: Actor) -> None:
    for number in range(3):
        run(todos.create, actor, TodoCreate(title=f"Number {number}", completed=number > 0))
    with pytest.raises(InvalidInputError):
        run(bulk.delete, actor, BulkFilter())
    assert run(bulk.delete, actor, BulkFilter(completed=True)).deleted == 2
    assert run(searches.search, actor, TodoFilter()).total == 1
    assert len(last(run, actor).changed) == 2
    assert run(searches.search, actor, TodoFilter()).total == 3


def test_the_ledger_counts_what_is_there(run: Run, actor: Actor) -> None:
    ids = [run(todos.create, actor, TodoCreate(title=f"Number {number}")).id for number in range(5)]
    run(todos.complete, actor, ids[0])
    run(todos.delete, actor, ids[0])
    run(todos.delete, actor, ids[1])
    run(todos.complete, actor, ids[2])
    run(todos.restore, actor, ids[1])
    with database.read_scope() as session:
        ledger = session.get(Ledger, actor.user_id)
        assert ledger is not None
        assert (ledger.todos_open, ledger.todos_done, ledger.todos_trashed) == (3, 1, 1)
        assert ledger.seq == 10
