"""Old databases to adopt: a file for each test, and a database of its own on a PostgreSQL server where there is one."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import OperationalError

from backend.storage.engine import make_engine
from tests.adoption import old_deployment

SERVER = make_url(os.environ.get("TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1/postgres"))


@pytest.fixture
def file_engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty SQLite file to build an old database in."""
    engine = make_engine(make_url(f"sqlite:///{tmp_path / 'old.db'}"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Engine]:
    """The server, connected to outside of any transaction, because databases are made and dropped there."""
    try:
        server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        server.connect().close()
    except (OperationalError, ModuleNotFoundError) as error:
        pytest.skip(f"no PostgreSQL at {SERVER.host}: {str(error).splitlines()[0]}; set TEST_POSTGRESQL_URL")
    yield server
    server.dispose()


@pytest.fixture
def postgresql_engine(postgresql_server: Engine) -> Iterator[Engine]:
    """An empty database on the server, gone again after the test."""
    name = f"adopt_test_{secrets.token_hex(6)}"
    with postgresql_server.connect() as server:
        server.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = make_engine(SERVER.set(database=name))
    yield engine
    engine.dispose()
    with postgresql_server.connect() as server:
        server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def loose(file_engine: Engine) -> Iterator[Connection]:
    """An old SQLite database that takes any row."""
    with file_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.LOOSE)
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """An old database of each generation, with the rules that it really had, and one user."""
    is_sqlite = request.param == "sqlite"
    engine: Engine = request.getfixturevalue("file_engine" if is_sqlite else "postgresql_engine")
    with engine.begin() as connection:
        old_deployment.build(connection, old_deployment.SQLITE if is_sqlite else old_deployment.POSTGRESQL)
        old_deployment.add_user(connection, 1)
        yield connection
