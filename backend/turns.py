"""Turns: what was asked of the database is known to everybody who is served in the same turn of the event loop.

Whoever is served in a turn had sent the request before it began. So nobody is told less than was there when they asked,
and nobody is let in whose login had ended before: it is as if all of them had come when the first of them was served.
"""

import asyncio
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ThisTurn(Generic[K, V]):
    """Answers that are forgotten when the turn is over."""

    def __init__(self) -> None:
        self._known: dict[asyncio.AbstractEventLoop, dict[K, V]] = {}

    def known(self) -> dict[K, V]:
        """What is known in this turn, to look into and to add to."""
        loop = asyncio.get_running_loop()
        known = self._known.get(loop)
        if known is None:
            known = self._known[loop] = {}
            loop.call_soon(self._known.pop, loop, None)
        return known
