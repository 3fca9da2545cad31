"""What a channel is: something that brings a short text to every process that listens, this one too."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Line(Protocol):
    """A channel while it is open."""

    async def send(self, text: str) -> None:
        """Send a text of up to 7,999 bytes to everybody."""

    async def receive(self, seconds: float) -> Iterable[str]:
        """What has come, once something has; nothing when the time is over."""


class Channel(Protocol):
    """How a line is opened."""

    name: str

    def opened(self) -> AbstractAsyncContextManager[Line]:
        """A line of its own."""
