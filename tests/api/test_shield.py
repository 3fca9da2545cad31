"""What strangers can say to the server as a whole, and what caches may keep of its answers."""

from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.support import Account, LiveServer


@pytest.mark.parametrize("path", ["heartbeat/any", "heartbeat", "openapi.json", "openapi.json/"])
def test_what_no_page_of_ours_asks_for_is_closed(live_server: LiveServer, path: str) -> None:
    answer = httpx.get(f"{live_server.url}/gradio_api/{path}", timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_uploads_from_strangers_are_refused(live_server: LiveServer) -> None:
    answer = httpx.post(f"{live_server.url}/gradio_api/upload", files={"files": b"x"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_forwarded_host_is_not_believed_where_no_proxy_is(live_server: LiveServer) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert "evil.example" not in httpx.get(f"{live_server.url}/config", headers=forged).text


def test_a_call_of_nothing_is_refused_in_the_one_shape_with_one_line_in_the_log(live_server: LiveServer) -> None:
    call = {"data": 1, "component_id": 9999, "fn_name": "x", "session_hash": "a"}
    answer = httpx.post(f"{live_server.url}/gradio_api/component_server/", json=call)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "could not be understood" in live_server.log
    assert "Traceback" not in live_server.log.rsplit("component_server", 2)[-1]


@pytest.mark.parametrize(
    ("method", "path", "logged"),
    [
        ("GET", "/calendar/the-secret.ics", "GET /calendar/... "),
        ("GET", "/?invite=the-secret", "GET /?invite=... "),
        ("GET", "/api/v1/todos?token=the-secret&limit=5", "GET /api/v1/todos?token=...&limit=5 "),
        ("GET", "/api/v1/todos?password=the-secret", "GET /api/v1/todos?password=... "),
        ("GET", "/api/v1/todos?search=todo_pat_the-secret", "GET /api/v1/todos?search=todo_pat_... "),
        ("GET", "/?view=all&invite=the-secret&x=1", "GET /?view=all&invite=...&x=1 "),
        ("POST", "/api/v1/invites/the-secret/accept", "POST /api/v1/invites/.../accept "),
        ("POST", "/api/v1/invites/the-secret/accept/", "POST /api/v1/invites/.../accept/ "),
        ("POST", "/api/v1/invites/the%2Dsecret/accept", "POST /api/v1/invites/.../accept "),
        ("GET", "/api/v1/todos?access_token=the-secret", "GET /api/v1/todos?access_token=... "),
        ("GET", "/nowhere?limit=1&ACCESS_TOKEN=the-secret", "GET /nowhere?limit=1&ACCESS_TOKEN=... "),
    ],
)
def test_the_log_of_requests_hides_the_secrets_of_addresses(
    live_server: LiveServer, method: str, path: str, logged: str
) -> None:
    before = len(live_server.log)
    httpx.request(method, f"{live_server.url}{path}")
    assert logged in live_server.log[before:]
    assert "the-secret" not in live_server.log[before:]


def test_the_log_of_requests_hides_the_address_of_a_calendar_that_there_is(live_server: LiveServer) -> None:
    headers = live_server.register("subscriber")
    url = httpx.post(f"{live_server.url}/api/v1/calendar", headers=headers).json()["url"]
    assert url.startswith(live_server.url)
    assert httpx.get(url).status_code == 200
    assert url.rsplit("/", 1)[1] not in live_server.log


def test_answers_with_tokens_or_todos_stay_out_of_caches(account: Account) -> None:
    for answer in (account.call("GET", "/todos"), account.call("GET", "/auth/me")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_logging_the_cookie_out_ends_its_session(client: TestClient, account: Account) -> None:
    client.post("/login", data={"username": account.username, "password": "SecurePass123!"})
    cookie = client.cookies["todo_session"]
    answer = client.get("/logout", follow_redirects=False)
    assert answer.status_code == 303
    assert "todo_session" not in client.cookies
    refused = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {cookie}"})
    assert refused.status_code == 401


@pytest.mark.parametrize("search", ["x" * 51, " ".join("abcdefghijk")])
def test_a_search_that_would_take_seconds_is_refused(account: Account, search: str) -> None:
    answer = account.call("GET", "/todos", params={"search": search})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "search"


def test_a_token_of_nested_brackets_is_no_token(client: TestClient, make_account: Callable[..., Account]) -> None:
    make_account()
    bomb = "W1tb" * 5_000
    assert client.get("/api/v1/auth/me", headers={"X-API-Key": f"{bomb}.x.x"}).status_code == 401
