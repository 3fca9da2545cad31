"""Personal tokens over REST: what is refused first, then what each scope allows, operation by operation."""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from backend import access, database
from backend.errors import RateLimitedError
from backend.models.operation import Door
from backend.models.token import TOKENS_MAX, PersonalToken, Scope
from backend.services import tokens
from tests.support import PASSWORD, Account

ALL = [scope.value for scope in Scope]
ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
IN_A_MINUTE = timedelta(minutes=1)

# The scopes that each operation of the document takes. LOGIN takes a login, whatever the scopes; OPEN asks for none.
LOGIN, OPEN = "login", "open"
NEEDS: dict[str, str] = {
    **dict.fromkeys(("list_tokens", "add_token", "revoke_token"), LOGIN),
    **dict.fromkeys(("update_account", "update_profile", "delete_account", "change_password", "logout"), LOGIN),
    **dict.fromkeys(("make_calendar", "delete_calendar", "update_member", "add_invite"), LOGIN),
    **dict.fromkeys(("list_quarantine", "download_from_quarantine", "acknowledge_losses"), LOGIN),
    **dict.fromkeys(("register", "login", "token", "login_with_cookie", "refresh", "reset_password"), OPEN),
    **dict.fromkeys(("health", "health_ready", "health_live", "whoami", "get_profile", "read_calendar"), OPEN),
    **dict.fromkeys(("get_todo", "list_todos", "list_trash", "list_lists", "get_list", "list_tags"), "read"),
    **dict.fromkeys(("list_members", "list_invites", "list_operations", "list_changes", "stream_events"), "read"),
    **dict.fromkeys(("overview", "stats", "get_profile_stats"), "read"),
    **dict.fromkeys(("list_filters", "get_filter", "get_calendar", "export_todos"), "read"),
    # An import also changes what is there, and takes `write` beside it.
    **dict.fromkeys(("add_todo", "quick_add", "add_list", "add_filter", "import_todos"), "add"),
    **dict.fromkeys(("update_todo", "complete_todo", "reopen_todo", "mark_todo_incomplete"), "write"),
    **dict.fromkeys(("restore_todo", "move_todo", "undo", "update_filter"), "write"),
    **dict.fromkeys(("update_list", "restore_list", "move_list", "rename_tag", "delete_tag"), "write"),
    # Taking off somebody else than oneself takes a login, as the tests of sharing show.
    **dict.fromkeys(("remove_member", "revoke_invite", "accept_invite"), "write"),
    "skip_todo": "delete",
    **dict.fromkeys(("delete_todo", "delete_todos", "empty_trash", "delete_list", "delete_filter"), "delete"),
}
# These take the scope of what they are told to do, and have tests of their own below.
BY_CONTENT = {"put_todo", "batch"}
BODIES: Mapping[str, Any] = {
    "add_token": {"name": "more", "scopes": ["read"]},
    "update_account": {"timezone": "Asia/Tokyo"},
    "update_profile": {"timezone": "Asia/Tokyo"},
    "delete_account": {"password": PASSWORD},
    "change_password": {"current_password": PASSWORD, "new_password": "another password"},
    "add_todo": {"title": "x"},
    "quick_add": {"text": "x"},
    "add_list": {"name": "x"},
    "add_filter": {"name": "x", "query": {}},
    "update_filter": {"name": "x"},
    "import_todos": {},
    "update_todo": {"title": "x"},
    "move_todo": {"after_id": None},
    "undo": {"last": 1},
    "update_list": {"name": "x"},
    "move_list": {"after_id": None},
    "rename_tag": {"name": "x"},
    "update_member": {"role": "viewer"},
    "add_invite": {},
}


QUERIES = {
    "delete_todos": {"completed": "false"},
    "export_todos": {"format": "json"},
    "import_todos": {"format": "json"},
}


def make(account: Account, *scopes: str, **fields: Any) -> dict[str, Any]:
    answer = account.call("POST", "/auth/tokens", json={"name": "agent", "scopes": scopes or ALL, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def using(account: Account, token: Mapping[str, Any]) -> Account:
    """The same account, called with a token."""
    return Account(account.client, account.id, account.username, account.email, {"access_token": token["token"]})


def agent(account: Account, *scopes: str, **fields: Any) -> Account:
    return using(account, make(account, *scopes, **fields))


def refused(answer: httpx.Response, status: int, code: str, says: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert says in body["detail"]


def operations(client: TestClient) -> dict[str, tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def everything(account: Account) -> Any:
    paths = ("/todos", "/todos/trash", "/auth/me", "/lists", "/lists?deleted=true", "/tags", "/operations")
    return [account.call("GET", path).json() for path in paths]


# Refusals


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"name": None}, "name", "text"),
        ({"name": " "}, "name", "empty"),
        ({"name": "a" * 101}, "name", "100"),
        ({"name": "a\x00"}, "name", "NUL"),
        ({"name": "\ud800"}, "name", "unicode"),
        *(
            ({"name": f"agent{sign}root"}, "name", "one line")
            for sign in ("\n", "\r", "\t", "\x1b[2J", "\x85", "\u2028")
        ),
        ({"scopes": None}, "scopes", "list"),
        ({"scopes": []}, "scopes", "must not be empty"),
        ({"scopes": ["everything"]}, "scopes.0", "read"),
        ({"scopes": ["read"] * 5}, "scopes", "at most 4"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "future"),
        ({"expires_at": 1893456000}, "expires_at", "written out"),
        ({"expires_at": "soon"}, "expires_at", "valid"),
        ({"max_changes": 0}, "max_changes", "greater than or equal to 1"),
        ({"max_changes": 101}, "max_changes", "less than or equal to 100"),
        ({"max_changes": "5"}, "max_changes", "integer"),
        ({"max_changes": None}, "max_changes", "integer"),
        ({"user_id": ID}, "user_id", "no field of this name"),
        ({"token": "todo_pat_mine"}, "token", "no field of this name"),
        ({"purpose": "calendar"}, "purpose", "no field of this name"),
    ],
)
def test_a_token_that_is_none_is_refused_by_its_field(
    account: Account, change: dict[str, Any], field: str, says: str
) -> None:
    answer = account.client.post(
        "/api/v1/auth/tokens",
        # Written here, because the client's own JSON cannot spell half a character.
        content=json.dumps({"name": "agent", "scopes": ["read"], **change}),
        headers={**account.headers, "Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert [(fault["field"], says in fault["message"]) for fault in answer.json()["errors"]] == [(field, True)]
    assert account.call("GET", "/auth/tokens").json() == {"tokens": [], "total": 0, "next_cursor": None}


@pytest.mark.parametrize("secret", ["todo_pat_", "todo_pat_guessed", "todo_pat_ä", "todo_pat_" + "a" * 4_000])
def test_a_secret_that_nobody_was_given_opens_nothing(account: Account, secret: str) -> None:
    for headers in ({"X-API-Key": secret.encode()}, {"Authorization": f"Bearer {secret}".encode()}):
        answer: Any = account.client.get("/api/v1/auth/me", headers=headers)  # type: ignore[arg-type]
        assert secret not in answer.text
        refused(answer, 401, "not_authenticated", "Log in with your password")


def test_the_id_or_the_digest_of_a_token_is_no_credential(account: Account) -> None:
    token = make(account)
    for stolen in (token["id"], f"todo_pat_{token['id']}", f"todo_pat_{tokens.digest(token['token'])}"):
        assert account.client.get("/api/v1/auth/me", headers={"X-API-Key": stolen}).status_code == 401


def test_a_token_that_has_expired_is_refused_at_every_call(account: Account, own_database: Path) -> None:
    token = make(account, expires_at=(datetime.now(UTC) + IN_A_MINUTE).isoformat())
    caller = using(account, token)
    assert caller.call("GET", "/auth/me").status_code == 200
    with closing(sqlite3.connect(own_database)) as connection, connection:
        connection.execute("UPDATE personal_tokens SET expires_at = '2020-01-01T00:00:00.000000Z'")
    refused(caller.call("GET", "/auth/me"), 401, "not_authenticated", "expired")
    # It is still shown, so that its owner knows why it stopped.
    assert account.call("GET", "/auth/tokens").json()["tokens"][0]["expires_at"].startswith("2020-01-01")


def test_a_token_is_refused_at_once_after_it_was_revoked(account: Account) -> None:
    token, other = make(account), make(account)
    assert account.call("DELETE", f"/auth/tokens/{token['id']}").status_code == 204
    refused(using(account, token).call("GET", "/todos"), 401, "not_authenticated", "revoked")
    assert using(account, other).call("GET", "/todos").status_code == 200
    refused(account.call("DELETE", f"/auth/tokens/{token['id']}"), 404, "not_found", "no personal token")


@pytest.mark.parametrize("token_id", [ID, "nonsense", "1"])
def test_a_token_that_is_not_there_cannot_be_revoked(account: Account, token_id: str) -> None:
    refused(account.call("DELETE", f"/auth/tokens/{token_id}"), 404, "not_found", "no personal token")


def test_a_token_of_another_account_is_neither_shown_nor_revoked(make_account: Callable[..., Account]) -> None:
    owner, thief = make_account(), make_account()
    token = make(owner)
    assert thief.call("GET", "/auth/tokens").json()["total"] == 0
    refused(thief.call("DELETE", f"/auth/tokens/{token['id']}"), 404, "not_found", "no personal token")
    assert using(owner, token).call("GET", "/todos").status_code == 200


def test_an_account_has_at_most_fifty(make_account: Callable[..., Account]) -> None:
    account, other = make_account(), make_account()
    made = [make(account)["id"] for _ in range(TOKENS_MAX)]
    one_more = {"name": "one more", "scopes": ["read"]}
    refused(account.call("POST", "/auth/tokens", json=one_more), 409, "limit_reached", "50 personal tokens")
    assert other.call("POST", "/auth/tokens", json=one_more).status_code == 201
    account.call("DELETE", f"/auth/tokens/{made[0]}")
    assert account.call("POST", "/auth/tokens", json=one_more).status_code == 201


def test_a_key_for_the_calendar_opens_nothing_else(account: Account) -> None:
    with database.write_scope() as session:
        session.add(
            PersonalToken(
                user_id=account.id,
                name="calendar",
                digest=tokens.digest("todo_pat_calendar"),
                purpose="calendar",
                scopes=ALL,
            )
        )
    refused(using(account, {"token": "todo_pat_calendar"}).call("GET", "/todos"), 401, "not_authenticated", "revoked")
    assert account.call("GET", "/auth/tokens").json()["total"] == 0


# Scopes


def test_the_table_knows_every_operation(client: TestClient) -> None:
    assert operations(client).keys() == NEEDS.keys() | BY_CONTENT
    assert set(NEEDS.values()) == {LOGIN, OPEN, *ALL}


def test_no_operation_does_what_the_token_lacks_the_scope_for(client: TestClient, account: Account) -> None:
    todo = account.add(tags=["home"])
    list_id = account.call("POST", "/lists", json={"name": "Home"}).json()["id"]
    kept = make(account)
    lacking = {scope: agent(account, *(one for one in ALL if one != scope)) for scope in ALL}
    everybody = {LOGIN: using(account, kept), **lacking}
    ids = {"todo_id": todo["id"], "list_id": list_id, "token_id": kept["id"], "name": "home"}
    before = everything(account)
    for operation_id, (method, path) in operations(client).items():
        need = NEEDS.get(operation_id, OPEN)
        if need == OPEN:
            continue
        address = re.sub(r"\{(\w+)\}", lambda part: ids.get(part[1], account.id), path)
        query = QUERIES.get(operation_id, {})
        body = BODIES.get(operation_id)
        answer = everybody[need].call(method, address.removeprefix("/api/v1"), json=body, params=query)
        says = "Log in with your password" if need == LOGIN else f"it lacks the scope `{need}`"
        refused(answer, 403, "permission_denied", says)
        assert everything(account) == before, operation_id
    assert account.call("GET", "/auth/tokens").json()["total"] == 5


@pytest.mark.parametrize("scopes", [("read",), ("add",), ("write",), ("delete",), ("read", "add"), tuple(ALL)])
def test_a_token_does_what_its_scopes_allow_and_nothing_else(account: Account, scopes: tuple[str, ...]) -> None:
    todo = account.add()
    caller = agent(account, *scopes)
    calls = {
        "read": ("GET", f"/todos/{todo['id']}", {}),
        "add": ("POST", "/todos", {"json": {"title": "New"}}),
        "write": ("PATCH", f"/todos/{todo['id']}", {"json": {"title": "Changed"}}),
        "delete": ("DELETE", f"/todos/{todo['id']}", {}),
    }
    for scope, (method, path, options) in calls.items():
        status = caller.call(method, path, **options).status_code
        assert (status < 300) == (scope in scopes), scope
        assert status in {200, 201, 204, 403}


def test_put_takes_the_scope_of_what_it_does(account: Account) -> None:
    todo = account.add()
    adding, writing = agent(account, "add"), agent(account, "write")
    refused(adding.call("PUT", f"/todos/{todo['id']}", json={"title": "x"}), 403, "permission_denied", "`write`")
    refused(writing.call("PUT", f"/todos/{ID}", json={"title": "x"}), 403, "permission_denied", "`add`")
    assert adding.call("PUT", f"/todos/{ID}", json={"title": "x"}).status_code == 201
    assert writing.call("PUT", f"/todos/{todo['id']}", json={"title": "x"}).status_code == 200


def test_each_item_of_a_batch_takes_its_own_scope(account: Account) -> None:
    todo = account.add()
    adding = agent(account, "read", "add")
    items = [
        {"action": "create", "data": {"title": "New"}},
        *({"action": action, "id": todo["id"], "data": {}} for action in ("update", "complete", "reopen")),
        *({"action": action, "id": todo["id"]} for action in ("delete", "restore")),
    ]
    before = everything(account)
    refused(adding.call("POST", "/todos/batch", json={"operations": items}), 403, "permission_denied", "operation 1")
    assert everything(account) == before
    done = adding.call("POST", "/todos/batch", json={"operations": items, "atomic": False}).json()
    assert (done["succeeded"], done["failed"]) == (1, 5)
    assert {one["error"]["code"] for one in done["results"][1:]} == {"permission_denied"}
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo


def test_who_may_only_add_opens_nothing_that_was_done(account: Account) -> None:
    parent = account.add("Done")
    account.call("POST", f"/todos/{parent['id']}/complete")
    part = {"title": "Part", "parent_id": parent["id"]}
    refused(agent(account, "read", "add").call("POST", "/todos", json=part), 403, "permission_denied", "`write`")
    assert account.call("GET", f"/todos/{parent['id']}").json()["completed"] is True
    assert account.call("GET", "/todos").json()["total"] == 1
    assert agent(account, "add", "write").call("POST", "/todos", json=part).status_code == 201


def test_undoing_what_deletes_takes_the_scope_for_that(account: Account) -> None:
    writing = agent(account, "add", "write")
    added = writing.call("POST", "/todos", json={"title": "Mine"}).json()
    refused(writing.call("POST", "/undo", json={"last": 1}), 403, "permission_denied", "`delete`")
    assert account.call("GET", f"/todos/{added['id']}").json()["deleted_at"] is None
    writing.call("PATCH", f"/todos/{added['id']}", json={"title": "Changed"})
    assert writing.call("POST", "/undo", json={"last": 1}).json()["changed"] == [added["id"]]
    assert account.call("GET", f"/todos/{added['id']}").json()["title"] == "Mine"


def test_a_token_of_an_administrator_sees_nothing_that_takes_one(
    client: TestClient, make_account: Callable[..., Account]
) -> None:
    admin = make_account()
    assert "found" in client.get("/health", headers=admin.headers).json()
    headers = agent(admin).headers
    assert client.get("/health", headers=headers).json().keys() == client.get("/health").json().keys()


def test_a_token_does_not_use_up_its_owners_attempts(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_count", lambda *_: pytest.fail("it was counted"))
    for path, method, body in (
        ("/auth/me", "DELETE", {"password": "x"}),
        ("/auth/me/password", "POST", {"current_password": "x", "new_password": "another password"}),
    ):
        refused(agent(account).call(method, path, json=body), 403, "permission_denied", "Log in")


# How much one call may change


def test_one_call_changes_no_more_than_the_token_was_given(account: Account) -> None:
    token = make(account, max_changes=2)
    assert [one["max_changes"] for one in account.call("GET", "/auth/tokens").json()["tokens"]] == [2]
    caller = using(account, token)
    for number in range(3):  # one by one there is no end
        caller.call("POST", "/todos", json={"title": f"{number}"})
    items = [{"action": "create", "data": {"title": "x"}}] * 3
    before = everything(account)
    for method, path, options in (
        ("DELETE", "/todos", {"params": {"completed": "false"}}),
        ("POST", "/todos/batch", {"json": {"operations": items}}),
        ("POST", "/todos/batch", {"json": {"operations": items, "atomic": False}}),
        ("POST", "/undo", {"json": {"since": token["created_at"]}}),
        ("POST", "/undo", {"json": {"last": 3}}),
    ):
        refused(
            caller.call(method, path, **options),
            409,
            "limit_reached",
            "This would change 3 todos, and one call with this token may change 2 at most. Nothing was changed;",
        )
        assert everything(account) == before
    assert caller.call("POST", "/undo", json={"last": 2}).status_code == 200
    assert account.call("POST", "/todos/batch", json={"operations": items}).status_code == 200


def test_an_import_brings_and_changes_no_more_than_the_token_may(account: Account) -> None:
    # More than one transaction of it, so that a part could have been kept.
    known = "title\n" + "".join(f"{number}\n" for number in range(250))
    path = {"params": {"format": "csv"}}
    assert account.call("POST", "/todos/import", content=known, **path).json()["created"] == 250
    caller = agent(account, max_changes=2)
    before = everything(account)
    answer = caller.call("POST", "/todos/import", content=f"{known}x\ny\nz\n", **path)
    refused(
        answer, 409, "limit_reached", "This would change 3 todos, and one call with this token may change 2 at most"
    )
    assert everything(account) == before
    dry = caller.call("POST", "/todos/import", content=f"{known}x\ny\nz\n", params={"format": "csv", "dry_run": True})
    assert dry.json()["created"] == 3
    done = caller.call("POST", "/todos/import", content=f"{known}x\ny\n", **path).json()
    assert (done["created"], done["unchanged"]) == (2, 250)


def test_a_token_that_was_given_no_number_has_a_hundred(account: Account, own_database: Path) -> None:
    token = make(account)
    assert token["max_changes"] == 100
    # As in a database from before there was a choice.
    with closing(sqlite3.connect(own_database)) as connection, connection:
        connection.execute("UPDATE personal_tokens SET max_changes = NULL")
    assert account.call("GET", "/auth/tokens").json()["tokens"][0]["max_changes"] == 100
    with database.read_scope() as session:
        assert tokens.identify(session, token["token"], Door.REST).max_changes == 100
    assert database.glance(lambda reader: tokens.identify(reader, token["token"], Door.REST).max_changes) == 100


# What is there


def test_the_secret_is_shown_once_and_stored_as_its_digest(account: Account, own_database: Path) -> None:
    token = make(account, "delete", "read", "read", name=" claude-laptop ")
    assert re.fullmatch(r"todo_pat_[A-Za-z0-9_-]{43}", token["token"])
    shown = {"id", "name", "scopes", "created_at", "expires_at", "max_changes", "last_used_at"}
    assert token.keys() == shown | {"token"}
    assert (token["name"], token["scopes"], token["expires_at"]) == ("claude-laptop", ["read", "delete"], None)
    listed = account.call("GET", "/auth/tokens")
    assert token["token"] not in listed.text
    assert listed.json()["tokens"] == [{name: token[name] for name in shown}]
    database.engine.dispose()
    stored = b"".join(path.read_bytes() for path in own_database.parent.glob("todo.db*"))
    assert tokens.digest(token["token"]).encode() in stored
    assert token["token"].encode() not in stored


def test_no_key_of_a_request_makes_the_secret_be_stored(account: Account, own_database: Path) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"name": "agent", "scopes": ["read"]}
    made = [account.call("POST", "/auth/tokens", json=body, headers=headers).json()["token"] for _ in range(2)]
    assert made[0] != made[1]
    with closing(sqlite3.connect(own_database)) as connection:
        assert connection.execute("SELECT count(*) FROM idempotency_keys").fetchone() == (0,)


def test_either_header_takes_a_token_also_on_a_private_space(account: Account) -> None:
    secret = make(account)["token"]
    for headers in (
        {"Authorization": f"Bearer {secret}"},
        {"X-API-Key": secret},
        {"Authorization": "Bearer hf_token_of_a_private_space", "X-API-Key": secret},
    ):
        found = account.client.get("/api/v1/auth/me", headers=headers)
        assert found.json()["username"] == account.username


def test_the_log_names_the_token_and_what_it_did_can_be_undone(account: Account) -> None:
    mine = account.add("Mine")
    since = datetime.now(UTC).isoformat()
    token, other = make(account, name="claude-laptop"), make(account, name="other")
    using(account, token).call("PATCH", f"/todos/{mine['id']}", json={"priority": "high"})
    using(account, other).call("PATCH", f"/todos/{mine['id']}", json={"description": "by the other"})
    theirs = using(account, token).call("POST", "/todos", json={"title": "Theirs"}).json()
    account.call("PATCH", f"/todos/{theirs['id']}", json={"title": "Kept by its owner"})
    logged = account.call("GET", "/operations", params={"token_id": token["id"]}).json()["operations"]
    assert [(one["actor_name"], one["token_id"], one["door"]) for one in logged] == [
        ("claude-laptop", token["id"], "rest")
    ] * 2
    undone = account.call("POST", "/undo", json={"since": since, "token_id": token["id"]}).json()
    assert undone["changed"] == [mine["id"]]
    assert [one["object_id"] for one in undone["conflicts"]] == [theirs["id"]]
    now = account.call("GET", f"/todos/{mine['id']}").json()
    assert (now["priority"], now["description"]) == ("medium", "by the other")


def test_the_last_of_a_token_is_what_it_did_itself(account: Account) -> None:
    caller = agent(account)
    added = caller.call("POST", "/todos", json={"title": "By the token"}).json()
    mine = account.add("By the person")
    assert caller.call("POST", "/undo", json={"last": 1}).json()["changed"] == [added["id"]]
    assert account.call("GET", f"/todos/{mine['id']}").json()["deleted_at"] is None


def test_each_token_has_request_keys_of_its_own(account: Account) -> None:
    keyed: dict[str, Any] = {"json": {"title": "Milk"}, "headers": {"Idempotency-Key": "1"}}
    callers = (account, agent(account), agent(account))
    ids = [[one.call("POST", "/todos", **keyed).json()["id"] for _ in range(2)] for one in callers]
    assert all(first == second for first, second in ids)
    assert account.call("GET", "/todos").json()["total"] == 3


def test_a_new_password_ends_no_token_and_deleting_the_account_ends_all(account: Account) -> None:
    caller = agent(account)
    change = {"current_password": PASSWORD, "new_password": "another password"}
    assert account.call("POST", "/auth/me/password", json=change).status_code == 204
    assert caller.call("GET", "/todos").status_code == 200
    assert account.call("DELETE", "/auth/me", json={"password": "another password"}).status_code == 204
    refused(caller.call("GET", "/todos"), 401, "not_authenticated", "revoked")
    with database.read_scope() as session:
        assert session.exec(select(PersonalToken)).all() == []


# When it was used


def used_at(account: Account) -> str | None:
    found: str | None = account.call("GET", "/auth/tokens").json()["tokens"][0]["last_used_at"]
    return found


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until something is so that happens beside the requests; an hour would not be enough if it never did."""
    for _ in range(1_500):
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail("it never happened")


def test_the_use_of_a_token_is_written_down_once_an_hour(account: Account, own_database: Path) -> None:
    caller = agent(account)
    assert used_at(account) is None
    caller.call("GET", "/todos")
    wait_for(lambda: used_at(account) is not None)
    first = used_at(account)
    access._noted.clear()  # as another process would, or this one after a restart
    caller.call("GET", "/todos")
    wait_for(lambda: not access._storing)
    assert used_at(account) == first
    with closing(sqlite3.connect(own_database)) as connection, connection:
        connection.execute("UPDATE personal_tokens SET last_used_at = '2020-01-01T00:00:00.000000Z'")
    caller.call("GET", "/todos")  # within this process's hour, so nobody even looks
    assert not access._storing
    access._noted.clear()
    caller.call("GET", "/todos")
    wait_for(lambda: not str(used_at(account)).startswith("2020"))


def test_reading_with_a_token_waits_for_no_writer(account: Account, own_database: Path) -> None:
    caller = agent(account)
    with closing(sqlite3.connect(own_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert caller.call("GET", "/todos").status_code == 200
        # It is still waiting for the lock, in a thread of its own, and the answer has come.
        assert access._storing
        other.execute("ROLLBACK")
    # Called again, should the thread have given up meanwhile.
    wait_for(lambda: caller.call("GET", "/todos").status_code == 200 and used_at(account) is not None)


def test_a_use_that_cannot_be_written_refuses_nobody(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = make(account)
    caller = using(account, token)

    def fail(*_: object) -> None:
        raise RateLimitedError("Not now.")

    monkeypatch.setattr(tokens, "note_use", fail)
    assert caller.call("GET", "/todos").status_code == 200
    wait_for(lambda: not access._storing)
    assert token["id"] not in access._noted
    assert not caplog.records


def test_a_caller_of_the_services_may_do_what_the_scopes_say(account: Account) -> None:
    secret = make(account, "read", name="claude-laptop")["token"]
    with database.read_scope() as session:
        actor = tokens.identify(session, secret, Door.MCP)
    assert (actor.user_id, actor.name, actor.scopes, actor.door) == (
        account.id,
        "claude-laptop",
        frozenset({Scope.READ}),
        Door.MCP,
    )
