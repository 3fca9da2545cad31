"""Starts on a database server: it comes up late or never, refuses us, or many processes start at the same moment."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from backend.settings import as_database_url
from backend.storage import layout, migrate, server
from backend.storage.diagnose import State
from backend.storage.engine import make_engine
from backend.storage.prepare import prepare
from tests import databases
from tests.servers.instances import SECRET, Instance
from tests.support import ROOT, LiveServer, free_port

REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()][::-1]
PROCESSES = 6

# What each of many processes does: it waits for the others, starts, and serves somebody.
IMPORT = """
import logging, pathlib, sys, time
logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stdout)
logging.getLogger("alembic").setLevel("WARNING")
from backend.models.user import UserCreate
from backend.services import accounts
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
(folder / name).touch()
while len(list(folder.iterdir())) < int(sys.argv[3]):
    time.sleep(0.01)
from backend import database
data = UserCreate(email=f"{name}@example.com", username=name, password="SecurePass123!")
with database.write_scope() as session:
    accounts.register(session, data, "no hash", registration_open=True)
with database.read_scope() as session:
    accounts.ensure_open(session, registration_open=True)
print("served", database.report.found)
"""


def import_at_once(url: URL, folder: Path) -> list[str]:
    """What each process said."""
    folder.mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORT, f"process{number}", str(folder), str(PROCESSES)],
            cwd=folder.parent,
            env={"DATABASE_URL": databases.shown(url), "PYTHONPATH": str(ROOT), "SECRET_KEY": "x" * 40},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    return [process.communicate(timeout=180)[0] for process in processes]


@pytest.mark.parametrize("start", ["empty", "old", "current"])
def test_of_many_that_start_at_once_one_migrates_and_all_serve(server_url: URL, tmp_path: Path, start: str) -> None:
    engine = make_engine(server_url)
    if start != "empty":
        migrate.upgrade(engine, revision=REVISIONS[0] if start == "old" else "head")
    told = import_at_once(server_url, tmp_path / "ready")
    assert all("served" in words for words in told), told
    assert sum("Brought it to" in words for words in told) == (0 if start == "current" else 1), told
    assert databases.count(engine, "users") == PROCESSES
    with engine.connect() as connection:
        admins = connection.scalar(sa.text("SELECT count(*) FROM users WHERE is_admin"))
        assert (admins, connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all()) == (
            1,
            REVISIONS[-1:],
        )
    engine.dispose()


@pytest.mark.parametrize("spelling", ["postgres", "postgresql", "postgresql+psycopg2", "mysql", "mariadb"])
def test_the_common_spellings_of_a_url_serve(spelling: str) -> None:
    kind = "postgresql" if spelling.startswith("postgres") else "mariadb"
    if reason := databases.unreachable(kind):
        pytest.skip(reason)
    with databases.temporary(kind) as url:
        plain = databases.shown(url.set(drivername=spelling))
        prepared = prepare(as_database_url(plain, "DATABASE_URL"), layout.released())
        assert prepared.report.is_usable, prepared.report
        assert prepared.report.found is State.NEW
        again = prepare(as_database_url(plain, "DATABASE_URL"), layout.released())
        assert (again.report.found, again.report.actions) == (State.HEALTHY, ())
        prepared.close()
        again.close()


# A server that is not there yet


def eventually_healthy(app: LiveServer, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while httpx.get(f"{app.url}/health", timeout=30).status_code != 200:
        assert time.monotonic() < deadline, app.log
        time.sleep(0.2)


def test_a_start_waits_for_a_server_that_is_coming_up(
    instance: Instance, own_url: URL, make_app: Callable[..., LiveServer]
) -> None:
    app = make_app(own_url)
    instance.kill()

    def start_when_it_waits() -> None:
        deadline = time.monotonic() + 60
        while "does not answer yet" not in (app.log if app.process is not None else ""):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        instance.start()

    starting = threading.Thread(target=start_when_it_waits)
    starting.start()
    app.start()
    starting.join()
    assert httpx.get(f"{app.url}/health").json()["status"] == "healthy"
    name = {"postgresql": "PostgreSQL", "mariadb": "MariaDB"}[instance.kind]
    assert f"WARNING: The {name} server does not answer yet; waiting for it, up to 60 s." in app.log
    assert f"INFO: The {name} server answers." in app.log
    assert SECRET not in app.log
    assert "Traceback" not in app.log


def test_a_start_does_not_wait_for_ever_and_the_app_goes_on_trying(
    instance: Instance, own_url: URL, make_app: Callable[..., LiveServer]
) -> None:
    app = make_app(own_url, DATABASE_WAIT_SECONDS="1")
    instance.kill()
    app.start()
    health = httpx.get(f"{app.url}/health", timeout=30)
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    credentials = {"email": "a@example.com", "username": "someone", "password": "SecurePass123!"}
    refused = httpx.post(f"{app.url}/api/v1/auth/register", json=credentials, timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert "did not answer within 1 s. Start it, or correct DATABASE_URL" in app.log
    instance.start()
    eventually_healthy(app)
    assert httpx.post(f"{app.url}/api/v1/auth/register", json=credentials).status_code == 201
    assert SECRET not in app.log
    assert "Traceback" not in app.log


@pytest.mark.parametrize(
    "wrong",
    [{"password": "another-secret-9c1d"}, {"database": "nothing_here"}, {"username": "nobody_here"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_server_that_refuses_us_is_not_waited_for(instance: Instance, own_url: URL, wrong: dict[str, str]) -> None:
    url = own_url.set(**wrong)  # type: ignore[arg-type]  # the keys are those of a URL
    prepared = prepare(url, layout.released(), wait_seconds=3_600)
    [told] = prepared.report.actions
    assert not prepared.report.is_usable
    assert "refuses the database, user or password of DATABASE_URL. Correct DATABASE_URL." in told
    for secret in (SECRET, *wrong.values(), str(instance.port), "127.0.0.1"):
        assert secret not in told
    prepared.close()


def test_where_nothing_listens_the_refusal_names_no_address(kind: str) -> None:
    url = databases.server_url(kind).set(host="127.0.0.1", port=free_port(), database="todos", password=SECRET)
    prepared = prepare(url, layout.released(), wait_seconds=0)
    [told] = prepared.report.actions
    assert not prepared.report.is_usable
    assert "did not answer within 0 s" in told
    assert SECRET not in told
    assert "127.0.0.1" not in told
    prepared.close()


# What stands there already


class CutShortError(Exception):
    """Stands for the death of the process in the middle of a migration."""


@pytest.mark.parametrize("after", [1, 2, 4, 7, 10, 13, 16])
def test_a_migration_that_was_cut_short_is_finished_by_the_next_start(server_url: URL, after: int) -> None:
    engine = make_engine(server_url)
    changes = 0

    def cut(_: Connection, __: object, statement: str, *___: object) -> None:
        nonlocal changes
        changes += statement.lstrip().startswith(("CREATE", "ALTER", "INSERT", "UPDATE"))
        if changes > after:
            raise CutShortError

    sa.event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(CutShortError):
        migrate.upgrade(engine)
    sa.event.remove(engine, "before_cursor_execute", cut)
    outcome = server.prepare(engine, wait_seconds=0)
    assert outcome.is_usable, outcome
    with engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all() == REVISIONS[-1:]
    assert server.prepare(engine, wait_seconds=0).found is State.HEALTHY
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_is_recognised_without_its_version_row(server_url: URL, revision: str) -> None:
    engine = make_engine(server_url)
    migrate.upgrade(engine, revision=revision)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
    outcome = server.prepare(engine, wait_seconds=0)
    assert outcome.is_usable, outcome
    assert outcome.found is State.VERSION_ROW_WRONG
    assert server.prepare(engine, wait_seconds=0).actions == ()
    engine.dispose()


def test_tables_that_somebody_dropped_are_named_and_nothing_is_made_in_their_place(server_url: URL) -> None:
    engine = make_engine(server_url)
    assert server.prepare(engine, wait_seconds=0).is_usable
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE todo_words"))
        connection.execute(sa.text("DROP TABLE saved_filters"))
    outcome = server.prepare(engine, wait_seconds=0)
    assert not outcome.is_usable
    [told] = outcome.actions
    assert "tables of it are gone: saved_filters, todo_words. Put back a backup" in told
    assert not sa.inspect(engine).has_table("todo_words")
    engine.dispose()


def test_the_tables_of_another_application_are_left_alone(server_url: URL) -> None:
    engine = make_engine(server_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE users (id INTEGER PRIMARY KEY, nickname VARCHAR(20))"))
        connection.execute(sa.text("INSERT INTO users VALUES (1, 'theirs')"))
    outcome = server.prepare(engine, wait_seconds=0)
    assert not outcome.is_usable
    assert outcome.found is State.UNKNOWN_LAYOUT
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT * FROM users")).all() == [(1, "theirs")]
        assert sa.inspect(connection).get_table_names() == ["users"]
    engine.dispose()


@pytest.mark.parametrize("name", ["position", "list_id", "title"])
def test_keys_compare_as_bytes_also_in_columns_that_came_later(server_url: URL, name: str, kind: str) -> None:
    engine = make_engine(server_url)
    with engine.begin() as connection:
        does = Operations(MigrationContext.configure(connection))
        does.create_table("places", sa.Column("id", sa.String(20), primary_key=True))
        does.add_column("places", sa.Column(name, sa.String(20)))
        values = [{"id": value, "other": value} for value in ("b", "B", "a", "ä", "A", "Z")]
        connection.execute(sa.text(f"INSERT INTO places (id, {name}) VALUES (:id, :other)"), values)  # noqa: S608
        for column in ("id", name) if name != "title" or kind == "mariadb" else ("id",):
            found = connection.scalars(sa.text(f"SELECT {column} FROM places ORDER BY {column}")).all()  # noqa: S608
            assert found == ["A", "B", "Z", "a", "b", "ä"]
    engine.dispose()
