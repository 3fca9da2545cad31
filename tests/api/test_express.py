"""The express lane: it answers what the ordinary road answers, to the byte, and nothing that is over or has changed."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url
from sqlmodel import Session
from starlette.types import ASGIApp

from backend import database
from backend.api.express import Express
from backend.models.operation import Door
from backend.models.todo import TodoUpdate
from backend.models.todo_filter import SortBy, SortOrder
from backend.services import glances, sessions, todos
from backend.storage.engine import for_writing, make_engine
from tests.support import Account

pytestmark = pytest.mark.skipif(database.engine.dialect.name != "sqlite", reason="the lane is SQLite's alone")

# A browser on another origin takes the ordinary road, and where no origins are allowed it gets what everybody gets.
ORDINARY = {"Origin": "https://elsewhere.example"}
PLAIN = [
    "",
    "?completed=false",
    "?completed=true",
    "?limit=3",
    "?limit=2&skip=3",
    "?skip=500",
    *(f"?sort_by={key}&sort_order={order}&limit=4" for key in SortBy for order in SortOrder),
]
OTHERS = [
    "?limit=0",
    "?limit=x",
    "?skip=-1",
    "?completed=maybe",
    "?completed=",
    "?limit=2&limit=3",
    "?unknown=1",
    "?cursor=nonsense",
    "?tags=home&tags=errand",
    "?search=milk",
    "?due=overdue",
    "?priority=high",
    "/00000000-0000-7000-8000-000000000000",
    "/nonsense",
    "/trash",
    "//",
]


@pytest.fixture
def lane(alone: Callable[[Callable[[ASGIApp], ASGIApp]], TestClient]) -> TestClient:
    return alone(Express)


@pytest.fixture
def full(account: Account) -> Account:
    """An account whose todos differ in everything that a list shows."""
    parent = account.add("Parent", tags=["home"], priority="high")
    account.add("Part", parent_id=parent["id"])
    done = account.add("Done part", parent_id=parent["id"])
    account.call("POST", f"/todos/{done['id']}/complete")
    account.add("Overdue", due_date="2020-01-01", due_time="09:00", due_timezone="Europe/Berlin")
    account.add("Daily", due_date="2099-01-01", recurrence="FREQ=DAILY", description='"quotes" <b>äöü</b> 🎉')
    account.call("DELETE", f"/todos/{account.add('In the trash')['id']}")
    for number in range(4):
        account.add(f"More {number}", priority="low", due_date=f"2030-01-0{number + 1}")
    return account


def everything(account: Account) -> list[str]:
    ids = [f"/{todo['id']}" for todo in account.call("GET", "/todos?limit=100", headers=ORDINARY).json()["todos"]]
    first = account.call("GET", "/todos?limit=3", headers=ORDINARY).json()
    return [*PLAIN, f"?limit=3&cursor={first['next_cursor']}", *ids]


def same(account: Account, path: str) -> None:
    fast = account.call("GET", f"/todos{path}")
    slow = account.call("GET", f"/todos{path}", headers=ORDINARY)
    assert (fast.status_code, fast.content, sorted(fast.headers.items())) == (
        slow.status_code,
        slow.content,
        sorted(slow.headers.items()),
    ), path


def test_a_refusal_is_the_ordinary_one(full: Account, lane: TestClient) -> None:
    for path in OTHERS:
        same(full, path)
        assert lane.get(f"/api/v1/todos{path}", headers=full.headers).status_code == 418, path


def test_nobody_else_sees_it(full: Account, make_account: Callable[..., Account]) -> None:
    ids = [path for path in everything(full) if path.startswith("/")]
    for path in (*ids, *ids):
        assert full.call("GET", f"/todos{path}").status_code == 200
        assert make_account().call("GET", f"/todos{path}").status_code == 404
        assert full.client.get(f"/api/v1/todos{path}").status_code == 401


def test_what_is_plain_is_answered_here_and_the_same_to_the_byte(full: Account, lane: TestClient) -> None:
    for path in everything(full):
        for _ in range(2):  # fresh, then as it was kept
            assert lane.get(f"/api/v1/todos{path}", headers=full.headers).status_code == 200, path
            same(full, path)


def test_whatever_goes_wrong_here_the_ordinary_road_is_asked(full: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(glances, "search", fail)
    same(full, "")
    assert full.call("GET", "/todos").status_code == 200


def test_a_login_that_ended_is_refused_at_once(full: Account) -> None:
    assert full.call("GET", "/todos").status_code == 200
    full.call("POST", "/auth/logout")
    assert full.call("GET", "/todos").status_code == 401


def test_a_token_reads_with_its_scope_alone_and_not_after_it_was_revoked(full: Account) -> None:
    for scope, status in (("read", 200), ("add", 403)):
        made = full.call("POST", "/auth/tokens", json={"name": scope, "scopes": [scope]}).json()
        headers = {"X-API-Key": made["token"]}
        assert full.client.get("/api/v1/todos", headers=headers).status_code == status
        full.call("DELETE", f"/auth/tokens/{made['id']}")
        assert full.client.get("/api/v1/todos", headers=headers).status_code == 401


def changes(account: Account) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Everything that REST changes about a todo, and about what is a part of it."""
    todo, part, other = account.add("One"), account.add("Two"), account.add("Three")
    path = f"/todos/{todo['id']}"
    return [
        ("PATCH", path, {"title": "Another title"}),
        ("PATCH", path, {"tags": ["x"]}),
        ("POST", f"{path}/complete", None),
        ("POST", f"{path}/reopen", None),
        ("PATCH", f"/todos/{part['id']}", {"parent_id": todo["id"]}),
        ("POST", f"/todos/{part['id']}/complete", None),
        ("POST", f"{path}/move", {"before_id": other["id"]}),
        ("PATCH", "/tags/x", {"name": "y"}),
        ("PATCH", "/auth/me", {"timezone": "Asia/Tokyo"}),
        ("DELETE", f"/todos/{part['id']}", None),
        ("POST", f"/todos/{part['id']}/restore", None),
        ("POST", "/undo", {"last": 1}),
        ("POST", "/todos/quick", {"text": "Call mum tomorrow 9am"}),
        ("POST", "/todos/batch", {"operations": [{"action": "update", "id": todo["id"], "data": {"priority": "low"}}]}),
        ("DELETE", path, None),
        ("DELETE", "/todos/trash", None),
        ("DELETE", "/todos?completed=false", None),
    ]


def test_every_change_is_seen_by_the_next_look(full: Account) -> None:
    for method, path, body in changes(full):
        paths = everything(full)
        for seen in paths:
            full.call("GET", f"/todos{seen}")
        answer = full.call(method, path, json=body)
        assert answer.is_success, (method, path, answer.text)
        for seen in paths:
            same(full, seen)


def test_what_another_process_wrote_is_seen(full: Account) -> None:
    todo = full.add("Written elsewhere")
    assert full.call("GET", f"/todos/{todo['id']}").json()["title"] == "Written elsewhere"
    other = make_engine(make_url(str(database.engine.url)))
    with Session(for_writing(other), expire_on_commit=False) as session:
        actor = sessions.identify(session, full.tokens["access_token"], Door.REST)
        todos.update(session, actor, todo["id"], TodoUpdate(title="By another"))
        session.commit()
    other.dispose()
    assert full.call("GET", f"/todos/{todo['id']}").json()["title"] == "By another"
    assert "By another" in full.call("GET", "/todos").text


def test_what_becomes_overdue_by_the_clock_is_seen(account: Account) -> None:
    due = datetime.now(UTC) + timedelta(seconds=2)
    todo = account.add(due_date=f"{due:%Y-%m-%d}", due_time=f"{due:%H:%M:%S}", due_timezone="UTC")
    paths = (f"/todos/{todo['id']}", "/todos")
    assert not any('"overdue":true' in account.call("GET", path).text for path in paths)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not all('"overdue":true' in account.call("GET", path).text for path in paths):
        time.sleep(0.1)
    assert all('"overdue":true' in account.call("GET", path).text for path in paths)


def test_what_is_kept_of_rows_is_bounded_by_its_size_however_long_they_are(account: Account) -> None:
    for number in range(8):
        account.call("POST", "/todos", json={"title": str(number), "description": "\x01" * 19_000})
    account.call("GET", "/todos?limit=8")
    kept = glances._seen
    assert kept.currsize <= kept.maxsize < 32 * 2**20
    # A letter may be six in JSON, and four bytes in Python.
    assert kept.currsize >= 8 * 19_000 * (6 + 4)


def test_whoever_shares_lists_takes_the_ordinary_road(
    full: Account, make_account: Callable[..., Account], lane: TestClient
) -> None:
    friend = make_account()
    shared = full.call("POST", "/lists", json={"name": "Shared"}).json()
    invite = full.call("POST", f"/lists/{shared['id']}/invites", json={"role": "editor"}).json()
    friend.add("Mine")
    assert lane.get("/api/v1/todos", headers=friend.headers).status_code == 200
    assert friend.call("POST", f"/invites/{invite['token']}/accept").is_success
    assert lane.get("/api/v1/todos", headers=friend.headers).status_code == 418
    full.add("For both", list_id=shared["id"])
    assert "For both" in friend.call("GET", "/todos").text


def test_many_threads_read_while_one_writes(full: Account) -> None:
    """Each thread has a connection of its own: whoever was answered a version is never answered an older one."""
    todo = full.add("Version 1")
    failures: list[str] = []
    over = threading.Event()

    def read() -> None:
        newest = 0
        client = TestClient(full.client.app)
        while not over.is_set():
            answer = client.get(f"/api/v1/todos/{todo['id']}", headers=full.headers)
            version = answer.json().get("version", 0)
            if answer.status_code != 200 or version < newest:
                failures.append(answer.text)
            newest = version

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(2, 12):
        answer = full.call("PATCH", f"/todos/{todo['id']}", json={"title": f"Version {number}"})
        assert full.call("GET", f"/todos/{todo['id']}").json()["version"] == answer.json()["version"]
    over.set()
    for reader in readers:
        reader.join()
    assert not failures
