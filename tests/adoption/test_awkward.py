"""Rows that no rule of the old deployment would have let in: from damage, from hands, from loosely typed columns."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from backend import database
from backend.adoption import What
from backend.models.todo_filter import TodoFilter
from backend.services import searches
from backend.services.actor import Actor
from tests.adoption.old_deployment import add_todo, add_user
from tests.adoption.support import adopted, ours

FIRST_RELEASE = "2026-01-10T00:00:00.000000Z"


def one(query: str) -> Any:
    [row] = ours(query)
    return next(iter(row.values())) if len(row) == 1 else row


@pytest.mark.parametrize(
    ("stored", "kept", "line"),
    [
        ("not json, home", [], "Tags: not json, home"),
        ('["cut of', [], 'Tags: ["cut of'),
        ('{"a": 1}', [], 'Tags: {"a": 1}'),
        ("[" * 5_000, [], "Tags: " + "[" * 5_000),
        ('"work"', ["work"], ""),
        (r'"[\"a\", \"b\"]"', ["a", "b"], ""),
        ('["a", null, 7, true, ["b"]]', ["a", "7", "true", "b"], ""),
        (r'["half \ud83d", "nul\u0000"]', ["half �", "nul�"], ""),
        (None, [], ""),
        ("null", [], ""),
        ("", [], ""),
        (b'["\xff"]', ["�"], ""),
    ],
)
def test_tags_that_are_no_list_of_texts(loose: Connection, stored: Any, kept: list[str], line: str) -> None:
    add_user(loose, 1)
    add_todo(loose, 1, tags=stored)
    report = adopted(loose)
    found = one("SELECT tags, description FROM todos")
    assert (json.loads(found["tags"]), found["description"]) == (kept, line)
    assert len(ours("SELECT * FROM todo_tags")) == len(kept)
    if line:
        assert [(finding.what, finding.original) for finding in report.findings] == [(What.TAGS_UNREADABLE, stored)]


@pytest.mark.parametrize("garbage", [None, "", "yesterday", 1767225600, b"\xff\xfe", "0000-00-00 00:00:00"])
def test_a_time_that_is_none_gives_way_to_the_other(loose: Connection, garbage: Any) -> None:
    add_user(loose, 1)
    add_todo(loose, 1, created_at=garbage, updated_at="2026-02-02 00:00:00")
    add_todo(loose, 2, created_at="2026-02-02 00:00:00", updated_at=garbage, completed=1)
    report = adopted(loose)
    moment = "2026-02-02T00:00:00.000000Z"
    assert ours("SELECT DISTINCT created_at, updated_at FROM todos") == [{"created_at": moment, "updated_at": moment}]
    assert ours("SELECT completed_at FROM todos ORDER BY id") == [{"completed_at": None}, {"completed_at": moment}]
    assert report.tally == {What.TIME_REPLACED: 2}


def test_a_row_without_any_time_is_as_old_as_the_one_before(loose: Connection) -> None:
    add_user(loose, 1)
    for old_id, created in ((1, None), (2, "2026-05-05 00:00:00"), (3, None), (4, "2026-05-06 00:00:00")):
        add_todo(loose, old_id, created_at=created, updated_at=None)
    adopted(loose)
    assert [(row["title"], row["created_at"][:10]) for row in ours("SELECT * FROM todos ORDER BY id")] == [
        ("Todo 1", FIRST_RELEASE[:10]),
        ("Todo 2", "2026-05-05"),
        ("Todo 3", "2026-05-05"),
        ("Todo 4", "2026-05-06"),
    ]


@pytest.mark.parametrize(
    ("stored", "parts"),
    [
        ("2026-04-05", ("2026-04-05", None, None, "")),
        ("2026-04-05T09:00", ("2026-04-05", "09:00", None, "")),
        ("2026-04-05 01:00:00+02:00", ("2026-04-04", "23:00", "UTC", "")),
        ("2026-04-05 00:00:00+00:00", ("2026-04-05", "00:00", "UTC", "")),
        ("tomorrow", (None, None, None, "Due: tomorrow")),
        (20270101, (None, None, None, "Due: 20270101")),
        ("9999-12-31 23:00:00", (None, None, None, "Due: 9999-12-31 23:00:00")),
        ("0001-01-01 00:00:00+09:00", (None, None, None, "Due: 0001-01-01 00:00:00+09:00")),
        ("", (None, None, None, "")),
    ],
)
def test_dues_of_every_spelling(loose: Connection, stored: Any, parts: tuple[str | None, ...]) -> None:
    add_user(loose, 1)
    add_todo(loose, 1, due_date=stored)
    adopted(loose)
    assert tuple(one("SELECT due_date, due_time, due_timezone, description FROM todos").values()) == parts


def test_texts_that_no_database_takes(loose: Connection) -> None:
    add_user(loose, 1)
    add_todo(loose, 1, title="\x00nul", description="a\x00b", recurrence="every\x00day")
    add_todo(loose, 2, title=b"blob \xe4", description=b"plain")
    loose.exec_driver_sql("INSERT INTO todos (id, user_id, title) VALUES (3, 1, CAST(x'ff41' AS TEXT))")
    add_todo(loose, 4, title=4711, description=3.5, priority="URGENT", completed="maybe")
    report = adopted(loose)
    assert [(row["title"], row["description"]) for row in ours("SELECT * FROM todos ORDER BY title_key")] == [
        ("4711", "3.5"),
        ("blob �", "plain"),
        ("�A", ""),
        ("�nul", "a�b\n\nRecurrence: every�day"),
    ]
    assert ours("SELECT priority, completed FROM todos WHERE title = '4711'") == [{"priority": 2, "completed": 0}]
    originals = {finding.original for finding in report.findings if finding.what is What.TEXT_REPAIRED}
    assert "title: \x00nul" in originals
    assert "title: \udcffA" in originals
    assert "\\udcffA" in "\n".join(report.json_lines())


def test_nothing_but_an_id(loose: Connection) -> None:
    loose.exec_driver_sql("INSERT INTO todos (id, completed, priority, tags) VALUES (1, NULL, NULL, NULL)")
    loose.exec_driver_sql("INSERT INTO users (id) VALUES (1)")
    report = adopted(loose)
    assert one("SELECT title, completed, priority, username FROM todos JOIN users ON users.id = owner_id") == {
        "title": "Untitled",
        "completed": 0,
        "priority": 2,
        "username": "recovered-unknown",
    }
    assert report.recovered_owners == 1
    assert What.PASSWORD_UNREADABLE in report.tally


def test_todos_without_an_owner_get_one(loose: Connection) -> None:
    add_user(loose, 1, username="recovered-7")
    for old_id, owner in ((1, 7), (2, 7), (3, None), (4, "nobody"), (5, 1)):
        add_todo(loose, old_id, user_id=owner)
    report = adopted(loose)
    assert ours(
        "SELECT username_key, count(*) AS todos, is_admin FROM todos JOIN users ON users.id = owner_id"
        " GROUP BY username_key, is_admin ORDER BY username_key"
    ) == [
        {"username_key": "recovered-7", "todos": 1, "is_admin": 1},
        {"username_key": "recovered-7#recovered", "todos": 2, "is_admin": 0},
        {"username_key": "recovered-unknown", "todos": 2, "is_admin": 0},
    ]
    assert (report.users, report.recovered_owners) == (1, 2)
    assert [(finding.old_id, finding.original) for finding in report.findings] == [
        (1, "7"),
        (2, "7"),
        (3, None),
        (4, "nobody"),
    ]


def test_old_ids_at_both_ends(loose: Connection) -> None:
    add_user(loose, 1)
    wanted = [-(2**63), -1, 0, 1, 2**63 - 1]
    for old_id in wanted:
        add_todo(loose, old_id, created_at="1969-12-31 00:00:00")
    adopted(loose)
    assert [row["title"] for row in ours("SELECT title FROM todos ORDER BY id")] == [f"Todo {old}" for old in wanted]


@pytest.mark.parametrize("column", ["title", "description", "completed", "priority", "tags", "updated_at"])
def test_a_lost_column_is_one_finding(loose: Connection, column: str) -> None:
    add_user(loose, 1)
    add_todo(loose, 1)
    loose.exec_driver_sql(f"ALTER TABLE todos DROP COLUMN {column}")
    report = adopted(loose)
    assert report.todos == 1
    assert report.findings[0].what is What.COLUMN_MISSING
    assert report.findings[0].original == column


def test_unknown_columns_are_reported_once_and_their_rows_come(loose: Connection) -> None:
    loose.exec_driver_sql("ALTER TABLE todos ADD COLUMN colour TEXT DEFAULT 'red'")
    loose.exec_driver_sql("CREATE TABLE notes (id INTEGER)")
    add_user(loose, 1)
    add_todo(loose, 1)
    report = adopted(loose)
    assert [(finding.table, finding.what, finding.original) for finding in report.findings] == [
        ("todos", What.COLUMN_UNKNOWN, "colour"),
        ("notes", What.TABLE_UNKNOWN, None),
    ]


def test_everything_awkward_can_be_listed(loose: Connection) -> None:
    add_user(loose, 1, created_at="garbage", email="\x00")
    for old_id, due in enumerate(["garbage", "2026-04-05 00:00:00", None, "9999-12-30 23:59:59"], 1):
        add_todo(loose, old_id, due_date=due, created_at=None, title=None, tags="{")
    adopted(loose)
    user = one("SELECT id FROM users")
    with database.read_scope() as session:
        page = searches.search(session, Actor(user, "none", "Asia/Tokyo", is_admin=True), TodoFilter())
    assert page.total == 4
    assert page.model_dump_json()


def test_reading_leaves_the_connection_as_it_was(loose: Connection) -> None:
    add_user(loose, 1)
    adopted(loose)
    loose.exec_driver_sql("CREATE TABLE other (text)")
    loose.exec_driver_sql("INSERT INTO other VALUES (CAST(x'ff' AS TEXT))")
    with pytest.raises(sa.exc.OperationalError, match="Could not decode"):
        loose.exec_driver_sql("SELECT * FROM other").all()
