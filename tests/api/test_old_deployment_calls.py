"""The calls of the old deployment's front end and scripts, as they were: they go on working against ours.

What the front end sends, and what it reads of the answers, was looked up in its source; see facts.md 31.
"""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.api.application import create_api
from backend.settings import Settings
from tests.support import PASSWORD

ORIGIN = "http://localhost:3000"
API = "/api/v1"
JSON = {"Content-Type": "application/json", "Origin": ORIGIN}


@pytest.fixture
def browser() -> Any:
    """A server whose settings are those of the old deployment, called from its front end's origin."""
    settings = Settings(backend_cors_origins=f'["{ORIGIN}", "https://todo.example"]')
    with TestClient(create_api(settings), raise_server_exceptions=False) as opened:
        opened.headers.update(JSON)
        yield opened


@pytest.fixture
def dashboard(browser: TestClient) -> TestClient:
    """Registered and logged in, as its two forms do it."""
    form = {"email": "test@example.com", "username": "testuser", "password": PASSWORD}
    assert browser.post(f"{API}/auth/register", json=form).status_code == 201
    answer = browser.post(f"{API}/auth/login", json={"email": form["email"], "password": form["password"]})
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    browser.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return browser


def added(dashboard: TestClient, **fields: Any) -> dict[str, Any]:
    form = {"title": "Buy milk", "description": "", "priority": "medium", "tags": [], **fields}
    answer = dashboard.post(f"{API}/todos", json=form)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/auth/login", "content-type"),
        ("GET", "/todos", "authorization,content-type"),
        ("PUT", "/todos/1", "authorization,content-type"),
        ("DELETE", "/todos/1", "authorization"),
        ("GET", "/users/me/stats", "authorization"),
    ],
)
def test_the_browser_may_ask_from_the_front_ends_origin(
    browser: TestClient, method: str, path: str, headers: str
) -> None:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    answer = browser.options(API + path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in headers.split(","))


def test_refusals_reach_the_front_end_with_a_sentence_to_show(browser: TestClient) -> None:
    answer = browser.post(f"{API}/auth/login", json={"email": "nobody@example.com", "password": PASSWORD})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert isinstance(answer.json()["detail"], str)
    answer = browser.post(f"{API}/auth/register", json={"email": "x", "username": "y", "password": "z"})
    assert isinstance(answer.json()["detail"], str)
    # Without a good token it clears its own and shows the login page.
    assert browser.get(f"{API}/todos").status_code == 401


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["done", "open"]),
        ("?completed=false", ["open"]),
        ("?completed=true", ["done"]),
        ("?search=open", ["open"]),
        ("?completed=true&search=open", []),
        ("?skip=0&limit=100", ["done", "open"]),
        ("?skip=0&limit=100&search=", ["done", "open"]),
        ("?skip=1&limit=1", ["open"]),
        ("?sort_by=created_at&sort_order=asc", ["open", "done"]),
        ("?sort_by=priority&sort_order=desc&limit=1000", ["done", "open"]),
        ("?priority=high", ["done"]),
        ("?tags=home&tags=work", ["done"]),
    ],
)
def test_the_dashboard_lists(dashboard: TestClient, query: str, titles: list[str]) -> None:
    added(dashboard, title="open")
    done = added(dashboard, title="done", priority="high", tags=["work"])
    dashboard.post(f"{API}/todos/{done['id']}/complete")
    answer = dashboard.get(f"{API}/todos{query}")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert [todo["title"] for todo in answer.json()["todos"]] == titles
    assert {"todos", "total", "skip", "limit"} <= set(answer.json())


def test_the_form_adds_with_the_value_of_a_datetime_field(dashboard: TestClient) -> None:
    todo = added(dashboard, due_date="2027-03-01T09:00", tags=["home"])
    assert {"id", "title", "description", "completed", "priority", "tags", "due_date", "created_at"} <= set(todo)
    # `new Date(todo.due_date)` must show the day that was chosen.
    assert todo["due_date"] == "2027-03-01"
    assert todo["due_time"] == "09:00"


def test_put_with_a_part_of_the_fields_keeps_the_rest(dashboard: TestClient) -> None:
    todo = added(dashboard, description="text", tags=["home"])
    answer = dashboard.put(f"{API}/todos/{todo['id']}", json={"title": "New", "completed": True})
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["title"], changed["completed"]) == ("New", True)
    assert (changed["description"], changed["tags"]) == ("text", ["home"])


def test_the_box_ticks_and_unticks_without_a_body(dashboard: TestClient) -> None:
    todo = added(dashboard)
    for path, completed in (("complete", True), ("incomplete", False)):
        answer = dashboard.post(f"{API}/todos/{todo['id']}/{path}")
        assert answer.status_code == 200
        assert answer.json()["completed"] is completed


def test_the_bin_deletes(dashboard: TestClient) -> None:
    todo = added(dashboard)
    assert dashboard.delete(f"{API}/todos/{todo['id']}").is_success
    assert dashboard.get(f"{API}/todos").json()["todos"] == []


def test_a_number_of_the_old_deployment_names_no_todo_and_breaks_nothing(dashboard: TestClient) -> None:
    for method in ("GET", "DELETE"):
        assert dashboard.request(method, f"{API}/todos/1").status_code == 404


def test_the_profile_shows_and_changes_the_account(dashboard: TestClient) -> None:
    profile = dashboard.get(f"{API}/users/me").json()
    assert (profile["email"], profile["username"]) == ("test@example.com", "testuser")
    assert profile["created_at"].endswith("Z")
    changed = dashboard.put(f"{API}/users/me", json={"username": "renamed"}).json()
    assert changed == profile | {"username": "renamed"}
    assert dashboard.get(f"{API}/users/me").json() == changed


def test_the_profile_counts(dashboard: TestClient) -> None:
    empty = dashboard.get(f"{API}/users/me/stats").json()
    assert empty == {
        "total_todos": 0,
        "completed_todos": 0,
        "pending_todos": 0,
        "completion_rate": 0.0,
        "priority_distribution": {"low": 0, "medium": 0, "high": 0},
    }
    for priority in ("low", "high", "high"):
        todo = added(dashboard, priority=priority)
    dashboard.post(f"{API}/todos/{todo['id']}/complete")
    gone = added(dashboard, title="in the trash")
    dashboard.delete(f"{API}/todos/{gone['id']}")
    assert dashboard.get(f"{API}/users/me/stats").json() == {
        "total_todos": 3,
        "completed_todos": 1,
        "pending_todos": 2,
        "completion_rate": 33.33,
        "priority_distribution": {"low": 1, "medium": 0, "high": 2},
    }
