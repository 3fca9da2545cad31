"""An agent as tests have it: the official SDK's client, with the headers of an account."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import anyio
import httpx
import jsonschema
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from tests.support import LiveServer

T = TypeVar("T")

# The SDK's client waits for ever where an answer is lost on its way.
ANSWER_TIME = timedelta(minutes=4)


class Agent:
    """An agent with the headers of an account."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url = f"{url}/gradio_api/mcp/"
        self.headers = headers

    def run(self, work: Callable[[ClientSession], Awaitable[T]]) -> T:
        """Connect, do something, and hang up."""

        async def connected() -> T:
            async with (
                httpx.AsyncClient(headers=self.headers, timeout=60) as http,
                streamable_http_client(self.url, http_client=http) as (incoming, outgoing, _),
                ClientSession(incoming, outgoing, read_timeout_seconds=ANSWER_TIME) as session,
            ):
                await session.initialize()
                return await work(session)

        return anyio.run(connected)

    def answer(self, name: str, **arguments: Any) -> CallToolResult:
        return self.run(lambda session: session.call_tool(name, arguments))

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """A call that is to succeed: its content, which text and structure agree on, and which its schema allows."""

        async def work(session: ClientSession) -> dict[str, Any]:
            schemas = {tool.name: tool.outputSchema for tool in (await session.list_tools()).tools}
            result = await session.call_tool(name, arguments)
            assert not result.isError, result.content
            content = result.structuredContent
            assert content is not None
            jsonschema.validate(content, schemas[name], format_checker=jsonschema.FormatChecker())
            assert json.loads(said(result)) == content
            return content

        return self.run(work)

    def refused(self, name: str, **arguments: Any) -> str:
        result = self.answer(name, **arguments)
        assert result.isError, result.structuredContent
        assert result.structuredContent is None
        return said(result)


def said(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


def token_of(
    server: LiveServer, account: dict[str, str], *scopes: str, name: str = "agent", max_changes: int = 100
) -> str:
    body = {"name": name, "scopes": scopes, "max_changes": max_changes}
    made = httpx.post(f"{server.url}/api/v1/auth/tokens", json=body, headers=account).raise_for_status()
    secret: str = made.json()["token"]
    return secret
