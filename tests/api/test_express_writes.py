"""The express lane for changes: it does and refuses what the ordinary road does and refuses, in the same words."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from backend import access, database
from backend.api.express_writes import ExpressWrites
from backend.models.operation import Door
from backend.services import sessions
from tests.support import Account

pytestmark = pytest.mark.skipif(database.engine.dialect.name != "sqlite", reason="the lane is SQLite's alone")

ORDINARY = {"Origin": "https://elsewhere.example"}
JSON = {"Content-Type": "application/json"}
WRONG = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b'{"title": ""}',
    b'{"title": 7}',
    b'{"title": "x", "nope": 1}',
    b'{"title": "x", "due_date": "tomorrow"}',
    b'{"title": "x", "due_time": "09:00"}',
    b'{"title": "x", "completed": "true"}',
    b'{"title": "x", "list_id": "00000000-0000-7000-8000-000000000000"}',
    b'{"title": "x", "recurrence": "FREQ=NEVER"}',
    b"[" * 50_000,
    b'{"title": "\xff"}',
]
# What readers of JSON do not agree about.
ODD = [
    b'{"title": "\\ud800"}',
    b'{"title": "x", "priority": NaN}',
    b'{"title": "x", "due_date": 1e999}',
    b'{"title": "x", "due_date": ' + b"9" * 5_000 + b"}",
    b'{"title": "first", "title": "last"}',
    b'\xef\xbb\xbf{"title": "with a mark"}',
    '{"title": "UTF-16"}'.encode("utf-16"),
    b'{"title": "x"} ' + b"\0",
    b'{"title": "a\tb"}',
    b'{"title": "x", "tags": ' + b"[" * 300 + b"]" * 300 + b"}",
]
RIGHT: list[dict[str, Any]] = [
    {"title": "Plain"},
    {"title": "Done", "completed": True},
    {"title": "Full", "description": "ä🎉", "tags": ["a", "B"], "priority": "high", "due_date": "2030-01-01T09:00"},
    {"title": "Again", "due_date": "2030-01-31", "recurrence": "monthly"},
]


@pytest.fixture
def lane(alone: Callable[[Callable[[ASGIApp], ASGIApp]], TestClient]) -> TestClient:
    return alone(ExpressWrites)


def said(answer: Any) -> tuple[int, dict[str, str], Any]:
    """An answer without what differs from one todo to the next."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"content-length", "location"}}
    body = answer.json()
    own = {"id", "created_at", "updated_at", "completed_at", "position", "url", "series_id"}
    return answer.status_code, headers, {name: value for name, value in body.items() if name not in own}


def both(account: Account, method: str, path: str, **options: Any) -> Any:
    fast = account.call(method, path, **options)
    headers = {**options.pop("headers", {}), **ORDINARY}
    assert said(fast) == said(account.call(method, path, headers=headers, **options)), options
    return fast


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_a_refusal_is_the_ordinary_one(account: Account, body: bytes) -> None:
    todo = account.add()
    assert both(account, "POST", "/todos", content=body, headers=JSON).status_code in {400, 422}
    assert both(account, "PATCH", f"/todos/{todo['id']}", content=body, headers=JSON).status_code in {200, 400, 422}
    assert account.call("GET", f"/todos/{todo['id']}").json()["title"] in {"Buy milk", "x"}


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_json_is_read_as_the_framework_reads_it(account: Account, body: bytes) -> None:
    both(account, "POST", "/todos", content=body, headers=JSON)


def test_what_is_no_json_or_nobodys_is_refused_as_ever(account: Account, make_account: Callable[..., Account]) -> None:
    todo = account.add()
    path = f"/todos/{todo['id']}"
    text = {"Content-Type": "text/plain"}
    for headers in (text, {}):
        answer = both(account, "POST", "/todos", content=b'{"title": "x"}', headers=headers)
        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["detail"]
    stranger = make_account()
    assert both(stranger, "PATCH", path, json={"title": "Mine now"}).status_code == 404
    assert both(stranger, "POST", f"{path}/complete").status_code == 404
    assert account.client.post("/api/v1/todos", json={"title": "x"}).status_code == 401
    assert both(account, "POST", f"{path}/vanish").status_code == 404
    made = account.call("POST", "/auth/tokens", json={"name": "reader", "scopes": ["read"]}).json()
    headers = {"X-API-Key": made["token"]}
    assert account.client.post("/api/v1/todos", json={"title": "x"}, headers=headers).status_code == 403
    assert account.call("GET", path).json() == todo


def test_what_is_not_plain_takes_the_ordinary_road(account: Account, lane: TestClient) -> None:
    todo = account.add()

    def pieces() -> Iterator[bytes]:
        yield b'{"title": '
        yield b'"In pieces"}'

    for method, path, options in (
        ("POST", "", {"json": {"title": "x"}, "headers": {"Idempotency-Key": "1"}}),
        ("PATCH", f"/{todo['id']}", {"json": {"title": "x"}, "headers": {"If-Match": '"1"'}}),
        ("POST", "", {"json": {"title": "x", "description": "y" * 70_000}, "headers": {}}),
        ("POST", "?x=1", {"json": {"title": "x"}, "headers": {}}),
        ("DELETE", f"/{todo['id']}", {"headers": {}}),
    ):
        headers = {**account.headers, **options.pop("headers")}
        assert lane.request(method, f"/api/v1/todos{path}", headers=headers, **options).status_code == 418, path
    assert account.call("POST", "/todos", content=pieces(), headers=JSON).json()["title"] == "In pieces"
    assert (
        account.call("PATCH", f"/todos/{todo['id']}", json={"title": "x"}, headers={"If-Match": '"7"'}).status_code
        == 412
    )


@pytest.mark.parametrize("fields", RIGHT, ids=lambda fields: fields["title"])
def test_a_change_is_the_ordinary_one(account: Account, lane: TestClient, fields: dict[str, Any]) -> None:
    created = both(account, "POST", "/todos", json=fields)
    assert created.status_code == 201
    assert created.headers["location"] == f"/api/v1/todos/{created.json()['id']}"
    both(account, "PATCH", f"/todos/{created.json()['id']}", json={"title": "Changed", "tags": ["new"]})
    done = both(account, "POST", f"/todos/{created.json()['id']}/complete")
    assert done.json()["completed"]
    headers = {**account.headers, **JSON}
    assert lane.post("/api/v1/todos", content=json.dumps(fields).encode(), headers=headers).status_code == 201


def test_it_is_in_the_log_and_can_be_undone(account: Account, lane: TestClient) -> None:
    todo = lane.post("/api/v1/todos", json={"title": "By the lane"}, headers=account.headers).json()
    lane.patch(f"/api/v1/todos/{todo['id']}", json={"title": "Renamed"}, headers=account.headers)
    assert account.call("POST", "/undo", json={"last": 1}).is_success
    assert account.call("GET", f"/todos/{todo['id']}").json()["title"] == "By the lane"
    assert account.call("GET", "/todos").json()["total"] == 1
    assert account.call("POST", "/undo", json={"last": 1}).is_success
    assert account.call("GET", "/todos").json()["total"] in {0, 1}


def test_who_calls_is_looked_up_once_in_a_turn_of_the_loop_and_anew_in_the_next(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, identify = [], sessions.identify

    def counted(*args: Any) -> Any:
        asked.append(args)
        return identify(*args)

    async def turns() -> None:
        token = account.tokens["access_token"]
        actors = [access.glance(token, Door.REST) for _ in range(3)]
        assert actors[0] is not None
        assert actors[0].user_id == account.id
        assert actors == actors[:1] * 3
        assert len(asked) == 1
        assert access.glance(token, Door.UI) not in actors, "the log says by which door"
        assert access.glance("nobody's", Door.REST) is None
        account.call("POST", "/auth/logout")
        await asyncio.sleep(0)
        assert access.glance(token, Door.REST) is None

    monkeypatch.setattr(sessions, "identify", counted)
    asyncio.run(turns())
    database.let_go()
