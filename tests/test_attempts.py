"""Counting attempts for all processes together, and alone while Redis is away."""

import logging
import secrets
import socket
import threading

import anyio
import pytest
from limits import parse

from backend import attempts
from backend.attempts import Counter
from backend.errors import ConfigurationError
from backend.settings import get_settings
from tests import redis_server
from tests.redis_server import SECRET, OwnRedis
from tests.support import free_port

LIMIT = parse("3/minute")


@pytest.fixture
def key() -> tuple[str, ...]:
    return "login", "account", secrets.token_hex(8)


@pytest.fixture
def shared_url() -> str:
    if reason := redis_server.unreachable():
        pytest.skip(reason)
    return redis_server.url()


def hit(counter: Counter, key: tuple[str, ...]) -> float | None:
    return anyio.run(counter.hit, LIMIT, key)


def lets(counter: Counter, key: tuple[str, ...], times: int) -> list[bool]:
    return [hit(counter, key) is None for _ in range(times)]


@pytest.mark.parametrize("wrong", ["localhost:6379", "http://localhost:6379", "redis://", "redis://host:port"])
def test_an_address_that_is_none_of_a_redis_is_refused_in_words(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", wrong)
    get_settings.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match="REDIS_URL is no address of a Redis") as refused:
            get_settings()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert wrong not in str(refused.value).replace("redis://localhost:6379/0", "")


def test_without_redis_each_process_counts_alone(key: tuple[str, ...]) -> None:
    one, other = Counter(), Counter()
    assert lets(one, key, 4) == [True, True, True, False]
    assert lets(other, key, 3) == [True, True, True]


def test_with_redis_all_processes_count_together(shared_url: str, key: tuple[str, ...]) -> None:
    one, other = Counter(shared_url), Counter(shared_url)
    assert [*lets(one, key, 2), *lets(other, key, 2), *lets(one, key, 1)] == [True, True, True, False, False]
    wait = hit(other, key)
    assert wait is not None
    assert 0 < wait <= 60


def test_a_redis_that_goes_away_locks_nobody_out_and_is_used_again_when_it_is_back(
    own_redis: OwnRedis, key: tuple[str, ...], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_AWAY_SECONDS", 0)
    caplog.set_level(logging.INFO, "backend.attempts")
    one, other = Counter(own_redis.url), Counter(own_redis.url)
    assert lets(one, key, 3) == [True, True, True]
    own_redis.kill()
    assert lets(one, key, 4) == [True, True, True, False], "it counts alone, and counts"
    own_redis.start()
    assert [*lets(one, key, 2), *lets(other, key, 2)] == [True, True, True, False], "they count together again"
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert SECRET not in caplog.text
    assert str(own_redis.port) not in caplog.text


def test_a_redis_that_hangs_is_not_asked_each_time(
    key: tuple[str, ...], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_REDIS_TIMEOUT_SECONDS", 0.05)
    asked: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                asked.append(listener.accept()[0])
            except OSError:  # closed below
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=take)
        thread.start()
        counter = Counter(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        assert hit(counter, key) is None
        at_first = len(asked)
        assert lets(counter, key, 3) == [True, True, False]
        assert 1 <= at_first == len(asked)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in asked:
        one.close()
    assert len(caplog.records) == 1


def test_a_redis_that_was_never_there_is_said_once(key: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter(f"redis://:{SECRET}@127.0.0.1:{free_port()}/0")
    assert lets(counter, key, 4) == [True, True, True, False]
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert SECRET not in caplog.text
