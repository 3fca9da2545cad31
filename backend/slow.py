"""Slow work: what must not hold up the event loop is done by a thread, and it is known what threads are doing."""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")

# Also for requests that nobody waits for any more: a thread cannot be given up.
at_work: set[Callable[[], Any]] = set()


async def in_thread(work: Callable[[], T], most: anyio.CapacityLimiter | None = None) -> T:
    """Run slow work that needs no session without holding up the event loop; `most` says for how much at once."""

    def noted() -> T:
        at_work.add(noted)
        try:
            return work()
        finally:
            at_work.discard(noted)

    return await anyio.to_thread.run_sync(noted, limiter=most)
