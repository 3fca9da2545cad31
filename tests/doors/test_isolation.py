"""Two accounts never see or touch each other's todos, whichever operation is called with the other's ids.

The walk is over what is published: an operation that it does not know how to call fails the test, so that nobody adds
one without asking who may use it on whose todos.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from gradio_client import Client
from gradio_client.exceptions import AppError as CallError

from tests.support import PASSWORD, Account, LiveServer

SECRET = "nobody else's business"


@dataclass(frozen=True)
class Walk:
    """How to call an operation with somebody else's todo, and which answer shows that it is nobody's here."""

    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None
    status: int = 404
    form: Mapping[str, Any] | None = None


# The operations that name a todo: absent, all of them. PUT makes a todo of one's own under the same id.
TODO = {
    "get_todo": Walk(),
    "update_todo": Walk({"title": "taken over"}),
    "put_todo": Walk({"title": "my own"}, status=201),
    "delete_todo": Walk(),
    "complete_todo": Walk(),
    "reopen_todo": Walk(),
    "mark_todo_incomplete": Walk(),
    "restore_todo": Walk(),
    "skip_todo": Walk(),
    "move_todo": Walk({"after_id": None}),
}
# The operations that name a list of the other account, one of its members, an invitation to it, or a tag.
LIST = {
    "get_list": Walk(),
    "update_list": Walk({"name": "taken over"}),
    "delete_list": Walk(),
    "restore_list": Walk(),
    "move_list": Walk({"after_id": None}),
    "list_members": Walk(),
    "update_member": Walk({"role": "owner"}),
    "remove_member": Walk(),
    "add_invite": Walk({"role": "owner"}),
    "list_invites": Walk(),
    "revoke_invite": Walk(),
    "rename_tag": Walk({"name": "mine"}),
    "delete_tag": Walk(),
}
# The operations that name a saved filter.
FILTER = {
    "get_filter": Walk(),
    "update_filter": Walk({"name": "taken over"}),
    "delete_filter": Walk(),
}
# The operation that names a token of the other account.
TOKEN = {"revoke_token": Walk()}
# Those that do not: whatever they answer, nothing of the other account is in it.
OTHERS = {
    "health": Walk(status=200),
    "health_ready": Walk(status=200),
    "health_live": Walk(status=200),
    "list_quarantine": Walk(status=403),
    "download_from_quarantine": Walk(status=403),
    "acknowledge_losses": Walk(status=403),
    "register": Walk({"email": "a@example.com", "username": "abc", "password": PASSWORD}, status=201),
    "login": Walk({"username": "thief", "password": PASSWORD}, status=200),
    "token": Walk(form={"username": "thief", "password": PASSWORD}, status=200),
    "login_with_cookie": Walk(form={"username": "thief", "password": PASSWORD}, status=200),
    "refresh": Walk({"refresh_token": "nonsense"}, status=401),
    "reset_password": Walk({"token": "nonsense", "new_password": PASSWORD}, status=400),
    "list_tokens": Walk(status=200),
    "add_token": Walk({"name": "my own", "scopes": ["read"]}, status=201),
    "whoami": Walk(status=200),
    "get_profile": Walk(status=200),
    "get_profile_stats": Walk(status=200),
    "update_account": Walk({"timezone": "Asia/Tokyo"}, status=200),
    "update_profile": Walk({"timezone": "Europe/Berlin"}, status=200),
    "change_password": Walk({"current_password": PASSWORD, "new_password": "another password"}, status=204),
    "add_todo": Walk({"title": "my own"}, status=201),
    "list_todos": Walk(query={"search": SECRET, "tags": "theirs", "limit": 1000}, status=200),
    "accept_invite": Walk(status=404),
    "add_list": Walk({"name": "my own"}, status=201),
    "list_lists": Walk(query={"limit": 1000}, status=200),
    "list_tags": Walk(status=200),
    "list_trash": Walk(query={"search": SECRET, "limit": 1000}, status=200),
    "delete_todos": Walk(query={"search": SECRET}, status=200),
    "empty_trash": Walk(status=200),
    "quick_add": Walk({"text": "my own"}, status=201),
    "batch": Walk({"operations": [{"action": "create", "data": {"title": "my own"}}]}, status=200),
    "list_operations": Walk(status=200),
    "undo": Walk({"last": 100}, status=200),
    "overview": Walk(status=200),
    "list_changes": Walk(query={"limit": 1000}, status=200),
    "stream_events": Walk(query={"cursor": "guessed"}, status=422),
    "add_filter": Walk({"name": "my own", "query": {}}, status=201),
    "list_filters": Walk(status=200),
    "stats": Walk(query={"days": 366}, status=200),
    "export_todos": Walk(query={"format": "json"}, status=200),
    "import_todos": Walk(
        {"format": "todos-export", "format_version": 1, "todos": [{"title": "my own"}]},
        query={"format": "json"},
        status=200,
    ),
    "make_calendar": Walk(status=201),
    "get_calendar": Walk(status=200),
    "delete_calendar": Walk(status=204),
    "read_calendar": Walk(status=404),
}
# Last: afterwards nobody is logged in.
LAST = {
    "delete_account": Walk({"password": "another password"}, status=204),
    "logout": Walk(status=204),
}


def operations(client: TestClient) -> dict[str, tuple[str, str]]:
    """Method and path of every operation in the document."""
    paths = client.get("/openapi.json").json()["paths"]
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def everything(account: Account) -> Any:
    """All that an account has, in the list and in the trash, and its account."""
    return [
        account.call("GET", "/todos?limit=1000").json(),
        account.call("GET", "/todos/trash?limit=1000").json(),
        account.call("GET", "/auth/me").json(),
        account.call("GET", "/users/me/stats").json(),
        account.call("GET", "/lists?limit=1000").json(),
        account.call("GET", "/lists?deleted=true").json(),
        account.call("GET", "/tags").json(),
        account.call("GET", "/filters").json(),
        account.call("GET", "/stats").json(),
        account.call("GET", "/auth/tokens").json(),
        account.call("GET", "/overview").json(),
    ]


def test_every_operation_of_the_document_is_walked(client: TestClient) -> None:
    known = TODO.keys() | LIST.keys() | FILTER.keys() | TOKEN.keys() | OTHERS.keys() | LAST.keys()
    assert operations(client).keys() == known


def test_every_operation_that_names_a_todo_is_walked_as_one(client: TestClient) -> None:
    assert {name for name, (_, path) in operations(client).items() if "{todo_id}" in path} == TODO.keys()
    names = ("{list_id}", "/tags/{name}")
    assert {name for name, (_, path) in operations(client).items() if any(one in path for one in names)} == LIST.keys()
    assert {name for name, (_, path) in operations(client).items() if "{filter_id}" in path} == FILTER.keys()
    assert {name for name, (_, path) in operations(client).items() if "{token_id}" in path} == TOKEN.keys()


def test_no_operation_of_rest_shows_or_changes_what_another_account_has(  # noqa: C901 - one walk after another
    client: TestClient, make_account: Callable[..., Account]
) -> None:
    victim = make_account()
    thief = make_account(username="thief")
    fields = {"description": SECRET, "tags": ["theirs"], "due_date": "2020-01-01"}
    open_one, done, trashed = (victim.add(f"{SECRET} {kind}", **fields) for kind in ("open", "done", "trashed"))
    victim.call("POST", f"/todos/{done['id']}/complete")
    victim.call("DELETE", f"/todos/{trashed['id']}")
    lists = [victim.call("POST", "/lists", json={"name": SECRET}).json()["id"] for _ in range(2)]
    invites = [victim.call("POST", f"/lists/{one}/invites", json={}).json()["id"] for one in lists]
    victim.call("DELETE", f"/lists/{lists[1]}")
    saved = victim.call("POST", "/filters", json={"name": SECRET, "query": {"search": SECRET}}).json()
    token = victim.call("POST", "/auth/tokens", json={"name": SECRET, "scopes": ["read"]}).json()
    before = everything(victim)
    known = operations(client)

    def call(name: str, walk: Walk, **ids: str) -> httpx.Response:
        method, path = known[name]
        # What a path names; an invitation is accepted by its token, which nobody can guess.
        for part, value in {"user_id": victim.id, "name": "theirs", "token": "guessed", **ids}.items():
            path = path.replace(f"{{{part}}}", value)
        options = {"json": walk.body, "params": walk.query, "data": walk.form}
        said = {key: value for key, value in options.items() if value is not None}
        answer = client.request(method, path, headers=thief.headers, **said)  # type: ignore[arg-type]
        assert answer.status_code == walk.status, f"{name}: {answer.text}"
        assert SECRET not in answer.text
        assert victim.username not in answer.text
        assert victim.id not in answer.text
        return answer  # type: ignore[return-value]

    for todo in (open_one, done, trashed):
        # The creation comes last: from then on the id is one's own too.
        for name, walk in sorted(TODO.items(), key=lambda item: item[0] == "put_todo"):
            call(name, walk, todo_id=todo["id"])
            assert everything(victim) == before, name
    for list_id, invite_id in zip(lists, invites, strict=True):
        for name, walk in LIST.items():
            call(name, walk, list_id=list_id, invite_id=invite_id)
            assert everything(victim) == before, name
    for name, walk in TOKEN.items():
        call(name, walk, token_id=token["id"])
        assert everything(victim) == before, name
    # By a token of theirs nothing of theirs is found, and to undo what it did it is none.
    since = "2020-01-01T00:00:00Z"
    for name, walk in {
        "list_operations": Walk(query={"token_id": token["id"]}, status=200),
        "undo": Walk({"since": since, "token_id": token["id"]}, status=422),
    }.items():
        call(name, walk)
        assert everything(victim) == before, name
    for name, walk in {
        "add_todo": Walk({"title": "x", "list_id": lists[0]}, status=422),
        "list_todos": Walk(query={"list_id": lists[0]}, status=200),
    }.items():
        call(name, walk)
    for name, walk in FILTER.items():
        call(name, walk, filter_id=saved["id"])
        assert everything(victim) == before, name
    for name, walk in (OTHERS | LAST).items():
        if name == "logout":
            thief = make_account(username="thief")
        call(name, walk)
        assert everything(victim) == before, name


def test_the_same_id_in_two_accounts_names_two_todos_through_every_operation(
    client: TestClient, make_account: Callable[..., Account]
) -> None:
    victim, thief = make_account(), make_account()
    theirs = victim.add(SECRET)
    thief.add("mine", id=theirs["id"])
    before = everything(victim)
    for name, walk in TODO.items():
        method, path = operations(client)[name]
        options: dict[str, Any] = {} if walk.body is None else {"json": walk.body}
        answer = thief.call(method, path.removeprefix("/api/v1").replace("{todo_id}", theirs["id"]), **options)
        assert SECRET not in answer.text
        assert everything(victim) == before, name


# The published functions, on the live server

FUNCTIONS: dict[str, Mapping[str, Any]] = {
    "get_todo": {},
    "update_todo": {"changes": {"title": "taken over"}},
    "complete_todo": {},
    "reopen_todo": {},
    "delete_todo": {},
    "restore_todo": {},
}
WITHOUT_TODO: dict[str, Mapping[str, Any]] = {
    "whoami": {},
    "list_todos": {"search": SECRET, "limit": 1000},
    "add_todo": {"title": "my own"},
    "add_todos": {"todos": [{"title": "my own"}]},
    "quick_add": {"text": "my own"},
    "undo": {"last": 100},
    "overview": {},
    "stats": {},
}
# They take names and passwords of the caller's own, and are walked by the table of scenarios.
ABOUT_ACCOUNTS = {"register", "login"}


@pytest.fixture(scope="module")
def thief(live_server: LiveServer) -> Client:
    return Client(live_server.url, headers=live_server.register("a-thief"), verbose=False)


def published(client: Client) -> dict[str, Any]:
    info: Any = client.view_api(return_format="dict", print_info=False)
    return {name.removeprefix("/"): endpoint for name, endpoint in info["named_endpoints"].items()}


def test_every_published_function_is_walked(thief: Client) -> None:
    known = published(thief)
    assert known.keys() == FUNCTIONS.keys() | WITHOUT_TODO.keys() | ABOUT_ACCOUNTS
    takes_todo = {
        name
        for name, endpoint in known.items()
        if any(parameter["parameter_name"] == "todo_id" for parameter in endpoint["parameters"])
    }
    assert takes_todo == FUNCTIONS.keys()


def test_no_published_function_takes_an_account_as_an_argument(thief: Client) -> None:
    names = {
        parameter["parameter_name"]
        for name, endpoint in published(thief).items()
        if name not in ABOUT_ACCOUNTS
        for parameter in endpoint["parameters"]
    }
    # They name tokens of the caller's own, and with anybody else's undo is refused: see below.
    names -= {"token_id", "tokens"}
    assert not [name for name in names if "user" in name or "owner" in name or "account" in name or "token" in name]


def test_no_published_function_shows_or_changes_what_another_account_has(
    live_server: LiveServer, thief: Client
) -> None:
    victim = httpx.Client(base_url=f"{live_server.url}/api/v1", headers=live_server.register("a-victim"), timeout=60)

    def all_of_it() -> Any:
        return [victim.get(path).json() for path in ("/todos", "/todos/trash", "/auth/me")]

    ids = [victim.post("/todos", json={"title": SECRET, "tags": ["theirs"]}).json()["id"] for _ in range(2)]
    victim.delete(f"/todos/{ids[1]}")
    before = all_of_it()
    for todo_id in ids:
        for name, arguments in FUNCTIONS.items():
            with pytest.raises(CallError, match=r"There is no todo with this id\. \[not_found\]"):
                thief.predict(todo_id=todo_id, **arguments, api_name=f"/{name}")
            assert all_of_it() == before, name
    for name, arguments in WITHOUT_TODO.items():
        answer = json.dumps(thief.predict(**arguments, api_name=f"/{name}"))
        assert SECRET not in answer
        assert all_of_it() == before, name
    token = victim.post("/auth/tokens", json={"name": SECRET, "scopes": ["add"]}).json()
    agent = {"X-API-Key": token["token"]}
    httpx.post(f"{live_server.url}/api/v1/todos", json={"title": SECRET}, headers=agent).raise_for_status()
    before = all_of_it()
    operation_id = victim.get("/operations").json()["operations"][0]["operation_id"]
    with pytest.raises(CallError, match=r"No token of yours is or was called"):
        thief.predict(since="2020-01-01T00:00:00Z", token_id=token["id"], api_name="/undo")
    with pytest.raises(CallError, match=r"\[not_found\]"):
        thief.predict(operation_id=operation_id, api_name="/undo")
    assert all_of_it() == before
    victim.close()


def test_an_account_cannot_be_borrowed_by_an_argument_that_the_signature_hides(
    live_server: LiveServer, thief: Client
) -> None:
    victim = live_server.register("b-victim")
    for extra in ({"request": {"headers": victim}}, {"headers": victim}, {"actor": {"user_id": "x"}}):
        # The client drops what a function without parameters does not take; were it sent, it would name nobody.
        with contextlib.suppress(TypeError):
            assert thief.predict(**extra, api_name="/whoami")["username"] == "a-thief"
        answer = httpx.post(
            f"{live_server.url}/gradio_api/run/whoami",
            json={"data": [extra], "headers": victim, "request": {"headers": victim}},
            headers={"Authorization": "Bearer nonsense"},
        )
        assert answer.status_code >= 400
        assert "b-victim" not in answer.text
