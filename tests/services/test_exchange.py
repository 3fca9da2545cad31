"""Exports and imports of whole accounts: what comes in, what is refused, what a second time does."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from backend import database, transfers
from backend.errors import AppError, InvalidInputError, PermissionDeniedError
from backend.models.base import new_id, utc_now
from backend.models.history import UndoRequest
from backend.models.operation import Operation
from backend.models.saved_filter import SavedFilter
from backend.models.todo import Todo, TodoCreate, TodoUpdate, TodoWord
from backend.models.todo_filter import TodoFilter
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.models.transfer import REPORT_MAX, Format, ImportRead
from backend.services import imports, list_rows, log, searches, todos, undo
from backend.services.actor import Actor
from tests.support import ROOT

Run = Callable[..., Any]


def exported(actor: Actor, wanted: Format = Format.JSON) -> bytes:
    return b"".join(transfers.written(actor, wanted))


def imported(actor: Actor, data: bytes | str, wanted: Format = Format.JSON, *, is_dry: bool = False) -> ImportRead:
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return asyncio.run(transfers.take(actor, file, wanted, is_dry=is_dry))


def numbers(done: ImportRead) -> tuple[int, int, int, int]:
    return done.created, done.updated, done.unchanged, done.refused


def account_of(actor: Actor) -> dict[str, Any]:
    """The export without what is not the account's content."""
    document: dict[str, Any] = json.loads(exported(actor))
    del document["exported_at"], document["account"]
    return document


def stored(actor: Actor) -> dict[str, Todo]:
    with database.read_scope() as session:
        return {row.title: row for row in session.exec(select(Todo).where(Todo.owner_id == actor.user_id))}


def document(*rows: dict[str, Any], **parts: Any) -> str:
    return json.dumps({"format": "todos-export", "format_version": 1, **parts, "todos": list(rows)})


def fill(run: Run, actor: Actor) -> None:
    """An account with everything that one can have."""

    def lists_and_filters(session: database.Session) -> str:
        garden = TodoList(owner_id=actor.user_id, name="Garden", color="#00ff00", position="a1")
        list_rows.add(session, actor, garden)
        gone = TodoList(owner_id=actor.user_id, name="Gone", position="a0", is_archived=True, deleted_at=utc_now())
        list_rows.add(session, actor, gone)
        session.add(SavedFilter(owner_id=actor.user_id, name="Urgent", query={"priority": "high"}, position="a1"))
        return garden.id

    list_id = run(lists_and_filters)
    whole = run(todos.create, actor, TodoCreate(title="Dig", list_id=list_id, tags=["a,b", "Outside"], priority="high"))
    part = run(
        todos.create, actor, TodoCreate(title="Find the spade", parent_id=whole.id, description="In\r\nthe shed")
    )
    run(todos.create, actor, TodoCreate(title="Its handle", parent_id=part.id, remind_at="2027-03-01T08:00:00.5Z"))
    weekly = run(
        todos.create,
        actor,
        TodoCreate(title="Water", due_date="2027-03-01T09:00", due_timezone="Europe/Berlin", recurrence="weekly"),
    )
    run(todos.complete, actor, weekly.id)
    run(todos.update, actor, weekly.id, TodoUpdate(description="done"))
    gone = run(todos.create, actor, TodoCreate(title="In the trash", due_date="2027-03-02"))
    run(todos.delete, actor, gone.id)
    run(todos.create, actor, TodoCreate(title="Done", completed=True))


# Refusals


def test_what_is_no_such_file_is_refused_and_nothing_is_changed(actor: Actor) -> None:
    for data, wanted in (
        (b"", Format.JSON),
        (b"{}", Format.JSON),
        (b"PK\x03\x04", Format.CSV),
        (b"name\nx", Format.CSV),
        (b"\x00\x01", Format.TODOTXT),
    ):
        with pytest.raises(InvalidInputError, match="file"):
            imported(actor, data, wanted)
    assert stored(actor) == {}


@pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.READ, Scope.ADD}, {Scope.WRITE}])
def test_a_token_that_may_not_add_and_change_may_not_import(actor: Actor, scopes: set[Scope]) -> None:
    poor = Actor(actor.user_id, "", "UTC", is_admin=False, scopes=frozenset(scopes))
    with pytest.raises(PermissionDeniedError):
        imported(poor, document())
    with pytest.raises(PermissionDeniedError):
        exported(Actor(actor.user_id, "", "UTC", is_admin=False, scopes=frozenset({Scope.ADD})))


def test_each_refused_row_is_reported_by_its_line_and_the_rest_is_taken(actor: Actor) -> None:
    table = "title,due_date,tags\nfirst,2027-03-01,home\n,2027-03-01,\nthird,no day,\nfourth,,\n"
    done = imported(actor, table, Format.CSV)
    assert numbers(done) == (2, 0, 0, 2)
    assert [(item.line, item.refused) for item in done.report] == [(3, True), (4, True)]
    assert "title" in done.report[0].message
    assert stored(actor).keys() == {"first", "fourth"}


def test_what_is_refused_in_a_file_of_one_line_is_named(actor: Actor) -> None:
    made, half = new_id(), "\ud800"
    rows = [
        {"id": made, "title": "first"},
        {"id": made, "title": "second"},
        {"id": new_id(), "title": "third", "due_date": "no day"},
        {"id": new_id(), "title": f"fourth\nand {half} so on " + "x" * 100, "priority": "no"},
        {"id": new_id()},
        "no object",
    ]
    lists = [{"id": new_id(), "name": "Garden", "color": "red"}, {"id": new_id(), "name": "x" * 200}]
    data = {"format": "todos-export", "format_version": 1, "lists": lists, "todos": rows}
    done = imported(actor, json.dumps(data))
    assert numbers(done) == (1, 0, 0, 6)
    assert {item.line for item in done.report} == {1}
    assert [item.message.split(":")[0] for item in done.report] == [
        'The list "Garden"',
        f'The list "{"x" * 60}..." was not taken',
        'The todo "second" was not taken',
        'The todo "third" was not taken',
        f'The todo "fourth and ? so on {"x" * 41}..." was not taken',
        "Todo 5 of the file was not taken",
        "Todo 6 of the file was not taken",
    ]
    assert done.model_dump_json()


def test_the_report_is_capped_and_counted(actor: Actor) -> None:
    done = imported(actor, "title\n" + "a,b\n" * 1_205, Format.CSV)
    assert (len(done.report), done.report_total, done.refused) == (REPORT_MAX, 1_205, 1_205)


def test_the_same_id_twice_in_a_file_is_taken_once(actor: Actor) -> None:
    same = new_id()
    done = imported(actor, document({"id": same, "title": "one"}, {"id": same, "title": "two"}))
    assert numbers(done) == (1, 0, 0, 1)
    assert stored(actor).keys() == {"one"}


def test_two_todos_that_are_one_occurrence_are_refused(actor: Actor) -> None:
    series = {"series_id": new_id(), "series_start": "2027-03-01", "occurrence": "2027-03-01", "due_date": "2027-03-01"}
    rows = [{"id": new_id(), "title": name, "recurrence": "FREQ=DAILY", **series} for name in "abc"]
    assert numbers(imported(actor, document(*rows[:2]))) == (1, 0, 0, 1)
    assert numbers(imported(actor, document(rows[2]))) == (0, 0, 0, 1)
    assert numbers(imported(actor, document(rows[2]), is_dry=True)) == (0, 0, 0, 1)


def test_parents_that_are_missing_go_round_or_lie_too_deep_are_left_out_with_a_word(actor: Actor) -> None:
    ids = [new_id() for _ in range(9)]
    rows = [{"id": ids[n], "title": str(n), "parent_id": ids[n - 1] if n else None} for n in range(6)]
    rows += [{"id": ids[6], "title": "6", "parent_id": ids[7]}, {"id": ids[7], "title": "7", "parent_id": ids[6]}]
    rows += [{"id": ids[8], "title": "8", "parent_id": new_id()}]
    rows.reverse()  # children before their parents
    dry = imported(actor, document(*rows), is_dry=True)
    done = imported(actor, document(*rows))
    assert numbers(done) == numbers(dry) == (9, 0, 0, 0)
    assert done.report == dry.report
    assert not [item for item in done.report if item.refused]
    parents = {title: row.parent_id for title, row in stored(actor).items()}
    assert [parents[str(n)] for n in range(5)] == [None, *ids[:4]]
    assert parents["5"] is None
    assert {parents["6"], parents["7"]} <= {None, ids[6], ids[7]}
    assert None in {parents["6"], parents["7"]}
    assert parents["8"] is None


def test_what_cannot_repeat_is_taken_without_its_rule_and_told(actor: Actor) -> None:
    rows = [
        {"id": new_id(), "title": "no day", "recurrence": "FREQ=DAILY"},
        {"id": new_id(), "title": "no rule", "recurrence": "FREQ=NEVER", "due_date": "2027-03-01"},
    ]
    done = imported(actor, document(*rows))
    assert numbers(done) == (2, 0, 0, 0)
    assert [item.refused for item in done.report] == [False, False]
    assert {row.recurrence for row in stored(actor).values()} == {None}


# There and back


def test_a_whole_account_comes_back_identical_from_json(make_actor: Callable[..., Actor], run: Run) -> None:
    source, target = make_actor("Europe/Berlin"), make_actor("Europe/Berlin")
    fill(run, source)
    before = account_of(source)
    assert len(before["todos"]) == 7
    done = imported(target, exported(source))
    assert numbers(done) == (7, 0, 0, 0)
    assert (done.lists_created, done.filters_created, done.report) == (2, 1, [])
    assert account_of(target) == before
    # Words, tags and counts are in line.
    with database.read_scope() as session:
        for name in ("todos_open", "todos_done", "todos_trashed"):
            left, right = (getattr(log.lock(session, one.user_id), name) for one in (source, target))
            assert left == right, name
        words = [
            sorted(session.exec(select(TodoWord.word).where(TodoWord.owner_id == one.user_id)))
            for one in (source, target)
        ]
        assert words[0] == words[1]
        found = searches.search(session, target, TodoFilter(search="spade"))
        assert [one.title for one in found.todos] == ["Find the spade"]
        assert searches.search(session, target, TodoFilter(tags=["outside"])).total == 1


@pytest.mark.parametrize("wanted", list(Format))
def test_each_format_comes_back_and_a_second_time_changes_nothing(
    make_actor: Callable[..., Actor], run: Run, wanted: Format
) -> None:
    source, target = make_actor(), make_actor()
    fill(run, source)
    data = exported(source, wanted)
    dry = imported(target, data, wanted, is_dry=True)
    assert stored(target) == {}
    assert dry.operation_id is None
    done = imported(target, data, wanted)
    count = 7 if wanted in {Format.JSON, Format.CSV} else 6  # without the trash
    assert numbers(dry) == numbers(done) == (count, 0, 0, 0)
    found = stored(target)
    assert found["Find the spade"].parent_id == found["Dig"].id
    assert found["Dig"].tags == ["a,b", "Outside"]
    before = account_of(target)
    # Into the account that has it all, and into the one that it was written from.
    for one in (target, source):
        again = imported(one, data, wanted)
        assert numbers(again) == (0, 0, count, 0), again.report
        assert again.operation_id is None
    assert account_of(target) == before


@pytest.mark.parametrize("wanted", list(Format))
def test_what_was_edited_in_the_file_is_changed_and_nothing_else(actor: Actor, run: Run, wanted: Format) -> None:
    fill(run, actor)
    before = {row["title"]: row for row in account_of(actor)["todos"]}
    data = exported(actor, wanted).replace(b"Find the spade", b"Find the rake")
    assert numbers(imported(actor, data, wanted, is_dry=True))[1] == 1
    done = imported(actor, data, wanted)
    assert (done.created, done.updated, done.refused) == (0, 1, 0)
    after = {row["title"]: row for row in account_of(actor)["todos"]}
    old, new = before.pop("Find the spade"), after.pop("Find the rake")
    assert before == after
    assert {name for name in old if old[name] != new[name]} == {"title", "updated_at"}


def test_what_was_changed_here_later_stays(actor: Actor, run: Run) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk"))
    data = exported(actor)
    run(todos.update, actor, todo.id, TodoUpdate(title="Oat milk"))
    done = imported(actor, data)
    assert numbers(done) == (0, 0, 1, 0)
    assert "stays as it is" in done.report[0].message
    assert stored(actor).keys() == {"Oat milk"}


def test_a_row_without_an_id_never_changes_what_it_made(actor: Actor, run: Run) -> None:
    table = "title,priority\nMilk,low\n"
    imported(actor, table, Format.CSV)
    [made] = stored(actor).values()
    run(todos.update, actor, made.id, TodoUpdate(priority="high", description="Whole"))
    done = imported(actor, table, Format.CSV)
    assert numbers(done) == (0, 0, 1, 0)
    assert "id of its own" in done.report[0].message
    assert stored(actor)["Milk"].priority == "high"


def test_a_column_that_is_absent_wipes_nothing_and_an_empty_cell_does(actor: Actor, run: Run) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk", description="Whole", due_date="2027-03-01", tags=["x"]))
    imported(actor, f"id,title,due_date\n{todo.id},Oat milk,\n", Format.CSV)
    now = stored(actor)["Oat milk"]
    assert (now.description, now.tags, now.due_date) == ("Whole", ["x"], None)


def test_todo_txt_edited_by_hand_ticks_and_the_next_occurrence_comes(actor: Actor, run: Run) -> None:
    run(todos.create, actor, TodoCreate(title="Water", description="x", due_date="2027-03-01", recurrence="weekly"))
    line = exported(actor, Format.TODOTXT).decode()
    done = imported(actor, f"x 2027-03-01 {line.removeprefix('(B) ')}", Format.TODOTXT)
    assert (done.created, done.updated) == (0, 1)
    with database.read_scope() as session:
        rows = session.exec(select(Todo).where(Todo.owner_id == actor.user_id).order_by(col(Todo.due_date))).all()
    assert [(row.completed, row.due_date) for row in rows] == [(True, date(2027, 3, 1)), (False, date(2027, 3, 8))]
    assert {row.description for row in rows} == {"x"}
    assert {row.operation_id for row in operations(actor)[-2:]} == {done.operation_id}


def test_what_lies_in_the_trash_comes_back_with_the_file(actor: Actor, run: Run) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk"))
    data = exported(actor)
    run(todos.delete, actor, todo.id)
    assert numbers(imported(actor, data)) == (0, 1, 0, 0)
    assert stored(actor)["Milk"].deleted_at is None


def test_lists_are_found_by_id_then_by_name_and_else_made(actor: Actor, run: Run) -> None:
    garden = TodoList(owner_id=actor.user_id, name="Garden", position="a0")
    run(list_rows.add, actor, garden)
    rows = [
        {"id": new_id(), "title": "by id", "list_id": garden.id, "list_name": "Another name"},
        {"id": new_id(), "title": "by name", "list_id": new_id(), "list_name": "GARDEN"},
        {"id": new_id(), "title": "made", "list_name": "Kitchen"},
        {"id": new_id(), "title": "made once", "list_name": "kitchen"},
        {"id": new_id(), "title": "unknown", "list_id": new_id()},
    ]
    dry = imported(actor, document(*rows), is_dry=True)
    done = imported(actor, document(*rows))
    assert done.lists_created == dry.lists_created == 1
    found = {title: row.list_id for title, row in stored(actor).items()}
    assert found["by id"] == found["by name"] == garden.id
    assert found["made"] == found["made once"]
    assert found["made"] not in {None, garden.id}
    assert found["unknown"] is None
    assert [item.message for item in done.report] == [
        'The todo "unknown": its list is not in the file; it stands in the inbox.'
    ]


def test_dates_in_words_are_read_as_quick_add_reads_them(actor: Actor) -> None:
    table = (
        "TYPE,CONTENT,PRIORITY,INDENT,DATE,DATE_LANG\n"
        "task,Rent,1,1,every 1st,en\ntask,Call,4,1,tomorrow 9am,en\ntask,Odd,4,1,chaque lundi,fr\n"
    )
    done = imported(actor, table, Format.CSV)
    assert numbers(done) == (3, 0, 0, 0)
    found = stored(actor)
    assert found["Rent"].recurrence == "FREQ=MONTHLY;BYMONTHDAY=1"
    assert found["Rent"].series_id is not None
    assert str(found["Call"].due_time) == "09:00:00"
    assert (found["Odd"].due_date, found["Odd"].description) == (None, "Due: chaque lundi")
    assert "description" in done.report[0].message
    assert numbers(imported(actor, table, Format.CSV)) == (0, 0, 3, 0)


def test_an_import_is_one_operation_and_undo_takes_it_back(actor: Actor, run: Run) -> None:
    rows = "".join(f"Number {number}\n" for number in range(3 * imports.BATCH))
    done = imported(actor, rows, Format.TODOTXT)
    assert {row.operation_id for row in operations(actor)} == {done.operation_id}
    assert [row.seq for row in operations(actor)] == list(range(1, 3 * imports.BATCH + 1))
    undone = run(undo.undo, actor, UndoRequest(operation_id=done.operation_id))
    assert (len(undone.changed), undone.conflicts) == (3 * imports.BATCH, [])
    assert all(row.deleted_at is not None for row in stored(actor).values())


def operations(actor: Actor) -> list[Operation]:
    with database.read_scope() as session:
        rows = session.exec(select(Operation).where(Operation.owner_id == actor.user_id).order_by(col(Operation.seq)))
        return list(rows)


def test_the_order_of_a_file_is_the_order_of_its_todos(actor: Actor) -> None:
    imported(actor, "title\n" + "".join(f"{name}\n" for name in "cabfed"), Format.CSV)
    with database.read_scope() as session:
        found = searches.search(session, actor, TodoFilter(sort_by="position", sort_order="asc"))
    assert [one.title for one in found.todos] == list("cabfed")


def test_ids_of_another_account_touch_nothing_of_it(make_actor: Callable[..., Actor], run: Run) -> None:
    victim, thief = make_actor(), make_actor()
    fill(run, victim)
    before = account_of(victim)
    data = exported(victim).replace(b"Dig", b"Taken over")
    assert numbers(imported(thief, data)) == (7, 0, 0, 0)
    part = {"id": new_id(), "title": "x", "parent_id": before["todos"][0]["id"], "list_id": before["lists"][0]["id"]}
    other = make_actor()
    imported(other, document(part))
    assert (stored(other)["x"].parent_id, stored(other)["x"].list_id) == (None, None)
    assert account_of(victim) == before


def test_a_failure_on_the_way_says_how_far_it_came_and_a_second_time_goes_on(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"Number {number}\n" for number in range(3 * imports.BATCH))
    whole, calls = imports.take, 0

    def once(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise AppError("The disk is full.")
        return whole(*args, **kwargs)

    monkeypatch.setattr(imports, "take", once)
    with pytest.raises(AppError, match=f"{imports.BATCH} todos of the file were imported before"):
        imported(actor, rows, Format.TODOTXT)
    assert numbers(imported(actor, rows, Format.TODOTXT)) == (2 * imports.BATCH, 0, imports.BATCH, 0)


# Many rows


def measured(count: int, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "services" / "exchange_bulk.py"), str(count), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def assert_bounded(count: int, folder: Path) -> None:
    found = measured(count, folder)
    assert (found["created"], found["unchanged"], found["exported"]) == (count, count, count)
    # A few bytes for each todo of the file, and a batch.
    assert found["rss_growth_bytes"] < 24 * 1_048_576 + 400 * count, found


@pytest.mark.timeout(600)
def test_ten_thousand_rows_in_bounded_memory(tmp_path: Path) -> None:
    assert_bounded(10_000, tmp_path)


@pytest.mark.endurance
def test_a_hundred_thousand_rows_in_bounded_memory(tmp_path: Path) -> None:
    assert_bounded(100_000, tmp_path)
