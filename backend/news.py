"""News: tells whoever waits in this process that an account's data has changed, once that is committed."""

import asyncio
from collections import defaultdict
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

_TOUCHED = "touched_accounts"

# Who waits, each with the loop that it waits in.
_waiting: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(set)


def mark(info: MutableMapping[Any, Any], owner_id: str) -> None:
    """Note in a session's `info` that its transaction changes data of this account."""
    info.setdefault(_TOUCHED, set()).add(owner_id)


def announce(info: MutableMapping[Any, Any]) -> None:
    """Wake those who wait for news of the accounts that were marked. From any thread, after the commit."""
    for owner_id in info.get(_TOUCHED, ()):
        for loop, event in tuple(_waiting.get(owner_id, ())):
            with suppress(RuntimeError):  # its loop has just ended, and nobody waits any more
                loop.call_soon_threadsafe(event.set)


async def wait(owner_id: str, seconds: float) -> None:
    """Return when the account's data has changed, or when the time is over."""
    event = asyncio.Event()
    waiter = asyncio.get_running_loop(), event
    _waiting[owner_id].add(waiter)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
    finally:
        _waiting[owner_id].discard(waiter)
        if not _waiting[owner_id]:
            del _waiting[owner_id]
