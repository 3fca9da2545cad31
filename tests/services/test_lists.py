"""Lists and tags of one account, the trees of its todos, and their manual order."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from backend import database
from backend.errors import IdTakenError, InvalidInputError, NotFoundError, VersionConflictError
from backend.models.base import new_id, utc_now
from backend.models.history import UndoRequest
from backend.models.operation import Operation
from backend.models.tag import TagFilter, TagUpdate
from backend.models.todo import Todo, TodoCreate, TodoMove, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.todo_list import ListCreate, ListFilter, ListMove, ListRead, ListUpdate
from backend.services import lists, moves, searches, tags, todos, trash, undo
from backend.services.actor import Actor


def run(service: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with database.write_scope() as session:
        return service(session, *arguments, **options)


def add(actor: Actor, title: str = "Buy milk", **fields: Any) -> TodoRead:
    return run(todos.create, actor, TodoCreate(title=title, **fields))  # type: ignore[no-any-return]


def add_list(actor: Actor, name: str = "Groceries", **fields: Any) -> ListRead:
    return run(lists.create, actor, ListCreate(name=name, **fields))  # type: ignore[no-any-return]


def titles(actor: Actor, **wanted: Any) -> list[str]:
    wanted = {"sort_by": "position", "sort_order": "asc", **wanted}
    return [todo.title for todo in run(searches.search, actor, TodoFilter.model_validate(wanted)).todos]


def operations(actor: Actor, object_id: str | None = None) -> list[Operation]:
    with database.read_scope() as session:
        statement = select(Operation).where(Operation.owner_id == actor.user_id).order_by(col(Operation.seq))
        if object_id is not None:
            statement = statement.where(Operation.object_id == object_id)
        return list(session.exec(statement))


# Lists


def test_an_id_that_says_something_else_is_taken(actor: Actor) -> None:
    made = add_list(actor, id=new_id())
    assert add_list(actor, id=made.id) == made
    with pytest.raises(IdTakenError):
        add_list(actor, "Other", id=made.id)
    run(lists.delete, actor, made.id)
    with pytest.raises(IdTakenError):
        add_list(actor, id=made.id)


def test_what_is_no_list_is_refused(actor: Actor) -> None:
    made = add_list(actor)
    for wrong in ("nonsense", new_id()):
        for call in (lists.get, lists.delete, lists.restore):
            with pytest.raises(NotFoundError):
                run(call, actor, wrong)
    with pytest.raises(VersionConflictError):
        run(lists.update, actor, made.id, ListUpdate(name="x"), versions={7})
    run(lists.delete, actor, made.id)
    with pytest.raises(NotFoundError, match="trash"):
        run(lists.update, actor, made.id, ListUpdate(name="x"))
    with pytest.raises(InvalidInputError, match="no list with this id"):
        add(actor, list_id=made.id)


def test_every_change_of_a_list_is_in_the_log(actor: Actor) -> None:
    made = add_list(actor, color="#AABBCC")
    assert made.color == "#aabbcc"
    changed = run(lists.update, actor, made.id, ListUpdate(name="New", color=None))
    assert (changed.name, changed.color, changed.version) == ("New", None, 2)
    assert run(lists.update, actor, made.id, ListUpdate(name="New")).version == 2
    run(lists.delete, actor, made.id)
    run(lists.restore, actor, made.id)
    found = operations(actor, made.id)
    assert [(one.action, one.kind) for one in found] == [
        (action, "list") for action in ("create", "update", "delete", "restore")
    ]
    assert (found[1].before, found[1].after) == (
        {"name": "Groceries", "color": "#aabbcc"},
        {"name": "New", "color": None},
    )


def test_a_list_goes_to_the_trash_with_its_todos_and_comes_back_with_them(actor: Actor) -> None:
    made = add_list(actor)
    one, two = add(actor, "one", list_id=made.id), add(actor, "two", list_id=made.id)
    part = add(actor, "part", parent_id=two.id)
    add(actor, "inbox")
    run(todos.delete, actor, one.id)
    run(lists.delete, actor, made.id)
    assert titles(actor) == ["inbox"]
    assert run(lists.search, actor, ListFilter()).total == 0
    assert [found.id for found in run(lists.search, actor, ListFilter(deleted=True)).lists] == [made.id]
    deleted = [entry for entry in operations(actor) if entry.action == "delete"]
    assert [entry.object_id for entry in deleted] == [one.id, made.id, two.id, part.id]
    assert len({entry.operation_id for entry in deleted[1:]}) == 1
    run(lists.restore, actor, made.id)
    assert titles(actor, list_id=made.id) == ["two", "part"]
    assert run(todos.get, actor, part.id).parent_id == two.id
    assert run(todos.get, actor, one.id).deleted_at is not None  # it went there before, by itself


def test_a_todo_whose_list_is_in_the_trash_comes_back_into_the_inbox_with_its_parts(actor: Actor) -> None:
    made = add_list(actor)
    todo = add(actor, "one", list_id=made.id)
    add(actor, "part", parent_id=todo.id)
    add(actor, "other", list_id=made.id)
    run(lists.delete, actor, made.id)
    assert run(todos.restore, actor, todo.id).list_id is None
    assert titles(actor, list_id="inbox") == ["one", "part"]
    run(lists.restore, actor, made.id)
    assert titles(actor, list_id=made.id) == ["other"]


def test_a_deleted_list_comes_back_by_undo_and_a_changed_one_to_what_it_was(actor: Actor) -> None:
    made = add_list(actor)
    todo = add(actor, "one", list_id=made.id)
    run(lists.update, actor, made.id, ListUpdate(name="New", color="#000000"))
    run(lists.delete, actor, made.id)
    renamed, deleted = operations(actor, made.id)[-2:]
    answer = run(undo.undo, actor, UndoRequest(operation_id=deleted.operation_id))
    assert (set(answer.changed), answer.conflicts) == ({made.id, todo.id}, [])
    assert titles(actor, list_id=made.id) == ["one"]
    run(lists.update, actor, made.id, ListUpdate(color="#ffffff"))
    answer = run(undo.undo, actor, UndoRequest(operation_id=renamed.operation_id))
    assert [(one.object_id, one.field) for one in answer.conflicts] == [(made.id, "color")]
    found = run(lists.get, actor, made.id)
    assert (found.name, found.color) == ("Groceries", "#ffffff")
    [created, *_] = operations(actor, made.id)
    assert run(undo.undo, actor, UndoRequest(operation_id=created.operation_id)).undone == []
    run(todos.delete, actor, todo.id)
    run(undo.undo, actor, UndoRequest(operation_id=created.operation_id))
    assert run(lists.search, actor, ListFilter()).total == 0


def test_the_trash_lets_go_of_lists_too(actor: Actor) -> None:
    made, kept = add_list(actor), add_list(actor)
    add(actor, list_id=made.id)
    run(lists.delete, actor, made.id)
    later = utc_now() + timedelta(days=trash.KEPT_DAYS + 1)
    with database.write_scope() as session:
        assert trash.due_owners(session, later) == [actor.user_id]
        trash.tidy(session, actor.user_id, later)
    with pytest.raises(NotFoundError):
        run(lists.get, actor, made.id)
    run(lists.delete, actor, kept.id)
    run(trash.empty, actor)
    assert run(lists.search, actor, ListFilter(deleted=True)).total == 0


def test_todos_of_an_archived_list_are_due_only_when_the_list_is_named(actor: Actor) -> None:
    made = add_list(actor)
    add(actor, "archived", list_id=made.id, due_date="2020-01-01")
    add(actor, "here", due_date="2020-01-01")
    run(lists.update, actor, made.id, ListUpdate(is_archived=True))
    for wanted in ({"due": "overdue"}, {"due_before": "2021-01-01"}, {"due_after": "2019-01-01"}):
        assert titles(actor, **wanted) == ["here"]
        assert titles(actor, **wanted, list_id=made.id) == ["archived"]
    assert titles(actor) == ["archived", "here"]
    assert [one.id for one in run(lists.search, actor, ListFilter(is_archived=True)).lists] == [made.id]
    assert run(lists.search, actor, ListFilter(is_archived=False)).total == 0


def test_lists_count_their_open_todos_and_stand_in_their_order(actor: Actor) -> None:
    one, two, three = (add_list(actor, name) for name in ("one", "two", "three"))
    for completed in (True, False, False):
        add(actor, list_id=two.id, completed=completed)
    run(todos.delete, actor, add(actor, list_id=two.id).id)
    run(lists.move, actor, three.id, ListMove(after_id=one.id))
    run(lists.move, actor, one.id, ListMove(before_id=None))
    found = run(lists.search, actor, ListFilter()).lists
    assert [(each.name, each.open_count) for each in found] == [("three", 0), ("two", 2), ("one", 0)]
    first = run(lists.search, actor, ListFilter(limit=2))
    assert (len(first.lists), first.total) == (2, 3)
    rest = run(lists.search, actor, ListFilter(limit=2, cursor=first.next_cursor))
    assert ([each.name for each in rest.lists], rest.next_cursor) == (["one"], None)
    for wrong in ("nonsense", "W10", "🛒"):
        with pytest.raises(InvalidInputError, match="cursor"):
            run(lists.search, actor, ListFilter(cursor=wrong))
    for data in (ListMove(), ListMove(before_id=None, after_id=None), ListMove(before_id=new_id())):
        with pytest.raises(InvalidInputError):
            run(lists.move, actor, one.id, data)


# Tags


def test_tags_are_counted_and_spelled_as_last_written(actor: Actor) -> None:
    add(actor, tags=["Home"], completed=True)
    add(actor, tags=["home", "work"])
    run(todos.delete, actor, add(actor, tags=["gone", "HOME"]).id)
    page = run(tags.search, actor, TagFilter())
    assert [(tag.name, tag.open_count, tag.total_count) for tag in page.tags] == [("home", 1, 2), ("work", 1, 1)]
    first = run(tags.search, actor, TagFilter(limit=1))
    second = run(tags.search, actor, TagFilter(limit=1, cursor=first.next_cursor))
    assert ([tag.name for tag in second.tags], second.next_cursor, second.total) == (["work"], None, 2)


def test_a_tag_is_renamed_and_merged_as_one_operation(actor: Actor) -> None:
    both, one = add(actor, tags=["a", "house", "home", "z"]), add(actor, tags=["House"])
    trashed = add(actor, tags=["house"])
    untouched = add(actor, tags=["home"])
    run(todos.delete, actor, trashed.id)
    answer = run(tags.rename, actor, "HOUSE", TagUpdate(name="Home"))
    assert (answer.name, answer.open_count, answer.total_count) == ("Home", 3, 3)
    assert run(todos.get, actor, both.id).tags == ["a", "Home", "z"]
    assert run(todos.get, actor, one.id).tags == ["Home"]
    assert run(todos.get, actor, trashed.id).tags == ["Home"]
    assert run(todos.get, actor, untouched.id).version == 1
    assert run(searches.search, actor, TodoFilter(tags=["home"])).total == 3
    assert run(searches.search, actor, TodoFilter(tags=["house"])).total == 0
    changed = [entry for entry in operations(actor) if entry.action == "update"]
    assert len(changed) == 3
    assert len({entry.operation_id for entry in changed}) == 1
    assert changed[0].before == {"tags": ["a", "house", "home", "z"]}


def test_a_tag_is_taken_off_every_todo_and_its_spelling_changed(actor: Actor) -> None:
    todo = add(actor, tags=["home", "work"])
    run(tags.rename, actor, "home", TagUpdate(name="HOME"))
    assert run(todos.get, actor, todo.id).tags == ["HOME", "work"]
    run(tags.delete, actor, "home")
    assert run(todos.get, actor, todo.id).tags == ["work"]
    with pytest.raises(NotFoundError):
        run(tags.delete, actor, "home")
    with pytest.raises(NotFoundError):
        run(tags.rename, actor, "home", TagUpdate(name="x"))


def test_tags_of_others_are_not_touched(actor: Actor, make_actor: Callable[..., Actor]) -> None:
    other = make_actor()
    todo = add(other, tags=["home"])
    with pytest.raises(NotFoundError):
        run(tags.delete, actor, "home")
    assert run(todos.get, other, todo.id).tags == ["home"]
    assert run(tags.search, actor, TagFilter()).total == 0


# Trees


def chain(actor: Actor, length: int) -> list[TodoRead]:
    made: list[TodoRead] = []
    for number in range(length):
        made.append(add(actor, f"level {number}", parent_id=made[-1].id if made else None))
    return made


def test_no_todo_is_nested_too_deep_or_in_itself(actor: Actor) -> None:
    deep = chain(actor, 5)
    with pytest.raises(InvalidInputError, match="5 levels"):
        add(actor, parent_id=deep[-1].id)
    pair = chain(actor, 2)
    with pytest.raises(InvalidInputError, match="5 levels"):
        run(todos.update, actor, pair[0].id, TodoUpdate(parent_id=deep[3].id))
    run(todos.update, actor, pair[0].id, TodoUpdate(parent_id=deep[2].id))
    for below in deep:
        with pytest.raises(InvalidInputError, match="part of itself"):
            run(todos.update, actor, deep[0].id, TodoUpdate(parent_id=below.id))
    with pytest.raises(InvalidInputError, match="no todo with this id"):
        add(actor, parent_id=new_id())
    with pytest.raises(InvalidInputError, match="name only one"):
        add(actor, parent_id=deep[0].id, list_id=add_list(actor).id)


def test_parents_and_parts_are_ticked_and_opened_together(actor: Actor) -> None:
    top, middle, leaf = chain(actor, 3)
    done = run(todos.complete, actor, top.id)
    assert (done.parts_open, done.parts_done) == (0, 1)
    assert run(todos.get, actor, leaf.id).completed_at == done.completed_at
    run(todos.reopen, actor, leaf.id)
    assert not any(run(todos.get, actor, one.id).completed for one in (top, middle, leaf))
    run(todos.complete, actor, top.id)
    add(actor, parent_id=middle.id)
    assert not run(todos.get, actor, top.id).completed
    assert run(todos.get, actor, leaf.id).completed


def test_an_open_part_that_comes_back_or_follows_opens_what_it_is_a_part_of(actor: Actor) -> None:
    top, middle, leaf = chain(actor, 3)
    run(todos.delete, actor, leaf.id)
    run(todos.complete, actor, top.id)
    run(todos.restore, actor, leaf.id)
    assert not any(run(todos.get, actor, one.id).completed for one in (top, middle, leaf))
    run(todos.complete, actor, top.id)
    add(actor, parent_id=middle.id, completed=True)
    assert run(todos.get, actor, top.id).completed
    add(actor, parent_id=middle.id, completed=True, recurrence="daily", due_date="2026-11-29")
    assert not any(run(todos.get, actor, one.id).completed for one in (top, middle))


@pytest.mark.parametrize("change", [todos.complete, todos.delete])
def test_an_open_part_that_undo_brings_back_opens_what_it_is_a_part_of(
    actor: Actor, change: Callable[..., object]
) -> None:
    top, middle, leaf = chain(actor, 3)
    run(change, actor, leaf.id)
    changed = operations(actor, leaf.id)[-1]
    run(todos.complete, actor, top.id)
    undone = run(undo.undo, actor, UndoRequest(operation_id=changed.operation_id))
    assert undone.conflicts == []
    assert not any(run(todos.get, actor, one.id).completed for one in (top, middle, leaf))
    assert run(undo.undo, actor, UndoRequest(last=1)).conflicts == []
    assert [run(todos.get, actor, one.id).completed for one in (top, middle)] == [True, True]
    run(todos.reopen, actor, top.id)
    assert run(undo.undo, actor, UndoRequest(last=2)).conflicts == []


def test_a_tree_goes_to_the_trash_into_a_list_and_back_as_a_whole(actor: Actor) -> None:
    top, middle, leaf = chain(actor, 3)
    alone = add(actor, "alone", parent_id=middle.id)
    run(todos.delete, actor, alone.id)
    made = add_list(actor)
    run(todos.update, actor, top.id, TodoUpdate(list_id=made.id))
    assert titles(actor, list_id=made.id) == ["level 0", "level 1", "level 2"]
    assert titles(actor, parent_id="none") == ["level 0"]
    assert titles(actor, parent_id=middle.id) == ["level 2"]
    run(todos.delete, actor, top.id)
    assert titles(actor) == []
    assert run(todos.restore, actor, leaf.id).parent_id is None
    run(todos.restore, actor, top.id)
    assert titles(actor, list_id=made.id) == ["level 0", "level 1", "level 2"]
    assert run(todos.get, actor, alone.id).deleted_at is not None
    assert run(todos.restore, actor, alone.id).list_id == made.id
    # A part that moves to another list is a part no longer.
    assert run(todos.update, actor, middle.id, TodoUpdate(list_id=None)).parent_id is None


def test_a_page_counts_parts_in_one_query_and_nothing_else_costs_more(actor: Actor) -> None:
    top = add(actor, "top")
    for completed in (True, False, False):
        add(actor, "part", parent_id=top.id, completed=completed)
    run(todos.delete, actor, add(actor, "gone", parent_id=top.id).id)
    statements: list[str] = []

    def count(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        page = run(searches.search, actor, TodoFilter(limit=1_000))
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
    assert (
        len([one for one in statements if "FROM todos" in one]) == 2
    )  # the page and the parts; the ledger has the total
    counted = {todo.title: (todo.parts_open, todo.parts_done) for todo in page.todos}
    assert counted == {"top": (2, 1), "part": (0, 0)}
    single = run(todos.get, actor, top.id)
    assert (single.parts_open, single.parts_done) == (2, 1)


# The manual order


def test_a_move_that_says_where_twice_or_nowhere_is_refused(actor: Actor) -> None:
    todo, other = add(actor), add(actor)
    run(todos.delete, actor, other.id)
    with pytest.raises(InvalidInputError, match="not both"):
        run(moves.move, actor, todo.id, TodoMove(before_id=None, after_id=None))
    for wrong in (new_id(), other.id):
        for data in (TodoMove(before_id=wrong), TodoMove(after_id=wrong)):
            with pytest.raises(InvalidInputError, match="no todo with this id"):
                run(moves.move, actor, todo.id, data)
    with pytest.raises(VersionConflictError):
        run(moves.move, actor, todo.id, TodoMove(before_id=None), versions={9})
    with pytest.raises(NotFoundError):
        run(moves.move, actor, other.id, TodoMove(before_id=None))
    assert run(todos.get, actor, todo.id).version == 1


def test_todos_stand_where_they_were_put(actor: Actor) -> None:
    made = {name: add(actor, name, completed=name in "be") for name in "abcdef"}
    expected = list("abcdef")
    chance = random.Random(7)  # noqa: S311 - the same moves in every run
    for _ in range(60):
        name = chance.choice(expected)
        rest = [other for other in expected if other != name]
        at = chance.randint(0, len(rest))
        before = made[rest[at]].id if at < len(rest) else None
        after = made[rest[at - 1]].id if at > 0 else None
        data = TodoMove(before_id=before) if chance.random() < 0.5 else TodoMove(after_id=after)
        run(moves.move, actor, made[name].id, data)
        expected = [*rest[:at], name, *rest[at:]]
        assert titles(actor) == expected
    assert titles(actor, sort_order="desc") == expected[::-1]
    # What did not move was not written.
    assert sum(len(operations(actor, todo.id)) - 1 for todo in made.values()) <= 60


def test_a_move_names_a_list_and_a_place_in_one_operation(actor: Actor) -> None:
    made = add_list(actor)
    one, two = add(actor, "one", list_id=made.id), add(actor, "two", list_id=made.id)
    todo = add(actor, "moved")
    moved = run(moves.move, actor, todo.id, TodoMove(list_id=made.id, after_id=one.id))
    assert (moved.list_id, titles(actor, list_id=made.id)) == (made.id, ["one", "moved", "two"])
    assert len({entry.operation_id for entry in operations(actor, todo.id)[1:]}) == 1
    moved = run(moves.move, actor, todo.id, TodoMove(parent_id=two.id))
    assert (moved.parent_id, titles(actor)) == (two.id, ["one", "two", "moved"])
    run(moves.move, actor, todo.id, TodoMove(parent_id=None, before_id=todo.id))
    assert run(todos.get, actor, todo.id).parent_id is None


def test_equal_keys_make_room_when_somebody_moves_between_them(actor: Actor) -> None:
    made = [add(actor, name) for name in "abcd"]
    with database.write_scope() as session:
        for todo in made:
            session.get_one(Todo, (actor.user_id, todo.id)).position = "a0"
    ordered = titles(actor)  # by id then
    new = add(actor, "new")
    by_title = {todo.title: todo for todo in made}
    run(moves.move, actor, new.id, TodoMove(after_id=by_title[ordered[1]].id))
    assert titles(actor) == [*ordered[:2], "new", *ordered[2:]]
    with database.read_scope() as session:
        kept = session.exec(select(Todo.position).where(Todo.owner_id == actor.user_id)).all()
    assert len(set(kept)) == 5


def test_pages_in_the_manual_order_miss_nothing_and_repeat_nothing(actor: Actor) -> None:
    made = [add(actor, str(number)) for number in range(7)]
    with database.write_scope() as session:
        for todo in made[2:5]:
            session.get_one(Todo, (actor.user_id, todo.id)).position = "a0"
    seen: list[str] = []
    cursor = None
    while True:
        page = run(searches.search, actor, TodoFilter(sort_by="position", limit=2, cursor=cursor))
        seen += [todo.title for todo in page.todos]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen) == [str(number) for number in range(7)]


def test_a_new_todo_comes_last(actor: Actor) -> None:
    first = add(actor, "first")
    run(moves.move, actor, first.id, TodoMove(before_id=None))
    assert utc_now() - first.created_at < timedelta(minutes=5)
    add(actor, "second")
    assert titles(actor) == ["first", "second"]
