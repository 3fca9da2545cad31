"""The log and undo: everything that changes is written down, and goes back unless somebody has changed it since."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from backend import database
from backend.errors import InvalidInputError, LimitReachedError, NotFoundError
from backend.models.base import new_id, utc_now
from backend.models.batch import BatchAction, BatchItem, BatchRequest, BulkFilter
from backend.models.field import Priority
from backend.models.history import OperationFilter, UndoRead, UndoRequest
from backend.models.operation import Door, Ledger
from backend.models.plan import UndoPlanRequest
from backend.models.tag import TagUpdate
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate, first_position
from backend.models.todo_filter import TodoFilter
from backend.models.token import Scope, TokenCreate
from backend.services import batches, bulk, operations, searches, tags, todo_rows, todos, tokens, trash, undo
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


@pytest.mark.parametrize(
    "wrong",
    [{}, {"last": 1, "operation_id": new_id()}, {"token_id": new_id(), "last": 1}, {"tokens": ["a"], "last": 1}],
)
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


def test_an_emptied_trash_comes_back_with_every_part_in_its_place(run: Run, actor: Actor) -> None:
    root = run(todos.create, actor, TodoCreate(title="Move house"))
    part = run(todos.create, actor, TodoCreate(title="Pack", parent_id=root.id))
    deep = run(todos.create, actor, TodoCreate(title="Books", parent_id=part.id, tags=["home"]))
    run(todos.delete, actor, root.id)
    assert run(trash.empty, actor) == 3
    assert set(last(run, actor).changed) == {root.id, part.id, deep.id}
    assert run(todos.get, actor, part.id).parent_id == root.id
    assert run(todos.get, actor, deep.id).parent_id == part.id
    assert [todo.id for todo in run(searches.trash, actor, TodoFilter(tags=["home"])).todos] == [deep.id]


def test_a_creation_with_its_parts_is_undone_as_a_whole_unless_there_are_new_ones(run: Run, actor: Actor) -> None:
    ids = [new_id() for _ in range(3)]
    items = [
        BatchItem(action="create", data={"id": one, "title": "Level", "parent_id": above})
        for one, above in zip(ids, [None, *ids], strict=False)
    ]
    made = run(batches.run, actor, BatchRequest(operations=items)).operation_id
    extra = run(todos.create, actor, TodoCreate(title="Later", parent_id=ids[1]))
    done = run(undo.undo, actor, UndoRequest(operation_id=made))
    assert (done.changed, [one.object_id for one in done.conflicts]) == ([ids[2]], [ids[1], ids[0]])
    run(todos.delete, actor, extra.id)
    again = run(undo.undo, actor, UndoRequest(operation_id=made))
    assert (again.changed, again.conflicts) == ([ids[1], ids[0]], [])


@pytest.fixture
def statements() -> Iterator[Counter[str]]:
    """The statements that reach the database, by their first words."""
    seen: Counter[str] = Counter()

    def count(_: object, __: object, statement: str, *___: object) -> None:
        seen[" ".join(statement.split()[:2])] += 1

    event.listen(database.engine, "before_cursor_execute", count)
    yield seen
    event.remove(database.engine, "before_cursor_execute", count)


MANY = 2 * todo_rows.AT_ONCE + 10


def test_a_tag_is_renamed_on_very_many_todos_and_back_in_few_statements(
    run: Run, actor: Actor, statements: Counter[str]
) -> None:
    now = utc_now()
    made = [
        todo_rows.new(
            {
                "owner_id": actor.user_id,
                "title": f"Number {number}",
                "description": "",
                "priority": Priority.LOW,
                "position": first_position(now),
                "tags": ["house"],
            }
        )
        for number in range(MANY)
    ]
    run(todo_rows.add_all, actor, actor.user_id, made)
    for step, arguments in (
        (tags.rename, (actor, "house", TagUpdate(name="Home"))),
        (undo.undo, (actor, UndoRequest(last=1))),
        (bulk.delete, (actor, BulkFilter(tags=["house"]))),
        (undo.undo, (actor, UndoRequest(last=1))),
        (bulk.delete, (actor, BulkFilter(tags=["house"]))),
        (undo.undo, (actor, UndoRequest(last=1))),
    ):
        statements.clear()
        run(step, *arguments)
        assert statements.total() < 40, (step, statements)
        assert run(searches.search, actor, TodoFilter(tags=["home" if step is tags.rename else "house"])).total == (
            0 if step is bulk.delete else MANY
        )
    assert run(operations.search, actor, OperationFilter()).total == 7 * MANY


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


def test_the_work_of_tokens_is_named_by_their_names(run: Run, actor: Actor, make_actor: Callable[..., Actor]) -> None:
    laptop, phone = (replace(actor, token_id=new_id(), name=name) for name in ("laptop", "phone"))
    start = utc_now()
    mine = run(todos.create, actor, TodoCreate(title="0"))
    # Each of them writes over the other: taken back one after the other, the first would leave what the second wrote.
    for agent, title in ((laptop, "1"), (phone, "2"), (laptop, "3"), (phone, "4")):
        run(todos.update, agent, mine.id, TodoUpdate(title=title))
    run(todos.create, replace(make_actor(), token_id=new_id(), name="laptop"), TodoCreate(title="Somebody else's"))
    for named, title in ((["phone"], "3"), (["laptop", "phone"], "0")):
        done = run(undo.undo, actor, UndoRequest(since=start, tokens=named))
        assert (run(todos.get, actor, mine.id).title, title) == (title, title), done


@pytest.mark.parametrize("ask", [undo.undo, undo.planned])
def test_a_token_that_never_was_is_no_token_to_undo(
    run: Run, actor: Actor, make_actor: Callable[..., Actor], ask: Callable[..., object]
) -> None:
    start = utc_now()
    made = [run(tokens.create, actor, TokenCreate(name=name, scopes=[Scope.ADD])) for name in ("laptop", "idle")]
    laptop = replace(actor, token_id=made[0].id, name="laptop")
    run(todos.create, laptop, TodoCreate(title="x"))
    stranger = make_actor()
    other = run(tokens.create, stranger, TokenCreate(name="other", scopes=[Scope.ADD]))
    run(todos.create, replace(stranger, token_id=other.id, name="other"), TodoCreate(title="theirs"))
    run(tokens.revoke, actor, made[0].id)

    def asked(**wanted: object) -> object:
        return run(ask, actor, UndoPlanRequest.model_validate({"since": start, **wanted}))

    for wrong in ("nosuchname", "Laptop", "other", other.id, new_id()):
        with pytest.raises(InvalidInputError, match=f"^tokens: No token of yours is or was called `{wrong}`"):
            asked(tokens=["laptop", wrong])
    with pytest.raises(InvalidInputError, match=f"^token_id: .*`{other.id}`"):
        asked(tokens=["laptop"], token_id=other.id)
    with pytest.raises(InvalidInputError, match="called `a`, `b`"):
        asked(tokens=["b", "a"])
    assert run(searches.search, actor, TodoFilter()).total == 1
    for known in ("idle", made[1].id, "laptop", made[0].id):
        asked(tokens=[known])


def test_nothing_was_done_since_a_time_to_come(run: Run, actor: Actor) -> None:
    run(undo.undo, actor, UndoRequest(since=utc_now()))
    with pytest.raises(ValueError, match="must not lie in the future"):
        UndoRequest(since=utc_now() + timedelta(hours=1))


def test_a_token_is_named_by_its_id_too(run: Run, actor: Actor) -> None:
    agents = [replace(actor, token_id=new_id(), name="agent") for _ in range(2)]
    start = utc_now()
    added = [run(todos.create, agent, TodoCreate(title="x")) for agent in agents]
    done = run(undo.undo, actor, UndoRequest(since=start, tokens=[str(agents[0].token_id)]))
    assert done.changed == [added[0].id]
    assert run(undo.undo, actor, UndoRequest(since=start, tokens=["agent"])).changed == [added[1].id]


@pytest.mark.parametrize(("most", "count"), [(100, 120), (5, 6)])
def test_one_call_with_a_token_touches_only_so_many(run: Run, actor: Actor, most: int, count: int) -> None:
    agent = replace(actor, token_id=new_id(), name="agent", max_changes=most)
    start = utc_now()
    for _ in range(count):
        run(todos.create, agent, TodoCreate(title="x"))
    says = rf"^This would change {count} todos, and one call with this token may change {most} at most\."
    for service, request in ((bulk.delete, BulkFilter(completed=False)), (undo.undo, UndoRequest(since=start))):
        with pytest.raises(LimitReachedError, match=says):
            run(service, agent, request)
        assert run(searches.search, actor, TodoFilter()).total == count
    assert len(run(undo.undo, actor, UndoRequest(since=start)).changed) == count


def test_one_call_with_a_token_touches_as_many_as_it_may(run: Run, actor: Actor) -> None:
    agent = replace(actor, token_id=new_id(), name="agent", max_changes=5)
    start = utc_now()
    items = [BatchItem(action=BatchAction.CREATE, data={"title": "x"}) for _ in range(5)]
    run(batches.run, agent, BatchRequest(operations=items))
    assert run(bulk.delete, agent, BulkFilter(completed=False)).deleted == 5
    assert len(run(undo.undo, agent, UndoRequest(since=start)).changed) == 5


@pytest.mark.parametrize("is_atomic", [True, False])
def test_a_batch_with_a_token_does_only_so_many(run: Run, actor: Actor, *, is_atomic: bool) -> None:
    agent = replace(actor, token_id=new_id(), max_changes=5)
    items = [BatchItem(action=BatchAction.CREATE, data={"title": "x"}) for _ in range(6)]
    with pytest.raises(LimitReachedError, match=r"^This would change 6 todos, and .* may change 5 at most\."):
        run(batches.run, agent, BatchRequest(operations=items, atomic=is_atomic))
    assert run(searches.search, actor, TodoFilter()).total == 0


def test_what_somebody_said_again_later_is_theirs(run: Run, actor: Actor) -> None:
    agent = replace(actor, token_id=new_id(), name="laptop")
    start = utc_now()
    todo = run(todos.create, actor, TodoCreate(title="Milk", priority="low"))
    for who, priority in ((agent, "high"), (actor, "low"), (actor, "high"), (agent, "medium")):
        run(todos.update, who, todo.id, TodoUpdate.model_validate({"priority": priority}))
    for who, service in (
        (agent, todos.complete),
        (agent, todos.reopen),
        (actor, todos.complete),
        (agent, todos.reopen),
    ):
        run(service, who, todo.id)
    done = run(undo.undo, actor, UndoRequest(since=start, tokens=["laptop"]))
    now = run(todos.get, actor, todo.id)
    assert (now.priority, now.completed, now.completed_at is not None) == ("high", True, True)
    assert {conflict.field for conflict in done.conflicts} <= {"priority", "completed", "completed_at"}


def test_a_time_that_somebody_set_keeps_its_day(run: Run, actor: Actor) -> None:
    agent = replace(actor, token_id=new_id(), name="laptop")
    todo = run(todos.create, actor, TodoCreate(title="Milk"))
    start = utc_now()
    run(todos.update, agent, todo.id, TodoUpdate.model_validate({"due_date": "2027-03-01", "priority": "high"}))
    run(todos.update, actor, todo.id, TodoUpdate.model_validate({"due_time": "09:00"}))
    done = run(undo.undo, actor, UndoRequest(since=start, tokens=["laptop"]))
    now = run(todos.get, actor, todo.id)
    assert (str(now.due_date), str(now.due_time), now.priority) == ("2027-03-01", "09:00:00", "medium")
    assert [conflict.field for conflict in done.conflicts] == ["due_date"]


def test_what_was_taken_back_and_done_again_stands(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="1"))
    start = utc_now()
    run(todos.update, replace(actor, token_id=new_id(), name="laptop"), todo.id, TodoUpdate(title="2"))
    run(todos.update, actor, todo.id, TodoUpdate(title="3"))
    first = last(run, actor)
    assert run(undo.undo, actor, UndoRequest(operation_id=str(first.operation_id))).changed == [todo.id]
    assert run(undo.undo, actor, UndoRequest(since=start, tokens=["laptop"])).changed == []
    assert run(todos.get, actor, todo.id).title == "3"
    last(run, actor, 1)
    assert run(undo.undo, actor, UndoRequest(since=start, tokens=["laptop"])).changed == [todo.id]
    assert run(todos.get, actor, todo.id).title == "1"
