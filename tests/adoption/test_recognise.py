"""Recognising the old deployment: by its tables, whatever its version row says, and nobody else's."""

import pytest
from sqlalchemy import Engine

from backend import database
from backend.adoption import AdoptionError, OldLayout, recognise
from tests.adoption import old_deployment
from tests.adoption.old_deployment import HALF_START, LOOSE, POSTGRESQL, SQLITE
from tests.adoption.support import adopted


def seen(engine: Engine, *statements: str, version: str | None = "001") -> OldLayout | None:
    with engine.begin() as connection:
        old_deployment.build(connection, statements, version)
        return recognise(connection)


FOREIGN = {
    "nothing": (),
    "only a version row of theirs": SQLITE[:1],
    "a tutorial's app": (
        "CREATE TABLE users (id INTEGER, email VARCHAR, username VARCHAR, hashed_password VARCHAR, role VARCHAR)",
        "CREATE TABLE todos (id INTEGER, title VARCHAR, priority INTEGER, complete BOOLEAN, owner_id INTEGER)",
    ),
    "their users beside somebody else's todos": (*HALF_START, "CREATE TABLE todos (id INTEGER, text VARCHAR)"),
    "their todos beside somebody else's users": (*LOOSE[1:], "CREATE TABLE users (id INTEGER, name VARCHAR)"),
    "users like theirs that lack a column, and no todos": (LOOSE[0], "ALTER TABLE users DROP COLUMN updated_at"),
    "todos that lack two columns": (
        *LOOSE,
        "ALTER TABLE todos DROP COLUMN tags",
        "ALTER TABLE todos DROP COLUMN recurrence",
    ),
    "ids that are no numbers": tuple(statement.replace("INTEGER", "VARCHAR(36)") for statement in LOOSE),
    "a view of that name": (LOOSE[0].replace("users", "people"), "CREATE VIEW users AS SELECT * FROM people"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_not_theirs_is_left_alone(file_engine: Engine, case: str) -> None:
    assert seen(file_engine, *FOREIGN[case]) is None
    with file_engine.begin() as connection, pytest.raises(AdoptionError, match="no database of the old deployment"):
        adopted(connection)


def test_our_own_database_is_not_theirs() -> None:
    with database.engine.connect() as connection:
        assert recognise(connection) is None


@pytest.mark.parametrize("version", ["001", None, "299861bd0370", "nonsense"])
def test_the_version_row_does_not_matter(file_engine: Engine, version: str | None) -> None:
    layout = seen(file_engine, *SQLITE, version=version)
    assert layout is not None
    assert not layout.is_half_made
    assert layout.has_version_table


def test_without_a_version_table(file_engine: Engine) -> None:
    layout = seen(file_engine, *SQLITE[1:])
    assert layout is not None
    assert not layout.has_version_table


def test_a_first_start_that_failed_half_way(file_engine: Engine) -> None:
    layout = seen(file_engine, *HALF_START, version=None)
    assert layout is not None
    assert layout.is_half_made
    assert layout.todos is None


def test_todos_alone_are_worth_having(file_engine: Engine) -> None:
    layout = seen(file_engine, LOOSE[1])
    assert layout is not None
    assert layout.users is None


def test_unknown_columns_and_tables_are_named(file_engine: Engine) -> None:
    layout = seen(
        file_engine,
        *SQLITE,
        "ALTER TABLE users ADD COLUMN avatar BLOB",
        "ALTER TABLE todos ADD COLUMN list_id INTEGER",
        "CREATE TABLE conversations (id INTEGER)",
    )
    assert layout is not None
    assert layout.users is not None
    assert layout.todos is not None
    assert (layout.users.unknown, layout.todos.unknown) == (("avatar",), ("list_id",))
    assert layout.unknown_tables == ("conversations",)


@pytest.mark.parametrize("column", ["title", "description", "completed", "tags", "created_at"])
def test_a_table_may_have_lost_one_column(file_engine: Engine, column: str) -> None:
    layout = seen(file_engine, *LOOSE, f"ALTER TABLE todos DROP COLUMN {column}")
    assert layout is not None
    assert layout.todos is not None
    assert layout.todos.missing == (column,)


@pytest.mark.parametrize("version", ["001", None])
def test_the_postgresql_generation(postgresql_engine: Engine, version: str | None) -> None:
    layout = seen(postgresql_engine, *POSTGRESQL, version=version)
    assert layout is not None
    assert not layout.is_half_made
    assert layout.unknown_tables == ()


def test_the_later_migration_on_postgresql_made_tags_json(postgresql_engine: Engine) -> None:
    assert seen(postgresql_engine, *SQLITE) is not None


def test_an_empty_postgresql_database(postgresql_engine: Engine) -> None:
    assert seen(postgresql_engine) is None
