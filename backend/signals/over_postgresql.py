"""Signals through PostgreSQL: LISTEN and NOTIFY.

NOTIFY is not part of the transactions that it tells of: each commit with a NOTIFY in it waits for every other such
commit of the whole server. A connection of its own sends, after the commits, and many accounts in one message.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy.engine import URL

_TOPIC = "todos_changed"
_TIMEOUT_SECONDS = 5


class _Line:
    def __init__(self, listening: AsyncConnection[Any], sending: AsyncConnection[Any]) -> None:
        self._listening = listening
        self._sending = sending

    async def send(self, text: str) -> None:
        await self._sending.execute("SELECT pg_notify(%s, %s)", (_TOPIC, text))

    async def receive(self, seconds: float) -> Iterable[str]:
        return [notice.payload async for notice in self._listening.notifies(timeout=seconds, stop_after=1)]


class PostgresqlChannel:
    """A topic of a PostgreSQL database."""

    name = "PostgreSQL"

    def __init__(self, url: URL) -> None:
        dialect: Any = url.get_dialect()
        positional, named = dialect().create_connect_args(url)
        self._where = positional, {"connect_timeout": _TIMEOUT_SECONDS, **named}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[_Line]:
        """A connection that listens, and one that sends: each is busy while it does."""
        async with await self._connected() as listening, await self._connected() as sending:
            await listening.execute(f"LISTEN {_TOPIC}")
            yield _Line(listening, sending)

    async def _connected(self) -> AsyncConnection[Any]:
        positional, named = self._where
        # Without prepared statements, as everywhere: a pooler may stand between.
        return await AsyncConnection.connect(*positional, **named, autocommit=True, prepare_threshold=None)
