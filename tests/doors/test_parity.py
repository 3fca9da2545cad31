"""One table of scenarios through every door: the same verdict, in the same words, with the same result."""

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from gradio_client import Client
from gradio_client.exceptions import AppError as CallError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from backend import access, database
from backend.errors import describe
from backend.models import operation
from backend.models.batch import BatchCreate
from backend.models.history import UndoRequest
from backend.models.quick import QuickCreate
from backend.models.session import Credentials
from backend.models.stats import StatsRequest
from backend.models.todo import TodoCreate, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.token import Scope, TokenCreate
from backend.models.user import UserCreate
from backend.security import hash_password
from backend.services import accounts, batches, overviews, quick, searches, sessions, stats, todos, undo
from backend.services import tokens as personal_tokens
from backend.services.actor import Actor
from backend.settings import get_settings
from backend.ui import endpoints
from tests.doors.agents import ANSWER_TIME
from tests.doors.scenarios import SCENARIOS, Scenario
from tests.support import PASSWORD, LiveServer

NEVER_MADE = "todo_pat_" + "a" * 43

# Agents bring a token, and make neither accounts nor logins.
WITHOUT_AGENTS = {"register", "login"}
# They read fewer at a time, and are told so.
NOT_FOR_AGENTS = {"a limit of too many"}

# A refusal as (code, sentence), or a result.
Outcome = tuple[str | None, Any]


class Door:
    """One way in, with an account of its own."""

    def __init__(self, username: str) -> None:
        self.names = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}

    def call(self, name: str, arguments: dict[str, Any], credential: str) -> Outcome:
        raise NotImplementedError

    def clear(self) -> None:
        raise NotImplementedError

    def run(self, scenario: Scenario) -> Outcome:
        self.clear()
        names = {**self.names, "start": datetime.now(UTC).isoformat()}
        # Each run has ids of its own, so that nothing of an earlier one answers for it.
        unique = secrets.token_hex(4)
        for step, arguments, *by in scenario.before:
            code, result = self.call(step, _filled(arguments, names, unique), *(by or ["own"]))
            assert code is None, result
            if step == "add_todo":
                names.setdefault("id", result["id"])
        code, result = self.call(scenario.call, _filled(scenario.arguments, names, unique), scenario.credential)
        return (code, result) if code else (None, _comparable(result))


def _filled(value: Any, names: dict[str, str], unique: str) -> Any:
    match value:
        case dict():
            return {name: _filled(inner, names, unique) for name, inner in value.items()}
        case str() if re.fullmatch(r"\{\w+\}", value):
            return names[value[1:-1]]
        case str() if re.fullmatch(r"0192f0c1-[0-9a-f-]+", value, re.IGNORECASE):
            return unique + value[8:]
        case _:
            return value


# What differs from call to call, and what only says that it happened.
_VARIES = {
    "id",
    "email",
    "username",
    "created_at",
    "updated_at",
    "url",
    "position",
    "series_id",
    "operation_id",
    "object_id",
    "access_token",
    "refresh_token",
}
_HAPPENED = {"completed_at", "deleted_at"}
_IDS = {"undone", "changed"}


def _comparable(result: Any) -> Any:
    if isinstance(result, list):
        return [_comparable(one) for one in result]
    if not isinstance(result, dict):
        return result
    return {
        name: type(value).__name__
        if name in _VARIES
        else value is not None
        if name in _HAPPENED
        else len(value)
        if name in _IDS
        else _comparable(value)
        for name, value in result.items()
    }


def without_nulls(result: Any) -> Any:
    """The same as agents are told it: what is null, and what has not happened, is not there."""
    if isinstance(result, list):
        return [without_nulls(one) for one in result]
    if not isinstance(result, dict):
        return result
    return {
        name: without_nulls(value)
        for name, value in result.items()
        if value is not None and not (name in _VARIES and value == "NoneType") and not (name in _HAPPENED and not value)
    }


@cache
def hashed() -> str:
    return hash_password(PASSWORD)


class ServiceDoor(Door):
    """The layer under all doors, called as any of them calls it."""

    def __init__(self) -> None:
        super().__init__("service")
        data = UserCreate.model_validate(self.names)
        with database.write_scope() as session:
            # The admin comes first, so that this account is as plain as those of the other doors.
            first = {**self.names, "username": "first", "email": "first@example.com"}
            accounts.register(session, UserCreate.model_validate(first), "no hash", registration_open=True)
            accounts.register(session, data, hashed(), registration_open=True)
        with database.write_scope() as session:
            claimed = sessions.find(session, "service")
            self.tokens = sessions.open_for(session, claimed, None, get_settings())
            actor = sessions.identify(session, self.tokens.access_token, operation.Door.REST)
            reading = TokenCreate(name="reading", scopes=[Scope.READ])
            self.reading = personal_tokens.create(session, actor, reading).token
            everything = TokenCreate(name="claude-laptop", scopes=list(Scope))
            self.agent = personal_tokens.create(session, actor, everything).token

    def call(self, name: str, arguments: dict[str, Any], credential: str) -> Outcome:
        try:
            with database.write_scope() as session:
                if name in {"register", "login"}:
                    return None, getattr(self, name)(session, **arguments).model_dump(mode="json")
                actor = self.actor(session, credential)
                result = getattr(self, name)(session, actor, **arguments)
                if isinstance(result, list):
                    return None, [one.model_dump(mode="json") for one in result]
                return None, result.model_dump(mode="json")
        except Exception as error:  # noqa: BLE001 - a door turns every exception into words
            refusal = describe(error)
            return refusal.code, refusal.detail

    def actor(self, session: database.Session, credential: str) -> Actor:
        match credential:
            case "none":
                access.credential_of({})
            case "logged out":
                pair = sessions.open_for(session, sessions.find(session, "service"), None, get_settings())
                sessions.end(session, sessions.identify(session, pair.access_token, operation.Door.REST))
                return sessions.identify(session, pair.access_token, operation.Door.REST)
        token = {
            "own": self.tokens.access_token,
            "refresh": self.tokens.refresh_token,
            "nonsense": "nonsense",
            "never made": NEVER_MADE,
            "reading": self.reading,
            "agent": self.agent,
        }[credential]
        return sessions.identify(session, token, operation.Door.REST)

    def clear(self) -> None:
        """Nothing was done here before: each scenario has a door of its own."""

    @staticmethod
    def register(session: database.Session, **fields: Any) -> Any:
        return accounts.register(session, UserCreate.model_validate(fields), "no hash", registration_open=True)

    @staticmethod
    def login(session: database.Session, **fields: Any) -> Any:
        credentials = Credentials.model_validate(fields)
        claimed = sessions.find(session, credentials.name)
        return sessions.open_for(session, claimed, sessions.prove(claimed, credentials.password), get_settings())

    @staticmethod
    def whoami(session: database.Session, actor: Actor) -> Any:
        return accounts.get(session, actor)

    @staticmethod
    def add_todo(session: database.Session, actor: Actor, **fields: Any) -> Any:
        return todos.create(session, actor, TodoCreate.model_validate(fields))

    @staticmethod
    def list_todos(session: database.Session, actor: Actor, **query: Any) -> Any:
        return searches.search(session, actor, TodoFilter.model_validate(query)).todos

    @staticmethod
    def get_todo(session: database.Session, actor: Actor, todo_id: str) -> Any:
        return todos.get(session, actor, todo_id)

    @staticmethod
    def update_todo(session: database.Session, actor: Actor, todo_id: str, changes: Any) -> Any:
        return todos.update(session, actor, todo_id, TodoUpdate.model_validate(changes))

    @staticmethod
    def complete_todo(session: database.Session, actor: Actor, todo_id: str) -> Any:
        return todos.complete(session, actor, todo_id)

    @staticmethod
    def reopen_todo(session: database.Session, actor: Actor, todo_id: str) -> Any:
        return todos.reopen(session, actor, todo_id)

    @staticmethod
    def delete_todo(session: database.Session, actor: Actor, todo_id: str) -> Any:
        return todos.delete(session, actor, todo_id)

    @staticmethod
    def restore_todo(session: database.Session, actor: Actor, todo_id: str) -> Any:
        return todos.restore(session, actor, todo_id)

    @staticmethod
    def add_todos(session: database.Session, actor: Actor, **fields: Any) -> Any:
        return batches.create(session, actor, BatchCreate.model_validate(fields))

    @staticmethod
    def quick_add(session: database.Session, actor: Actor, **fields: Any) -> Any:
        return quick.add(session, actor, QuickCreate.model_validate(fields))

    @staticmethod
    def undo(session: database.Session, actor: Actor, **fields: Any) -> Any:
        return undo.undo(session, actor, UndoRequest.model_validate(fields))

    @staticmethod
    def overview(session: database.Session, actor: Actor) -> Any:
        return overviews.read(session, actor)

    @staticmethod
    def stats(session: database.Session, actor: Actor) -> Any:
        return stats.read(session, actor, StatsRequest())


class RestDoor(Door):
    """The live server over HTTP."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__(f"rest{secrets.token_hex(4)}")
        self.http = httpx.Client(base_url=f"{server.url}/api/v1", timeout=60)
        self.headers = credentials_of(server, self.names["username"])

    def call(self, name: str, arguments: dict[str, Any], credential: str) -> Outcome:
        arguments = dict(arguments)
        path = f"/todos/{arguments.pop('todo_id', '')}"
        query = {key: str(value).lower() if isinstance(value, bool) else value for key, value in arguments.items()}
        created = [{"action": "create", "data": fields} for fields in arguments.get("todos", ())]
        batch = {"operations": created, "atomic": False}
        method, path, options = {
            "register": ("POST", "/auth/register", {"json": arguments}),
            "login": ("POST", "/auth/login", {"json": arguments}),
            "whoami": ("GET", "/auth/me", {}),
            "add_todo": ("POST", "/todos", {"json": arguments}),
            "list_todos": ("GET", "/todos", {"params": query}),
            "get_todo": ("GET", path, {}),
            "update_todo": ("PATCH", path, {"json": arguments.get("changes")}),
            "complete_todo": ("POST", f"{path}/complete", {}),
            "reopen_todo": ("POST", f"{path}/reopen", {}),
            "delete_todo": ("DELETE", path, {}),
            "restore_todo": ("POST", f"{path}/restore", {}),
            "add_todos": ("POST", "/todos/batch", {"json": batch}),
            "quick_add": ("POST", "/todos/quick", {"json": arguments}),
            "undo": ("POST", "/undo", {"json": arguments}),
            "overview": ("GET", "/overview", {}),
            "stats": ("GET", "/stats", {}),
        }[name]
        answer = self.http.request(method, path, headers=self.headers[credential], **options)  # type: ignore[arg-type]
        if answer.is_error:
            problem = answer.json()
            return problem["code"], problem["detail"]
        if answer.status_code == 204:  # where the others answer the todo as it lies in the trash
            return None, self.http.get(path, headers=self.headers[credential]).json()
        body = answer.json()
        return None, body["todos"] if name == "list_todos" else body

    def clear(self) -> None:
        empty(self.http, self.headers["own"])


class ClientDoor(Door):
    """The live server through gradio_client, as a notebook calls it."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__(f"client{secrets.token_hex(4)}")
        self.http = httpx.Client(base_url=f"{server.url}/api/v1", timeout=60)
        self.headers = credentials_of(server, self.names["username"])
        self.clients = {name: Client(server.url, headers=sent, verbose=False) for name, sent in self.headers.items()}

    def call(self, name: str, arguments: dict[str, Any], credential: str) -> Outcome:
        try:
            return None, self.clients[credential].predict(**arguments, api_name=f"/{name}")
        except CallError as error:
            said = re.fullmatch(r"(?P<detail>.*) \[(?P<code>\w+)\]", str(error), re.DOTALL)
            return (said["code"], said["detail"]) if said else ("without a code", str(error))

    def clear(self) -> None:
        empty(self.http, self.headers["own"])


def empty(http: httpx.Client, headers: dict[str, str]) -> None:
    """Take away for good what earlier scenarios left in an account: the statistics count what lies in the trash too."""
    for completed in ("true", "false"):
        http.delete("/todos", params={"completed": completed}, headers=headers).raise_for_status()
    http.delete("/todos/trash", headers=headers).raise_for_status()


# Whoever comes to agents' door with one of these is not let in at all.
TURNED_AWAY = {"refresh", "nonsense", "never made", "logged out"}


class AgentDoor(Door):
    """The live server through the official SDK's client, as an agent calls it; one connection for each credential."""

    def __init__(self, server: LiveServer, portal: BlockingPortal, connections: ExitStack) -> None:
        super().__init__(f"agent{secrets.token_hex(4)}")
        self.portal = portal
        self.headers = credentials_of(server, self.names["username"])
        self.http = connections.enter_context(httpx.Client(base_url=f"{server.url}/api/v1", timeout=60))
        self.sessions = {
            name: connections.enter_context(portal.wrap_async_context_manager(_connected(server, sent)))
            for name, sent in self.headers.items()
            if name not in TURNED_AWAY
        }
        self.address = f"{server.url}/gradio_api/mcp/"

    def call(self, name: str, arguments: dict[str, Any], credential: str) -> Outcome:
        if credential in TURNED_AWAY:
            params = {"name": name, "arguments": arguments}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            problem = self.http.post(self.address, json=message, headers=self.headers[credential]).json()
            return problem["code"], problem["detail"]
        result = self.portal.call(self.sessions[credential].call_tool, name, arguments)
        if result.isError:
            [content] = result.content
            assert isinstance(content, TextContent)
            said = re.fullmatch(r"(?P<detail>.*) \[(?P<code>\w+)\]", content.text, re.DOTALL)
            return (said["code"], said["detail"]) if said else ("without a code", content.text)
        body: Any = result.structuredContent
        if "plan" in body:  # agents are shown first what would be taken back
            return self.call(name, {**arguments, "plan_id": body["plan"]["plan_id"]}, credential)
        return None, body["todos"] if name == "list_todos" else body

    def clear(self) -> None:
        empty(self.http, self.headers["own"])


@asynccontextmanager
async def _connected(server: LiveServer, headers: dict[str, str]) -> AsyncIterator[ClientSession]:
    async with (
        httpx.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{server.url}/gradio_api/mcp/", http_client=http) as (incoming, outgoing, _),
        ClientSession(incoming, outgoing, read_timeout_seconds=ANSWER_TIME) as session,
    ):
        await session.initialize()
        yield session


def credentials_of(server: LiveServer, username: str) -> dict[str, dict[str, str]]:
    """The headers of an account: its own, those that are not good, and tokens: for reading only, and for everything."""
    ended = server.register(username)
    httpx.post(f"{server.url}/api/v1/auth/logout", headers=ended).raise_for_status()
    body = {"username": username, "password": PASSWORD}
    tokens = httpx.post(f"{server.url}/api/v1/auth/login", json=body).raise_for_status().json()
    own = {"Authorization": f"Bearer {tokens['access_token']}"}

    def token(name: str, *scopes: str) -> dict[str, str]:
        wanted = {"name": name, "scopes": scopes}
        made = httpx.post(f"{server.url}/api/v1/auth/tokens", json=wanted, headers=own).raise_for_status().json()
        return {"X-API-Key": made["token"]}

    return {
        "own": own,
        "refresh": {"Authorization": f"Bearer {tokens['refresh_token']}"},
        "nonsense": {"Authorization": "Bearer nonsense"},
        "never made": {"Authorization": f"Bearer {NEVER_MADE}"},
        "reading": token("reading", "read"),
        "agent": token("claude-laptop", *Scope),
        "logged out": ended,
        "none": {},
    }


@pytest.fixture(scope="module")
def rest(live_server: LiveServer) -> Iterator[RestDoor]:
    live_server.register(f"first{secrets.token_hex(4)}")  # whoever comes first on a server is its admin
    door = RestDoor(live_server)
    yield door
    door.http.close()


@pytest.fixture(scope="module")
def notebook(live_server: LiveServer, rest: RestDoor) -> Iterator[ClientDoor]:  # noqa: ARG001 - it is not the first
    door = ClientDoor(live_server)
    yield door
    door.http.close()


@pytest.fixture(scope="module")
def agent(live_server: LiveServer, rest: RestDoor) -> Iterator[AgentDoor]:  # noqa: ARG001 - the same
    with start_blocking_portal() as portal, ExitStack() as connections:
        yield AgentDoor(live_server, portal, connections)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_every_door_says_the_same(
    scenario: Scenario, rest: RestDoor, notebook: ClientDoor, agent: AgentDoor, subtests: pytest.Subtests
) -> None:
    expected = ServiceDoor().run(scenario)
    with subtests.test("service"):
        assert expected[0] == scenario.code
        if scenario.code:
            assert scenario.says in expected[1]
    for name, run in (("REST", rest.run), ("gradio_client", notebook.run)):
        with subtests.test(name):
            assert run(scenario) == expected
    if scenario.call not in WITHOUT_AGENTS and scenario.name not in NOT_FOR_AGENTS:
        with subtests.test("MCP"):
            assert agent.run(scenario) == (expected if expected[0] else (None, without_nulls(expected[1])))


def test_the_table_holds_what_it_promises() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 40
    codes = [scenario.code for scenario in SCENARIOS]
    # Refusals come first, and there are more of them than successes.
    first_success = codes.index(None)
    assert not any(codes[first_success:])
    assert first_success > len(codes) / 2
    # Every published function is refused something here, and every one but registering succeeds at something.
    published = {function.__name__ for function in endpoints._PUBLIC}
    assert {scenario.call for scenario in SCENARIOS if scenario.code} == published
    assert {scenario.call for scenario in SCENARIOS if not scenario.code} == published - {"register"}
