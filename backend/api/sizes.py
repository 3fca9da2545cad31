"""Sizes: how large a request may be."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api import problems
from backend.errors import PayloadTooLargeError

BODY_MAX_BYTES = 1024 * 1024


class BodyLimit:
    """Refuse a body that is too large, announced or not, in the one envelope.

    FastAPI's own limit answers an announced length in plain text, whatever handler is registered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on that is small enough."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > BODY_MAX_BYTES:
            await problems.render(PayloadTooLargeError(problems.TOO_LARGE))(scope, receive, send)
            return
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_MAX_BYTES:
                raise HTTPException(413)  # FastAPI lets this pass out of its reading of the body, and nothing of ours
            return message

        await self.app(scope, count, send)
