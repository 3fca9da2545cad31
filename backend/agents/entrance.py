"""Puts the door for agents into the app that serves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import JSONRPCMessage
from pydantic_core import from_json

from backend import replay
from backend.agents import server
from backend.errors import BadRequestError, MethodNotAllowedError

PATH = "/gradio_api/mcp"


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
        body = await replay.whole(receive)
        _ensure_message(body)
        await self._manager.handle_request(scope, replay.of_body(body, receive), send)


def _ensure_message(body: bytes) -> None:
    try:
        JSONRPCMessage.model_validate(from_json(body))
    except ValueError:  # of which the protocol's library would print all that it tried
        raise BadRequestError(
            'Send one message of JSON-RPC 2.0, such as {"jsonrpc": "2.0", "id": 1, "method": "tools/list"};'
            " several in a list are not taken."
        ) from None
