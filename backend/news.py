"""News: tells whoever waits that an account's data has changed, once that is committed.

Waiters of this process hear of it at once. A relay, where there is one, carries it to the other processes of the app.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

_TOUCHED = "touched_accounts"


class Relay(Protocol):
    """Carries news between processes."""

    def send(self, owner_ids: Iterable[str]) -> None:
        """Tell the others. From any thread; returns at once."""

    @property
    def is_live(self) -> bool:
        """Whether what is sent arrives."""


class Listener:
    """Somebody who waits, in a loop of its own, for news of some accounts."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._owner_ids: frozenset[str] = frozenset()

    def follow(self, owner_ids: Iterable[str]) -> None:
        """Wait for news of these accounts from now on, and of no others. The next look at new ones is due at once."""
        wanted = frozenset(owner_ids)
        if wanted - self._owner_ids:
            self._event.set()
        for owner_id in self._owner_ids - wanted:
            _waiting[owner_id].discard(self)
            if not _waiting[owner_id]:
                del _waiting[owner_id]
        for owner_id in wanted - self._owner_ids:
            _waiting[owner_id].add(self)
        self._owner_ids = wanted

    async def heard(self, seconds: float) -> None:
        """Return when there was news since the last time, or when the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    def wake(self) -> None:
        """There is news. From any thread."""
        with suppress(RuntimeError):  # its loop has just ended, and nobody waits any more
            self._loop.call_soon_threadsafe(self._event.set)


_waiting: dict[str, set[Listener]] = defaultdict(set)
_relay: Relay | None = None


def mark(info: MutableMapping[Any, Any], owner_id: str) -> None:
    """Note in a session's `info` that its transaction changes data of this account."""
    info.setdefault(_TOUCHED, set()).add(owner_id)


def announce(info: MutableMapping[Any, Any]) -> None:
    """Tell of the accounts that were marked. From any thread, after the commit."""
    owner_ids: set[str] = info.get(_TOUCHED, set())
    if owner_ids:
        wake(owner_ids)
        if _relay is not None:
            _relay.send(owner_ids)


def wake(owner_ids: Iterable[str]) -> None:
    """Wake those in this process who wait for news of these accounts. From any thread."""
    for owner_id in owner_ids:
        for listener in tuple(_waiting.get(owner_id, ())):
            listener.wake()


@contextmanager
def listening() -> Iterator[Listener]:
    """Somebody who waits, until the end of the block."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.follow(())


@contextmanager
def relayed(relay: Relay) -> Iterator[None]:
    """Have news carried to other processes, until the end of the block."""
    global _relay  # noqa: PLW0603 - one for the process
    _relay = relay
    try:
        yield
    finally:
        _relay = None


def is_relayed() -> bool:
    """Whether news of other processes arrives here by itself, so that looking for it can be rare."""
    return _relay is not None and _relay.is_live
