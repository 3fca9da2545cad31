"""Migrations with rows in the tables, on each kind of database: what a layout can hold goes up to the newest and back.

The rows are what is hardest to carry: text outside of ASCII and of the usual length, times to the microsecond, JSON,
nulls, references, and every kind of due date.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlmodel import SQLModel

from backend.models.base import metadata, new_id
from backend.models.due import Due
from backend.models.field import Priority, title_key
from backend.models.idempotency import IdempotentAnswer
from backend.models.installation import Installation
from backend.models.operation import Action, Door, Kind, Ledger, Operation
from backend.models.saved_filter import SavedFilter
from backend.models.session import LoginSession
from backend.models.todo import Todo, TodoTag, TodoWord, first_position, tag_rows, word_rows
from backend.models.todo_list import ListInvite, ListMember, Role, TodoList
from backend.models.token import PersonalToken
from backend.models.user import User, fold
from backend.storage import migrate
from backend.storage.engine import migrating
from tests import databases

Rows = dict[str, list[dict[str, Any]]]

REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()][::-1]
FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH = REVISIONS  # a new revision says below what it holds
# What each has brought: tables, and columns of tables that were there before.
TABLES: dict[str, set[str]] = {
    FIRST: {"users", "todos", "todo_tags"},
    SECOND: {"sessions"},
    THIRD: {"installation"},
    FOURTH: {
        *("lists", "list_members", "list_invites", "operations", "ledgers", "todo_words"),
        *("saved_filters", "personal_tokens", "idempotency_keys"),
    },
    FIFTH: set(),
    SIXTH: set(),
    SEVENTH: set(),
}
COLUMNS: dict[str, dict[str, set[str]]] = {
    FOURTH: {
        "todos": {
            *("list_id", "parent_id", "position", "assignee_id", "remind_at", "recurrence", "recurrence_from"),
            *("series_id", "series_start", "occurrence", "occurrences_missed"),
        }
    },
    FIFTH: {"personal_tokens": {"max_changes"}},
}
NOW = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC)
ANNA, BEN = new_id(), new_id()
LIST, PARENT = new_id(), new_id()


def _todo(title: str, **fields: Any) -> Todo:
    due = Due(fields.get("due_date"), fields.get("due_time"), fields.get("due_timezone"))
    created_at = fields.pop("created_at", NOW)
    return Todo(
        **{
            "owner_id": ANNA,
            "title": title,
            "title_key": title_key(title),
            "description": "",
            "priority": Priority.MEDIUM,
            "tags": [],
            "due_until": due.until("Europe/Berlin"),
            "created_at": created_at,
            "updated_at": NOW,
            "position": first_position(created_at),
            **fields,
        }
    )


def _people() -> Iterator[SQLModel]:
    for user_id, name, is_admin in ((ANNA, "Ånna", True), (BEN, "ben", False)):
        email = f"{name}@example.com"
        yield User(
            id=user_id,
            email=email,
            email_key=fold(email),
            username=name,
            username_key=fold(name),
            password_hash="$argon2id$" + "x" * 200,
            timezone="Europe/Berlin",
            is_admin=is_admin,
            created_at=NOW,
            updated_at=NOW,
        )
        yield LoginSession(user_id=user_id, generation=3, created_at=NOW, expires_at=NOW + timedelta(days=7))


def _todos() -> Iterator[Todo]:
    yield _todo("Grüße 🎂", description="🎂" * 15_000, tags=["Äpfel", "two words", "🎂"], priority=Priority.HIGH)
    yield _todo("all day", due_date=date(2026, 3, 29), created_at=datetime(1, 1, 1, tzinfo=UTC))
    yield _todo("floating", due_date=date(2026, 3, 29), due_time=time(2, 30), completed=True, completed_at=NOW)
    yield _todo("zoned", due_date=date(9999, 12, 30), due_time=time(9), due_timezone="Pacific/Kiritimati")
    yield _todo("x" * 500, deleted_at=NOW, version=2_147_483_647, priority=Priority.LOW)
    yield _todo("the same id in another account", id=PARENT, owner_id=BEN)
    yield _todo("parent", id=PARENT, list_id=LIST, assignee_id=BEN, remind_at=NOW, created_at=NOW - timedelta(days=1))
    yield _todo("part", list_id=LIST, parent_id=PARENT, position="a5")
    yield _todo(
        "weekly",
        due_date=date(2026, 3, 30),
        recurrence="FREQ=WEEKLY;BYDAY=MO",
        recurrence_from="completed",
        series_id=new_id(),
        series_start="2026-03-02",
        occurrence="2026-03-30",
        occurrences_missed=3,
    )


def _around_lists() -> Iterator[SQLModel]:
    yield TodoList(owner_id=ANNA, id=LIST, name="Küche", color="#aabbcc", position="a0", is_archived=True, version=2)
    yield ListMember(owner_id=ANNA, list_id=LIST, user_id=BEN, role=Role.EDITOR)
    yield ListInvite(owner_id=ANNA, list_id=LIST, role=Role.VIEWER, token_digest="a" * 64, expires_at=NOW)
    yield SavedFilter(owner_id=ANNA, name="Später", query={"tags": ["Äpfel"], "due": "week"}, position="a0")


def _around_accounts() -> Iterator[SQLModel]:
    changed: dict[str, Any] = {"at": NOW, "actor_id": BEN, "actor_name": "ben", "door": Door.MCP, "kind": Kind.TODO}
    yield Operation(
        **changed,
        owner_id=ANNA,
        seq=3_000_000_000,
        operation_id=new_id(),
        action=Action.UPDATE,
        object_id=PARENT,
        before={"title": "älter", "tags": []},
        after={"title": "🎂", "due_date": None},
    )
    yield Ledger(owner_id=ANNA, seq=3_000_000_000, forgotten=0, todos_open=5, todos_done=1, todos_trashed=1)
    yield PersonalToken(
        user_id=ANNA, name="agent", digest="b" * 64, scopes=["read", "add"], created_at=NOW, max_changes=5
    )
    yield IdempotentAnswer(user_id=BEN, key="schlüssel ", digest="c" * 64, status=201, body="🎂" * 20_000)


def _everything() -> Rows:
    todos = list(_todos())
    found: Rows = {}
    for row in (*_people(), Installation(state="moved"), *todos, *_around_lists(), *_around_accounts()):
        found.setdefault(str(row.__tablename__), []).append(row.model_dump())
    found[str(TodoTag.__tablename__)] = [one for todo in todos for one in tag_rows(todo.owner_id, todo.id, todo.tags)]
    found[str(TodoWord.__tablename__)] = [
        one for todo in todos for one in word_rows(todo.owner_id, todo.id, todo.title, todo.description)
    ]
    return found


EVERYTHING = _everything()


def held(revision: str) -> Rows:
    """Of all the rows, and of their columns, those that a layout has room for."""
    until, after = REVISIONS[: REVISIONS.index(revision) + 1], REVISIONS[REVISIONS.index(revision) + 1 :]

    def unknown(table: str) -> set[str]:
        return {column for later in after for column in COLUMNS.get(later, {}).get(table, set())}

    return {
        table: [{name: value for name, value in row.items() if name not in unknown(table)} for row in rows]
        for table, rows in EVERYTHING.items()
        if any(table in TABLES[one] for one in until)
    }


def _table(name: str, columns: Any) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, metadata.tables[name].c[column].type) for column in columns))


def fill(engine: Engine, rows: Rows) -> None:
    """Store rows, parents first."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name == "installation" and table.name in rows:
                connection.execute(sa.update(table).values(state=rows[table.name][0]["state"]))
            elif table.name in rows:
                connection.execute(sa.insert(_table(table.name, rows[table.name][0])), rows[table.name])


def stored(engine: Engine, like: Rows) -> Rows:
    """What the database has now in the tables and columns that these rows have."""
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(sa.select(_table(name, rows[0]))).mappings()]
            for name, rows in like.items()
        }


def assert_there(engine: Engine, rows: Rows) -> None:
    found = stored(engine, rows)
    for name, expected in rows.items():
        keys = [column.name for column in metadata.tables[name].primary_key]
        in_order = [sorted(some, key=lambda row: [row[key] for key in keys]) for some in (found[name], expected)]
        assert in_order[0] == in_order[1], name


def go_down(engine: Engine, revision: str) -> None:
    settings = migrate.config()
    with migrating(engine) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, revision)


@pytest.fixture(params=["sqlite", *databases.SERVERS])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind that can be reached."""
    with databases.empty_engine(request.param, tmp_path / "way.db") as made:
        yield made


def test_the_rows_say_something_in_every_table_and_column() -> None:
    assert EVERYTHING.keys() == metadata.tables.keys()
    for name, rows in EVERYTHING.items():
        assert rows[0].keys() == set(metadata.tables[name].c.keys())
    for brought in COLUMNS.values():
        for table, columns in brought.items():
            for column in columns:
                assert any(row[column] for row in EVERYTHING[table]), column


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_an_older_layout_holds_goes_up_down_again_and_up(engine: Engine, revision: str) -> None:
    rows = held(revision)
    migrate.upgrade(engine, revision=revision)
    fill(engine, rows)
    assert_there(engine, rows)
    migrate.upgrade(engine)
    assert_there(engine, rows)
    go_down(engine, revision)
    assert_there(engine, rows)
    migrate.upgrade(engine)
    assert_there(engine, rows)


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_the_newest_layout_holds_goes_down_as_far_as_it_fits_and_up(engine: Engine, revision: str) -> None:
    migrate.upgrade(engine)
    fill(engine, EVERYTHING)
    for later in reversed(REVISIONS[REVISIONS.index(revision) :]):
        go_down(engine, later)
        assert_there(engine, held(later))
    assert set(sa.inspect(engine).get_table_names()) == {*held(revision), "alembic_version"}
    migrate.upgrade(engine)
    assert_there(engine, held(revision))


@pytest.mark.parametrize("most", [0, 101])
def test_each_kind_of_database_refuses_a_number_of_changes_that_no_token_may_have(engine: Engine, most: int) -> None:
    migrate.upgrade(engine, revision=FOURTH)
    fill(engine, held(FOURTH))
    migrate.upgrade(engine)
    token = sa.update(_table("personal_tokens", ("max_changes",)))
    with engine.begin() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(token.values(max_changes=most))
    with engine.begin() as connection:
        connection.execute(token.values(max_changes=100))


def test_todos_that_had_no_place_get_one_by_their_age(engine: Engine) -> None:
    migrate.upgrade(engine, revision=THIRD)
    fill(engine, held(THIRD))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(_table("todos", ("position", "created_at", "recurrence_from")))).all()
    assert [row.position for row in rows] == [first_position(row.created_at) for row in rows]
    assert {row.recurrence_from for row in rows} == {"due"}


def test_a_description_that_fits_goes_back_into_the_column_it_came_from_and_a_long_one_stays_whole(
    engine: Engine,
) -> None:
    def column() -> str:
        columns = sa.inspect(engine).get_columns("todos")
        return str(next(one["type"] for one in columns if one["name"] == "description")).split()[0]

    migrate.upgrade(engine, revision=THIRD)
    before = column()
    migrate.upgrade(engine)
    go_down(engine, THIRD)
    assert column() == before
    migrate.upgrade(engine)
    newest = column()
    fill(engine, EVERYTHING)
    long = "💎" * 20_000
    with engine.begin() as connection:
        connection.execute(sa.update(_table("todos", ("description",))).values(description=long))
    go_down(engine, THIRD)
    assert column() == newest
    with engine.connect() as connection:
        assert set(connection.scalars(sa.select(_table("todos", ("description",))))) == {long}


def test_the_last_step_down_leaves_nothing_but_the_place_of_the_revision(engine: Engine) -> None:
    migrate.upgrade(engine)
    fill(engine, EVERYTHING)
    go_down(engine, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    migrate.upgrade(engine)
    rows = {name: some for name, some in stored(engine, EVERYTHING).items() if some}
    assert rows == {"installation": [{"id": 1, "state": "active"}]}
