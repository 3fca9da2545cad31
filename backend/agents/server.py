"""The server of the protocol: lists and calls the tools, reads the resources, hands out the prompt."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar

from mcp.server.lowlevel import Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.shared.exceptions import McpError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    ErrorData,
    GetPromptResult,
    Prompt,
    PromptMessage,
    Resource,
    ResourceTemplate,
    TextContent,
)
from mcp.types import Tool as Declaration
from pydantic import AnyUrl
from pydantic_core import to_json

from backend import database
from backend.agents import caller, schemas
from backend.agents.catalog import TOOLS
from backend.errors import NotFoundError, describe
from backend.models.base import Shape
from backend.models.todo_filter import DueWord, SortBy, SortOrder, TodoFilter
from backend.services import overviews, searches
from backend.services.actor import Actor
from backend.settings import VERSION

AgentServer: TypeAlias = "Server[object, Any]"
T = TypeVar("T")

_INSTRUCTIONS = (
    "The todos of one account: the one whose token comes with the request. Days such as today are counted in its"
    " timezone. Whatever was done can be taken back with undo; what is deleted lies in the trash. What changes many at"
    " once answers a plan first, and changes nothing before the person has agreed. A field that is null is left out."
)
_PLAN = (
    "Help me plan my day. Call overview, then list_todos with due `overdue` and due `today`, both with completed false."
    " Say in a sentence where I stand. Then propose an order for today with a time for each todo, the most urgent"
    " first, and name what should move to another day, with its date and weekday. Change nothing before I have agreed;"
    " then use update_todo and complete_todo, and tell me what you changed."
)
_PROMPTS = {"plan_day": _PLAN}
_TITLE = "Plan my day with what is due and overdue"
_TODAY = TodoFilter(due=DueWord.TODAY, completed=False, sort_by=SortBy.DUE_DATE, sort_order=SortOrder.ASC, limit=100)
_JSON = "application/json"


@dataclass(frozen=True)
class _View:
    """Something to read that has an address."""

    name: str
    description: str
    work: Callable[[database.Session, Actor], Shape]


_VIEWS = {
    "todo://today": _View(
        "today",
        "The open todos that are due today, in the account's timezone.",
        lambda session, actor: searches.search(session, actor, _TODAY),
    ),
    "todo://overview": _View("overview", "Where things stand: counts, what is due next, the lists.", overviews.read),
}


def build() -> AgentServer:
    """A server that knows no account: each request brings its own."""
    server: AgentServer = Server("todos", version=VERSION, instructions=_INSTRUCTIONS)
    _offer_tools(server)
    _offer_resources(server)
    _offer_prompts(server)
    return server


def _offer_tools(server: AgentServer) -> None:
    async def list_tools() -> list[Declaration]:
        return await database.in_thread(_declarations)

    async def call_tool(name: str, arguments: dict[str, Any]) -> CallToolResult:
        try:
            actor = caller.of(server.request_context.request)
            answer = await _found(TOOLS, name, "tool").call(actor, arguments)
        except Exception as error:  # noqa: BLE001 - describe decides what the caller may see, and logs the rest
            return CallToolResult(content=[_text(describe(error).line)], isError=True)
        return CallToolResult(content=[_text(to_json(answer).decode())], structuredContent=answer)

    server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
    # The tools check their arguments themselves, in the words of every other door.
    server.call_tool(validate_input=False)(call_tool)


@cache
def _declarations() -> list[Declaration]:
    # Not before somebody asks: their schemas take a twentieth of the CPU that the first page waits for.
    return [tool.declaration for tool in TOOLS.values()]


def _offer_resources(server: AgentServer) -> None:
    async def list_resources() -> list[Resource]:
        return [
            Resource(uri=AnyUrl(uri), name=view.name, description=view.description, mimeType=_JSON)
            for uri, view in _VIEWS.items()
        ]

    async def list_templates() -> list[ResourceTemplate]:
        return []  # there are none; a client that asks is told so, and not that it may not ask

    async def read_resource(uri: AnyUrl) -> Iterable[ReadResourceContents]:
        try:
            actor = caller.of(server.request_context.request)
            view = _found(_VIEWS, str(uri), "resource")
            read = await database.read(lambda session: view.work(session, actor))
        except Exception as error:  # noqa: BLE001 - describe decides what the caller may see, and logs the rest
            raise _refusal(error) from None
        return [ReadResourceContents(to_json(schemas.without_nulls(read.model_dump(mode="json"))).decode(), _JSON)]

    server.list_resources()(list_resources)  # type: ignore[no-untyped-call]
    server.list_resource_templates()(list_templates)  # type: ignore[no-untyped-call]
    server.read_resource()(read_resource)  # type: ignore[no-untyped-call]


def _offer_prompts(server: AgentServer) -> None:
    async def list_prompts() -> list[Prompt]:
        return [Prompt(name=name, title=_TITLE, description=_TITLE) for name in _PROMPTS]

    async def get_prompt(name: str, _arguments: dict[str, str] | None) -> GetPromptResult:
        try:
            text = _found(_PROMPTS, name, "prompt")
        except NotFoundError as error:
            raise _refusal(error) from None
        return GetPromptResult(messages=[PromptMessage(role="user", content=_text(text))])

    server.list_prompts()(list_prompts)  # type: ignore[no-untyped-call]
    server.get_prompt()(get_prompt)  # type: ignore[no-untyped-call]


def _found(known: Mapping[str, T], name: str, kind: str) -> T:
    if name not in known:
        raise NotFoundError(f"There is no {kind} {name[:100]}; there are {', '.join(known)}.")
    return known[name]


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _refusal(error: Exception) -> McpError:
    return McpError(ErrorData(code=INVALID_PARAMS, message=describe(error).line))
