"""The shield around everything that is served, the UI included: what strangers can say, and what caches may keep.

Gradio is made for demos that anybody may use: it takes uploads from strangers, believes forwarded headers whoever sends
them, and fails when a call names something that is not there.
"""

import logging
import re
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import access
from backend.api import problems
from backend.errors import BadRequestError, NotFoundError

logger = logging.getLogger(__name__)

_FORWARDED = (b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-for", b"x-forwarded-server", b"forwarded")
# Files that carry their version in their name, or say nothing about anybody.
_CACHEABLE = ("/assets/", "/static/", "/theme.css", "/favicon.ico", "/manifest.json", "/pwa_icon", "/svelte/")
# What a page of ours never asks for. A heartbeat is a stream that would hold up the end of the server.
_CLOSED = re.compile(r"/gradio_api/(?:upload|openapi\.json|heartbeat(?:/.*)?)/*")


class Shield:
    """Drop what only a proxy may say, close what nobody needs, and keep answers out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is left."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if not access.is_behind_proxy():
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in _FORWARDED]}
        if _CLOSED.fullmatch(path):
            await problems.render(NotFoundError(f"There is nothing at {path}."))(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                if not path.startswith(_CACHEABLE):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if path.startswith("/gradio_api/"):
            await _understood(self.app, scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)


async def _understood(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a call of a component, a function or a session that is not there: Gradio answers 500 and raises."""
    held: list[Message] = []  # a 500 waits until it is known what for

    async def holding(message: Message) -> None:
        if held or message.get("status") == HTTPStatus.INTERNAL_SERVER_ERROR:
            held.append(message)
        else:
            await send(message)

    try:
        await app(scope, receive, holding)
    except (LookupError, TypeError, ValueError):
        if not held:
            raise
        held.clear()
        logger.warning("A call to %s could not be understood.", scope["path"])
        error = BadRequestError("This call names a component, a function or a session that is not there.")
        await problems.render(error)(scope, receive, send)
    finally:
        for message in held:
            await send(message)
