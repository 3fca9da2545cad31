"""Sizes: how large a request may be."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api import problems
from backend.errors import PayloadTooLargeError
from backend.models.transfer import FILE_MAX_BYTES, FILE_TOO_LARGE

BODY_MAX_BYTES = 1024 * 1024

# Where whole files come in. They are not held in memory.
_FILES = ("/api/v1/todos/import",)


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
        is_file = scope["path"].rstrip("/") in _FILES
        most = FILE_MAX_BYTES if is_file else BODY_MAX_BYTES
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            refusal = PayloadTooLargeError(FILE_TOO_LARGE if is_file else problems.TOO_LARGE)
            await problems.render(refusal)(scope, receive, send)
            return
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most and is_file:
                raise PayloadTooLargeError(FILE_TOO_LARGE)
            if received > most:
                raise HTTPException(413)  # FastAPI lets this pass out of its reading of the body, and nothing of ours
            return message

        await self.app(scope, count, send)
