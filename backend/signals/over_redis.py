"""Signals through Redis: publish and subscribe."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_TIMEOUT_SECONDS = 5


class _Line:
    def __init__(self, client: Redis, subscribed: PubSub, topic: str) -> None:
        self._client = client
        self._subscribed = subscribed
        self._topic = topic

    async def send(self, text: str) -> None:
        await self._client.publish(self._topic, text)

    async def receive(self, seconds: float) -> Iterable[str]:
        message = await self._subscribed.get_message(ignore_subscribe_messages=True, timeout=seconds)
        return [message["data"].decode()] if message else []


class RedisChannel:
    """A topic of a Redis."""

    name = "Redis"

    def __init__(self, url: str) -> None:
        self._url = url
        # Topics know no databases: who shares a Redis has one of these for each database number.
        self._topic = f"todos:changed:{urlsplit(url).path.strip('/') or '0'}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[_Line]:
        """A connection that listens, and one that sends."""
        # A connection that breaks is an end: the relay begins anew, and notices what was missed.
        client = Redis.from_url(
            self._url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        async with client, client.pubsub() as subscribed:
            await subscribed.subscribe(self._topic)
            yield _Line(client, subscribed, self._topic)
