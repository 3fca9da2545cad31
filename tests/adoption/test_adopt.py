"""Adopting what the old deployment really stored, from each of its generations."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from backend import database
from backend.adoption import AdoptionError, What
from tests.adoption import old_deployment
from tests.adoption.old_deployment import add_todo, add_user
from tests.adoption.support import adopted, ours


def tags(connection: Connection, *given: str) -> Any:
    """Tags as this generation stores them."""
    return list(given) if connection.dialect.name == "postgresql" else json.dumps(given)


def test_a_database_with_accounts_is_never_adopted_into(old: Connection) -> None:
    adopted(old)
    with pytest.raises(AdoptionError, match="has accounts already"):
        adopted(old)


def test_a_plain_todo_comes_over_whole(old: Connection) -> None:
    title = "Zürich \N{SNOWMAN}\N{VARIATION SELECTOR-16} 🎿"
    add_todo(
        old,
        7,
        title=title,
        description="First line\nsecond line",
        completed=True,
        priority="high",
        tags=tags(old, "Reise", "schön 🎉"),
        due_date="2026-04-05 17:30:00",
    )
    report = adopted(old)
    assert (report.users, report.todos, report.tags, report.findings) == (1, 1, 2, ())
    [todo] = ours("SELECT * FROM todos")
    [user] = ours("SELECT * FROM users")
    assert json.loads(todo.pop("tags")) == ["Reise", "schön 🎉"]
    assert todo == {
        "owner_id": user["id"],
        "id": todo["id"],
        "title": title,
        "title_key": title.lower(),
        "description": "First line\nsecond line",
        "completed": 1,
        "priority": 3,
        "due_date": "2026-04-05",
        "due_time": "17:30",
        "due_timezone": None,
        "due_until": "2026-04-05T17:30:00.000000Z",
        "completed_at": "2026-03-04T05:06:07.000001Z",
        "created_at": "2026-02-03T04:05:06.789012Z",
        "updated_at": "2026-03-04T05:06:07.000001Z",
        "deleted_at": None,
        "version": 1,
        "list_id": None,
        "parent_id": None,
        "position": "t20260203040506789012",
        "assignee_id": None,
        "remind_at": None,
        "recurrence": None,
        "recurrence_from": "due",
        "series_id": None,
        "series_start": None,
        "occurrence": None,
        "occurrences_missed": 0,
    }
    assert {row["tag_key"] for row in ours("SELECT * FROM todo_tags")} == {"reise", "schön 🎉"}


def test_midnight_is_all_day(old: Connection) -> None:
    add_todo(old, 1, due_date="2026-04-05 00:00:00")
    adopted(old)
    [todo] = ours("SELECT due_date, due_time, due_until FROM todos")
    assert todo == {"due_date": "2026-04-05", "due_time": None, "due_until": "2026-04-05T23:59:59.999999Z"}


def test_a_fraction_of_a_second_is_dropped_and_noted(old: Connection) -> None:
    add_todo(old, 1, due_date="2026-04-05 23:59:59.999999")
    report = adopted(old)
    assert ours("SELECT due_time FROM todos") == [{"due_time": "23:59:59"}]
    assert report.tally == {What.DUE_FRACTION_DROPPED: 1}


def test_a_long_title_is_whole_in_the_description(old: Connection) -> None:
    title = "".join(chr(0x1F600 + number % 60) for number in range(10_000))
    add_todo(old, 1, title=title, description="d" * 10_000, recurrence="every 1st")
    report = adopted(old)
    [todo] = ours("SELECT title, description FROM todos")
    assert len(todo["title"]) == 500
    assert todo["title"] == title[:499] + "…"
    assert todo["description"] == f"{title}\n\n{'d' * 10_000}\n\nRecurrence: every 1st"
    assert report.tally == {
        What.RECURRENCE_IN_DESCRIPTION: 1,
        What.TITLE_IN_DESCRIPTION: 1,
        What.DESCRIPTION_OVER_LIMIT: 1,
    }


def test_a_title_of_our_limit_is_a_title(old: Connection) -> None:
    add_todo(old, 1, title="x" * 500)
    report = adopted(old)
    assert ours("SELECT title, description FROM todos") == [{"title": "x" * 500, "description": ""}]
    assert report.findings == ()


def test_a_title_of_spaces_gets_a_placeholder(old: Connection) -> None:
    add_todo(old, 1, title="   ")
    report = adopted(old)
    assert ours("SELECT title FROM todos") == [{"title": "Untitled"}]
    assert report.tally == {What.TITLE_EMPTY: 1}


def test_tags_are_trimmed_and_each_is_there_once(old: Connection) -> None:
    add_todo(old, 1, tags=tags(old, " Home", "home ", "HOME", "", "Straße", "STRASSE"))
    report = adopted(old)
    [todo] = ours("SELECT tags FROM todos")
    assert json.loads(todo["tags"]) == ["Home", "Straße"]
    assert [row["tag_key"] for row in ours("SELECT tag_key FROM todo_tags ORDER BY tag_key")] == ["home", "strasse"]
    assert report.tally == {What.TAGS_TIDIED: 1}


def test_tags_beyond_our_limits_are_kept_in_the_description(old: Connection) -> None:
    many = [f"tag {number}" for number in range(60)]
    add_todo(old, 1, tags=tags(old, "x" * 101, *many), recurrence="daily")
    report = adopted(old)
    [todo] = ours("SELECT tags, description FROM todos")
    assert json.loads(todo["tags"]) == many[:50]
    assert todo["description"] == f"Tags: {'x' * 101}, {', '.join(many[50:])}\nRecurrence: daily"
    assert What.TAGS_IN_DESCRIPTION in report.tally


def test_ids_are_uuids_that_keep_the_order_and_never_change(old: Connection) -> None:
    for old_id in range(1, 50):
        add_todo(old, old_id, created_at="2026-01-02 03:04:05.678901" if old_id % 2 else "2026-01-01 03:04:05.678")
    adopted(old)
    first = ours("SELECT id, title FROM todos ORDER BY id")
    assert [row["title"] for row in first] == [f"Todo {old_id}" for old_id in [*range(2, 50, 2), *range(1, 50, 2)]]
    identity = uuid.UUID(first[-1]["id"])
    assert (identity.version, identity.variant) == (7, uuid.RFC_4122)
    assert identity.int >> 80 == int(datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC).timestamp() * 1000)
    with database.write_scope() as session:
        session.connection().execute(sa.text("DELETE FROM users"))
    adopted(old)
    assert ours("SELECT id, title FROM todos ORDER BY id") == first


def test_the_first_user_is_the_admin_and_everybody_keeps_their_own(old: Connection) -> None:
    add_user(old, 3)
    add_todo(old, 1, user_id=3)
    add_todo(old, 2, user_id=1)
    adopted(old)
    assert ours("SELECT username, is_admin, timezone FROM users ORDER BY username") == [
        {"username": "user1", "is_admin": 1, "timezone": "UTC"},
        {"username": "user3", "is_admin": 0, "timezone": "UTC"},
    ]
    owners = ours("SELECT username, title FROM todos JOIN users ON users.id = owner_id ORDER BY title")
    assert owners == [{"username": "user3", "title": "Todo 1"}, {"username": "user1", "title": "Todo 2"}]


def test_more_rows_than_a_page_holds(old: Connection) -> None:
    for old_id in range(1, 1202):
        add_todo(old, old_id * 3)
    assert adopted(old).todos == 1201
    assert ours("SELECT count(DISTINCT id) AS ids FROM todos") == [{"ids": 1201}]


def test_a_half_start_keeps_the_users_that_it_has(file_engine: Engine) -> None:
    with file_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.HALF_START, version=None)
        add_user(connection, 1)
        report = adopted(connection)
    assert (report.users, report.todos) == (1, 0)
    assert report.tally == {What.TABLE_MISSING: 1}


def test_a_half_start_without_users(file_engine: Engine) -> None:
    with file_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.HALF_START, version=None)
        assert adopted(connection).users == 0


def test_the_source_is_only_read(file_engine: Engine) -> None:
    with file_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.SQLITE)
        add_user(connection, 1)
        add_todo(connection, 1)
    with file_engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        assert adopted(connection).todos == 1


def test_tags_as_json_on_postgresql(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.SQLITE)
        add_user(connection, 1)
        connection.execute(sa.text("INSERT INTO todos (id, user_id, title, tags) VALUES (1, 1, 't', '[\"a\"]')"))
        adopted(connection)
    assert [json.loads(row["tags"]) for row in ours("SELECT tags FROM todos")] == [["a"]]


def test_times_that_only_postgresql_can_hold(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.POSTGRESQL)
        connection.exec_driver_sql("SET LOCAL datestyle = 'German'")
        add_user(connection, 1)
        add_todo(connection, 1, created_at="-infinity", due_date="infinity", updated_at="0044-03-15 00:00:00 BC")
        report = adopted(connection)
    [todo] = ours("SELECT created_at, description FROM todos")
    assert todo == {"created_at": "2026-01-10T00:00:00.000000Z", "description": "Due: infinity"}
    assert report.tally == {What.TIME_REPLACED: 2, What.DUE_IN_DESCRIPTION: 1}
