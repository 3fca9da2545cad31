"""Derived tables: made anew from the todos, whatever was in them, after a heal and after an adoption."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend import database, derived
from backend.models.todo import TodoCreate
from backend.models.user import fold
from backend.services import todos
from backend.services.actor import Actor
from backend.storage import layout, prepare
from tests.adoption.healing import RULES
from tests.storage.damage.anatomy import Anatomy


def rows_of(path: Path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT owner_id, todo_id, tag_key FROM todo_tags"))


def heal(path: Path) -> prepare.Report:
    prepared = prepare.prepare(make_url(f"sqlite:///{path}"), layout.released(), RULES)
    prepared.close()
    return prepared.report


@pytest.fixture
def tagged(own_database: Path, make_actor: Callable[..., Actor]) -> Path:
    """The test's own database with 600 todos of two accounts, closed."""
    for actor in (make_actor(), make_actor()):
        with database.write_scope() as session:
            for number in range(300):
                data = TodoCreate(title=f"Todo {number}", tags=["Straße", f"Tag {number % 7}"][: number % 3])
                todos.create(session, actor, data)
    database.engine.dispose()
    return own_database


def test_what_the_services_write_is_what_is_made_anew(tagged: Path) -> None:
    before = rows_of(tagged)
    assert {key for *_, key in before} >= {fold("Straße"), "tag 1"}
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM todo_tags WHERE tag_key = 'tag 1'")
        connection.exec_driver_sql("UPDATE todo_tags SET tag_key = 'wrong' WHERE tag_key = 'tag 2'")
        derived.rebuild(connection)
    assert rows_of(tagged) == before


@pytest.mark.parametrize("stored", ["no json", '{"a": 1}', '["a", null, 3, ["b"]]', '["A", "a "]', "[" * 5_000])
def test_tags_that_are_no_list_of_texts_stop_nothing(tagged: Path, stored: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE todos SET tags = ?", (stored,))
        derived.rebuild(connection)
    assert {key for *_, key in rows_of(tagged)} <= {"a"}


def test_pages_of_a_derived_table_that_are_destroyed_cost_nothing(tagged: Path) -> None:
    before = rows_of(tagged)
    anatomy = Anatomy(tagged)
    content = bytearray(anatomy.data)
    [tree] = [tree for tree in anatomy.trees if tree.name == "todo_tags"]
    for number in tree.leaves:
        content[(number - 1) * anatomy.page_size : number * anatomy.page_size] = b"\xa5" * anatomy.page_size
    tagged.write_bytes(content)
    report = heal(tagged)
    assert report.healed is not None
    assert report.lost_nothing
    assert rows_of(tagged) == before


def test_a_heal_of_anything_makes_them_say_what_the_todos_say(tagged: Path) -> None:
    before = rows_of(tagged)
    with closing(sqlite3.connect(tagged)) as connection, connection:
        connection.execute("DELETE FROM todo_tags")
        connection.execute("DROP INDEX ix_todos_title")
    assert heal(tagged).healed is not None
    assert rows_of(tagged) == before
