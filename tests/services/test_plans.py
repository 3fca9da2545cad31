"""Plans: each listed query finds its rows by an index, and a late page costs what the first one does.

What is explained is what the services send, caught on its way to SQLite; what a page costs is counted in the steps that
SQLite takes for it, which no busy machine changes. With `-m endurance` an account of 100,000 in a database of 1,000,000
is asked.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, make_url
from sqlmodel import Session, col, select

from backend.models.feed import FeedRequest
from backend.models.field import Priority
from backend.models.todo import Todo
from backend.models.todo_filter import DueWord, SortBy, SortOrder, TodoFilter, TodoPage
from backend.models.todo_list import ListMember, Role, TodoList
from backend.services import feed, overviews, searches, todos
from backend.services.actor import Actor
from backend.storage import migrate
from backend.storage.engine import make_engine
from tests import crowd

NOW = datetime.now(UTC)


class Size(NamedTuple):
    """How much is in the database, and which page is a late one."""

    todos: int
    accounts: int
    page: int
    limit: int
    is_analyzed: bool


@dataclass
class Crowded:
    """A database with accounts that have very many todos, one of which asks."""

    engine: Engine
    size: Size
    actor: Actor
    member: Actor
    alike: Actor
    list_id: str
    parent_id: str

    def ask(self, service: Callable[..., Any], *arguments: Any) -> tuple[Any, list[str]]:
        """The answer of a service, and what it asked the database."""
        sent: list[str] = []
        with Session(self.engine, autoflush=False) as session:
            # At the driver, where prepared statements arrive too; with their values in them.
            driver: Any = session.connection().connection.driver_connection
            driver.set_trace_callback(sent.append)
            try:
                return service(session, *arguments), [one for one in sent if not one.startswith("BEGIN")]
            finally:
                driver.set_trace_callback(None)

    def plan(self, sent: str) -> list[str]:
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent}").all()
        return [row.detail for row in rows]

    def steps(self, sent: str) -> int:
        """How many steps SQLite's machine takes for a statement and all its rows."""
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(count, 1)
            driver.execute(sent).fetchall()
            driver.set_progress_handler(None, 1)
        return taken


SIZES = {
    "fresh": Size(todos=3_000, accounts=2, page=200, limit=10, is_analyzed=False),
    "analyzed": Size(todos=3_000, accounts=2, page=200, limit=10, is_analyzed=True),
    "whole": Size(todos=100_000, accounts=10, page=1_000, limit=50, is_analyzed=True),
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.endurance if name == "whole" else ()) for name in SIZES],
)
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowded]:
    size = SIZES[request.param]
    path = tmp_path_factory.mktemp("crowd") / "todo.db"
    migrate.create(path)
    engine = make_engine(make_url(f"sqlite:///{path}"))
    with engine.begin() as connection:
        ids = [crowd.add_account(connection, number) for number in range(size.accounts)]
        crowd.fill(connection, ids[0], size.todos)
        for other in ids[1:]:
            crowd.copy(connection, ids[0], other)
        guest = crowd.add_account(connection, size.accounts)
        crowd.fill(connection, guest, 100)
        session = Session(connection)
        # As after an import without times, and a change of everything: no two of them differ but by their ids.
        same = dict.fromkeys(("created_at", "updated_at", "due_until"), NOW) | {"title_key": "same", "position": "t"}
        session.exec(sa.update(Todo).where(col(Todo.owner_id) == ids[1]).values(priority=Priority.LOW, **same))
        list_id = session.exec(select(TodoList.id).where(TodoList.owner_id == ids[0])).first() or ""
        in_list = session.exec(
            select(Todo).where(Todo.owner_id == ids[0], Todo.list_id == list_id).order_by(col(Todo.id)).limit(20)
        ).all()
        for part in in_list[1:]:
            part.parent_id = in_list[0].id
        session.add(ListMember(owner_id=ids[0], list_id=list_id, user_id=guest, role=Role.EDITOR))
        session.flush()
        parent_id = in_list[0].id
        if size.is_analyzed:
            connection.exec_driver_sql("ANALYZE")
    actor = Actor(ids[0], "none", "Europe/Berlin", is_admin=False)
    member = Actor(guest, "none", "UTC", is_admin=False, has_shares=True)
    alike = Actor(ids[1], "none", "UTC", is_admin=False)
    yield Crowded(engine, size, actor, member, alike, list_id, parent_id)
    engine.dispose()


FILTERS: dict[str, Callable[[Crowded], dict[str, Any]]] = {
    "all": lambda _: {},
    "open": lambda _: {"completed": False},
    "done": lambda _: {"completed": True},
    "list": lambda all_: {"list_id": all_.list_id},
    "open of a list": lambda all_: {"list_id": all_.list_id, "completed": False},
    "inbox": lambda _: {"list_id": "inbox"},
    "parts": lambda all_: {"parent_id": all_.parent_id},
    "no parts": lambda _: {"parent_id": "none"},
    "priority": lambda _: {"priority": "high"},
    "tag": lambda _: {"tags": ["tag 1"]},
    "any of two tags": lambda _: {"tags": ["tag 1", "tag 2"]},
    "both of two tags": lambda _: {"tags_all": ["tag 1", "tag 2"]},
    **{f"due {word}": lambda _, word=word: {"due": word} for word in DueWord},  # type: ignore[misc]
    "due before": lambda _: {"due_before": date(2026, 1, 1)},
    "due after": lambda _: {"due_after": date(2026, 1, 1)},
    "updated": lambda _: {"updated_since": NOW - timedelta(days=1)},
    "rare word": lambda all_: {"search": str(all_.size.todos - 5)},
    "common word": lambda _: {"search": crowd.EVERYWHERE},
    "rare and common": lambda all_: {"search": f"{crowd.EVERYWHERE} {all_.size.todos - 5}"},
    "signs only": lambda _: {"search": "!?"},
}
# What grows with the todos. Of a list's few members SQLite rightly reads all.
_SCAN = re.compile(r"SCAN (todos|todo_tags|todo_words|operations)(_\d+)?\b")


def orders() -> Iterator[dict[str, Any]]:
    for sort_by in SortBy:
        for sort_order in SortOrder:
            yield {"sort_by": sort_by, "sort_order": sort_order}


def assert_by_index(crowded: Crowded, sent: list[str], *, of: str = "todos") -> None:
    """Nothing reads a whole table, or a whole index, and what it is about was looked up by an index."""
    plans = {one: crowded.plan(one) for one in sent}
    for statement, plan in plans.items():
        assert not [line for line in plan if _SCAN.match(line)], (plan, statement)
    assert any(
        re.match(rf"SEARCH {of}(_\d+)? USING .*\(owner_id=\?", line) for plan in plans.values() for line in plan
    ), plans


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_in_every_order_is_answered_by_an_index(crowded: Crowded, name: str) -> None:
    for order in orders():
        wanted = TodoFilter(**FILTERS[name](crowded), **order, limit=10)
        page, sent = crowded.ask(searches.search, crowded.actor, wanted)
        assert page.total or name in {"signs only", "due none"} or name.startswith("due "), name
        assert_by_index(crowded, sent)


@pytest.mark.parametrize("name", ["all", "open", "list", "tag", "due week", "common word"])
def test_who_shares_a_list_is_answered_by_an_index_too(crowded: Crowded, name: str) -> None:
    for order in orders():
        wanted = TodoFilter(**FILTERS[name](crowded), **order, limit=10)
        _, sent = crowded.ask(searches.search, crowded.member, wanted)
        assert_by_index(crowded, sent)


def test_the_trash_is_answered_by_an_index(crowded: Crowded) -> None:
    for order in orders():
        page, sent = crowded.ask(searches.trash, crowded.actor, TodoFilter(**order, limit=10))
        assert page.total
        assert_by_index(crowded, sent)


def test_counts_and_the_overview_are_answered_by_an_index(crowded: Crowded) -> None:
    overview, sent = crowded.ask(overviews.read, crowded.actor)
    assert overview.open + overview.done == crowded.ask(searches.search, crowded.actor, TodoFilter(limit=1))[0].total
    assert_by_index(crowded, sent)


def test_one_todo_is_found_by_its_key(crowded: Crowded) -> None:
    found, sent = crowded.ask(todos.get, crowded.actor, crowded.parent_id)
    assert found.id == crowded.parent_id
    assert_by_index(crowded, sent)


def test_the_parts_of_a_page_are_found_by_the_index_of_parents(crowded: Crowded) -> None:
    by_parent = re.compile(r"SEARCH todos(_\d+)? USING INDEX ix_todos_with_parent \(owner_id=\? AND parent_id=\?\)")
    for who in (crowded.actor, crowded.member):
        _, sent = crowded.ask(searches.search, who, TodoFilter())
        [parts] = [one for one in sent if "GROUP BY todos.owner_id, todos.parent_id" in one]
        assert any(by_parent.match(line) for line in crowded.plan(parts)), crowded.plan(parts)
    plain = searches.plain_statement(crowded.actor, TodoFilter())
    _, sent = crowded.ask(lambda session: session.execute(plain).all())
    plan = crowded.plan(sent[0])
    assert len([line for line in plan if by_parent.match(line)]) == 2, plan


@pytest.mark.parametrize("who", ["actor", "member"])
def test_the_feed_of_changes_is_answered_by_an_index_from_its_beginning_on(crowded: Crowded, who: str) -> None:
    actor: Actor = getattr(crowded, who)
    page, sent = crowded.ask(feed.read, actor, FeedRequest(limit=10))
    assert page.changes
    assert_by_index(crowded, sent)
    later = crowded.ask(feed.read, actor, FeedRequest(limit=10, cursor=page.next_cursor))
    assert later[0].changes
    assert_by_index(crowded, later[1])
    cursor, _ = crowded.ask(feed.now, actor)
    _, sent = crowded.ask(feed.read, actor, FeedRequest(cursor=cursor))
    assert_by_index(crowded, sent, of="operations")


@dataclass
class Pages:
    """The first page of a list and a late one, with the steps that each took."""

    first: TodoPage
    late: TodoPage
    steps_of_first: int
    steps_of_late: int


def pages(crowded: Crowded, actor: Actor, asked: dict[str, Any]) -> Pages:
    size = crowded.size

    def page(limit: int, cursor: str | None) -> tuple[TodoPage, int]:
        answer, sent = crowded.ask(searches.search, actor, TodoFilter(**asked, limit=limit, cursor=cursor))
        # How many there are is said on each page, and costs the same on each.
        rows = [one for one in sent if not one.startswith("SELECT count(")]
        return answer, sum(crowded.steps(one) for one in rows)

    first, steps_of_first = page(size.limit, None)
    before, cursor = min(size.limit * (size.page - 1), first.total - 2 * size.limit), None
    while before:
        skipped = min(before, 1_000)
        cursor = page(skipped, cursor)[0].next_cursor
        before -= skipped
    late, steps_of_late = page(size.limit, cursor)
    assert len(late.todos) == len(first.todos) == size.limit
    assert not {todo.id for todo in late.todos} & {todo.id for todo in first.todos}
    return Pages(first, late, steps_of_first, steps_of_late)


@pytest.mark.parametrize("name", ["all", "open", "inbox", "no parts", "priority"])
def test_a_late_page_costs_what_the_first_costs(crowded: Crowded, name: str) -> None:
    for order in orders():
        found = pages(crowded, crowded.actor, {**FILTERS[name](crowded), **order})
        # Not the same: what a filter leaves out does not lie evenly.
        assert found.steps_of_late < 2 * found.steps_of_first + 1_000, order


def test_a_late_page_among_todos_that_are_all_alike_costs_what_the_first_costs(crowded: Crowded) -> None:
    for order in orders():
        found = pages(crowded, crowded.alike, order)
        # But for the steps in which each row is compared with the cursor.
        compared = 10 * crowded.size.limit
        assert found.steps_of_late < 1.1 * found.steps_of_first + compared, (order, found.steps_of_first)


@pytest.mark.parametrize("name", ["all", "priority", "list", "no parts"])
def test_the_first_page_reads_no_more_than_it_shows(crowded: Crowded, name: str) -> None:
    # But for what a filter leaves out on the way.
    for order in orders():
        asked = {**FILTERS[name](crowded), **order}
        _, sent = crowded.ask(searches.search, crowded.actor, TodoFilter(**asked, limit=10))
        rows = [one for one in sent if not one.startswith("SELECT count(")]
        assert sum(crowded.steps(one) for one in rows) < 15_000, order


@pytest.mark.parametrize("name", ["tag", "any of two tags", "both of two tags", "due today", "due week", "parts"])
def test_a_filter_and_its_total_look_at_no_todo_again_and_again(crowded: Crowded, name: str) -> None:
    for order in orders():
        wanted = TodoFilter(**FILTERS[name](crowded), **order, limit=10)
        _, sent = crowded.ask(searches.search, crowded.actor, wanted)
        # Some steps for each todo of the account; a list gathered anew for each would take hundreds.
        assert sum(crowded.steps(one) for one in sent) < 40 * crowded.size.todos, order
