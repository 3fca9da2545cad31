"""Moving an installation from one kind of database to another while it is in use, or not at all."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlmodel import Session

from backend import move
from backend.models.base import metadata
from backend.models.todo import TodoCreate, TodoUpdate
from backend.models.user import UserCreate
from backend.services import accounts, todos
from backend.services.actor import Actor
from backend.storage import gate, layout, rows
from backend.storage.canonical import Sum
from backend.storage.engine import for_writing, make_engine
from backend.storage.gate import State
from backend.storage.prepare import prepare
from tests import databases
from tests.servers.load import Load
from tests.support import ROOT, LiveServer

NAMES = ("ann", "ben", "cleo")
Place = Callable[[str], URL]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty database of a kind, as many as are asked for."""
    with ExitStack() as stack:

        def make(kind: str) -> URL:
            if kind == "sqlite":
                return make_url(f"sqlite:///{tmp_path / secrets.token_hex(4)}.db")
            if reason := databases.unreachable(kind):
                pytest.skip(reason)
            return stack.enter_context(databases.temporary(kind))

        yield make


@pytest.fixture
def source(place: Place) -> URL:
    """A SQLite database with three accounts and all that a todo can have."""
    url = place("sqlite")
    fill(url, 60)
    return url


def fill(url: URL, count: int) -> None:
    prepared = prepare(url, layout.released())
    with Session(for_writing(prepared.engine), expire_on_commit=False) as session:
        for name in NAMES:
            data = UserCreate(email=f"{name}@example.com", username=name, password="SecurePass123!")
            accounts.register(session, data, "$argon2id$nobody", registration_open=True)
        actors = [actor_of(session, name) for name in NAMES]
        for number in range(count):
            one = actors[number % len(actors)]
            made = todos.create(session, one, TodoCreate.model_validate(todo(number)))
            if number % 7 == 0:
                todos.delete(session, one, made.id)
        session.commit()
    prepared.close()


def todo(number: int) -> dict[str, Any]:
    dues: list[dict[str, Any]] = [
        {},
        {"due_date": "2027-03-01"},
        {"due_date": "2027-03-01T09:00"},
        {"due_date": "2027-03-01T09:00", "due_timezone": "Europe/Berlin"},
    ]
    return {
        "title": f"Ärger 😀 ' % \\ {number}",
        "description": "zwei\nZeilen " * (number % 50),
        "priority": ("low", "medium", "high")[number % 3],
        "tags": [f"Tag {number % 5}", "straße"][: number % 3],
        "completed": number % 4 == 0,
        **dues[number % len(dues)],
    }


def actor_of(session: Any, name: str) -> Actor:
    found = session.execute(sa.text("SELECT id, is_admin FROM users WHERE username = :name"), {"name": name}).one()
    return Actor(user_id=found.id, session_id="none", timezone="UTC", is_admin=bool(found.is_admin))


def content(url: URL) -> dict[str, list[Any]]:
    """Every row of every table, but for the one that says where the installation is."""
    engine = make_engine(url)
    with engine.connect() as connection:
        found: dict[str, list[Any]] = {}
        for table in metadata.sorted_tables:
            if table.name != "installation":
                rows_there = connection.execute(sa.select(table)).mappings()
                found[table.name] = sorted((dict(row) for row in rows_there), key=repr)
    engine.dispose()
    return found


def state_of(url: URL) -> State:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = gate.state_of(connection)
    engine.dispose()
    return found


def writing(url: URL, *work: Callable[[Any], object]) -> None:
    """Somebody at work, over the app's own way into a transaction."""
    engine = make_engine(url)
    try:
        with Session(for_writing(engine)) as session:
            gate.pass_through(session.connection())
            for step in work:
                step(session)
            session.commit()
    finally:
        engine.dispose()


def run(source: URL, target: URL, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "backend", "move", "--to", databases.shown(target), *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": databases.shown(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


# The ways


@pytest.mark.parametrize(
    "ways",
    [("sqlite", "postgresql", "mariadb", "sqlite"), ("sqlite", "mariadb", "postgresql", "sqlite")],
    ids=" ".join,
)
def test_everything_arrives_on_each_way_and_back(
    place: Place, ways: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH_ROWS", 25)
    at = place(ways[0])
    fill(at, 90)
    wanted = content(at)
    sums: dict[str, Sum] | None = None
    for kind in ways[1:]:
        to = place(kind)
        report = move.move(at, to)
        assert content(to) == wanted
        assert (state_of(at), state_of(to)) == (State.MOVED, State.READY)
        assert {name: found.rows for name, found in report.tables.items()} == {
            name: len(found) for name, found in wanted.items()
        }
        assert sums in (None, report.tables), "one sum for the same table on every kind of database"
        sums, at = report.tables, to


def test_the_command_says_what_it_moved(source: URL, place: Place) -> None:
    wanted = content(source)
    target = place("postgresql")
    done = run(source, target)
    assert done.returncode == 0, done.stderr
    for name, found in wanted.items():
        assert f"{name}: {len(found)} rows, " in done.stdout
    assert "the same on both sides" in done.stdout
    assert f"Moved {sum(map(len, wanted.values()))} rows" in done.stdout
    assert content(target) == wanted


# While it is in use


@pytest.mark.parametrize("kind", databases.SERVERS)
def test_what_is_written_during_the_copy_is_carried_over(
    source: URL, place: Place, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH_ROWS", 10)
    target = place(kind)
    wrote: list[str] = []

    def work(session: Any) -> None:
        ann, ben = actor_of(session, "ann"), actor_of(session, "ben")
        ids = session.scalars(
            sa.text("SELECT id FROM todos WHERE owner_id = :owner AND deleted_at IS NULL ORDER BY id"),
            {"owner": ann.user_id},
        ).all()
        todos.update(session, ann, ids[0], TodoUpdate(title=f"changed {len(wrote)}", tags=["new", "straße"]))
        todos.delete(session, ann, ids[1])
        todos.create(session, ben, TodoCreate.model_validate(todo(1_000 + len(wrote))))

    def swap(session: Any) -> None:
        for was, is_now in (("ann", "~"), ("ben", "ann"), ("~", "ben")):
            session.execute(
                sa.text("UPDATE users SET username_key = :is_now WHERE username_key = :was"),
                {"was": was, "is_now": is_now},
            )

    def delete_account(session: Any) -> None:
        accounts.delete(session, actor_of(session, "cleo"))

    def progress(step: move.Step) -> None:
        if (step.stage, step.done) in {("copy", step.total), ("catch up", 1)} and wrote.count(step.stage) < 8:
            last = {2: (work, swap), 5: (work, delete_account)}
            writing(source, *last.get(len(wrote), (work,)))
            wrote.append(step.stage)

    report = move.move(source, target, progress)
    assert set(wrote) == {"copy", "catch up"}
    assert report.carried_over > len(wrote)
    assert content(target) == content(source)
    with pytest.raises(gate.ClosedError, match="Restart the app with the new DATABASE_URL"):
        writing(source, work)


@pytest.mark.parametrize("kind", databases.SERVERS)
def test_an_app_in_use_loses_nothing_when_it_moves(
    place: Place, make_app: Callable[..., LiveServer], kind: str
) -> None:
    source, target = place("sqlite"), place(kind)
    app = make_app(source)
    app.start()
    load = Load(app.url, app.register("someone"), people=2)
    load.start()
    load.until_acknowledged(20)
    done = run(source, target)
    assert done.returncode == 0, done.stderr
    refused = httpx.post(f"{app.url}/api/v1/todos", json={"title": "too late"}, headers=load.headers)
    load.stop()
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert "Restart the app with the new DATABASE_URL" in refused.json()["detail"]
    assert httpx.get(f"{app.url}/api/v1/todos", headers=load.headers).status_code == 200
    app.stop()
    app.environment["DATABASE_URL"] = databases.shown(target)
    app.start()
    load.check()
    load.start()
    load.until_acknowledged(5)
    load.stop()
    load.check()
    assert state_of(target) is State.ACTIVE


@pytest.mark.parametrize("kind", ["sqlite", *databases.SERVERS])
def test_while_writers_are_stopped_none_gets_through(place: Place, kind: str) -> None:
    url = place(kind)
    fill(url, 3)
    engine = make_engine(url)
    code = (
        "import sys\nfrom sqlalchemy import make_url\nfrom backend.storage import gate\n"
        "from backend.storage.engine import for_writing, make_engine\nprint('ready', flush=True)\n"
        "with for_writing(make_engine(make_url(sys.argv[1]))).begin() as connection:\n"
        "    gate.pass_through(connection)\n    print('through', flush=True)\n"
    )
    with gate.closed(engine):
        command = [sys.executable, "-c", code, databases.shown(url)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        try:
            said, _ = writer.communicate(timeout=4)  # on SQLite it gives up after five seconds
        except subprocess.TimeoutExpired:
            said = ""
        assert said == ""
    said, _ = writer.communicate(timeout=60)
    assert said == "through\n"
    engine.dispose()


# Not at all


def test_a_move_that_is_refused_changes_nothing(source: URL, place: Place, tmp_path: Path) -> None:
    wanted = content(source)
    used = place("sqlite")
    fill(used, 3)
    theirs = tmp_path / "theirs.txt"
    theirs.write_text("no database " * 1000)
    refusals = {
        databases.shown(source): "is the one that is in use",
        databases.shown(used): "is not empty",
        f"sqlite:///{theirs}": "is a file that is something else",
        "sqlite:////nowhere/at/all.db": "The folder that --to names is not there. Make it, or name another one.",
        "sqlite:////proc/all.db": "cannot be opened",
        "postgresql://someone:hush-hush@127.0.0.1:1/x": "server of --to did not answer within 10 s. Start it, or",
        "oracle://x": "must start with sqlite, postgresql, mysql or mariadb",
    }
    for url, says in refusals.items():
        done = subprocess.run(
            [sys.executable, "-m", "backend", "move", "--to", url],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": databases.shown(source)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert says in done.stderr, (url, done.stderr)
        assert "hush-hush" not in done.stderr + done.stdout
        assert "Traceback" not in done.stderr
    assert content(source) == wanted
    assert theirs.read_text().startswith("no database no database")
    assert (state_of(source), state_of(used)) == (State.ACTIVE, State.ACTIVE)


@pytest.mark.parametrize("kind", ["sqlite", *databases.SERVERS])
def test_two_spellings_of_one_database_are_noticed(place: Place, kind: str, tmp_path: Path) -> None:
    url = place(kind)
    fill(url, 3)
    wanted = content(url)
    other = url.set(host="localhost")
    if kind == "sqlite":
        (tmp_path / "link").symlink_to(tmp_path)
        other = make_url(f"sqlite:///{tmp_path / 'link' / Path(str(url.database)).name}")
    with pytest.raises(move.MoveError):
        move.move(url, other)
    assert content(url) == wanted
    assert state_of(url) is State.ACTIVE


def test_a_target_that_changes_what_it_is_given_is_found_and_emptied(source: URL, place: Place) -> None:
    wanted, target = content(source), place("sqlite")
    prepared = prepare(target, layout.released())
    with prepared.engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TRIGGER shout AFTER INSERT ON todos BEGIN UPDATE todos SET title = upper(title)"
                " WHERE owner_id = new.owner_id AND id = new.id; END"
            )
        )
        connection.execute(
            sa.text(
                "CREATE TRIGGER louder AFTER UPDATE ON todos WHEN new.title <> upper(new.title) BEGIN UPDATE todos"
                " SET title = upper(title) WHERE owner_id = new.owner_id AND id = new.id; END"
            )
        )
    prepared.close()
    with pytest.raises(move.MoveError, match=r"todos did not arrive as it was .* The old database is in use\."):
        move.move(source, target)
    assert content(source) == wanted
    assert (state_of(source), state_of(target)) == (State.ACTIVE, State.ACTIVE)
    assert not any(content(target).values())


@pytest.mark.parametrize("stage", ["copy", "catch up", "stop writers", "last changes", "verify", "cut over"])
def test_an_error_at_any_stage_leaves_the_source_in_use(source: URL, place: Place, stage: str) -> None:
    wanted, target = content(source), place("sqlite")

    def fail(step: move.Step) -> None:
        if step.stage == stage:
            raise sa.exc.OperationalError("SELECT hush", {}, Exception("hush"))

    with pytest.raises(move.MoveError, match="The old database is in use") as refused:
        move.move(source, target, fail)
    assert "hush" not in str(refused.value)
    assert (state_of(source), content(source)) == (State.ACTIVE, wanted)
    assert not any(content(target).values())
    assert move.move(source, target).rows == sum(map(len, wanted.values()))


KILL = """
import os, signal, sys
from backend import move
from backend.settings import as_database_url
def progress(step):
    if step.stage == sys.argv[3] and (step.total == 0 or step.done >= step.total // 2):
        os.kill(os.getpid(), signal.SIGKILL)
move.move(*(as_database_url(url, "URL") for url in sys.argv[1:3]), progress)
"""


@pytest.mark.parametrize("kind", ["sqlite", *databases.SERVERS])
@pytest.mark.parametrize("stage", ["copy", "catch up", "last changes", "cut over"])
def test_kill_9_in_the_middle_leaves_the_source_in_use(source: URL, place: Place, kind: str, stage: str) -> None:
    target = place(kind)
    command = [sys.executable, "-c", KILL, databases.shown(source), databases.shown(target), stage]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert state_of(source) is State.ACTIVE
    writing(source, lambda session: todos.create(session, actor_of(session, "ann"), TodoCreate(title="after the kill")))
    if stage != "cut over":
        with pytest.raises(gate.ClosedError, match="has not finished"):
            writing(target, lambda _: None)
    wanted = content(source)
    move.move(source, target)
    assert content(target) == wanted
    assert (state_of(source), state_of(target)) == (State.MOVED, State.READY)


def test_a_second_move_of_the_same_installation_is_refused(source: URL, place: Place) -> None:
    first, second = place("sqlite"), None
    refusals: list[str] = []

    def progress(step: move.Step) -> None:
        nonlocal second
        if step.stage == "stop writers":
            second = run(source, first)
            refusals.append(second.stderr)

    move.move(source, first, progress)
    assert refusals == ["ERROR: Another move of this database is running.\n"]


def test_a_database_that_was_written_to_is_never_emptied(source: URL, place: Place) -> None:
    target = place("sqlite")
    move.move(source, target)
    writing(target, lambda session: todos.create(session, actor_of(session, "ann"), TodoCreate(title="the first")))
    other = place("sqlite")
    fill(other, 2)
    with pytest.raises(move.MoveError, match="not empty"):
        move.move(other, target)
    assert json.dumps(content(target), default=str).count("the first") >= 1
