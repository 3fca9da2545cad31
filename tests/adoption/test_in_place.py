"""PostgreSQL: the old tables make room in one transaction, and stand beside ours afterwards, whole."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from backend.adoption import AdoptionError, adopt_in_place, in_place, recognise
from backend.models.todo import Todo
from backend.storage import layout, migrate
from tests.adoption import old_deployment
from tests.adoption.old_deployment import add_todo, add_user


def to_head(connection: Connection) -> None:
    settings = migrate.config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(sa.text(query))]


@pytest.fixture
def engine(postgresql_engine: Engine) -> Engine:
    """An old PostgreSQL database with two users and three todos."""
    with postgresql_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.POSTGRESQL)
        for old_id in (1, 2):
            add_user(connection, old_id)
        for old_id in (1, 2, 3):
            add_todo(connection, old_id, user_id=2, tags=["Home", "home"], recurrence="weekly", due_date="2026-04-05")
        connection.exec_driver_sql("SELECT setval('users_id_seq', 2), setval('todos_id_seq', 3)")
    return postgresql_engine


def everything(connection: Connection) -> list[tuple[Any, ...]]:
    """Each named thing of the schema, and what it is."""
    return rows(
        connection,
        "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " UNION ALL SELECT conname, 'constraint' FROM pg_constraint"
        " WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'"
        " UNION ALL SELECT tgname, 'trigger' FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT proname, 'function' FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        " ORDER BY 1, 2",
    )


def test_not_without_a_transaction(engine: Engine) -> None:
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        before = everything(connection)
        with pytest.raises(sa.exc.InternalError, match="transaction"):
            adopt_in_place(connection, to_head)
        assert everything(connection) == before


def test_not_on_sqlite(file_engine: Engine) -> None:
    with file_engine.begin() as connection, pytest.raises(AdoptionError, match="Only PostgreSQL"):
        adopt_in_place(connection, to_head)


def test_not_what_is_somebody_elses(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection, pytest.raises(AdoptionError, match="no database of the old"):
        adopt_in_place(connection, to_head)


def test_a_failure_at_any_point_leaves_everything_as_it_was(engine: Engine) -> None:
    def fails(connection: Connection) -> None:
        to_head(connection)
        raise RuntimeError("the power went")

    with engine.connect() as connection:
        before = everything(connection), rows(connection, "SELECT * FROM todos ORDER BY id")
    with engine.connect() as connection, pytest.raises(RuntimeError):
        adopt_in_place(connection, fails)
    with engine.connect() as connection:
        assert (everything(connection), rows(connection, "SELECT * FROM todos ORDER BY id")) == before
        assert recognise(connection) is not None


def test_a_row_too_few_is_a_failure(engine: Engine) -> None:
    def with_a_greedy_trigger(connection: Connection) -> None:
        to_head(connection)
        connection.exec_driver_sql(
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER t BEFORE INSERT ON todo_tags FOR EACH ROW EXECUTE FUNCTION swallow()"
        )

    with engine.connect() as connection, pytest.raises(AdoptionError, match="0 tags are there"):
        adopt_in_place(connection, with_a_greedy_trigger)


def test_old_and_new_stand_side_by_side(engine: Engine) -> None:
    with engine.begin() as connection:
        before = everything(connection)
        old_rows = rows(connection, "SELECT * FROM todos ORDER BY id")
        report = adopt_in_place(connection, to_head)
    assert (report.users, report.todos, report.tags) == (2, 3, 3)
    with engine.connect() as connection:
        assert recognise(connection) is None
        assert rows(connection, "SELECT version_num FROM alembic_version") == [(layout.released().head,)]
        assert rows(connection, "SELECT version_num FROM old_deployment_alembic_version") == [("001",)]
        assert rows(connection, "SELECT * FROM old_deployment_todos ORDER BY id") == old_rows
        assert connection.scalar(sa.select(sa.func.count()).select_from(Todo)) == 3
        # Nothing was dropped: each thing is there under its new name, but for the triggers, which keep theirs.
        kept = {"trigger", "function"}
        wanted = {(name if kind in kept else f"old_deployment_{name}", kind) for name, kind in before}
        assert wanted <= set(everything(connection))
        ours = {name for name, _ in everything(connection)}
        assert not {"idx_users_email", "users_pkey", "users_id_seq", "chk_priority", "todos_user_id_fkey"} & ours


def test_the_old_tables_still_work_by_themselves(engine: Engine) -> None:
    with engine.begin() as connection:
        adopt_in_place(connection, to_head)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO old_deployment_todos (user_id, title) SELECT id, 'x' FROM old_deployment_users"
        )
        connection.exec_driver_sql("UPDATE old_deployment_todos SET title = 'y' WHERE id = 1")
        [(touched,)] = rows(connection, "SELECT updated_at = now() FROM old_deployment_todos WHERE id = 1")
        assert touched


def test_a_second_adoption_takes_other_names(engine: Engine) -> None:
    with engine.begin() as connection:
        adopt_in_place(connection, to_head)
        first = rows(connection, "SELECT id FROM todos ORDER BY id")
        ours = [*SQLModel.metadata.tables, "alembic_version"]
        connection.exec_driver_sql(f"DROP TABLE {', '.join(ours)} CASCADE")
        old_deployment.build(connection, old_deployment.POSTGRESQL, version=None)
        connection.exec_driver_sql("INSERT INTO users SELECT * FROM old_deployment_users")
        connection.exec_driver_sql("INSERT INTO todos SELECT * FROM old_deployment_todos")
        report = adopt_in_place(connection, to_head)
        assert report.todos == 3
        assert rows(connection, "SELECT id FROM todos ORDER BY id") == first
        assert rows(connection, "SELECT count(*) FROM old_deployment_2_todos") == [(3,)]


def test_others_go_on_pointing_at_the_old_rows(engine: Engine) -> None:
    long_name = "i" * 50 + ":%%"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE conversations (id serial PRIMARY KEY, user_id integer REFERENCES users (id))"
        )
        connection.exec_driver_sql("CREATE VIEW open_todos AS SELECT id FROM todos WHERE NOT completed")
        connection.exec_driver_sql(f'CREATE INDEX "{long_name}" ON todos (title)')
        report = adopt_in_place(connection, to_head)
        assert rows(connection, "SELECT count(*) FROM open_todos") == [(3,)]
        assert rows(
            connection, "SELECT confrelid::regclass::text FROM pg_constraint WHERE conname LIKE 'conversations_user%'"
        ) == [("old_deployment_users",)]
        [(index,)] = rows(
            connection, "SELECT indexname FROM pg_indexes WHERE indexname LIKE '%iiii%' ORDER BY indexname"
        )
        assert len(index) == 63
    assert ("conversations", "table_unknown") in {(finding.table, finding.what) for finding in report.findings}


def test_an_old_deployment_that_still_runs_waits_and_then_fails_aloud(engine: Engine) -> None:
    failures: list[str] = []

    def old_app_writes() -> None:
        with engine.connect() as other:
            try:
                other.exec_driver_sql("INSERT INTO todos (user_id, title) VALUES (1, 'too late')")
                other.commit()
            except sa.exc.DBAPIError as error:
                failures.append(str(error.orig))

    def while_it_writes(connection: Connection) -> None:
        writer.start()
        to_head(connection)

    writer = threading.Thread(target=old_app_writes)
    with engine.begin() as connection:
        adopt_in_place(connection, while_it_writes)
    writer.join(30)
    assert 'column "user_id" of relation "todos" does not exist' in failures[0]


def test_a_lock_that_never_ends_is_not_waited_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_place, "LOCK_WAIT_SECONDS", 1)
    with engine.connect() as other:
        other.exec_driver_sql("INSERT INTO todos (user_id, title) VALUES (1, 'still open')")
        with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            adopt_in_place(connection, to_head)
