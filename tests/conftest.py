"""What all tests share: a database of their own each, a client for REST, a live server with everything on it.

The environment is set before anything of ours is imported, because settings are read once. With TEST_DATABASE, service
and API tests run on a database server (see tests/databases.py); what tests a SQLite file says so and is skipped.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests import databases, redis_server

KIND = os.environ.get("TEST_DATABASE", "sqlite")

_at_the_end = ExitStack()
_TEMPLATE_DIR = Path(tempfile.mkdtemp(prefix="todo-tests-"))
if KIND == "sqlite":
    os.environ["DATABASE_URL"] = f"sqlite:///{_TEMPLATE_DIR / 'template.db'}"
else:
    os.environ["DATABASE_URL"] = databases.shown(_at_the_end.enter_context(databases.temporary(KIND)))
os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789abcdef" * 2
os.environ["ENVIRONMENT"] = "test"
os.environ["LOGIN_RATE_LIMIT"] = "100000/minute"

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from backend import attempts, database
from backend.api.application import create_api
from backend.models.user import UserCreate
from backend.services import accounts
from backend.services.actor import Actor
from backend.settings import get_settings
from backend.storage.engine import make_engine
from tests.redis_server import OwnRedis
from tests.support import PASSWORD, Account, LiveServer


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    database.engine.dispose()
    _at_the_end.close()
    shutil.rmtree(_TEMPLATE_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def fresh_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path | None]:
    """Each test works on a fresh copy of one migrated template, or on emptied tables, and with fresh rate limits."""
    if KIND != "sqlite":
        databases.empty_again(database.engine)
        attempts.forget()
        yield None
        return
    copy = tmp_path / "todo.db"
    database.engine.dispose()  # the template's -wal is folded in when its last connection closes
    shutil.copy(_TEMPLATE_DIR / "template.db", copy)
    engine = make_engine(make_url(f"sqlite:///{copy}"))
    monkeypatch.setattr(database, "engine", engine)
    attempts.forget()
    yield copy
    engine.dispose()


@pytest.fixture
def own_database(fresh_database: Path | None) -> Path:
    """The file of the test's own database."""
    if fresh_database is None:
        pytest.skip(f"looks into a SQLite file, and this run is on {KIND}")
    return fresh_database


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis of the test's own, which it may stop and start."""
    if reason := redis_server.missing():
        pytest.skip(reason)
    made = OwnRedis(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def client() -> Iterator[TestClient]:
    """REST alone, without Gradio, whose import takes seconds."""
    with TestClient(create_api(get_settings()), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def make_account(client: TestClient) -> Callable[..., Account]:
    """Registers accounts and logs them in."""
    count = 0

    def make(**fields: str) -> Account:
        nonlocal count
        count += 1
        data = {"email": f"user{count}@example.com", "username": f"user{count}", "password": PASSWORD, **fields}
        registered = client.post("/api/v1/auth/register", json=data)
        assert registered.status_code == 201, registered.text
        tokens = client.post("/api/v1/auth/login", json={"username": data["username"], "password": data["password"]})
        return Account(client, registered.json()["id"], data["username"], data["email"], tokens.json())

    return make


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account()


@pytest.fixture
def make_actor() -> Callable[..., Actor]:
    """Makes accounts for service tests, without hashing and without a login."""
    count = 0

    def make(timezone: str = "UTC") -> Actor:
        nonlocal count
        count += 1
        data = UserCreate(
            email=f"actor{count}@example.com", username=f"actor{count}", password=PASSWORD, timezone=timezone
        )
        with database.write_scope() as session:
            user = accounts.register(session, data, "no hash", registration_open=True)
        return Actor(user_id=user.id, session_id="none", timezone=timezone, is_admin=user.is_admin)

    return make


@pytest.fixture
def actor(make_actor: Callable[..., Actor]) -> Actor:
    return make_actor()


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One running app for all tests that need REST, UI and Gradio endpoints together."""
    with databases.own(KIND) as environment:
        server = LiveServer(tmp_path_factory.mktemp("live"), environment)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server that the test may start, kill and start again; not started yet."""
    server = LiveServer(tmp_path)
    yield server
    server.stop(signal.SIGKILL)
