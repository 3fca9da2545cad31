"""How many todos one call with a token may change: counted over all that it does, by whatever way it was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from backend import database
from backend.errors import LimitReachedError
from backend.models.base import new_id, utc_now
from backend.models.batch import BatchAction, BatchItem, BatchRequest, BulkFilter
from backend.models.history import UndoRequest
from backend.models.operation import Operation
from backend.models.tag import TagUpdate
from backend.models.todo import Todo, TodoCreate, TodoMove, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.todo_list import InviteCreate, ListCreate, ListRead, Role
from backend.services import batches, bulk, lists, members, moves, searches, tags, todos, trash, undo
from backend.services.actor import Actor
from tests.services.conftest import Run

Call = tuple[Any, ...]


def with_token(actor: Actor, most: int) -> Actor:
    return replace(actor, token_id=new_id(), name="agent", max_changes=most)


def tree(run: Run, actor: Actor, *, parts: int = 6, **fields: Any) -> TodoRead:
    root: TodoRead = run(todos.create, actor, TodoCreate(title="root", **fields))
    for number in range(parts):
        run(todos.create, actor, TodoCreate(title=f"{number}", parent_id=root.id))
    return root


def listed(run: Run, actor: Actor, *, todo_count: int = 6, **fields: Any) -> ListRead:
    made: ListRead = run(lists.create, actor, ListCreate(name="Errands"))
    for number in range(todo_count):
        run(todos.create, actor, TodoCreate(title=f"{number}", list_id=made.id, **fields))
    return made


def stored(model: Any) -> Sequence[Any]:
    with database.read_scope() as session:
        return [row.model_dump() for row in session.exec(select(model))]


def emptying(run: Run, actor: Actor) -> Call:
    listed(run, actor)
    run(bulk.delete, actor, BulkFilter(completed=False))
    return (trash.empty,)


def deleting_a_list(run: Run, actor: Actor) -> Call:
    return lists.delete, listed(run, actor).id


def restoring_a_list(run: Run, actor: Actor) -> Call:
    made = listed(run, actor)
    run(lists.delete, actor, made.id)
    return lists.restore, made.id


def renaming_a_tag(run: Run, actor: Actor) -> Call:
    listed(run, actor, tags=["home"])
    return tags.rename, "home", TagUpdate(name="house")


def taking_a_tag_off(run: Run, actor: Actor) -> Call:
    listed(run, actor, tags=["home"])
    return tags.delete, "home"


def ticking_a_tree(run: Run, actor: Actor) -> Call:
    return todos.complete, tree(run, actor, parts=5).id


def deleting_a_tree(run: Run, actor: Actor) -> Call:
    return todos.delete, tree(run, actor, parts=5).id


def restoring_a_tree(run: Run, actor: Actor) -> Call:
    root = tree(run, actor, parts=5)
    run(todos.delete, actor, root.id)
    return todos.restore, root.id


def skipping_a_tree(run: Run, actor: Actor) -> Call:
    return todos.skip, tree(run, actor, parts=5, due_date="2027-03-01", recurrence="daily").id


def moving_a_tree(run: Run, actor: Actor) -> Call:
    return moves.move, tree(run, actor, parts=5).id, TodoMove(list_id=listed(run, actor, todo_count=0).id)


def ticking_trees_in_a_batch(run: Run, actor: Actor) -> Call:
    items = [BatchItem(action=BatchAction.COMPLETE, id=tree(run, actor, parts=2).id) for _ in range(2)]
    return batches.run, BatchRequest(operations=items, atomic=False)


@pytest.mark.parametrize(
    "prepared",
    [
        emptying,
        deleting_a_list,
        restoring_a_list,
        renaming_a_tag,
        taking_a_tag_off,
        ticking_a_tree,
        deleting_a_tree,
        restoring_a_tree,
        skipping_a_tree,
        moving_a_tree,
        ticking_trees_in_a_batch,
    ],
)
def test_no_call_changes_more_than_the_token_may(
    run: Run, actor: Actor, prepared: Callable[[Run, Actor], Call]
) -> None:
    service, *arguments = prepared(run, actor)
    before = stored(Todo), stored(Operation)
    says = r"^This would change 6 todos, and one call with this token may change 2 at most\. Nothing was changed;"
    with pytest.raises(LimitReachedError, match=says):
        run(service, with_token(actor, 2), *arguments)
    assert (stored(Todo), stored(Operation)) == before
    run(service, with_token(actor, 6), *arguments)
    assert stored(Todo) != before[0]


def test_whoever_has_logged_in_is_bound_by_no_number(run: Run, actor: Actor) -> None:
    made = listed(run, actor, todo_count=101)
    run(lists.delete, actor, made.id)
    assert run(trash.empty, actor) == 101


def test_in_lists_of_others_it_counts_the_same(run: Run, make_actor: Callable[..., Actor]) -> None:
    owner, guest = make_actor(), make_actor()
    shared = listed(run, owner)
    run(members.accept, guest, run(members.invite, owner, shared.id, InviteCreate(role=Role.EDITOR)).token)
    guest = replace(guest, has_shares=True)
    for todo in run(searches.search, owner, TodoFilter()).todos:
        run(todos.update, owner, todo.id, TodoUpdate(assignee_id=guest.user_id))
    root = tree(run, guest, parts=2)
    with pytest.raises(LimitReachedError, match="This would change 3 todos"):  # carried over, each counts once
        run(todos.update, with_token(guest, 2), root.id, TodoUpdate(list_id=shared.id))
    run(todos.update, with_token(guest, 3), root.id, TodoUpdate(list_id=shared.id))
    with pytest.raises(LimitReachedError, match="This would change 6 todos"):
        run(members.remove, with_token(guest, 5), shared.id, members.ME)
    run(members.remove, with_token(guest, 6), shared.id, members.ME)


def test_what_follows_by_itself_does_not_count(run: Run, actor: Actor) -> None:
    agent = with_token(actor, 1)
    rent = run(
        todos.create, agent, TodoCreate.model_validate({"title": "x", "due_date": "2027-03-01", "recurrence": "daily"})
    )
    run(todos.complete, agent, rent.id)
    assert run(searches.search, actor, TodoFilter()).total == 2
    run(todos.reopen, agent, rent.id)
    assert run(searches.search, actor, TodoFilter()).total == 1
    run(todos.skip, agent, rent.id)
    done = run(todos.create, agent, TodoCreate(title="done", completed=True))
    run(todos.create, agent, TodoCreate(title="part", parent_id=done.id))
    assert not run(todos.get, actor, done.id).completed


def test_a_place_made_in_the_order_does_not_count(run: Run, actor: Actor) -> None:
    one, two, three = (run(todos.create, actor, TodoCreate(title="x")) for _ in range(3))
    with database.write_scope() as session:  # as two imports can leave them
        for row in session.exec(select(Todo)):
            row.position = "a1"
    run(moves.move, with_token(actor, 1), three.id, TodoMove(after_id=min(one.id, two.id)))
    assert len({row["position"] for row in stored(Todo)}) == 3


def test_a_token_takes_back_whatever_it_could_do(run: Run, actor: Actor) -> None:
    agent = with_token(actor, 6)
    run(lists.delete, agent, listed(run, actor).id)
    assert len(run(undo.undo, agent, UndoRequest(last=1)).changed) == 7  # the list too, which is no todo


def test_each_call_is_counted_for_itself(run: Run, actor: Actor) -> None:
    agent = with_token(actor, 2)
    with database.write_scope() as session:  # as those that come at the same moment share a transaction
        for _ in range(3):
            todos.create(session, agent, TodoCreate(title="x"))
    for todo in run(searches.search, actor, TodoFilter()).todos:
        run(todos.complete, agent, todo.id)


def test_undoing_counts_what_it_changes(run: Run, actor: Actor) -> None:
    start = utc_now()
    agent = with_token(actor, 2)
    for _ in range(3):
        run(todos.create, agent, TodoCreate(title="x"))
    with pytest.raises(LimitReachedError, match="This would change 3 todos"):
        run(undo.undo, agent, UndoRequest(since=start))
    assert run(searches.search, actor, TodoFilter()).total == 3
