"""The body of a request, read before whom it is for, who then reads it again: for what stands in front of an app."""

from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[Any]]


async def whole(receive: Receive) -> bytes:
    """All of the body; how large it may be is for whoever hands out `receive`."""
    body, has_more = b"", True
    while has_more:
        message = await receive()
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
    return body


def of_body(body: bytes, receive: Receive) -> Receive:
    """Receives this body, and then what follows, such as that the caller has gone."""
    return of_message({"type": "http.request", "body": body, "more_body": False}, receive)


def of_message(message: Any, receive: Receive) -> Receive:
    """Receives this message once more, and then what follows."""
    first = [message]

    async def again() -> Any:
        return first.pop() if first else await receive()

    return again
