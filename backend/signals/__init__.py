"""Signals: news of changes, carried between the processes of one installation.

Through Redis where REDIS_URL is set, else through PostgreSQL's own LISTEN and NOTIFY where that is the database. It is
only a hint to look, sent after the commit: what gets lost is found by whoever looks now and then. On SQLite and MySQL
without Redis, everybody looks each second.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.settings import Settings
from backend.signals import relay
from backend.signals.channel import Channel


@asynccontextmanager
async def carried(settings: Settings) -> AsyncIterator[None]:
    """Exchange news with the other processes, until the end of the block."""
    channel = channel_for(settings)
    if channel is None:
        yield
        return
    async with relay.running(channel):
        yield


def channel_for(settings: Settings) -> Channel | None:
    """What carries signals here; None where nothing does."""
    # Each is imported where it is used, for it takes time and memory.
    if settings.redis_url is not None:
        from backend.signals.over_redis import RedisChannel  # noqa: PLC0415 - the same

        return RedisChannel(settings.redis_url.get_secret_value())
    if settings.url.get_backend_name() == "postgresql":
        from backend.signals.over_postgresql import PostgresqlChannel  # noqa: PLC0415 - the same

        return PostgresqlChannel(settings.url)
    return None
