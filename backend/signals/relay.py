"""The relay: keeps a channel open, sends news of this process and wakes whoever waits for news of others.

It believes in a channel only while it hears itself through it, for a connection can be dead without a word, and a
pooler can swallow a LISTEN. While it does not, everybody looks for changes as if there was no relay.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from backend import news
from backend.signals.channel import Channel, Line

logger = logging.getLogger(__name__)

_BEAT_SECONDS = 5
_DEAF_SECONDS = 3 * _BEAT_SECONDS
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30
# So long the changes of a busy time are gathered into one message.
_GATHER_SECONDS = 0.02
# PostgreSQL takes 7,999 bytes, and an id with its quotes has 38.
_PER_MESSAGE = 100
# More than these are not kept for a channel that is away; whoever looks now and then finds them.
_KEPT = 10_000


@asynccontextmanager
async def running(channel: Channel) -> AsyncIterator[None]:
    """Relay news through a channel until the end of the block."""
    relay = _Relay(channel)
    with news.relayed(relay):
        task = asyncio.create_task(relay.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


class _Relay:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._me = str(uuid4())
        self._unsent: set[str] = set()
        self._has_unsent = asyncio.Event()
        self._listening_since = self._heard_at = 0.0
        self._was_said: bool | None = None

    @property
    def is_live(self) -> bool:
        return bool(self._heard_at) and time.monotonic() - self._heard_at < _DEAF_SECONDS

    def send(self, owner_ids: Iterable[str]) -> None:
        with suppress(RuntimeError):  # the loop has just ended: the change is saved all the same
            self._loop.call_soon_threadsafe(self._keep, tuple(owner_ids))

    async def run(self) -> None:
        """Keep the channel open, until cancelled."""
        pause: float = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._channel.opened() as line:
                    await self._work(line)
            except* Exception as broken:  # noqa: BLE001 - nobody waits for it: whatever broke, it begins anew
                self._say(is_live=False, why=type(broken.exceptions[0]).__name__)
            if self._heard_at:
                pause = _FIRST_PAUSE_SECONDS
            self._heard_at = 0.0
            # Not all processes at once.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - chance, and no secret
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _work(self, line: Line) -> None:
        self._listening_since = time.monotonic()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._speak(line))
            both.create_task(self._hear(line))

    async def _speak(self, line: Line) -> None:
        while True:
            owner_ids, self._unsent = sorted(self._unsent), set()
            self._has_unsent.clear()
            try:
                # An empty one is a beat: its own sender waits for it.
                for start in range(0, max(1, len(owner_ids)), _PER_MESSAGE):
                    await line.send(json.dumps([self._me, *owner_ids[start : start + _PER_MESSAGE]]))
            except BaseException:
                self._keep(owner_ids)
                raise
            await asyncio.sleep(_GATHER_SECONDS)
            try:
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._has_unsent.wait()
            except TimeoutError:
                continue

    async def _hear(self, line: Line) -> None:
        while True:
            for text in await line.receive(_BEAT_SECONDS):
                sender, owner_ids = _read(text)
                if sender == self._me:
                    self._heard_at = time.monotonic()
                    self._say(is_live=True)
                else:
                    news.wake(owner_ids)
            if time.monotonic() - max(self._heard_at, self._listening_since) > _DEAF_SECONDS:
                raise _DeafError

    def _keep(self, owner_ids: Iterable[str]) -> None:
        self._unsent.update(owner_ids)
        if len(self._unsent) > _KEPT:
            self._unsent.clear()
        self._has_unsent.set()

    def _say(self, *, is_live: bool, why: str = "") -> None:
        if is_live is self._was_said:
            return
        self._was_said = is_live
        if is_live:
            logger.info("News of changes goes to other processes through %s.", self._channel.name)
        else:
            logger.warning(
                "News of changes does not go through %s (%s). Until it does, processes look for each other's changes.",
                self._channel.name,
                why,
            )


def _read(text: str) -> tuple[str, list[str]]:
    """Who says it, and the accounts; nobody and none where it is not ours."""
    with suppress(ValueError, TypeError):
        sender, *owner_ids = json.loads(text)
        return str(sender), [one for one in owner_ids if isinstance(one, str)]
    return "", []


class _DeafError(Exception):
    """Nothing that was sent came back for too long."""
