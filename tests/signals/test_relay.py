"""News between processes: through Redis, and through PostgreSQL's LISTEN and NOTIFY."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager

import anyio
import pytest

from backend import news
from backend.services.actor import Actor
from backend.settings import Settings
from backend.signals import channel_for, relay
from backend.signals.channel import Channel, Line
from tests import databases, redis_server
from tests.redis_server import SECRET, OwnRedis

SECONDS = 30


@pytest.fixture(params=["redis", "postgresql"])
def channel(request: pytest.FixtureRequest) -> Iterator[Channel]:
    """Each kind of channel, as the settings choose it."""
    with ExitStack() as stack:
        if request.param == "redis":
            if reason := redis_server.unreachable():
                pytest.skip(reason)
            found = channel_for(Settings(redis_url=redis_server.url()))
        else:
            if reason := databases.unreachable("postgresql"):
                pytest.skip(reason)
            url = stack.enter_context(databases.temporary("postgresql"))
            found = channel_for(Settings(database_url=databases.shown(url)))
        assert found is not None
        yield found


class Gated:
    """A channel that opens when the test lets it."""

    def __init__(self, channel: Channel) -> None:
        self.name = channel.name
        self.gate = asyncio.Event()
        self.gate.set()
        self._channel = channel

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Line]:
        await self.gate.wait()
        async with self._channel.opened() as line:
            yield line


def announce(owner_ids: Iterable[str]) -> None:
    """What a transaction does that has changed these accounts, after its commit."""
    info: dict[str, object] = {}
    for owner_id in owner_ids:
        news.mark(info, owner_id)
    news.announce(info)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_so():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def relayed(channel: Channel) -> AsyncIterator[None]:
    """This process, with a relay that has heard itself."""
    async with relay.running(channel):
        await until(news.is_relayed)
        yield
    assert not news.is_relayed()


async def heard_by(other: Line, wanted: set[str]) -> set[str]:
    """What another process hears, until it has heard of all the wanted."""
    found: set[str] = set()
    async with asyncio.timeout(SECONDS):
        while not wanted <= found:
            for text in await other.receive(1):
                assert len(text.encode()) < 8_000, "PostgreSQL takes no more"
                found.update(json.loads(text)[1:])
    return found


def test_where_nothing_is_shared_nothing_is_carried() -> None:
    assert channel_for(Settings(database_url="sqlite:///some.db")) is None
    assert channel_for(Settings(database_url="mysql://root@localhost/todos")) is None


def test_what_changes_here_is_heard_by_others(channel: Channel, actor: Actor) -> None:
    many = {f"{actor.user_id[:-4]}{number:04}" for number in range(250)}

    async def work() -> None:
        async with channel.opened() as other, relayed(channel):
            announce({"one"})
            await heard_by(other, {"one"})
            await asyncio.gather(*(asyncio.to_thread(announce, {one}) for one in many))
            assert await heard_by(other, many) == many

    anyio.run(work)


def test_what_others_change_wakes_who_waits_for_it_and_nobody_else(channel: Channel) -> None:
    async def work() -> None:
        with news.listening() as waiting, news.listening() as elsewhere:
            waiting.follow(["mine", "shared"])
            elsewhere.follow(["another"])
            for one in (waiting, elsewhere):
                await one.heard(0)  # both are new to what they follow
            async with channel.opened() as other, relayed(channel):
                await other.send("no JSON")
                await other.send('{"nor": ["what", "we", "say"]}')
                await other.send(json.dumps(["another process", "shared", "nobody's", 7]))
                async with asyncio.timeout(SECONDS):
                    await waiting.heard(2 * SECONDS)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await elsewhere.heard(SECONDS)

    anyio.run(work)


def test_whoever_begins_to_follow_looks_at_once() -> None:
    async def work() -> None:
        with news.listening() as listener:
            listener.follow(["mine"])
            async with asyncio.timeout(SECONDS):
                await listener.heard(2 * SECONDS)
            announce({"mine"})
            async with asyncio.timeout(SECONDS):
                await listener.heard(2 * SECONDS)
            listener.follow([])
            announce({"mine"})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await listener.heard(SECONDS)

    anyio.run(work)
    assert not news._waiting, "who has gone is forgotten"


def test_a_channel_that_goes_away_is_opened_again_and_brings_what_was_kept(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_LONGEST_PAUSE_SECONDS", 0.1)
    caplog.set_level(logging.INFO, "backend.signals")
    channel = channel_for(Settings(redis_url=own_redis.url))
    assert channel is not None

    async def work() -> None:
        gated = Gated(channel)
        async with relayed(gated):
            own_redis.kill()
            await until(lambda: not news.is_relayed())
            await asyncio.sleep(1)  # it tries more than once
            gated.gate.clear()
            announce({"meanwhile"})
            own_redis.start()
            async with channel.opened() as other:
                gated.gate.set()
                await until(news.is_relayed)
                announce({"after"})
                await heard_by(other, {"meanwhile", "after"})

    anyio.run(work)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO"]
    assert SECRET not in caplog.text


def test_a_channel_that_is_dead_without_a_word_is_noticed(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_BEAT_SECONDS", 0.1)
    monkeypatch.setattr(relay, "_DEAF_SECONDS", 1)
    monkeypatch.setattr(relay, "_LONGEST_PAUSE_SECONDS", 0.1)
    channel = channel_for(Settings(redis_url=own_redis.url))
    assert channel is not None
    assert own_redis.process is not None
    process = own_redis.process

    async def work() -> None:
        async with relayed(channel):
            process.send_signal(signal.SIGSTOP)
            await until(lambda: not news.is_relayed())
            process.send_signal(signal.SIGCONT)
            await until(news.is_relayed)

    anyio.run(work)
    assert [record.levelname for record in caplog.records] in ([], ["WARNING"]), "a hiccup need not be told"
