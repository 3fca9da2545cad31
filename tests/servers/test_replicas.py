"""Three processes of the app on one PostgreSQL, with and without Redis: as one, for whoever uses them.

Nobody is bound to a process here: each request goes to another one. `pytest -m endurance` does the same for longer, and
kills processes meanwhile.
"""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import anyio
import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from backend import database, upkeep
from backend.storage import lock, migrate
from backend.storage.engine import make_engine
from tests import databases, redis_server
from tests.servers.load import Load
from tests.support import PASSWORD, LiveServer

PROCESSES = 3
PER_MINUTE = 40


@dataclass
class Replicas:
    """The processes, and the database that they share."""

    servers: list[LiveServer]
    engine: Engine
    channel: str

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    def everywhere(self, method: str, path: str, headers: dict[str, str], **options: Any) -> list[httpx.Response]:
        """The same request to each process, at the same moment."""
        together = threading.Barrier(len(self.servers))

        def send(url: str) -> httpx.Response:
            together.wait(60)
            return httpx.request(method, f"{url}/api/v1{path}", headers=headers, timeout=60, **options)

        with ThreadPoolExecutor(len(self.servers)) as pool:
            return list(pool.map(send, self.urls))

    def ask(self, number: int, method: str, path: str, headers: dict[str, str], **options: Any) -> httpx.Response:
        return httpx.request(method, f"{self.urls[number]}/api/v1{path}", headers=headers, timeout=60, **options)

    def stored(self, owner_id: str) -> dict[str, tuple[str, bool, bool]]:
        """An account's todos as they stand in the database."""
        statement = sa.text("SELECT id, title, completed, deleted_at FROM todos WHERE owner_id = :owner_id")
        with self.engine.connect() as connection:
            rows = connection.execute(statement, {"owner_id": owner_id}).all()
        return {row.id: (row.title, row.completed, row.deleted_at is not None) for row in rows}


@pytest.fixture(scope="module", params=["Redis", pytest.param("PostgreSQL", marks=pytest.mark.endurance)])
def replicas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Three processes that hear of each other through Redis, or through PostgreSQL itself."""
    reason = databases.unreachable("postgresql") or (redis_server.unreachable() if request.param == "Redis" else None)
    if reason:
        pytest.skip(reason)
    with databases.temporary("postgresql") as url:
        environment = {"DATABASE_URL": databases.shown(url), "LOGIN_RATE_LIMIT": f"{PER_MINUTE}/minute"}
        if request.param == "Redis":
            environment["REDIS_URL"] = redis_server.url()
        servers = [
            LiveServer(
                tmp_path_factory.mktemp(f"replica{number}"),
                environment,
                ("--factory", "tests.servers.serving:rest"),
                probe="/health/ready",
                patience_seconds=300,  # three at once, perhaps beside other tests
            )
            for number in range(PROCESSES)
        ]
        engine = make_engine(url)
        try:
            # At once, on an empty database: one of them makes the tables.
            with ThreadPoolExecutor(PROCESSES) as pool:
                list(pool.map(LiveServer.start, servers))
            until_heard(servers, request.param)
            yield Replicas(servers, engine, request.param)
        finally:
            for server in servers:
                server.stop(signal.SIGKILL)
            engine.dispose()


def until_heard(servers: list[LiveServer], channel: str) -> None:
    deadline = time.monotonic() + 60
    while not all(f"through {channel}." in server.log for server in servers):
        assert time.monotonic() < deadline, servers[0].log
        time.sleep(0.05)


_accounts = count()


@pytest.fixture
def account(replicas: Replicas) -> dict[str, str]:
    """A new account's headers. Its login was opened by one process, and holds at each."""
    return register(replicas)


def register(replicas: Replicas) -> dict[str, str]:
    number = next(_accounts)
    return replicas.servers[number % PROCESSES].register(f"person{number}")


def test_nothing_is_lost_and_nothing_doubled(replicas: Replicas) -> None:
    def during(loads: list[Load]) -> None:
        for load in loads:
            load.until_acknowledged(50)

    work(replicas, during)


@pytest.mark.endurance
@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_doubled_for_minutes(replicas: Replicas) -> None:
    work(replicas, lambda _: time.sleep(120), accounts=6)


def work(replicas: Replicas, during: Callable[[list[Load]], object], accounts: int = 3) -> None:
    """Several people on each of several accounts, from process to process; then the database is what they were told."""
    owners = [register(replicas) for _ in range(accounts)]
    loads = [Load(replicas.urls[0], headers, 2, replicas.urls[1:]) for headers in owners]
    for load in loads:
        load.start()
    try:
        during(loads)
    finally:
        for load in loads:
            load.stop()
    for load, headers in zip(loads, owners, strict=True):
        load.check()
        assert set(load.outcomes) == {"acknowledged"}, load.outcomes
        owner_id = replicas.ask(0, "GET", "/auth/me", headers).json()["id"]
        stored = replicas.stored(owner_id)
        assert load.may_be == {todo_id: {state} for todo_id, state in stored.items()}
        total = sum(not is_deleted for _, _, is_deleted in stored.values())
        answers = replicas.everywhere("GET", "/todos", headers, params={"limit": 1})
        assert [answer.json()["total"] for answer in answers] == [total] * PROCESSES
        with replicas.engine.connect() as connection:
            numbers = connection.execute(
                sa.text("SELECT count(*), max(seq) FROM operations WHERE owner_id = :id"), {"id": owner_id}
            ).one()
        assert numbers[0] == numbers[1], "each change has one number, and no number was given twice or left out"


def test_a_retry_at_another_process_gets_the_first_answer(replicas: Replicas, account: dict[str, str]) -> None:
    for number in range(10):
        keyed = {**account, "Idempotency-Key": f"key {number}"}
        answers = replicas.everywhere("POST", "/todos", keyed, json={"title": f"Milk {number}"})
        assert [answer.status_code for answer in answers] == [201] * PROCESSES, [answer.text for answer in answers]
        assert len({answer.text for answer in answers}) == 1
    assert replicas.ask(0, "GET", "/todos", account).json()["total"] == 10


def test_a_batch_a_tick_and_an_import_at_all_of_them_at_once_happen_once(
    replicas: Replicas, account: dict[str, str]
) -> None:
    keyed = {**account, "Idempotency-Key": "batch"}
    operations = [{"action": "create", "data": {"title": f"One of {number}"}} for number in range(20)]
    answers = replicas.everywhere("POST", "/todos/batch", keyed, json={"operations": operations})
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert len({answer.text for answer in answers}) == 1
    assert replicas.ask(0, "GET", "/todos", account).json()["total"] == 20

    weekly = {"title": "Weekly", "due_date": "2027-03-01", "recurrence": "weekly"}
    todo = replicas.ask(0, "POST", "/todos", account, json=weekly).json()
    answers = replicas.everywhere("POST", f"/todos/{todo['id']}/complete", account)
    assert {answer.status_code for answer in answers} == {200}
    found = replicas.ask(1, "GET", "/todos", account, params={"search": "Weekly"}).json()["todos"]
    assert sorted(one["completed"] for one in found) == [False, True]

    lines = "\n".join(f"Imported {number} +list{number % 3} id-less" for number in range(300))
    answers = replicas.everywhere("POST", "/todos/import?format=todotxt", account, content=lines.encode())
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert sum(answer.json()["created"] for answer in answers) == 300
    assert replicas.ask(2, "GET", "/todos", account, params={"search": "Imported"}).json()["total"] == 300


def test_what_one_process_revokes_the_others_refuse_at_once(replicas: Replicas, account: dict[str, str]) -> None:
    def statuses(headers: dict[str, str]) -> list[int]:
        return [replicas.ask(number, "GET", "/auth/me", headers).status_code for number in range(PROCESSES)]

    name = {"username": replicas.ask(0, "GET", "/auth/me", account).json()["username"], "password": PASSWORD}
    made = replicas.ask(0, "POST", "/auth/tokens", account, json={"name": "agent", "scopes": ["read"]}).json()
    token = {"X-API-Key": made["token"]}
    reads = {number: replicas.ask(number, "GET", "/todos", token).status_code for number in range(PROCESSES)}
    assert set(reads.values()) == {200}
    assert replicas.ask(1, "DELETE", f"/auth/tokens/{made['id']}", account).status_code == 204
    assert [replicas.ask(number, "GET", "/todos", token).status_code for number in range(PROCESSES)] == [401] * 3

    second = replicas.ask(1, "POST", "/auth/login", {}, json=name).json()
    other = {"Authorization": f"Bearer {second['access_token']}"}
    assert statuses(other) == [200] * PROCESSES
    change = {"current_password": PASSWORD, "new_password": f"{PASSWORD}!"}
    assert replicas.ask(2, "POST", "/auth/me/password", account, json=change).status_code == 204
    assert statuses(other) == [401] * PROCESSES
    assert statuses(account) == [200] * PROCESSES
    assert replicas.ask(0, "POST", "/auth/logout", account).status_code == 204
    assert statuses(account) == [401] * PROCESSES


def test_who_follows_at_one_process_hears_of_another_at_once(replicas: Replicas, account: dict[str, str]) -> None:
    with (
        httpx.Client(timeout=60) as client,
        client.stream("GET", f"{replicas.urls[0]}/api/v1/events", headers=account) as stream,
    ):
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: cursor"
        began = time.monotonic()
        for number in range(6):
            replicas.ask(1 + number % 2, "POST", "/todos", account, json={"title": f"News {number}"})
            told = next(line for line in lines if line.startswith("data: ") and "News" in line)
            assert json.loads(told.removeprefix("data: "))["todo"]["title"] == f"News {number}"
        # Whoever only looks does so every five seconds, counted from the last news: that would take thirty.
        assert time.monotonic() - began < 15
        assert replicas.ask(2, "POST", "/auth/logout", account).status_code == 204
        assert next(line for line in lines if line == "event: end")


def test_attempts_count_for_all_processes_together_where_there_is_redis(
    replicas: Replicas, account: dict[str, str]
) -> None:
    name = {"username": replicas.ask(0, "GET", "/auth/me", account).json()["username"], "password": PASSWORD}
    pair = replicas.ask(0, "POST", "/auth/login", {}, json=name).json()
    for number in range(PER_MINUTE):
        answer = replicas.ask(
            number % PROCESSES, "POST", "/auth/refresh", {}, json={"refresh_token": pair["refresh_token"]}
        )
        assert answer.status_code == 200, answer.text
        pair = answer.json()
    answer = replicas.ask(1, "POST", "/auth/refresh", {}, json={"refresh_token": pair["refresh_token"]})
    assert answer.status_code == (429 if replicas.channel == "Redis" else 200)


def test_only_one_process_tidies_up_at_a_time(server_url: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(server_url)
    monkeypatch.setattr(database, "engine", engine)
    done: list[str] = []

    async def tidy() -> None:
        done.append("tidied")

    monkeypatch.setattr(upkeep, "_tidy", tidy)
    try:
        migrate.upgrade(engine)
        with lock.server_lock(engine, "upkeep"):
            anyio.run(upkeep.tidy)
        assert done == []
        anyio.run(upkeep.tidy)
        anyio.run(upkeep.tidy)
        assert done == ["tidied"] * 2
    finally:
        engine.dispose()


@pytest.mark.endurance
@pytest.mark.timeout(600)
def test_processes_that_are_killed_take_nothing_with_them(replicas: Replicas) -> None:
    """Who was told that something is saved finds it, while one process after the other is killed and comes back."""
    headers = register(replicas)
    owner_id = replicas.ask(0, "GET", "/auth/me", headers).json()["id"]
    acknowledged: dict[str, str] = {}
    stopping = threading.Event()

    def person(number: int) -> None:
        turn = number
        while not stopping.is_set():
            turn += 1
            title = f"Todo {number} {turn}"
            try:
                answer = replicas.ask(turn % PROCESSES, "POST", "/todos", headers, json={"title": title})
            except httpx.TransportError:  # it was killed, and nobody was told anything
                continue
            assert answer.status_code == 201, answer.text
            acknowledged[answer.json()["id"]] = title

    with ThreadPoolExecutor(4) as pool:
        people = [pool.submit(person, number) for number in range(4)]
        for server in replicas.servers:
            time.sleep(3)
            server.stop(signal.SIGKILL)
            time.sleep(1)
            server.start()
        stopping.set()
        for one in people:
            one.result()
    stored = {todo_id: state[0] for todo_id, state in replicas.stored(owner_id).items()}
    assert acknowledged.items() <= stored.items()
    assert len(set(stored.values())) == len(stored), "nothing was saved twice"
    assert len(acknowledged) > 20
