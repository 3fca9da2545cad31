"""The databases that tests run on: a SQLite file, or a database of their own on a server.

`TEST_DATABASE=postgresql` or `mariadb` runs every service and API test on that server. Where a server is found is said
by TEST_POSTGRESQL_URL and TEST_MARIADB_URL; by default it is on this machine, without a password.
"""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from backend.storage.engine import make_engine

SERVERS = ("postgresql", "mariadb")

_DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
_DEFAULTS = {
    "postgresql": "postgresql://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mariadb://root@127.0.0.1:3306/",
}


def server_url(kind: str) -> URL:
    """Where tests find a server."""
    url = make_url(os.environ.get(f"TEST_{kind.upper()}_URL") or _DEFAULTS[kind])
    return url.set(drivername=_DRIVERS[kind])


@cache
def unreachable(kind: str) -> str | None:
    """Why tests cannot use a server; None where they can."""
    engine = create_engine(server_url(kind), connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except OperationalError as error:
        return f"no {kind} server: {str(error.orig).splitlines()[0]} (set TEST_{kind.upper()}_URL)"
    finally:
        engine.dispose()
    return None


@contextmanager
def temporary(kind: str, server: URL | None = None, *, is_durable: bool = False) -> Iterator[URL]:
    """A database of its own on a server, dropped in the end."""
    server = server or server_url(kind)
    name = f"servers_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        if kind == "postgresql" and not is_durable:
            # Nothing of a test has to outlive a power failure.
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    engine.dispose()  # a test may restart the server
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            force = " WITH (FORCE)" if kind == "postgresql" else ""
            connection.execute(text(f"DROP DATABASE {name}{force}"))
        engine.dispose()


@contextmanager
def empty_engine(kind: str, path: Path) -> Iterator[Engine]:
    """An empty database of a kind, a SQLite file at this path or one on a server; skips where no server is reached."""
    if kind == "sqlite":
        made = make_engine(make_url(f"sqlite:///{path}"))
        yield made
        made.dispose()
        return
    if reason := unreachable(kind):
        pytest.skip(reason)
    with temporary(kind) as url:
        made = make_engine(url)
        yield made
        made.dispose()


def shown(url: URL) -> str:
    """A URL as a setting, with its password."""
    return url.render_as_string(hide_password=False)


@contextmanager
def own(kind: str) -> Iterator[dict[str, str]]:
    """The setting that gives a process of its own a database of this kind; nothing to set for SQLite."""
    if kind == "sqlite":
        yield {}
        return
    with temporary(kind) as url:
        yield {"DATABASE_URL": shown(url)}


_written = threading.Event()


def empty_again(engine: Engine) -> None:
    """Take out what the test before has left; costs nothing where it left nothing."""
    if not event.contains(engine, "commit", _remember):
        event.listen(engine, "commit", _remember)
        _written.set()
    if _written.is_set():
        empty(engine)
        _written.clear()


def _remember(_: Connection) -> None:
    _written.set()


def empty(engine: Engine) -> None:
    """Take everything out of a database that tests have used, but for the row about the database itself."""
    from backend.models import Installation  # noqa: PLC0415 - the environment comes before the imports that read it
    from backend.models.base import metadata  # noqa: PLC0415 - the same

    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(insert(Installation), [{"id": 1, "state": "active"}])


def count(engine: Engine, table: str) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        found: int = connection.scalar(select(text("count(*)")).select_from(text(table))) or 0
        return found
