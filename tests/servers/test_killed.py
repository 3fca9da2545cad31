"""The database server is killed and started again while the app is in use: nothing that was acknowledged is lost."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy.engine import URL

from tests.servers.instances import SECRET, Instance
from tests.servers.load import Load
from tests.support import LiveServer

SAMPLE_ROUNDS, ALL_ROUNDS = 2, 20


def rounds(
    count: int, instance: Instance, app: LiveServer, record: Callable[[str, object], None], seed: int = 1
) -> Load:
    """Kill the server in mid load and start it again, so many times; what was acknowledged is looked at each time."""
    chance = random.Random(seed)  # noqa: S311 - the same moments in each run
    app.start()
    load = Load(app.url, app.register("someone"))
    away = []
    for _ in range(count):
        known = set(load.may_be)
        load.start()
        load.until_acknowledged(10)
        time.sleep(chance.uniform(0, 0.5))
        instance.kill()
        killed = time.monotonic()
        time.sleep(chance.uniform(0, 2))
        instance.start()
        started = time.monotonic()
        load.until_acknowledged(10)
        away.append((round(started - killed, 2), round(time.monotonic() - started, 2)))
        load.stop()
        load.check(set(load.may_be) - known)
    load.check()
    record("outcomes", dict(load.outcomes))
    record("seconds that the server was away, and until ten writes were acknowledged after that", away)
    assert app.process is not None
    assert app.process.poll() is None, "the app did not come through it by itself"
    assert httpx.get(f"{app.url}/health").json()["status"] == "healthy"
    return load


def test_what_was_acknowledged_outlives_the_death_of_the_server(
    instance: Instance,
    own_url: URL,
    make_app: Callable[..., LiveServer],
    record_property: Callable[[str, object], None],
) -> None:
    load = rounds(SAMPLE_ROUNDS, instance, make_app(own_url), record_property)
    assert load.outcomes["acknowledged"] >= 20 * SAMPLE_ROUNDS


@pytest.mark.endurance
def test_what_was_acknowledged_outlives_many_deaths_of_the_server(
    instance: Instance,
    own_url: URL,
    make_app: Callable[..., LiveServer],
    record_property: Callable[[str, object], None],
) -> None:
    load = rounds(ALL_ROUNDS, instance, make_app(own_url), record_property, seed=2)
    assert load.outcomes["refused"] + load.outcomes["unknown"] > 0


def test_while_the_server_is_away_every_call_is_refused_in_the_one_shape(
    instance: Instance, own_url: URL, make_app: Callable[..., LiveServer]
) -> None:
    app = make_app(own_url)
    app.start()
    headers = app.register("someone")
    calls = [
        ("GET", "/api/v1/todos", None),
        ("POST", "/api/v1/todos", {"title": "x"}),
        ("GET", "/api/v1/auth/me", None),
        ("POST", "/api/v1/auth/login", {"username": "someone", "password": "wrong-Password1"}),
        (
            "POST",
            "/api/v1/auth/register",
            {"email": "b@example.com", "username": "other", "password": "SecurePass123!"},
        ),
    ]
    instance.kill()
    with httpx.Client(base_url=app.url, headers=headers, timeout=60) as client:
        with ThreadPoolExecutor() as at_once:  # each is tried for some seconds before it is refused
            answers = list(at_once.map(lambda call: client.request(call[0], call[1], json=call[2]), calls))
        for (_, path, _), answer in zip(calls, answers, strict=True):
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (503, "storage_unavailable"), (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) >= 1
        health = client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert client.get("/health/live").status_code == 200
        instance.start()
        assert client.post("/api/v1/todos", json={"title": "x"}).status_code == 201
        assert client.get("/health").json()["status"] == "healthy"
    assert "Traceback" not in app.log
    assert SECRET not in app.log
