"""Searching: what is found by which words, in which script, and by nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from backend import database
from backend.models.operation import Ledger
from backend.models.todo import Todo, TodoCreate, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.services import searches, todos, trash
from backend.services.actor import Actor
from tests import crowd
from tests.services.conftest import Run

MANY = searches._FEW + 50


def found(run: Run, actor: Actor, query: str, **wanted: Any) -> list[str]:
    page = run(searches.search, actor, TodoFilter(search=query, limit=1_000, **wanted))
    assert page.total == len(page.todos)
    return sorted(todo.title for todo in page.todos)


@pytest.mark.parametrize(
    ("title", "hits", "misses"),
    [
        ("Buy milk", ["buy", "MILK", "mi", "milk buy", "b m", "buy, milk!"], ["ilk", "uy", "milky", "buy bread"]),
        ("Straße fegen", ["straße", "strasse", "STRASSE", "stras", "feg"], ["asse", "strase"]),
        ("Äpfel und Öl", ["äpfel", "apfel", "ÄPFEL", "Apf", "ol"], ["pfel", "aepfel"]),
        ("U\u0308bung", ["übung", "\u00fcbung", "ubu", "u\u0308bung"], ["bung"]),
        ("Crème brûlée", ["creme", "brulee", "CRÈME"], ["lée"]),
        ("Ελλάδα Οδός", ["ελλαδα", "ΟΔΌΣ", "οδοσ"], ["λάδα"]),
        ("Чёрный хлеб", ["черный", "ЧЁРНЫЙ", "хле"], ["леб"]),
        ("明天去超市买牛奶", ["超市", "牛奶", "市买", "明天 牛奶", "奶", "明天去超市买牛奶"], ["牛超", "面包"]),
        ("東京タワーに行く", ["東京", "タワー", "行く", "ワー"], ["京東"]),
        ("ｶﾞｽ料金", ["ガス", "料金"], ["電気"]),
        ("ซื้อนมพรุ่งนี้", ["นม", "ซื้อ", "พรุ่งนี้"], ["กาแฟ"]),
        ("서울 여행", ["서울", "여"], ["울"]),
        ("Party 🎉🎂 today", ["🎉", "🎂", "party 🎂"], ["🍕"]),
        ("Invoice 2027-0042", ["2027", "0042", "2027-0042", "20"], ["42", "027"]),
        ("call +49 30/123456", ["49", "123", "30/123456"], ["3456"]),
        ("snake_case e-mail", ["snake", "case", "e-mail", "mail", "snake_case"], ["nake", "email"]),
        ("don't", ["don", "don't", "t"], ["ont"]),
        ("50% off", ["50%", "%", "off"], ["%%%%"]),
        ("a/b\\c", ["/", "\\", "a b c"], ["//"]),
        ("x" * 60, ["x" * 39, "x" * 45], ["y"]),
        ("ﬁnance ①", ["finance", "1"], ["nance"]),
    ],
)
def test_words_are_found_by_their_beginnings(
    run: Run, actor: Actor, title: str, hits: list[str], misses: list[str]
) -> None:
    run(todos.create, actor, TodoCreate(title="something else"))
    run(todos.create, actor, TodoCreate(title=title))
    assert {query: found(run, actor, query) for query in hits} == {query: [title] for query in hits}
    assert {query: found(run, actor, query) for query in misses} == {query: [] for query in misses}


def test_title_and_description_are_one_text(run: Run, actor: Actor) -> None:
    run(todos.create, actor, TodoCreate(title="Milk", description="from the farm"))
    assert found(run, actor, "milk farm") == found(run, actor, "farm") == ["Milk"]


def test_it_is_found_by_what_it_says_now(run: Run, actor: Actor) -> None:
    todo = run(todos.create, actor, TodoCreate(title="Milk", description="oat"))
    run(todos.update, actor, todo.id, TodoUpdate(title="Bread", description="oat and rye"))
    assert [len(found(run, actor, word)) for word in ("milk", "bread", "oat", "rye")] == [0, 1, 1, 1]
    run(todos.delete, actor, todo.id)
    assert found(run, actor, "bread") == []
    assert run(searches.trash, actor, TodoFilter(search="bread")).total == 1
    run(todos.restore, actor, todo.id)
    assert found(run, actor, "bread") == ["Bread"]
    run(todos.delete, actor, todo.id)
    run(trash.empty, actor)
    assert run(searches.trash, actor, TodoFilter(search="bread")).total == 0


def test_nobody_finds_what_another_account_has(run: Run, make_actor: Callable[..., Actor]) -> None:
    one, two = make_actor(), make_actor()
    todo = run(todos.create, one, TodoCreate(title="Secret"))
    run(todos.create, two, TodoCreate(id=todo.id, title="Plain"))
    assert found(run, one, "secret") == ["Secret"]
    assert found(run, two, "secret") == []


@pytest.fixture
def many(actor: Actor) -> Actor:
    """An account whose every todo has the same word, and more of them than are named one by one."""
    with database.write_scope() as session:
        crowd.fill(session.connection(), actor.user_id, MANY)
    return actor


@pytest.mark.parametrize(
    "wanted", [{}, {"completed": False}, {"priority": "high"}, {"sort_by": "due_date"}, {"tags": ["tag 1", "tag 2"]}]
)
@pytest.mark.parametrize("query", ["t", "task", "b", "ta b", "b k", "b k l m n", "7", "ba 7", "task ba be", "zz"])
def test_common_and_rare_words_find_what_reading_all_titles_finds(
    run: Run, many: Actor, query: str, wanted: dict[str, Any]
) -> None:
    everything = run(searches.search, many, TodoFilter(limit=1_000, **wanted)).todos
    terms = query.split()
    expected = [
        todo.title
        for todo in everything
        if all(any(word.startswith(term) for word in todo.title.split()) for term in terms)
    ]
    assert found(run, many, query, **wanted) == sorted(expected)


def test_very_many_common_words_are_looked_for_at_once(run: Run, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pairs of signs, and more of them than a database joins tables.
    signs = "".join(chr(0x4E00 + number) for number in range(150))
    monkeypatch.setattr(crowd, "EVERYWHERE", signs)
    with database.write_scope() as session:
        crowd.fill(session.connection(), actor.user_id, MANY)
    query = " ".join(signs[start : start + 50] for start in range(0, 150, 50))
    everything = run(searches.search, actor, TodoFilter()).total
    for words in (query, signs[:50]):
        assert run(searches.search, actor, TodoFilter(search=words)).total == everything
    assert run(searches.search, actor, TodoFilter(search=f"{query} {signs[::-1][:40]}")).total == 0


@pytest.mark.parametrize("sort_by", ["created_at", "updated_at", "due_date", "priority", "title", "position"])
@pytest.mark.parametrize("sort_order", ["asc", "desc"])
@pytest.mark.parametrize("wanted", [{}, {"completed": True}, {"search": "task"}, {"search": "b"}])
def test_the_pages_of_every_order_are_the_whole_list_cut_up(
    run: Run, many: Actor, sort_by: str, sort_order: str, wanted: dict[str, Any]
) -> None:
    asked = {"sort_by": sort_by, "sort_order": sort_order, **wanted}
    whole = run(searches.search, many, TodoFilter.model_validate({**asked, "limit": 1_000}))
    seen: list[str] = []
    cursor = None
    while True:
        page = run(searches.search, many, TodoFilter.model_validate({**asked, "limit": 97, "cursor": cursor}))
        assert page.total == whole.total == len(whole.todos)
        seen += [todo.id for todo in page.todos]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [todo.id for todo in whole.todos]
    skipped = run(searches.search, many, TodoFilter.model_validate({**asked, "limit": 50, "skip": 150}))
    assert [todo.id for todo in skipped.todos] == seen[150:200]


def test_totals_are_read_from_the_ledger_and_counted_where_there_is_none(run: Run, many: Actor) -> None:
    def totals() -> list[int]:
        wanted = [TodoFilter(), TodoFilter(completed=True), TodoFilter(completed=False)]
        lists = [run(searches.search, many, one).total for one in wanted]
        return lists + [run(searches.trash, many, one).total for one in wanted]

    with database.write_scope() as session:
        rows = session.exec(select(Todo.deleted_at, Todo.completed)).all()
    known = [sum(deleted is None and done in wanted for deleted, done in rows) for wanted in ((0, 1), (1,), (0,))]
    gone = [sum(deleted is not None and done in wanted for deleted, done in rows) for wanted in ((0, 1), (1,), (0,))]
    assert totals() == known + gone
    with database.write_scope() as session:
        session.exec(sa.delete(Ledger))
    assert totals() == known + gone
