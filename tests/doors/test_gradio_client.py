"""gradio_client as notebooks use it: what is published, how it logs in, and what stays out of reach."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pandas as pd
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError as CallError
from gradio_client.exceptions import AuthenticationError

from backend.security import SECRET_KEY_FILE
from tests.support import PASSWORD, LiveServer

# Nothing else is public: whoever adds a function adds it here, and to the contract.
PUBLISHED = {
    "/register": ["email", "username", "password", "timezone"],
    "/login": ["username", "password"],
    "/whoami": [],
    "/add_todo": [
        *("title", "description", "priority", "tags", "due_date", "due_time", "due_timezone"),
        *("id", "recurrence", "recurrence_from", "remind_at", "list_id", "parent_id", "assignee_id"),
        "idempotency_key",
    ],
    "/add_todos": ["todos", "idempotency_key"],
    "/quick_add": ["text", "dry_run", "idempotency_key"],
    "/list_todos": [
        *("search", "completed", "priority", "tags", "due", "sort_by", "sort_order", "limit"),
        *("skip", "tags_all", "list_id", "parent_id", "due_before", "due_after", "updated_since"),
    ],
    "/get_todo": ["todo_id"],
    "/update_todo": ["todo_id", "changes"],
    "/complete_todo": ["todo_id"],
    "/reopen_todo": ["todo_id"],
    "/delete_todo": ["todo_id"],
    "/restore_todo": ["todo_id"],
    "/undo": ["operation_id", "last", "since", "token_id", "tokens"],
    "/overview": [],
    "/stats": ["days"],
}


@pytest.fixture(scope="module")
def account(live_server: LiveServer) -> dict[str, str]:
    return live_server.register("notebook", timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def client(live_server: LiveServer, account: dict[str, str]) -> Client:
    return Client(live_server.url, headers=account, verbose=False)


@contextlib.contextmanager
def quietly(server: LiveServer) -> Iterator[None]:
    """What happens inside leaves no traceback and no secret in the server's log."""
    before = len(server.log)
    yield
    time.sleep(0.1)
    said = server.log[before:]
    assert "Traceback" not in said
    assert PASSWORD not in said
    assert "eyJ" not in said


# What is published


def test_exactly_these_functions_are_public(client: Client) -> None:
    info: Any = client.view_api(return_format="dict", print_info=False)
    found = {
        name: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
        for name, endpoint in info["named_endpoints"].items()
    }
    assert found == PUBLISHED
    assert info["unnamed_endpoints"] == {}


def test_the_public_description_says_the_same_and_documents_every_function(live_server: LiveServer) -> None:
    info = httpx.get(f"{live_server.url}/gradio_api/info").json()
    assert info["named_endpoints"].keys() == PUBLISHED.keys()
    assert info["unnamed_endpoints"] == {}
    for name, endpoint in info["named_endpoints"].items():
        assert endpoint["description"], name
        assert all(parameter.get("parameter_name") for parameter in endpoint["parameters"])


def test_no_event_of_the_page_has_a_public_name(live_server: LiveServer) -> None:
    config = httpx.get(f"{live_server.url}/config").json()
    public = [one["api_name"] for one in config["dependencies"] if one.get("api_visibility", "public") == "public"]
    assert {f"/{name}" for name in public} == PUBLISHED.keys()


# Logging in


@pytest.mark.parametrize(("username", "password"), [("notebook", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_login_is_refused_with_the_clients_own_error(
    live_server: LiveServer, account: dict[str, str], username: str, password: str
) -> None:
    assert account
    with quietly(live_server), pytest.raises(AuthenticationError):
        Client(live_server.url, auth=(username, password), verbose=False)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, r"Log in first.*\[not_authenticated\]"),
        ({"Authorization": "Bearer nonsense"}, r"not valid or has expired.*\[not_authenticated\]"),
        ({"Authorization": "Basic dGVzdA=="}, r"Log in first.*\[not_authenticated\]"),
        ({"X-API-Key": "nonsense"}, r"not valid or has expired.*\[not_authenticated\]"),
        ({"X-API-Key": "todo_pat_nonsense"}, r"^This personal token was revoked.*\[not_authenticated\]$"),
        ({"Authorization": "Bearer todo_pat_nonsense"}, r"^This personal token was revoked.*\[not_authenticated\]$"),
        ({"Cookie": "todo_session=nonsense"}, r"\[not_authenticated\]"),
    ],
)
def test_without_a_credential_that_holds_every_function_but_two_is_closed(
    live_server: LiveServer, headers: dict[str, str], says: str
) -> None:
    stranger = Client(live_server.url, headers=headers, verbose=False)
    arguments: dict[str, dict[str, Any]] = {
        "/add_todo": {"title": "x"},
        "/add_todos": {"todos": [{"title": "x"}]},
        "/quick_add": {"text": "x"},
        "/undo": {"last": 1},
        "/update_todo": {"todo_id": "x", "changes": {}},
        **{name: {"todo_id": "x"} for name in PUBLISHED if PUBLISHED[name] == ["todo_id"]},
    }
    with quietly(live_server):
        for name in PUBLISHED.keys() - {"/register", "/login"}:
            with pytest.raises(CallError, match=says):
                stranger.predict(**arguments.get(name, {}), api_name=name)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ["notebook", "NOTEBOOK", "notebook@example.com"])
def test_auth_with_either_name_logs_in(live_server: LiveServer, name: str) -> None:
    with quietly(live_server):
        client = Client(live_server.url, auth=(name, PASSWORD), verbose=False)
        assert client.predict(api_name="/whoami")["username"] == "notebook"


@pytest.mark.parametrize(
    "headers_of",
    [
        lambda token: {"Authorization": f"Bearer {token}"},
        lambda token: {"X-API-Key": token},
        lambda token: {"Authorization": "Bearer hf_token_of_a_private_space", "X-API-Key": token},
    ],
    ids=["Authorization", "X-API-Key", "X-API-Key beside the token of a private Space"],
)
def test_headers_log_in(
    live_server: LiveServer, account: dict[str, str], headers_of: Callable[[str], dict[str, str]]
) -> None:
    token = account["Authorization"].removeprefix("Bearer ")
    client = Client(live_server.url, headers=headers_of(token), verbose=False)
    assert client.predict(api_name="/whoami")["username"] == "notebook"


def test_the_functions_register_and_log_in_by_themselves(live_server: LiveServer) -> None:
    stranger = Client(live_server.url, verbose=False)
    with quietly(live_server):
        made = stranger.predict(email="self@example.com", username="self-made", password=PASSWORD, api_name="/register")
        assert (made["username"], made["timezone"], made["is_admin"]) == ("self-made", "UTC", made["is_admin"])
        pair = stranger.predict(username="self-made", password=PASSWORD, api_name="/login")
    client = Client(live_server.url, headers={"Authorization": f"Bearer {pair['access_token']}"}, verbose=False)
    assert client.predict(api_name="/whoami") == made


@pytest.mark.usefixtures("account")
def test_logging_out_over_rest_closes_the_functions_at_once(live_server: LiveServer) -> None:
    form = {"username": "notebook", "password": PASSWORD}
    token = httpx.post(f"{live_server.url}/login", data=form).cookies["todo_session"]
    headers = {"Authorization": f"Bearer {token}"}
    client = Client(live_server.url, headers=headers, verbose=False)
    assert client.predict(api_name="/whoami")["username"] == "notebook"
    httpx.post(f"{live_server.url}/api/v1/auth/logout", headers=headers).raise_for_status()
    with pytest.raises(CallError, match=r"log in again.*\[not_authenticated\]"):
        client.predict(api_name="/whoami")


@pytest.mark.usefixtures("account")
def test_the_cookie_is_for_this_site_and_no_script(live_server: LiveServer) -> None:
    form = {"username": "notebook", "password": PASSWORD}
    answer = httpx.post(f"{live_server.url}/login", data=form)
    assert answer.json() == {"success": True}
    said = answer.headers["Set-Cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "secure" not in said  # a browser would not send it back over plain http


# Refusals


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("/add_todo", {"title": 123}, r"title: must be a text\."),
        ("/add_todo", {"title": {"$ne": ""}}, r"title: must be a text\."),
        ("/add_todo", {"title": "x", "tags": "home"}, r"tags: must be a list\."),
        ("/add_todo", {"title": "x", "tags": [["home"]]}, r"tags\.0: must be a text\."),
        ("/add_todo", {"title": "x", "due_date": 20270301}, r"due_date: must be a date such as"),
        ("/add_todo", {"title": "x", "priority": 3}, r"priority: Input should be 'low', 'medium' or 'high'"),
        ("/add_todo", {"title": "x", "idempotency_key": 3}, r"idempotency_key: must be a text\."),
        ("/add_todo", {"title": "x", "idempotency_key": ""}, r"idempotency_key: must not be empty\."),
        ("/add_todo", {"title": "x", "idempotency_key": "a" * 256}, r"idempotency_key: must have at most 255"),
        ("/add_todos", {"todos": "x"}, r"todos: must be a list\."),
        ("/add_todos", {"todos": ["x"]}, r"todos\.0: must be an object with named fields\."),
        ("/add_todos", {"todos": []}, r"todos: must not be empty\."),
        ("/add_todos", {"todos": [{"title": "x"}] * 101}, r"todos: must have at most 100 entries\."),
        ("/quick_add", {"text": 1}, r"text: must be a text\."),
        ("/quick_add", {"text": "x", "dry_run": "yes"}, r"dry_run: Input should be a valid boolean"),
        ("/undo", {"last": "one"}, r"last: Input should be a valid integer"),
        ("/undo", {"since": 5}, r"since: must be written out"),
        ("/list_todos", {"due_before": 5}, r"due_before: must be written out"),
        ("/list_todos", {"list_id": "x"}, r"list_id: must be an id or `inbox`\."),
        ("/list_todos", {"limit": "ten"}, r"limit: Input should be a valid integer"),
        ("/list_todos", {"completed": "perhaps"}, r"completed: Input should be a valid boolean"),
        ("/list_todos", {"tags": "home"}, r"tags: must be a list\."),
        ("/list_todos", {"search": ["x"]}, r"search: must be a text\."),
        ("/update_todo", {"todo_id": "x", "changes": [1]}, r"request: must be an object with named fields\."),
        ("/login", {"username": ["x"], "password": "x"}, r"username: must be a text\."),
    ],
)
def test_a_wrong_type_is_refused_by_its_field(
    live_server: LiveServer, client: Client, name: str, arguments: dict[str, Any], says: str
) -> None:
    with quietly(live_server), pytest.raises(CallError, match=rf"^{says}.*\[validation_error\]$"):
        client.predict(**arguments, api_name=name)


@pytest.mark.parametrize("todo_id", [123, None, ["x"], {"id": "x"}, True, "x" * 10_000, "\x00"])
def test_an_id_that_is_none_names_no_todo(live_server: LiveServer, client: Client, todo_id: Any) -> None:
    with quietly(live_server):
        for name, expected in PUBLISHED.items():
            if expected == ["todo_id"]:
                with pytest.raises(CallError, match=r"^There is no todo with this id\. \[not_found\]$"):
                    client.predict(todo_id=todo_id, api_name=name)


@pytest.mark.parametrize(
    "data", [[], None, "x", [None] * 50, [{"path": "/etc/passwd"}], [{"url": "file:///etc/passwd"}]]
)
def test_a_raw_call_with_nonsense_is_refused_and_shows_no_inside(
    live_server: LiveServer, account: dict[str, str], data: Any
) -> None:
    for name in PUBLISHED:
        answer = httpx.post(f"{live_server.url}/gradio_api/run{name}", json={"data": data}, headers=account)
        if name in {"/whoami", "/list_todos", "/overview", "/stats"} and answer.status_code == 200:
            continue
        assert answer.status_code >= 400, name
        said = answer.text
        assert not [word for word in ("Traceback", "sqlite", ".py", "root:") if word in said], said


def raw(server: LiveServer, route: str, name: str, data: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """A call as a program without a client of Gradio's makes it, by any of the routes for it."""
    body, path = {"data": data}, f"{route}/{name}"
    if route == "queue/join":
        functions = httpx.get(f"{server.url}/config").json()["dependencies"]
        index = next((one["id"] for one in functions if one["api_name"] == name), 4_444)
        body, path = {**body, "fn_index": index, "session_hash": "raw"}, route
    if route == "call/v2" and isinstance(data, list):
        body = dict(zip([*PUBLISHED.get(f"/{name}", []), "extra"], data, strict=False))
    return httpx.post(f"{server.url}/gradio_api/{path}", json=body, headers=headers)


ROUTES = pytest.mark.parametrize("route", ["run", "api", "call", "call/v2", "queue/join"])


@ROUTES
def test_a_raw_call_with_too_few_values_is_told_which_and_no_value_is_logged(
    live_server: LiveServer, route: str
) -> None:
    missing = {
        "register": "username: Field required. password: Field required.",
        "login": "password: Field required.",
        "update_todo": "changes: Field required.",
    }
    with quietly(live_server):
        for name, says in missing.items():
            answer = raw(live_server, route, name, [PASSWORD])
            assert (answer.status_code, answer.json()["detail"]) == (422, says)
            assert answer.headers["content-type"] == "application/problem+json"
        for name in ("add_todo", "add_todos", "quick_add", "get_todo", "delete_todo"):
            answer = raw(live_server, route, name, [])
            assert answer.json()["detail"] == f"{PUBLISHED[f'/{name}'][0]}: Field required."


@ROUTES
def test_a_raw_call_with_too_many_values_is_told_how_many_and_no_value_is_logged(
    live_server: LiveServer, route: str
) -> None:
    says = {
        "call/v2": "extra: There is no field of this name.",
        "": "data: has too many values: this function takes 2 values at most: username, password.",
    }
    with quietly(live_server):
        answer = raw(live_server, route, "login", [PASSWORD] * 3)
    assert (answer.status_code, answer.json()["detail"]) == (422, says.get(route, says[""]))


@pytest.mark.parametrize("route", ["run", "api"])
def test_a_refusal_that_is_answered_at_once_has_the_status_it_has_over_rest(
    live_server: LiveServer, account: dict[str, str], route: str
) -> None:
    stranger = raw(live_server, route, "whoami", [])
    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"] == "Bearer"
    assert stranger.json()["error"].endswith("[not_authenticated]")
    absent = raw(live_server, route, "get_todo", [str(uuid.uuid4())], account)
    assert (absent.status_code, absent.json()["error"][-11:]) == (404, "[not_found]")
    assert raw(live_server, route, "quick_add", [""], account).status_code == 422
    assert raw(live_server, route, "whoami", [], account).status_code == 200


@ROUTES
def test_a_raw_call_of_an_unknown_function_is_told_which_there_are(live_server: LiveServer, route: str) -> None:
    with quietly(live_server):
        answer = raw(live_server, route, "whatever", [PASSWORD])
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["detail"].startswith("There is no function ")


@pytest.mark.parametrize("route", ["run", "api", "call", "queue/join"])
def test_raw_values_that_are_no_list_are_refused(live_server: LiveServer, route: str) -> None:
    for data in (PASSWORD, None, {"password": PASSWORD}):
        with quietly(live_server):
            answer = raw(live_server, route, "login", data)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "data")


@pytest.mark.parametrize(
    ("content", "kind", "status", "says"),
    [
        ('{"data": [', "application/json", 422, "request: The body is not valid JSON."),
        ('{"data": []}', "text/plain", 400, "Send the values as JSON, with the header Content-Type: application/json."),
    ],
)
def test_a_raw_call_that_is_no_json_is_refused(
    live_server: LiveServer, content: str, kind: str, status: int, says: str
) -> None:
    url = f"{live_server.url}/gradio_api/call/whoami"
    answer = httpx.post(url, content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["detail"]) == (status, says)


@ROUTES
def test_a_raw_call_needs_only_the_values_without_a_default(
    live_server: LiveServer, account: dict[str, str], client: Client, route: str
) -> None:
    with quietly(live_server):
        answer = raw(live_server, route, "add_todo", ["Raw", f"by {route}"], account).raise_for_status().json()
        address = {"session_hash": "raw"} if route == "queue/join" else {}
        if "event_id" in answer:
            listen = "queue/data" if address else f"{route}/add_todo/{answer['event_id']}"
            said = httpx.get(f"{live_server.url}/gradio_api/{listen}", params=address, headers=account).text
            assert "Raw" in said
    assert f"by {route}" in [one["description"] for one in client.predict(search="Raw", api_name="/list_todos")]


def test_a_failure_of_ours_shows_no_inside(live_server: LiveServer, client: Client) -> None:
    """Even text that no database can hold is refused with its field."""
    with quietly(live_server), pytest.raises(CallError, match=r"search: .*\[validation_error\]"):
        client.predict(search="\x00", api_name="/list_todos")


# Personal tokens


def token_of(server: LiveServer, account: dict[str, str], *scopes: str) -> dict[str, str]:
    body = {"name": "agent", "scopes": scopes}
    made = httpx.post(f"{server.url}/api/v1/auth/tokens", json=body, headers=account).raise_for_status().json()
    return {"id": made["id"], "token": made["token"]}


def test_a_function_does_only_what_the_scopes_of_a_token_allow(
    live_server: LiveServer, account: dict[str, str], client: Client
) -> None:
    todo = client.predict(title="Mine", tags=["scopes"], api_name="/add_todo")
    secret = token_of(live_server, account, "read", "add")["token"]
    agent = Client(live_server.url, headers={"X-API-Key": secret}, verbose=False)
    refusals: dict[str, tuple[str, dict[str, Any]]] = {
        "/update_todo": ("write", {"todo_id": todo["id"], "changes": {"title": "x"}}),
        "/complete_todo": ("write", {"todo_id": todo["id"]}),
        "/reopen_todo": ("write", {"todo_id": todo["id"]}),
        "/restore_todo": ("write", {"todo_id": todo["id"]}),
        "/undo": ("write", {"last": 1}),
        "/delete_todo": ("delete", {"todo_id": todo["id"]}),
    }
    with quietly(live_server):
        for name, (scope, arguments) in refusals.items():
            says = rf"^This token may not do that: it lacks the scope `{scope}`\..* \[permission_denied\]$"
            with pytest.raises(CallError, match=says):
                agent.predict(**arguments, api_name=name)
        assert client.predict(todo["id"], api_name="/get_todo") == todo
        assert agent.predict(tags=["scopes"], api_name="/list_todos") == [todo]
        assert agent.predict(title="By the agent", api_name="/add_todo")["title"] == "By the agent"
        assert agent.predict([{"title": "Also"}], api_name="/add_todos")["failed"] == 0
        assert agent.predict("Tomorrow's", api_name="/quick_add")["todo"]["title"] == "Tomorrow's"


def test_a_token_that_may_not_read_reads_by_no_function(live_server: LiveServer, account: dict[str, str]) -> None:
    secret = token_of(live_server, account, "add", "write", "delete")["token"]
    agent = Client(live_server.url, headers={"Authorization": f"Bearer {secret}"}, verbose=False)
    for name in ("/list_todos", "/overview", "/stats"):
        with pytest.raises(CallError, match=r"lacks the scope `read`.*\[permission_denied\]$"):
            agent.predict(api_name=name)


def test_a_token_that_may_not_add_adds_by_no_function(live_server: LiveServer, account: dict[str, str]) -> None:
    secret = token_of(live_server, account, "read")["token"]
    agent = Client(live_server.url, headers={"X-API-Key": secret}, verbose=False)
    calls: dict[str, dict[str, Any]] = {
        "/add_todo": {"title": "x"},
        "/add_todos": {"todos": [{"title": "x"}]},
        "/quick_add": {"text": "x"},
    }
    for name, arguments in calls.items():
        with quietly(live_server), pytest.raises(CallError, match=r"lacks the scope `add`.*\[permission_denied\]$"):
            agent.predict(**arguments, api_name=name)


def test_what_one_token_did_is_taken_back_and_the_token_revoked(
    live_server: LiveServer, account: dict[str, str], client: Client
) -> None:
    since = datetime.now(UTC).isoformat()
    token = token_of(live_server, account, "read", "add")
    agent = Client(live_server.url, headers={"X-API-Key": token["token"]}, verbose=False)
    mine = client.predict(title="By the person", tags=["undo"], api_name="/add_todo")
    theirs = agent.predict(title="By the agent", tags=["undo"], api_name="/add_todo")
    undone = client.predict(since=since, token_id=token["id"], api_name="/undo")
    assert (undone["changed"], undone["conflicts"]) == ([theirs["id"]], [])
    assert [one["id"] for one in client.predict(tags=["undo"], api_name="/list_todos")] == [mine["id"]]
    assert client.predict(theirs["id"], api_name="/restore_todo")["deleted_at"] is None
    httpx.delete(f"{live_server.url}/api/v1/auth/tokens/{token['id']}", headers=account).raise_for_status()
    with quietly(live_server), pytest.raises(CallError, match=r"revoked.*\[not_authenticated\]$"):
        agent.predict(api_name="/list_todos")


# Calls that come twice


def test_a_call_with_a_key_has_its_effect_once(client: Client) -> None:
    calls: dict[str, dict[str, Any]] = {
        "/add_todo": {"title": "Once", "tags": ["once"]},
        "/add_todos": {"todos": [{"title": "Once", "tags": ["once"]}, {"title": ""}]},
        "/quick_add": {"text": "Once #once"},
    }
    for name, arguments in calls.items():
        key = f"key of {name}"
        first = client.predict(**arguments, idempotency_key=key, api_name=name)
        assert client.predict(**arguments, idempotency_key=key, api_name=name) == first
        with pytest.raises(
            CallError, match=r"^This Idempotency-Key was used for another request.*idempotency_mismatch"
        ):
            client.predict(title="Another", idempotency_key=key, api_name="/add_todo")
    assert len(client.predict(tags=["once"], api_name="/list_todos")) == 3


# Files of the server


@pytest.mark.parametrize(
    "name", ["live.db", "live.db-wal", "server.log", SECRET_KEY_FILE, "", "../", "/etc/passwd", "live.db/."]
)
@pytest.mark.parametrize("is_absolute", [True, False])
def test_no_file_of_the_server_is_handed_out(
    live_server: LiveServer, account: dict[str, str], name: str, is_absolute: bool
) -> None:
    path = str(live_server.folder / name) if is_absolute else name
    for route in ("file=", "file/"):
        answer = httpx.get(f"{live_server.url}/gradio_api/{route}{path}", headers=account)
        assert answer.status_code in {403, 404}, answer.text[:200]
        assert "SQLite format" not in answer.text
        assert "root:" not in answer.text


def test_the_key_file_is_not_handed_out_where_there_is_one(own_server: LiveServer) -> None:
    own_server.environment = {"SECRET_KEY": "", "ENVIRONMENT": "development"}
    own_server.start()
    key = (own_server.folder / SECRET_KEY_FILE).read_text()
    assert len(key) == 64
    for path in (SECRET_KEY_FILE, own_server.folder / SECRET_KEY_FILE, f"./{SECRET_KEY_FILE}", own_server.database):
        answer = httpx.get(f"{own_server.url}/gradio_api/file={path}")
        assert answer.status_code in {403, 404}
        assert key not in answer.text
    assert key not in own_server.log


# Answers


def test_a_dataframe_takes_the_list_as_it_is(client: Client) -> None:
    for title, due in (("Buy milk", "2027-03-01T09:00"), ("Call", None), ("Pay rent", "2027-04-01")):
        client.predict(title=title, due_date=due, tags=["frame"], api_name="/add_todo")
    frame = pd.DataFrame(client.predict(tags=["frame"], sort_by="title", sort_order="asc", api_name="/list_todos"))
    assert list(frame["title"]) == ["Buy milk", "Call", "Pay rent"]
    assert list(frame["weekday"].dropna()) == ["Monday", "Thursday"]
    moments = pd.to_datetime(frame["created_at"])
    assert moments.dt.tz is not None
    assert pd.to_datetime(frame["due_at"])[0] == pd.Timestamp("2027-03-01T08:00Z")
    assert not frame["completed"].any()


def test_what_is_added_here_is_there_over_rest(
    live_server: LiveServer, account: dict[str, str], client: Client
) -> None:
    todo = client.predict(title="Buy milk", tags=["home"], due_date="2027-03-01T09:00", api_name="/add_todo")
    over_rest = httpx.get(f"{live_server.url}/api/v1/todos/{todo['id']}", headers=account).json()
    assert over_rest == todo
    done = client.predict(todo["id"], api_name="/complete_todo")
    assert datetime.fromisoformat(done["completed_at"]).tzinfo is not None
    assert httpx.get(f"{live_server.url}/api/v1/todos/{todo['id']}", headers=account).json() == done


def test_a_dataframe_takes_what_was_added_and_what_was_done(client: Client) -> None:
    days = pd.DataFrame({"title": ["One", "", "Three"], "due_date": ["2027-03-01", "2027-03-02", "2027-03-03"]})
    answer = client.predict(days.to_dict("records"), api_name="/add_todos")
    assert (answer["succeeded"], answer["failed"]) == (2, 1)
    results = pd.DataFrame(answer["results"])
    assert list(results["index"]) == [0, 1, 2]
    assert results["error"][1]["code"] == "validation_error"
    client.predict(answer["results"][0]["todo"]["id"], api_name="/complete_todo")
    done = pd.DataFrame(client.predict(api_name="/stats")["days"])
    assert len(done) == 30
    assert done["completed"].iloc[-2:].sum() >= 1
    overview = client.predict(api_name="/overview")
    assert overview["timezone"] == "Europe/Berlin"
    assert list(pd.DataFrame(overview["next_due"])["due_date"]) == sorted(
        one["due_date"] for one in overview["next_due"]
    )
    undone = client.predict(operation_id=answer["operation_id"], api_name="/undo")
    assert len(undone["changed"]) == 1  # the other one was ticked since


def test_every_field_goes_in_and_every_filter_finds(live_server: LiveServer, account: dict[str, str]) -> None:
    client = Client(live_server.url, headers=account, verbose=False)
    made = httpx.post(f"{live_server.url}/api/v1/lists", json={"name": "Filters"}, headers=account).json()
    fields = {
        "due_date": "2027-03-01",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO",
        "recurrence_from": "completion",
        "remind_at": "2027-02-28T08:00:00Z",
        "list_id": made["id"],
    }
    parent = client.predict(title="Parent", tags=["a", "b"], **fields, api_name="/add_todo")
    assert {name: parent[name] for name in fields} == fields
    part = client.predict(title="Part", parent_id=parent["id"], api_name="/add_todo")
    other = client.predict(title="Other", list_id=made["id"], tags=["a"], api_name="/add_todo")

    def found(**wanted: Any) -> set[str]:
        return {one["id"] for one in client.predict(**wanted, api_name="/list_todos")}

    assert found(list_id=made["id"]) == {parent["id"], part["id"], other["id"]}
    assert found(list_id=made["id"], tags_all=["a", "b"]) == {parent["id"]}
    assert found(parent_id=parent["id"]) == {part["id"]}
    assert found(list_id=made["id"], parent_id="none") == {parent["id"], other["id"]}
    assert found(list_id=made["id"], due_before="2027-03-02", due_after="2027-02-28") == {parent["id"]}
    assert found(list_id=made["id"], updated_since=other["updated_at"]) == {other["id"]}


def test_many_calls_at_once_each_get_their_own_answer(client: Client) -> None:
    jobs = [client.submit(title=f"job {number}", tags=["jobs"], api_name="/add_todo") for number in range(20)]
    assert [job.result(timeout=60)["title"] for job in jobs] == [f"job {number}" for number in range(20)]
    assert len(client.predict(tags=["jobs"], api_name="/list_todos")) == 20


@pytest.mark.parametrize(
    "path", ["queue/data?session_hash=nobody", "queue/data", "call/whoami/none", "call/v2/whoami/none"]
)
def test_an_answer_that_nobody_asked_for_is_not_there(live_server: LiveServer, path: str) -> None:
    with quietly(live_server):
        answer = httpx.get(f"{live_server.url}/gradio_api/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json()["detail"].endswith("Make the call again.")


def test_an_answer_is_fetched_once(live_server: LiveServer, account: dict[str, str]) -> None:
    event = raw(live_server, "call", "whoami", [], account).json()["event_id"]
    address = f"{live_server.url}/gradio_api/call/whoami/{event}"
    assert "event: complete" in httpx.get(address).text
    with quietly(live_server):
        assert httpx.get(address).status_code == 404


def test_the_name_of_a_session_is_short(live_server: LiveServer) -> None:
    body = {"data": [], "fn_index": 0, "session_hash": "x" * 65}
    with quietly(live_server):
        answer = httpx.post(f"{live_server.url}/gradio_api/queue/join", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
