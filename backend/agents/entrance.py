"""Puts the door for agents into the app that serves it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import JSONRPCMessage
from pydantic_core import from_json

from backend import replay
from backend.agents import caller, server
from backend.errors import BadRequestError, MethodNotAllowedError

PATH = "/gradio_api/mcp"

_NO_MESSAGE = (
    'Send one message of JSON-RPC 2.0, such as {"jsonrpc": "2.0", "id": 1, "method": "tools/list"};'
    " several in a list are not taken."
)
_HALF_A_CHARACTER = (
    "A text in this message holds half a character (a lone surrogate, such as \\ud800); send whole characters only."
)


def mount(app: Any) -> Any:
    """Answer at `/gradio_api/mcp/`, with or without the slash, while the app runs; answers the same app."""
    entrance, before = _Entrance(), app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with before(running) as state, entrance.open():
            yield state

    app.router.lifespan_context = lifespan
    for path in (PATH, f"{PATH}/"):
        app.router.add_route(path, entrance, include_in_schema=False)
    return app


class _Entrance:
    """Each request for itself: nothing is kept between two of them, so any process can answer the next one."""

    def __init__(self) -> None:
        self._server = server.build()
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve as long as this lasts."""
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=True,
            stateless=True,
            # It guards servers that ask for no credentials against pages of the web. Here each request needs a token
            # in a header, which no page can send for its reader; and an app does not know every name of its host.
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with manager.run():
            self._manager = manager
            yield

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request. There is no stream to listen to, and no session to end."""
        if scope["method"] != "POST" or self._manager is None:
            raise MethodNotAllowedError("Agents speak to this address with POST.", allow=["POST"])
        scope = await caller.looked_up(scope)
        body = await replay.whole(receive)
        _ensure_message(body)
        await self._manager.handle_request(_taking_json(scope), replay.of_body(body, receive), send)


def _taking_json(scope: Any) -> Any:
    """The same request as if it asked for JSON by name, the one form there is to choose from (RFC 9110, 12.4.1).

    The protocol's library would refuse one that asks for anything, or does not say.
    """
    others = [(name, value) for name, value in scope["headers"] if name != b"accept"]
    return {**scope, "headers": [*others, (b"accept", b"application/json")]}


def _ensure_message(body: bytes) -> None:
    try:
        JSONRPCMessage.model_validate(from_json(body))
    except ValueError:  # of which the protocol's library would print all that it tried
        raise BadRequestError(_HALF_A_CHARACTER if _holds_half_a_character(body) else _NO_MESSAGE) from None


def _holds_half_a_character(body: bytes) -> bool:
    """Whether it is JSON but for half a surrogate pair, which JSON can spell and no answer could repeat."""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False
