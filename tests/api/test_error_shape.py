"""The one envelope, walked for every source of refusals. Whoever adds a source adds it here."""

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend import access, database, errors
from backend.api import problems
from backend.services import todos
from backend.settings import get_settings
from backend.storage import engine as storage_engine
from tests.support import PASSWORD, ROOT, Account

Answer = Any
API = "/api/v1"
ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
SECRETS = (PASSWORD, "another password", "Traceback", 'File "', ".py", str(ROOT), "sqlite:", "eyJ", "$argon2")


def is_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The answer's body, once everything that the envelope promises holds."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) - {"current"} == {"type", "title", "status", "detail", "code", "errors"}
    assert code == "version_conflict" or "current" not in body
    assert (body["type"], body["status"], body["code"]) == ("about:blank", status, code)
    assert body["title"]
    assert body["detail"].endswith((".", "!", "?"))
    assert all(set(fault) == {"field", "message"} for fault in body["errors"])
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert ("Allow" in answer.headers) == (status == 405)
    leaked = [secret for secret in SECRETS if secret in answer.text]
    assert not leaked, f"the answer says {leaked}"
    return body


def faults(body: dict[str, Any]) -> dict[str, str]:
    return {fault["field"]: fault["message"] for fault in body["errors"]}


@pytest.fixture
def other_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Settings that differ for one test."""

    def change(**values: object) -> None:
        changed = get_settings().model_copy(update=values)
        monkeypatch.setattr(access, "get_settings", lambda: changed)

    return change


# 400: what cannot even be read


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"[" * 50_000, "application/json", id="nested deeper than Python recurses"),
        pytest.param(b'{"title": ' + b"1" * 5_000 + b"}", "application/json", id="more digits than Python reads"),
    ],
)
def test_400_for_a_body_that_no_parser_takes(account: Account, content: bytes, kind: str) -> None:
    is_problem(account.call("POST", "/todos", content=content, headers={"Content-Type": kind}), 400, "bad_request")


def test_400_for_a_form_that_is_none(client: TestClient) -> None:
    answer = client.post("/login", content=b"\xff\xfe", headers={"Content-Type": "multipart/form-data"})
    is_problem(answer, 400, "bad_request")


@pytest.mark.parametrize("tag", ['"abc"', "three", '""', "1.5", "-1", '"1" "2"', "9" * 5_000, "²"])
def test_400_for_an_if_match_that_names_no_version(account: Account, tag: str) -> None:
    todo = account.add()
    raw = {name.encode(): text.encode() for name, text in {**account.headers, "If-Match": tag}.items()}
    answer = account.client.patch(f"{API}/todos/{todo['id']}", json={"title": "x"}, headers=raw)
    is_problem(answer, 400, "bad_request")
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo


# 401 and 403


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer"}, id="no token"),
        pytest.param({"Authorization": "Basic dGVzdDp0ZXN0"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer nonsense"}, id="no token of ours"),
        pytest.param({"Authorization": "Bearer \xe9.\xe9.\xe9"}, id="no ASCII"),
        pytest.param({"X-API-Key": "nonsense"}, id="a key of nobody"),
        pytest.param({"Authorization": "Bearer hf_abcdefgh"}, id="the token of a private Space alone"),
        pytest.param({"Cookie": "todo_session=nonsense"}, id="a cookie"),
    ],
)
def test_401_without_a_credential_that_holds(client: TestClient, header: dict[str, str]) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in header.items()}
    is_problem(client.get(f"{API}/todos", headers=raw), 401, "not_authenticated")


def test_401_for_the_login_cookie_because_rest_takes_headers_only(client: TestClient, account: Account) -> None:
    client.post("/login", data={"username": account.username, "password": PASSWORD}).raise_for_status()
    assert client.cookies.get(access.COOKIE)
    is_problem(client.get(f"{API}/todos"), 401, "not_authenticated")


def test_401_says_the_same_for_a_wrong_password_and_for_an_unknown_name(client: TestClient, account: Account) -> None:
    known, unknown = (
        is_problem(
            client.post(f"{API}/auth/login", json={"username": name, "password": "another password"}),
            401,
            "invalid_credentials",
        )
        for name in (account.username, "nobody")
    )
    assert known == unknown


def test_403_where_registration_is_closed(
    client: TestClient, account: Account, other_settings: Callable[..., None]
) -> None:
    assert account.id
    other_settings(registration_open=False)
    data = {"email": "late@example.com", "username": "late", "password": PASSWORD}
    is_problem(client.post(f"{API}/auth/register", json=data), 403, "registration_closed")
    # Whoever may not register learns nothing about who has.
    taken = data | {"username": account.username}
    is_problem(client.post(f"{API}/auth/register", json=taken), 403, "registration_closed")


# 404 and 405


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/todos",
        "/api/v1/nothing",
        "/api/v1//todos",
        "/api/v1/todos/a/b",
        "/api/%00",
        "/api/<script>",
        "/docs/x",
        "/redoc/x",
        "/health/x",
        "/openapi.json/x",
        "/login/x",
    ],
)
def test_404_for_an_address_of_ours_that_leads_nowhere(client: TestClient, path: str) -> None:
    body = is_problem(client.get(path), 404, "not_found")
    assert "/docs" in body["detail"]


@pytest.mark.parametrize("todo_id", [ID, "nonsense", "%00", "..%2e", "a" * 5_000, "1", "-1", "null"])
@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"title": "x"}}),
        ("DELETE", "", {}),
        ("POST", "/complete", {}),
        ("POST", "/reopen", {}),
        ("POST", "/incomplete", {}),
        ("POST", "/restore", {}),
    ],
)
def test_404_for_a_todo_that_does_not_exist(
    account: Account, method: str, path: str, options: dict[str, Any], todo_id: str
) -> None:
    is_problem(account.call(method, f"/todos/{todo_id}{path}", **options), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/health", "GET, HEAD"),
        ("POST", "/health/", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("PUT", "/redoc", "GET, HEAD"),
        ("PATCH", "/openapi.json", "GET, HEAD"),
        ("GET", "/login", "POST"),
        ("GET", "/api/v1/auth/login", "POST"),
        ("GET", "/api/v1/auth/register/", "POST"),
        ("PATCH", "/api/v1/todos", "GET, POST, DELETE"),
        ("OPTIONS", "/api/v1/todos/", "GET, POST, DELETE"),
        ("TRACE", "/api/v1/todos", "GET, POST, DELETE"),
        ("NONSENSE", "/api/v1/todos", "GET, POST, DELETE"),
        ("POST", f"/api/v1/todos/{ID}", "GET, PUT, PATCH, DELETE"),
        ("GET", f"/api/v1/todos/{ID}/complete", "POST"),
        ("POST", "/api/v1/users/me", "GET, PUT"),
        ("POST", "/api/v1/auth/me", "GET, PATCH, DELETE"),
    ],
)
def test_405_names_the_methods_that_would_do(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, path)
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/health/", "/docs/", "/openapi.json/", "/api/v1/todos/", "/api/v1/auth/me//"])
def test_a_slash_at_the_end_changes_nothing_and_redirects_nobody(account: Account, path: str) -> None:
    answer = account.client.get(path, headers=account.headers, follow_redirects=False)
    assert answer.status_code == 200


# 422: what is wrong, in words that say what would be right


@pytest.mark.parametrize(
    ("method", "path", "options", "says"),
    [
        ("POST", "/auth/tokens", {"json": {"name": "x", "scopes": []}}, "scopes: must not be empty."),
        ("GET", "/todos", {"params": {"search": "x" * 201}}, "search: must have at most 200 characters."),
        ("GET", "/todos", {"params": {"tags": ["x"] * 51}}, "tags: must have at most 50 entries."),
        ("POST", "/todos", {"json": {"title": "x", "tags": ["x"] * 1_001}}, "tags: must have at most 1000 entries."),
        (
            "POST",
            "/todos",
            {"json": {"title": "x", "description": "x" * 20_001}},
            "description: must have at most 20000 characters.",
        ),
        ("POST", "/lists", {"json": {"name": "x", "color": "red"}}, "color: must be a colour such as #2f6fde."),
        ("POST", "/todos", {"json": {"title": None}}, "title: must be a text."),
        ("POST", "/todos", {"json": {"title": "x", "tags": "home"}}, "tags: must be a list."),
        ("POST", "/todos", {"json": {"title": "x", "titel": "y"}}, "titel: There is no field of this name."),
        ("POST", "/todos/batch", {"json": {"operations": []}}, "operations: must not be empty."),
    ],
)
def test_422_says_what_would_be_right(
    account: Account, method: str, path: str, options: dict[str, Any], says: str
) -> None:
    assert is_problem(account.call(method, path, **options), 422, "validation_error")["detail"] == says


# 409 and 412


def test_409_for_a_name_that_is_taken(client: TestClient, account: Account) -> None:
    data = {"email": "new@example.com", "username": "new", "password": PASSWORD}
    taken_email = data | {"email": account.email.upper()}
    is_problem(client.post(f"{API}/auth/register", json=taken_email), 409, "email_taken")
    taken_username = data | {"username": account.username.upper()}
    is_problem(client.post(f"{API}/auth/register", json=taken_username), 409, "username_taken")


def test_409_for_an_account_that_takes_anothers_name(make_account: Callable[..., Account]) -> None:
    first, second = make_account(), make_account()
    is_problem(second.call("PATCH", "/auth/me", json={"email": first.email}), 409, "email_taken")
    is_problem(second.call("PATCH", "/auth/me", json={"username": first.username}), 409, "username_taken")
    is_problem(second.call("PUT", "/users/me", json={"username": first.username}), 409, "username_taken")
    assert second.call("GET", "/auth/me").json()["username"] == second.username


@pytest.mark.parametrize("change", [{"title": "Other"}, {"priority": "high"}, {"tags": ["x"]}, {"completed": True}])
def test_409_for_an_id_that_says_something_else(account: Account, change: dict[str, Any]) -> None:
    todo = account.add("Buy milk", id=ID)
    is_problem(account.call("POST", "/todos", json={"title": "Buy milk", "id": ID} | change), 409, "id_taken")
    assert account.call("GET", f"/todos/{ID}").json() == todo


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_412_shows_the_object_as_it_is(account: Account, method: str) -> None:
    todo = account.add()
    newer = account.call("PATCH", f"/todos/{todo['id']}", json={"title": "Newer"}).json()
    body = {"json": {"title": "Older"}} if method != "DELETE" else {}
    answer = account.call(method, f"/todos/{todo['id']}", headers={"If-Match": '"1"'}, **body)
    assert is_problem(answer, 412, "version_conflict")["current"] == newer
    assert account.call("GET", f"/todos/{todo['id']}").json() == newer


@pytest.mark.parametrize("tag", ['"1"', "*"])
def test_412_for_a_version_of_what_was_never_there(account: Account, tag: str) -> None:
    answer = account.call("PUT", f"/todos/{ID}", json={"title": "x"}, headers={"If-Match": tag})
    assert "current" not in is_problem(answer, 412, "version_conflict")
    is_problem(account.call("GET", f"/todos/{ID}"), 404, "not_found")


# 413


def test_413_for_a_body_that_announces_its_size(account: Account) -> None:
    answer = account.call("POST", "/todos", json={"title": "x", "description": "a" * 1_100_000})
    is_problem(answer, 413, "payload_too_large")


def test_413_for_a_body_that_hides_its_size(account: Account) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"title": "'
        for _ in range(20):
            yield b"a" * 100_000
        yield b'"}'

    answer = account.call("POST", "/todos", content=chunks(), headers={"Content-Type": "application/json"})
    is_problem(answer, 413, "payload_too_large")


def test_a_body_just_under_the_limit_is_judged_by_its_content(account: Account) -> None:
    answer = account.call("POST", "/todos", json={"title": "x", "description": "a" * 1_000_000})
    assert list(faults(is_problem(answer, 422, "validation_error"))) == ["description"]


# 422: each wrong field by its name

HALF = "\\ud800"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "request"),
        ("null", "request"),
        ("[]", "request"),
        ('"Buy milk"', "request"),
        ('{"title": "a"', "request"),
        ("{}", "title"),
        ('{"title": null}', "title"),
        ('{"title": "  "}', "title"),
        ('{"title": 1}', "title"),
        (f'{{"title": "{"a" * 501}"}}', "title"),
        ('{"title": "a\\u0000b"}', "title"),
        (f'{{"title": "{HALF}"}}', "title"),
        (f'{{"title": "a", "description": "{HALF}"}}', "description"),
        (f'{{"title": "a", "description": "{"a" * 20_001}"}}', "description"),
        (f'{{"title": "a", "tags": ["{HALF}"]}}', "tags"),
        ('{"title": "a", "tags": [""]}', "tags"),
        ('{"title": "a", "tags": ["a\\u0000"]}', "tags"),
        (f'{{"title": "a", "tags": ["{"a" * 101}"]}}', "tags"),
        ('{"title": "a", "tags": [1]}', "tags.0"),
        ('{"title": "a", "tags": "home"}', "tags"),
        (f'{{"title": "a", "tags": {[str(n) for n in range(51)]}}}'.replace("'", '"'), "tags"),
        ('{"title": "a", "priority": "urgent"}', "priority"),
        (f'{{"title": "a", "priority": "{HALF}"}}', "priority"),
        ('{"title": "a", "completed": "yes"}', "completed"),
        ('{"title": "a", "id": "1"}', "id"),
        (f'{{"title": "a", "id": "{HALF}"}}', "id"),
        ('{"title": "a", "due_date": "tomorrow"}', "due_date"),
        ('{"title": "a", "due_date": ""}', "due_date"),
        ('{"title": "a", "due_date": 20270301}', "due_date"),
        ('{"title": "a", "due_date": "2027-02-29"}', "due_date"),
        ('{"title": "a", "due_date": "2027-03-01T25:00"}', "due_date"),
        ('{"title": "a", "due_date": "2027-03-01T09:00X"}', "due_date"),
        ('{"title": "a", "due_date": "9999-12-31"}', "due_date"),
        ('{"title": "a", "due_date": "0001-01-01T00:00:00+14:00"}', "due_date"),
        (f'{{"title": "a", "due_date": "{HALF}"}}', "due_date"),
        ('{"title": "a", "due_time": "09:00"}', "due_time"),
        ('{"title": "a", "due_timezone": "Europe/Berlin"}', "due_timezone"),
        ('{"title": "a", "due_date": "2027-03-01", "due_timezone": "Europe/Berlin"}', "due_timezone"),
        ('{"title": "a", "due_date": "2027-03-01", "due_time": "25:00"}', "due_time"),
        ('{"title": "a", "due_date": "2027-03-01", "due_time": 9}', "due_time"),
        ('{"title": "a", "due_date": "2027-03-01", "due_time": "09:00+01:00"}', "due_time"),
        ('{"title": "a", "due_date": "2027-03-01T09:00", "due_time": "09:00"}', "due_time"),
        ('{"title": "a", "due_date": "2027-03-01T09:00Z", "due_timezone": "Europe/Berlin"}', "due_timezone"),
        ('{"title": "a", "due_date": "2027-03-01T09:00", "due_timezone": "Mars/Olympus"}', "due_timezone"),
        ('{"title": "a", "due_date": "2027-03-01T09:00", "due_timezone": "../../etc/passwd"}', "due_timezone"),
        ('{"title": "a", "due_date": "2027-03-01T09:00", "due_timezone": "localtime"}', "due_timezone"),
        ('{"title": "a", "recurring": true}', "recurring"),
        ('{"title": "a", "owner_id": "x"}', "owner_id"),
        ('{"title": "a", "version": 7}', "version"),
        ('{"title": "a", "Title": "b"}', "Title"),
        (f'{{"title": "a", "{HALF}": 1}}', "request"),
    ],
)
def test_422_for_a_new_todo_names_the_field(account: Account, body: str, field: str) -> None:
    answer = account.call("POST", "/todos", content=body.encode(), headers={"Content-Type": "application/json"})
    found = is_problem(answer, 422, "validation_error")
    assert list(faults(found)) == [field]
    assert found["detail"].startswith(f"{field}: ")
    assert account.call("GET", "/todos").json()["total"] == 0


def test_422_for_json_that_is_sent_as_something_else_names_the_header(account: Account) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    problem = is_problem(
        account.call("POST", "/todos", content='{"title": "x"}', headers=headers), 422, "validation_error"
    )
    assert problem["detail"] == "request: must be JSON, and say so: send the header Content-Type: application/json."
    headers = {"Content-Type": "application/json"}
    problem = is_problem(account.call("POST", "/todos", content='"x"', headers=headers), 422, "validation_error")
    assert "Content-Type" not in problem["detail"]


def test_422_names_every_field_that_is_wrong(account: Account) -> None:
    found = is_problem(
        account.call("POST", "/todos", json={"title": "", "priority": "x", "due_date": "y"}), 422, "validation_error"
    )
    assert list(faults(found)) == ["title", "priority", "due_date"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=blue", "colour"),
        ("Search=milk", "Search"),
        ("completed=perhaps", "completed"),
        ("priority=urgent", "priority"),
        ("due=yesterday", "due"),
        ("due_before=tomorrow", "due_before"),
        ("due_after=2027-13-01", "due_after"),
        ("updated_since=lately", "updated_since"),
        ("updated_since=0", "updated_since"),
        ("updated_since=0.5", "updated_since"),
        ("updated_since=-1e9", "updated_since"),
        ("updated_since=", "updated_since"),
        ("due_before=0", "due_before"),
        ("due_after=2027", "due_after"),
        ("updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
        ("updated_since=9999-12-31T23:59:59-14:00", "updated_since"),
        ("sort_by=owner_id", "sort_by"),
        ("sort_by=nonsense", "sort_by"),
        ("sort_order=up", "sort_order"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("skip=-1", "skip"),
        ("skip=10001", "skip"),
        ("skip=1e3", "skip"),
        ("cursor=", "cursor"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%C3%A9", "cursor"),
        ("search=%00", "search"),
        ("tags=%00", "tags.0"),
        (f"search={'a' * 201}", "search"),
    ],
)
@pytest.mark.parametrize("path", ["/todos", "/todos/trash"])
def test_422_for_a_list_names_the_parameter(account: Account, path: str, query: str, field: str) -> None:
    assert list(faults(is_problem(account.call("GET", f"{path}?{query}"), 422, "validation_error"))) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": "a@b@example.com"}, "email"),
        ({"email": "a@exam\x00ple.com"}, "email"),
        ({"email": f"{'a' * 250}@example.com"}, "email"),
        ({"username": "ab"}, "username"),
        ({"username": "a" * 51}, "username"),
        ({"username": "a@example.com"}, "username"),
        ({"username": "a b c"}, "username"),
        ({"username": "üser"}, "username"),
        ({"password": "short12"}, "password"),
        ({"password": "a" * 129}, "password"),
        ({"password": None}, "password"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"is_admin": True}, "is_admin"),
    ],
)
def test_422_for_a_new_account_names_the_field(client: TestClient, change: dict[str, Any], field: str) -> None:
    data = {"email": "new@example.com", "username": "newcomer", "password": PASSWORD}
    found = is_problem(client.post(f"{API}/auth/register", json=data | change), 422, "validation_error")
    assert list(faults(found)) == [field]


@pytest.mark.parametrize("field", ["email", "username", "password", "timezone"])
def test_422_for_half_a_character_in_an_account(client: TestClient, field: str) -> None:
    data = {"email": "new@example.com", "username": "newcomer", "password": PASSWORD, "timezone": "UTC"}
    body = "{" + ", ".join(f'"{name}": "{HALF if name == field else text}"' for name, text in data.items()) + "}"
    answer = client.post(f"{API}/auth/register", content=body, headers={"Content-Type": "application/json"})
    assert list(faults(is_problem(answer, 422, "validation_error"))) == [field]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/auth/login", {"password": "x"}, "request"),
        ("/auth/login", {"username": "a"}, "password"),
        ("/auth/login", {"username": "a", "password": "x", "remember": True}, "remember"),
        ("/auth/login", {"username": "a" * 256, "password": "x"}, "username"),
        ("/auth/refresh", {}, "refresh_token"),
        ("/auth/refresh", {"refresh_token": "a" * 5_000}, "refresh_token"),
    ],
)
def test_422_for_a_login_names_the_field(client: TestClient, path: str, body: dict[str, Any], field: str) -> None:
    assert list(faults(is_problem(client.post(API + path, json=body), 422, "validation_error"))) == [field]


@pytest.mark.parametrize("path", ["/login", f"{API}/auth/token"])
def test_422_for_a_login_form_names_the_field(client: TestClient, path: str) -> None:
    assert list(faults(is_problem(client.post(path, data={"username": "a"}), 422, "validation_error"))) == ["password"]
    long = client.post(path, data={"username": "a" * 256, "password": "x"})
    assert list(faults(is_problem(long, 422, "validation_error"))) == ["username"]


def test_422_never_repeats_a_password(client: TestClient, account: Account) -> None:
    for path, body in (
        ("/auth/register", {"email": "x", "username": "y", "password": PASSWORD}),
        ("/auth/login", {"username": [PASSWORD], "password": PASSWORD}),
        ("/auth/me/password", {"current_password": PASSWORD, "new_password": [PASSWORD]}),
    ):
        is_problem(client.post(API + path, json=body, headers=account.headers), 422, "validation_error")


# 429


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (f"{API}/auth/login", {"json": {"username": "nobody", "password": "another password"}}),
        (f"{API}/auth/token", {"data": {"username": "nobody", "password": "another password"}}),
        ("/login", {"data": {"username": "nobody", "password": "another password"}}),
    ],
)
def test_429_says_how_long_to_wait(
    client: TestClient, other_settings: Callable[..., None], path: str, options: dict[str, Any]
) -> None:
    other_settings(login_rate_limit="2/minute")
    for _ in range(2):
        is_problem(client.post(path, **options), 401, "invalid_credentials")
    answer = client.post(path, **options)
    body = is_problem(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Retry-After"] in body["detail"]


# 500


def test_500_tells_the_log_and_not_the_caller(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"{database.engine.url} {PASSWORD}")

    monkeypatch.setattr(todos, "create", fail)
    body = is_problem(account.call("POST", "/todos", json={"title": "x"}), 500, "internal_error")
    assert "nothing was changed" in body["detail"]
    assert "RuntimeError" in caplog.text


def test_500_undoes_what_was_begun(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    create = todos.create

    def create_then_fail(*arguments: Any) -> None:
        create(*arguments)
        raise RuntimeError

    monkeypatch.setattr(todos, "create", create_then_fail)
    is_problem(account.call("POST", "/todos", json={"title": "x"}), 500, "internal_error")
    assert account.call("GET", "/todos").json()["total"] == 0


@pytest.fixture
def no_commit_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next todo is refused by the database at COMMIT, not before; the one after it is taken."""
    create = todos.create

    def create_with_an_orphan(session: database.Session, *arguments: Any) -> Any:
        monkeypatch.setattr(todos, "create", create)
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        session.connection().exec_driver_sql("INSERT INTO todo_tags VALUES ('nobody', 'tag', 'nothing')")
        return create(session, *arguments)

    monkeypatch.setattr(todos, "create", create_with_an_orphan)


@pytest.mark.usefixtures("no_commit_takes_it")
def test_a_commit_that_fails_is_never_a_success(account: Account, own_database: Path) -> None:
    is_problem(account.call("POST", "/todos", json={"title": "x"}), 500, "internal_error")
    connection = sqlite3.connect(own_database)
    assert connection.execute("SELECT count(*) FROM todos").fetchone() == (0,)
    connection.close()


@pytest.mark.usefixtures("no_commit_takes_it")
def test_a_connection_whose_commit_failed_troubles_nobody_after(account: Account) -> None:
    account.call("POST", "/todos", json={"title": "x"})
    assert account.call("GET", "/todos").status_code == 200


# 503


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the write lock of the database, as a backup or a stray shell would."""
    code = textwrap.dedent(f"""
        import sqlite3, sys
        connection = sqlite3.connect({str(path)!r}, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.read()
    """)
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    try:
        yield
    finally:
        holder.communicate("", timeout=10)


def test_503_while_another_process_holds_the_write_lock(
    account: Account, own_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_engine, "BUSY_TIMEOUT_MS", 100)
    database.engine.dispose()  # so that the short timeout holds for the connection that is used
    todo = account.add()
    database.engine.dispose()
    with locked(own_database):
        answer = account.call("POST", "/todos", json={"title": "x"})
        is_problem(answer, 503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        # Whoever only reads is not held up.
        assert account.call("GET", f"/todos/{todo['id']}").json() == todo
        assert account.client.get("/health").json()["status"] == "healthy"
    assert account.call("POST", "/todos", json={"title": "x"}).status_code == 201


def test_503_for_everything_while_the_database_is_unusable(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "report", replace(database.report, is_usable=False))
    for method, path in (("GET", "/todos"), ("GET", "/auth/me"), ("DELETE", f"/todos/{ID}")):
        is_problem(account.call(method, path), 503, "storage_unavailable")
    login = account.client.post(f"{API}/auth/login", json={"username": "a", "password": "b"})
    is_problem(login, 503, "storage_unavailable")
    health = account.client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")


def test_health_says_degraded_and_no_more_after_a_loss(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        database, "report", replace(database.report, unacknowledged="Rows were lost.", actions=("moved /secret",))
    )
    health = client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert set(health.json()) == {"status", "version", "survives_restart", "detail"}


# The family itself


def everyone(base: type[errors.AppError]) -> Iterator[type[errors.AppError]]:
    yield base
    for child in base.__subclasses__():
        yield from everyone(child)


def test_every_refusal_of_ours_has_a_code_of_its_own_and_a_status() -> None:
    family = list(everyone(errors.AppError))
    codes = [error.code for error in family if error is not errors.BadRequestError]
    assert len(codes) == len(set(codes))
    assert all(400 <= error.status < 600 and error.title for error in family)


@pytest.mark.parametrize("error", list(everyone(errors.AppError)), ids=lambda error: str(error.__name__))
def test_every_refusal_of_ours_is_rendered_in_the_envelope(error: type[errors.AppError]) -> None:
    answer = problems.render(error("A sentence.", allow=["GET"] if error.status == 405 else ()))
    assert answer.status_code == error.status
    assert answer.media_type == problems.MEDIA_TYPE
    assert ("www-authenticate" in answer.headers) == (error.status == 401)
