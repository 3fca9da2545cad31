"""Plans of MariaDB: a page costs what it shows, whatever is searched for, however many todos have that word.

What is explained and counted is what the services send. MariaDB counts the rows that it reads for a statement, of
tables and indexes, which no busy machine changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session

from backend.models.base import metadata
from backend.models.todo_filter import SortBy, SortOrder, TodoFilter, TodoPage
from backend.services import searches
from backend.services.actor import Actor
from backend.storage import server
from backend.storage.engine import make_engine
from tests import crowd, databases

# So many that all which a word is the beginning of are walked through, not gathered.
TODOS = 4 * searches._MANY
LIMIT = 20
# For each that is shown: those before it without the word, the words of all of these, in up to four parts of the list.
READS = 5_000


@dataclass
class Sent:
    """A statement, how MariaDB would find its rows, and how many it read for them."""

    statement: str
    plan: list[Any]
    reads: int


@dataclass
class Asked:
    """An account with very many todos."""

    engine: Engine
    actor: Actor

    def search(self, **wanted: Any) -> tuple[TodoPage, list[Sent]]:
        """A page, and what was asked for it."""
        statements: list[tuple[str, Any]] = []

        def catch(_: object, __: object, statement: str, values: Any, *___: object) -> None:
            statements.append((statement, values))

        sa.event.listen(self.engine, "before_cursor_execute", catch)
        try:
            with Session(self.engine) as session:
                page = searches.search(session, self.actor, TodoFilter(limit=LIMIT, **wanted))
        finally:
            sa.event.remove(self.engine, "before_cursor_execute", catch)
        return page, [self._explained(*one) for one in statements if "FROM todos" in one[0]]

    def _explained(self, statement: str, values: Any) -> Sent:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("FLUSH STATUS")
            connection.exec_driver_sql(statement, values).all()
            counted = connection.execute(sa.text("SHOW SESSION STATUS LIKE 'Handler_read%'")).all()
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values).all()
        return Sent(statement, list(plan), sum(int(row[1]) for row in counted))


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    if reason := databases.unreachable("mariadb"):
        pytest.skip(reason)
    with databases.temporary("mariadb") as url:
        engine = make_engine(url)
        assert server.prepare(engine, wait_seconds=10).is_usable
        with engine.begin() as connection:
            ids = [crowd.add_account(connection, number) for number in range(2)]
            crowd.fill(connection, ids[0], TODOS)
            crowd.copy(connection, *ids)
            for table in metadata.tables:
                connection.exec_driver_sql(f"ANALYZE TABLE {table}")
        yield Asked(engine, Actor(ids[0], "none", "UTC", is_admin=False))
        engine.dispose()


def rows_of(sent: list[Sent]) -> Sent:
    """The statement that reads the page, and not what is counted beside it."""
    [found] = [one for one in sent if "ORDER BY" in one.statement]
    return found


def orders() -> Iterator[dict[str, Any]]:
    for sort_by in SortBy:
        for sort_order in SortOrder:
            yield {"sort_by": sort_by, "sort_order": sort_order}


# In every title, in most, in most both of two, and some that most have beside one that few have.
@pytest.mark.parametrize("search", ["t", crowd.EVERYWHERE, "b", "t b", f"{crowd.EVERYWHERE} {TODOS - 5}", None])
def test_a_page_reads_no_more_than_it_shows_however_many_todos_have_the_word(asked: Asked, search: str | None) -> None:
    for order in orders():
        page, sent = asked.search(search=search, **order)
        assert page.total
        rows = rows_of(sent)
        assert rows.reads < READS, (order, rows.plan)


@pytest.mark.parametrize("search", [crowd.EVERYWHERE, "t b"])
def test_a_page_is_walked_through_in_its_order_and_each_todo_asked_for_its_words(asked: Asked, search: str) -> None:
    for order in orders():
        plan = rows_of(asked.search(search=search, **order)[1]).plan
        assert not [row for row in plan if row.select_type == "MATERIALIZED"], plan
        todos = [row for row in plan if row.table == "todos"]
        words = [row for row in plan if row.table == "todo_words"]
        assert {row.key for row in words} == {"ix_todo_words_todo"}, plan
        # The key of the table is in the order of ids, as what has no due is.
        assert all(row.key.startswith(("ix_todos_", "PRIMARY")) and "filesort" not in row.Extra for row in todos), plan


def test_the_parts_of_a_page_are_found_by_the_index_of_parents(asked: Asked) -> None:
    [parts] = [one for one in asked.search()[1] if "GROUP BY" in one.statement]
    assert [row.key for row in parts.plan] == ["ix_todos_with_parent"]
    assert parts.reads <= 2 * LIMIT
