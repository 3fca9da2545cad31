"""What all tests share: a database of their own each, a client for REST, a live server with everything on it.

The environment is set before anything of ours is imported, because settings are read once.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

_TEMPLATE_DIR = Path(tempfile.mkdtemp(prefix="todo-tests-"))
os.environ["DATABASE_URL"] = f"sqlite:///{_TEMPLATE_DIR / 'template.db'}"
os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789abcdef" * 2
os.environ["ENVIRONMENT"] = "test"
os.environ["LOGIN_RATE_LIMIT"] = "100000/minute"

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from backend import access, database
from backend.api.application import create_api
from backend.models.user import UserCreate
from backend.services import accounts
from backend.services.actor import Actor
from backend.settings import get_settings
from backend.storage.engine import make_engine
from tests.support import PASSWORD, Account, LiveServer


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    database.engine.dispose()
    shutil.rmtree(_TEMPLATE_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test works on a fresh copy of one migrated template, and with fresh rate limits."""
    copy = tmp_path / "todo.db"
    database.engine.dispose()  # the template's -wal is folded in when its last connection closes
    shutil.copy(_TEMPLATE_DIR / "template.db", copy)
    engine = make_engine(make_url(f"sqlite:///{copy}"))
    monkeypatch.setattr(database, "engine", engine)
    access.forget_attempts()
    yield copy
    engine.dispose()


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
    server = LiveServer(tmp_path_factory.mktemp("live"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server that the test may start, kill and start again; not started yet."""
    server = LiveServer(tmp_path)
    yield server
    server.stop(signal.SIGKILL)
