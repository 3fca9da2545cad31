"""The door for agents, by the official SDK's client: what it offers, what it answers, and what it refuses."""

import json
import select
import socket
from http.client import HTTPResponse
from typing import Any

import anyio
import httpx
import jsonschema
import pytest
from mcp import ClientSession
from mcp.shared.exceptions import McpError
from mcp.types import TextContent, TextResourceContents
from pydantic import AnyUrl
from starlette.requests import Request

from backend import access
from backend.agents import caller
from backend.errors import StorageUnavailableError
from backend.models.operation import Door
from backend.services.actor import Actor
from tests.doors.agents import Agent, said, token_of
from tests.support import LiveServer

# Nothing else is offered: whoever adds a tool adds it here, with what agents may believe of it.
READS = {"whoami", "overview", "list_todos", "get_todo", "stats", "list_tasks"}
DESTROYS = {"update_todo", "delete_todo", "change_todos", "undo", "update_task", "delete_task"}
TWICE_IS_TWICE = {"add_todo", "add_todos", "quick_add", "add_task", "undo"}
OFFERED = {
    *(READS | DESTROYS | TWICE_IS_TWICE),
    *("complete_todo", "reopen_todo", "restore_todo", "complete_task"),
}
ABOUT_ONE = {
    **dict.fromkeys(
        ("get_todo", "update_todo", "complete_todo", "reopen_todo", "delete_todo", "restore_todo"), "todo_id"
    ),
    **dict.fromkeys(("complete_task", "delete_task", "update_task"), "task_id"),
}

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def post(server: LiveServer, message: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{server.url}/gradio_api/mcp/", json=message, headers=headers)


@pytest.fixture(scope="module")
def account(live_server: LiveServer) -> dict[str, str]:
    return live_server.register("agent", timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def agent(live_server: LiveServer, account: dict[str, str]) -> Agent:
    return Agent(live_server.url, account)


# What is offered


def test_exactly_these_tools_are_offered_with_what_agents_may_believe_of_them(agent: Agent) -> None:
    tools = agent.run(lambda session: session.list_tools()).tools
    assert {tool.name for tool in tools} == OFFERED
    for tool in tools:
        hints = tool.annotations
        assert hints is not None
        assert hints.readOnlyHint == (tool.name in READS), tool.name
        assert hints.destructiveHint == (tool.name in DESTROYS), tool.name
        assert hints.idempotentHint == (tool.name not in TWICE_IS_TWICE), tool.name
        assert hints.openWorldHint is False
        assert tool.description
        assert tool.inputSchema["additionalProperties"] is False
        assert tool.outputSchema is not None
        jsonschema.Draft202012Validator.check_schema(tool.inputSchema)
        jsonschema.Draft202012Validator.check_schema(tool.outputSchema)
        assert not {"user_id", "username", "owner_id", "account"} & tool.inputSchema["properties"].keys()


def test_every_tool_does_its_work(agent: Agent) -> None:
    assert agent.call("whoami")["username"] == "agent"
    todo = agent.call("add_todo", title="Buy milk", tags=["walk"], due_date="2027-03-01T09:00")
    assert (todo["weekday"], todo["due_at"]) == ("Monday", "2027-03-01T08:00:00Z")
    one = {"todo_id": todo["id"]}
    assert agent.call("get_todo", **one) == todo
    changed = agent.call("update_todo", **one, changes={"priority": "high"})
    assert (changed["priority"], changed["title"], changed["due_time"]) == ("high", "Buy milk", "09:00")
    assert agent.call("complete_todo", **one)["completed"]
    assert not agent.call("reopen_todo", **one)["completed"]
    assert agent.call("delete_todo", **one)["deleted_at"]
    assert "deleted_at" not in agent.call("restore_todo", **one)
    many = agent.call("add_todos", todos=[{"title": "a", "tags": ["walk"]}, {"title": ""}])
    assert (many["succeeded"], many["failed"], many["results"][1]["error"]["code"]) == (1, 1, "validation_error")
    assert agent.call("quick_add", text="Pay rent every 1st #walk !high")["todo"]["priority"] == "high"
    assert agent.call("list_todos", tags=["walk"])["total"] == 3
    assert agent.call("undo", operation_id=many["operation_id"])["changed"] == [many["results"][0]["todo"]["id"]]
    assert agent.call("list_todos", tags=["walk"])["total"] == 2
    assert agent.call("overview")["timezone"] == "Europe/Berlin"
    assert len(agent.call("stats", days=7)["days"]) == 7


def test_the_five_names_that_agents_know_do_the_same(live_server: LiveServer) -> None:
    agent = Agent(live_server.url, live_server.register("tasks"))
    task = agent.call("add_task", title="Call", description="by phone", due_date="2027-03-01")
    assert agent.call("list_tasks", status="pending")["todos"] == [task]
    changed = agent.call("update_task", task_id=task["id"], title="Call her")
    assert (changed["title"], changed["description"], changed["due_date"]) == ("Call her", "by phone", "2027-03-01")
    assert "due_date" not in agent.call("update_task", task_id=task["id"], due_date=None)
    assert agent.call("complete_task", task_id=task["id"])["completed"]
    assert agent.call("list_tasks", status="pending")["total"] == 0
    assert agent.call("list_tasks", status="completed")["total"] == 1
    assert agent.call("delete_task", task_id=task["id"])["deleted_at"]
    assert agent.call("list_tasks")["total"] == 0


def test_a_list_comes_in_pages_that_a_cursor_turns(live_server: LiveServer) -> None:
    agent = Agent(live_server.url, live_server.register("pages-agent"))
    agent.call("add_todos", todos=[{"title": f"{number:02}"} for number in range(60)])
    titles: list[str] = []
    cursor: str | None = None
    for expected in (25, 25, 10):
        page = agent.call("list_todos", sort_by="title", sort_order="asc", cursor=cursor)
        assert len(page["todos"]) == expected
        titles += [todo["title"] for todo in page["todos"]]
        cursor = page.get("next_cursor")
    assert cursor is None
    assert titles == [f"{number:02}" for number in range(60)]
    assert agent.refused("list_todos", limit=101).startswith("limit: ")


def test_a_call_with_a_key_has_its_effect_once(live_server: LiveServer) -> None:
    agent = Agent(live_server.url, live_server.register("keys-agent"))
    first = agent.call("add_todo", title="Once", idempotency_key="k")
    assert agent.call("add_task", title="Once", idempotency_key="k") == first
    assert agent.refused("add_todo", title="Twice", idempotency_key="k").endswith("[idempotency_mismatch]")
    assert agent.call("list_todos")["total"] == 1


def test_many_are_changed_by_a_plan_that_is_committed_once(live_server: LiveServer) -> None:
    agent = Agent(live_server.url, live_server.register("planner"))
    agent.call("add_todos", todos=[{"title": f"{number}", "tags": ["old"]} for number in range(3)])
    wanted = {"action": "delete", "where": {"tags": ["old"]}}
    plan = agent.call("change_todos", **wanted)["plan"]
    assert (plan["count"], [change["title"] for change in plan["changes"]]) == (3, ["0", "1", "2"])
    assert agent.call("list_todos")["total"] == 3
    agent.call("add_todo", title="New", tags=["old"])
    refusal = agent.refused("change_todos", **wanted, plan_id=plan["plan_id"])
    assert refusal.endswith("so nothing was done; call without plan_id for a new plan. [version_conflict]")
    again = agent.call("change_todos", **wanted)["plan"]
    done = agent.call("change_todos", **wanted, plan_id=again["plan_id"])
    assert (len(done["done"]), agent.call("list_todos")["total"]) == (4, 0)
    # An agent whose connection broke sends it again, and is told what was done.
    assert agent.call("change_todos", **wanted, plan_id=again["plan_id"]) == done
    agent.call("undo", operation_id=done["operation_id"])
    assert agent.call("list_todos")["total"] == 4


def test_a_token_changes_no_more_in_one_call_than_it_was_given(live_server: LiveServer) -> None:
    account = live_server.register("careful-agent")
    secret = token_of(live_server, account, "read", "add", "write", "delete", max_changes=2)
    agent = Agent(live_server.url, {"X-API-Key": secret})
    added = [agent.call("add_todo", title=f"{number}") for number in range(3)]
    refusal = (
        "This would change 3 todos, and one call with this token may change 2 at most. Nothing was changed;"
        " take fewer at once, or log in with your password. [limit_reached]"
    )
    assert agent.refused("add_todos", todos=[{"title": "x"}] * 3) == refusal
    assert agent.refused("change_todos", action="delete", where={"completed": False}) == refusal
    assert agent.refused("undo", since=added[0]["created_at"]) == refusal
    assert agent.refused("undo", last=3) == refusal
    assert agent.call("list_todos")["total"] == 3
    wanted = {"action": "delete", "where": {"search": "0"}}
    plan = agent.call("change_todos", **wanted)["plan"]
    assert len(agent.call("change_todos", **wanted, plan_id=plan["plan_id"])["done"]) == 1


def test_undo_since_a_time_is_a_plan_first(live_server: LiveServer) -> None:
    agent = Agent(live_server.url, live_server.register("undo-planner"))
    since = agent.call("add_todo", title="x")["created_at"]
    plan = agent.call("undo", since=since)["plan"]
    assert [(change["action"], change["title"]) for change in plan["changes"]] == [("delete", "x")]
    assert agent.call("list_todos")["total"] == 1
    done = agent.call("undo", since=since, plan_id=plan["plan_id"])
    assert agent.call("undo", since=since, plan_id=plan["plan_id"]) == done
    assert agent.call("list_todos")["total"] == 0


def test_what_is_null_is_left_out_and_what_goes_in_has_its_fields(agent: Agent) -> None:
    todo = agent.call("add_todo", title="Short")
    assert None not in todo.values()
    assert {"description", "tags", "overdue", "version"} <= todo.keys()
    assert not {"due_date", "recurrence", "deleted_at"} & todo.keys()
    tools = {tool.name: tool for tool in agent.run(lambda session: session.list_tools()).tools}
    alone = tools["add_todo"].inputSchema["properties"]
    inside = tools["add_todos"].inputSchema["properties"]["todos"]["items"]
    assert inside["properties"] == {name: field for name, field in alone.items() if name != "idempotency_key"}
    assert (inside["required"], inside["additionalProperties"]) == (["title"], False)
    changes = tools["change_todos"].inputSchema["properties"]["changes"]
    assert changes["properties"].keys() - alone.keys() == {"apply_to"}


def test_the_log_names_the_door_and_the_token(live_server: LiveServer) -> None:
    account = live_server.register("door-agent")
    Agent(live_server.url, {"X-API-Key": token_of(live_server, account, "add")}).call("add_todo", title="x")
    [entry] = httpx.get(f"{live_server.url}/api/v1/operations", headers=account).json()["operations"]
    assert (entry["door"], entry["actor_name"]) == ("mcp", "agent")


def test_change_todos_says_that_it_reaches_nothing_of_shared_lists(live_server: LiveServer) -> None:
    owner, member = live_server.register("sharing-owner"), live_server.register("sharing-member")
    with httpx.Client(base_url=f"{live_server.url}/api/v1", headers=owner) as http:
        shared = http.post("/lists", json={"name": "Ours"}).raise_for_status().json()
        http.post("/todos", json={"title": "Ours", "list_id": shared["id"]}).raise_for_status()
        invite = http.post(f"/lists/{shared['id']}/invites", json={"role": "editor"}).raise_for_status().json()
        http.post(f"/invites/{invite['token']}/accept", headers=member).raise_for_status()
    agent = Agent(live_server.url, member)
    assert agent.call("list_todos")["total"] == 1
    assert agent.call("change_todos", action="complete", where={"completed": False})["plan"]["count"] == 0
    tools = {tool.name: tool for tool in agent.run(lambda session: session.list_tools()).tools}
    assert "none of lists that others share" in str(tools["change_todos"].description)


# Resources and the prompt


def test_resources_and_the_prompt(live_server: LiveServer) -> None:
    agent = Agent(live_server.url, live_server.register("reader"))
    today = agent.call("overview")["today"]
    agent.call("add_todos", todos=[{"title": "Now", "due_date": today}, {"title": "Later", "due_date": "2099-01-01"}])

    async def read(session: ClientSession) -> dict[str, Any]:
        found = {}
        for resource in (await session.list_resources()).resources:
            [content] = (await session.read_resource(resource.uri)).contents
            assert isinstance(content, TextResourceContents)
            found[str(resource.uri)] = json.loads(content.text)
        return found

    assert agent.run(lambda session: session.list_resource_templates()).resourceTemplates == []
    found = agent.run(read)
    assert found.keys() == {"todo://today", "todo://overview"}
    assert [todo["title"] for todo in found["todo://today"]["todos"]] == ["Now"]
    assert found["todo://overview"]["open"] == 2
    [prompt] = agent.run(lambda session: session.list_prompts()).prompts
    [message] = agent.run(lambda session: session.get_prompt(prompt.name)).messages
    assert isinstance(message.content, TextContent)
    assert "overview" in message.content.text


# Refusals


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("add_todo", {}, "title: Field required. [validation_error]"),
        ("add_todo", {"title": 1}, "title: must be a text. [validation_error]"),
        ("add_todo", {"title": ""}, "title: must not be empty. [validation_error]"),
        ("add_todo", {"title": "x", "user_id": "y"}, "user_id: There is no field of this name. [validation_error]"),
        ("add_todo", {"title": "x", "idempotency_key": ""}, "idempotency_key: must not be empty. [validation_error]"),
        ("whoami", {"user_id": "y"}, "user_id: There is no field of this name. [validation_error]"),
        ("list_tasks", {"user_id": "y"}, "user_id: There is no field of this name. [validation_error]"),
        ("get_todo", {"todo_id": 1}, "There is no todo with this id. [not_found]"),
        (
            "update_todo",
            {"todo_id": "x", "changes": {"title": None}},
            "title: must be a text. [validation_error]",
        ),
        (
            "update_todo",
            {"todo_id": "x", "changes": [1]},
            "request: must be an object with named fields. [validation_error]",
        ),
        ("undo", {}, "request: Give exactly one of operation_id, last and since. [validation_error]"),
        (
            "change_todos",
            {"action": "delete", "where": {}},
            "filter: Say which todos, such as completed=true; without that it would be all. [validation_error]",
        ),
        ("change_todos", {"action": "delete"}, "where: Field required. [validation_error]"),
        *(
            (
                "change_todos",
                {"action": "delete", "where": {"completed": True}, "plan_id": plan_id},
                "plan_id: is none that this call has answered; call without it for a plan. [validation_error]",
            )
            for plan_id in ("", "x")
        ),
    ],
)
def test_a_wrong_argument_is_refused_by_its_field(
    agent: Agent, name: str, arguments: dict[str, Any], says: str
) -> None:
    assert agent.refused(name, **arguments) == says


def test_an_unknown_id_and_an_unknown_tool(agent: Agent) -> None:
    for name, argument in ABOUT_ONE.items():
        more = {"changes": {"title": "x"}} if name == "update_todo" else {}
        assert agent.refused(name, **{argument: "nothing"}, **more) == "There is no todo with this id. [not_found]"
    assert agent.refused("register").startswith("There is no tool register;")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer hf_of_a_private_space"},
        {"Authorization": "Bearer"},
        {"Cookie": "todo_session={token}"},
    ],
)
def test_without_an_account_in_a_header_every_tool_is_closed(
    live_server: LiveServer, account: dict[str, str], headers: dict[str, str]
) -> None:
    token = account["Authorization"].removeprefix("Bearer ")
    stranger = Agent(live_server.url, {name: value.format(token=token) for name, value in headers.items()})

    async def work(session: ClientSession) -> None:
        for name in OFFERED:
            result = await session.call_tool(name, {})
            assert result.isError
            assert said(result).endswith("[not_authenticated]"), name
        with pytest.raises(McpError, match="not_authenticated"):
            await session.read_resource(AnyUrl("todo://today"))

    before = len(live_server.log)
    stranger.run(work)
    assert "Traceback" not in live_server.log[before:]


BAD_CREDENTIALS = {
    "nonsense": {"Authorization": "Bearer nonsense"},
    "a key of nobody": {"X-API-Key": "nonsense"},
    "never made": {"X-API-Key": "todo_pat_" + "a" * 43},
    "behind the Hub's": {"Authorization": "Bearer hf_of_a_private_space", "X-API-Key": "nonsense"},
}


@pytest.mark.parametrize("headers", BAD_CREDENTIALS.values(), ids=BAD_CREDENTIALS)
@pytest.mark.parametrize(
    "message",
    [
        HELLO,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}},
    ],
    ids=lambda message: message["method"],
)
def test_a_credential_that_is_not_good_is_told_so_at_every_request(
    live_server: LiveServer, headers: dict[str, str], message: dict[str, Any]
) -> None:
    refused = post(live_server, message, headers)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json().keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert refused.json()["code"] == "not_authenticated"


def test_a_client_is_not_connected_with_a_token_that_was_revoked(
    live_server: LiveServer, account: dict[str, str]
) -> None:
    body = {"name": "short-lived", "scopes": ["read"]}
    tokens = f"{live_server.url}/api/v1/auth/tokens"
    made = httpx.post(tokens, json=body, headers=account).raise_for_status().json()
    agent = Agent(live_server.url, {"Authorization": f"Bearer {made['token']}"})

    async def lose_it(session: ClientSession) -> None:
        assert not (await session.call_tool("whoami", {})).isError
        async with httpx.AsyncClient(headers=account) as owner:
            (await owner.delete(f"{tokens}/{made['id']}")).raise_for_status()
        await session.call_tool("whoami", {})

    async def only_connect(_: ClientSession) -> None:
        pytest.fail("it is connected")

    for work in (lose_it, only_connect):
        with pytest.RaisesGroup(
            pytest.RaisesExc(httpx.HTTPStatusError, match="401"), flatten_subgroups=True, allow_unwrapped=True
        ):
            agent.run(work)


def test_what_the_database_cannot_say_now_is_no_reason_to_turn_somebody_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def out_of_reach(_token: str, _door: Door) -> Actor:
        raise StorageUnavailableError("The database is out of reach.")

    monkeypatch.setattr(access, "identify", out_of_reach)
    scope = anyio.run(caller.looked_up, {"type": "http", "headers": [(b"x-api-key", b"todo_pat_x")]})
    with pytest.raises(StorageUnavailableError):
        caller.of(Request(scope))


def test_a_token_does_only_what_its_scopes_allow(
    live_server: LiveServer, account: dict[str, str], agent: Agent
) -> None:
    todo = agent.call("add_todo", title="Mine")
    secret = token_of(live_server, account, "read", "add")
    careful = Agent(live_server.url, {"Authorization": "Bearer hf_of_a_private_space", "X-API-Key": secret})
    for name, argument in ABOUT_ONE.items():
        if name != "get_todo":
            more = {"changes": {"title": "x"}} if name == "update_todo" else {}
            refusal = careful.refused(name, **{argument: todo["id"]}, **more)
            assert refusal.endswith("[permission_denied]"), name
    assert careful.refused("undo", last=1).endswith("[permission_denied]")
    assert careful.call("get_todo", todo_id=todo["id"]) == todo
    assert careful.call("add_todo", title="By the agent")["title"] == "By the agent"


def test_a_token_that_may_not_add_is_refused_once_for_all(live_server: LiveServer, account: dict[str, str]) -> None:
    reading = Agent(live_server.url, {"X-API-Key": token_of(live_server, account, "read")})
    refusal = (
        "This token may not do that: it lacks the scope `add`. Use one that has it, or log in. [permission_denied]"
    )
    assert reading.refused("add_todos", todos=[{"title": "a"}, {"title": "b"}]) == refusal
    for name, arguments in (("add_todo", {"title": "a"}), ("quick_add", {"text": "a"})):
        assert reading.refused(name, **arguments) == refusal


def test_two_accounts_never_see_or_touch_each_others_todos(live_server: LiveServer, agent: Agent) -> None:
    todo = agent.call("add_todo", title="nobody else's business")
    other = Agent(live_server.url, live_server.register("other-agent"))
    for name, argument in ABOUT_ONE.items():
        more = {"changes": {"title": "x"}} if name == "update_todo" else {}
        assert other.refused(name, **{argument: todo["id"]}, **more) == "There is no todo with this id. [not_found]"
    assert other.call("list_todos", search="business")["total"] == 0
    assert other.call("list_tasks")["total"] == 0
    assert agent.call("get_todo", todo_id=todo["id"]) == todo


# The transport


def test_the_address_takes_any_host_and_either_form_and_only_post(live_server: LiveServer) -> None:
    accept = {"Accept": "application/json, text/event-stream"}
    hosts: tuple[dict[str, str], ...] = ({}, {"Host": "someone-todos.hf.space"}, {"Origin": "https://huggingface.co"})
    for path in ("/gradio_api/mcp", "/gradio_api/mcp/"):
        for host in hosts:
            answer = httpx.post(f"{live_server.url}{path}", json=HELLO, headers={**accept, **host})
            assert answer.status_code == 200, answer.text
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.json()["result"]["serverInfo"]["name"] == "todos"
        for method in ("GET", "DELETE"):
            refused = httpx.request(method, f"{live_server.url}{path}", headers=accept)
            assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
            assert refused.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("accept", [None, "*/*", "application/*", "application/json", "text/html, */*;q=0.8"])
def test_an_answer_is_json_whatever_is_asked_for(live_server: LiveServer, accept: str | None) -> None:
    with httpx.Client() as http:  # which would ask for anything by itself
        del http.headers["Accept"]
        headers = {} if accept is None else {"Accept": accept}
        request = http.build_request("POST", f"{live_server.url}/gradio_api/mcp/", json=HELLO, headers=headers)
        assert request.headers.get("Accept") == accept
        answer = http.send(request)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json()["result"]["serverInfo"]["name"] == "todos"


def test_half_a_character_is_named(live_server: LiveServer, account: dict[str, str]) -> None:
    """JSON can spell it, so the sentence about the form of a message would lead nobody to it."""
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{"%s":"%s"}}}'
    headers = {"Content-Type": "application/json", **account}
    for words in ((b"add_todo", b"title", rb"\ud800"), (b"add_todo", rb"\udfff", b"x"), (rb"a\ud800b", b"title", b"x")):
        refused = httpx.post(f"{live_server.url}/gradio_api/mcp/", content=call % words, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
        assert "half a character (a lone surrogate" in refused.json()["detail"]
    whole = call % (b"add_todo", b"title", rb"\ud83d\ude00")
    added = httpx.post(f"{live_server.url}/gradio_api/mcp/", content=whole, headers=headers).json()["result"]
    assert added["structuredContent"]["title"] == "\U0001f600"


@pytest.mark.parametrize(
    "body",
    [
        *("[]", "{}", "5", '{"jsonrpc": "2.0"}', "[", '[{"jsonrpc": "2.0", "id": 1, "method": "x"}]'),
        pytest.param("[" * 50_000, id="nested deeper than Python recurses"),
        pytest.param("9" * 5_000, id="more digits than Python reads"),
    ],
)
def test_what_is_no_message_of_the_protocol_is_refused_in_a_sentence(live_server: LiveServer, body: str) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    refused = httpx.post(f"{live_server.url}/gradio_api/mcp/", content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert refused.json()["detail"].startswith("Send one message of JSON-RPC 2.0, such as ")


def test_a_body_of_no_announced_length_is_cut_off_at_its_limit(
    live_server: LiveServer, account: dict[str, str]
) -> None:
    """It comes in chunks and never ends; the answer comes long before it could be held."""
    headers = {
        "Host": "localhost",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "Transfer-Encoding": "chunked",
        **account,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    before = len(live_server.log)
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=60) as connection:
        connection.sendall(f"POST /gradio_api/mcp/ HTTP/1.1\r\n{head}\r\n".encode())
        sent = 0
        while not select.select([connection], [], [], 0.02)[0]:
            connection.sendall(chunk)
            sent += len(chunk)
            assert sent < 16 * 2**20, "16 MiB were taken, and it goes on"
        with HTTPResponse(connection) as answer:
            answer.begin()
            text = answer.read().decode()
    assert answer.status == 413
    assert sent > 2**20
    assert "The request is larger than 1 MiB; send less at once." in text
    assert "Traceback" not in live_server.log[before:]
