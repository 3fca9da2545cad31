"""Servers to be killed, databases on the servers that are there anyway, and the app in processes of its own."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests import databases
from tests.servers import instances
from tests.servers.instances import Instance
from tests.support import LiveServer


@pytest.fixture(scope="session", params=databases.SERVERS)
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    """A server of the tests' own, for all tests that stop it and start it again."""
    if reason := instances.missing(request.param):
        pytest.skip(reason)
    with instances.instance(request.param) as made:
        yield made


@pytest.fixture
def own_url(instance: Instance) -> Iterator[URL]:
    """A database on that server."""
    if instance.process is None:
        instance.start()
    with databases.temporary(instance.kind, instance.url, is_durable=True) as url:
        yield url
        if instance.process is None:
            instance.start()  # to drop the database


@pytest.fixture(params=databases.SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of server that can be reached."""
    if reason := databases.unreachable(request.param):
        pytest.skip(reason)
    return str(request.param)


@pytest.fixture
def server_url(kind: str) -> Iterator[URL]:
    """An empty database on a server that is there anyway, and must not be stopped."""
    with databases.temporary(kind) as url:
        yield url


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """The app on a database, REST alone, in a process of its own; not started yet, and stopped in the end."""
    made: list[LiveServer] = []

    def make(url: URL | str, **environment: str) -> LiveServer:
        folder = tmp_path / f"app{len(made)}"
        folder.mkdir()
        address = url if isinstance(url, str) else databases.shown(url)
        app = LiveServer(
            folder,
            {"DATABASE_URL": address, **environment},
            ("--factory", "tests.servers.serving:rest"),
            probe="/health/live",
        )
        made.append(app)
        return app

    yield make
    for app in made:
        app.stop(signal.SIGKILL)
