"""Transactions that fail for no fault of their own are done again: deadlocks, serialization, a broken connection."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from backend import database
from backend.errors import ConflictError, StorageUnavailableError
from backend.storage import migrate
from backend.storage.engine import make_engine

_FAILURES = {
    "postgresql": {
        "deadlock": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$",
        "serialization": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$",
        "read only": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '25006'; END $$",
    },
    "mariadb": {
        "deadlock": "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'x'",
        "serialization": "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1020, MESSAGE_TEXT = 'x'",
        "read only": "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'x'",
    },
}


@pytest.fixture
def engine(server_url: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The app's own database is on a server, with two numbers in it."""
    made = make_engine(server_url)
    migrate.upgrade(made)
    with made.begin() as connection:
        connection.execute(sa.text("CREATE TABLE numbers (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)"))
        connection.execute(sa.text("INSERT INTO numbers VALUES (1, 0), (2, 0)"))
    monkeypatch.setattr(database, "engine", made)
    yield made
    made.dispose()


def increase(session: database.Session, number: int) -> None:
    session.connection().execute(sa.text("UPDATE numbers SET value = value + 1 WHERE id = :id"), {"id": number})


def values(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT value FROM numbers ORDER BY id")))


def test_two_that_wait_for_each_other_both_come_through(engine: Engine) -> None:
    both_hold = threading.Barrier(2)
    tries: list[int] = []
    failures: list[BaseException] = []

    def work(first: int, second: int) -> Callable[[database.Session], None]:
        meets = iter((True,))

        def run(session: database.Session) -> None:
            tries.append(first)
            increase(session, first)
            if next(meets, False):
                both_hold.wait(30)
            increase(session, second)

        return run

    def write(*order: int) -> None:
        try:
            anyio.run(database.write, work(*order))
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            failures.append(error)

    threads = [threading.Thread(target=write, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert values(engine) == [2, 2]
    assert len(tries) > 2, "there was a deadlock"


@pytest.mark.parametrize("what", ["deadlock", "serialization"])
@pytest.mark.parametrize("times", [1, 3])
def test_what_the_server_took_back_is_done_again(engine: Engine, kind: str, what: str, times: int) -> None:
    fails = iter(range(times))

    def work(session: database.Session) -> None:
        increase(session, 1)
        if next(fails, None) is not None:
            session.connection().exec_driver_sql(_FAILURES[kind][what])

    anyio.run(database.write, work)
    assert values(engine) == [1, 0]


@pytest.mark.parametrize("what", ["deadlock", "serialization", "read only"])
def test_what_goes_on_failing_is_refused_in_words(engine: Engine, kind: str, what: str) -> None:
    def work(session: database.Session) -> None:
        increase(session, 1)
        session.connection().exec_driver_sql(_FAILURES[kind][what])

    with pytest.raises((StorageUnavailableError, ConflictError)) as refused:
        anyio.run(database.write, work)
    assert "nothing was changed" in refused.value.detail
    assert refused.value.status == 503
    assert values(engine) == [0, 0]


def test_a_connection_that_dies_before_the_commit_is_not_noticed(engine: Engine, kind: str) -> None:
    dies = iter((True,))

    def work(session: database.Session) -> None:
        increase(session, 1)
        if next(dies, False):
            kill_connection(engine, kind, session)
        increase(session, 2)

    anyio.run(database.write, work)
    assert values(engine) == [1, 1]


def test_a_connection_that_dies_during_the_commit_is_never_done_again(
    engine: Engine, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    commit = database.Session.commit

    def dying(session: database.Session) -> None:
        kill_connection(engine, kind, session)
        commit(session)

    monkeypatch.setattr(database.Session, "commit", dying)

    def work(session: database.Session) -> None:
        tries.append(1)
        increase(session, 1)

    with pytest.raises(StorageUnavailableError, match="may be saved or not"):
        anyio.run(database.write, work)
    assert tries == [1]


def kill_connection(engine: Engine, kind: str, session: database.Session) -> None:
    """What the administrator, a time limit or a restart does to it."""
    mine: Any = "SELECT pg_backend_pid()" if kind == "postgresql" else "SELECT connection_id()"
    number = session.connection().exec_driver_sql(mine).scalar_one()
    kill = "SELECT pg_terminate_backend(:id, 5000)" if kind == "postgresql" else "KILL :id"
    with engine.connect() as other:
        other.execute(sa.text(kill), {"id": number})


def test_a_connection_that_comes_back_after_the_end_is_closed(engine: Engine) -> None:
    late = engine.connect()
    driver: Any = late.connection.driver_connection
    late.scalar(sa.text("SELECT 1"))
    engine.dispose()
    late.close()
    assert driver.closed if hasattr(driver, "closed") else not driver.open
    with engine.connect() as fresh:  # and whoever asks again gets another one, which is kept
        again: Any = fresh.connection.driver_connection
    with engine.connect() as fresh:
        assert fresh.connection.driver_connection is again
