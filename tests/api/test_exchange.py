"""`/todos/export`, `/todos/import` and the calendar feed over REST."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from icalendar import Calendar

from backend.api import sizes
from backend.models.base import new_id
from tests.support import Account


def take(account: Account, data: bytes | str, wanted: str = "csv", **params: Any) -> httpx.Response:
    headers = params.pop("headers", {})
    return account.call("POST", "/todos/import", params={"format": wanted, **params}, content=data, headers=headers)


def test_without_a_login_nothing_leaves_and_nothing_comes_in(client: TestClient) -> None:
    assert client.get("/api/v1/todos/export?format=json").status_code == 401
    assert client.post("/api/v1/todos/import?format=csv", content="title\nx").status_code == 401
    for method in ("GET", "POST", "DELETE"):
        assert client.request(method, "/api/v1/calendar").status_code == 401


def test_a_format_that_there_is_not_is_refused(account: Account) -> None:
    for query in ("", "?format=xlsx"):
        for method, path in (("GET", "/todos/export"), ("POST", "/todos/import")):
            answer = account.call(method, path + query)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "format")


def test_a_file_of_another_kind_is_refused_in_a_sentence(account: Account) -> None:
    for data, wanted in (("not json", "json"), ("", "csv"), (b"%PDF-1.7", "ics"), (b"\x1f\x8b", "todotxt")):
        answer = take(account, data, wanted)
        assert answer.status_code == 422, wanted
        assert answer.json()["errors"][0]["field"] == "file"
    form = account.call("POST", "/todos/import?format=csv", files={"other": b"x"})
    assert (form.status_code, form.json()["errors"][0]["field"]) == (422, "file")


def test_a_file_that_is_too_large_is_refused_announced_or_not(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "FILE_MAX_BYTES", 2_000_000)
    row = b"x" * 99 + b"\n"

    def pieces() -> Iterator[bytes]:
        for _ in range(25):
            yield row * 1_000

    for data in (b"title\n" + row * 25_000, pieces()):
        answer = account.call("POST", "/todos/import?format=csv", content=data)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert "split it" in answer.json()["detail"]
    assert account.call("GET", "/todos").json()["total"] == 0


def test_a_file_may_be_larger_than_other_bodies(account: Account) -> None:
    table = "title,description\n" + "".join(f"{number},{'x' * 15_000}\n" for number in range(100))
    assert len(table) > sizes.BODY_MAX_BYTES
    assert take(account, table).json()["created"] == 100
    assert take(account, table, dry_run=True).json()["unchanged"] == 100
    assert account.call("POST", "/todos", json={"title": "x" * sizes.BODY_MAX_BYTES}).status_code == 413


def test_the_report_names_lines(account: Account) -> None:
    answer = take(account, "title\nfirst\n\x22open\n").json()
    assert answer["refused"] == 1
    assert answer["report"][0].keys() == {"line", "refused", "message"}
    assert (answer["report"][0]["line"], answer["created"]) == (3, 1)


def test_a_dry_run_changes_nothing_and_says_the_same(account: Account) -> None:
    table = "title,list\na,Garden\n,\nb,Garden\n"
    dry = take(account, table, dry_run=True).json()
    assert account.call("GET", "/todos").json()["total"] == 0
    assert account.call("GET", "/operations").json()["total"] == 0
    done = take(account, table).json()
    assert (dry.pop("dry_run"), dry.pop("operation_id")) == (True, None)
    assert (done.pop("dry_run"), bool(done.pop("operation_id"))) == (False, True)
    assert dry == done


def test_a_form_is_taken_as_well(account: Account) -> None:
    answer = account.call("POST", "/todos/import?format=todotxt", files={"file": ("todo.txt", b"Milk @home\n")})
    assert answer.json()["created"] == 1
    assert account.call("GET", "/todos").json()["todos"][0]["tags"] == ["home"]


def test_a_key_makes_a_retry_answer_the_same(account: Account) -> None:
    headers = {"Idempotency-Key": "one"}
    first = take(account, "title\nMilk\n", headers=headers)
    again = take(account, "title\nMilk\n", headers=headers)
    assert first.json()["created"] == 1
    assert (again.status_code, again.json()) == (200, first.json())
    cases: list[tuple[str, dict[str, Any]]] = [("title\nBread\n", {}), ("title\nMilk\n", {"dry_run": True})]
    for data, params in cases:
        other = take(account, data, headers=headers, **params)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    refused = {"Idempotency-Key": "two"}
    assert take(account, "", headers=refused).status_code == 422
    assert take(account, "title\nBread\n", headers=refused).json()["created"] == 1


@pytest.mark.parametrize(
    ("wanted", "media_type", "ending"),
    [
        ("json", "application/json", "json"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("ics", "text/calendar; charset=utf-8", "ics"),
        ("todotxt", "text/plain; charset=utf-8", "txt"),
    ],
)
def test_an_export_is_a_file_of_its_kind_and_goes_into_another_account(
    make_account: Callable[..., Account], wanted: str, media_type: str, ending: str
) -> None:
    source, target = make_account(), make_account()
    source.add("=cmd", tags=["home"], due_date="2027-03-01T09:00")
    gone = source.add("gone")
    source.call("DELETE", f"/todos/{gone['id']}")
    answer = source.call("GET", f"/todos/export?format={wanted}")
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"].startswith('attachment; filename="todos-20')
    assert answer.headers["content-disposition"].endswith(f'.{ending}"')
    assert ("gone" in answer.text) is (wanted in {"json", "csv"})
    assert "'=cmd" in answer.text or wanted != "csv"
    assert take(target, answer.content, wanted).json()["refused"] == 0
    [todo] = target.call("GET", "/todos").json()["todos"]
    assert (todo["title"], todo["due_date"], todo["due_time"]) == ("=cmd", "2027-03-01", "09:00")


def test_an_export_has_nothing_of_others(make_account: Callable[..., Account]) -> None:
    victim, thief = make_account(), make_account()
    theirs = victim.add("secret")
    for wanted in ("json", "csv", "ics", "todotxt"):
        text = thief.call("GET", f"/todos/export?format={wanted}").text
        assert "secret" not in text
        assert victim.id not in text
        assert victim.email not in text
    stolen = json.dumps(
        {"format": "todos-export", "format_version": 1, "todos": [{"id": theirs["id"], "title": "mine"}]}
    )
    assert take(thief, stolen, "json").json()["created"] == 1
    part = f"id,title,parent_id\n{new_id()},part,{victim.add('another')['id']}\n"
    assert "on its own" in take(thief, part).json()["report"][0]["message"]
    assert victim.call("GET", f"/todos/{theirs['id']}").json() == theirs


def test_an_import_can_be_undone(account: Account) -> None:
    operation_id = take(account, "title\na\nb\n").json()["operation_id"]
    assert len(account.call("POST", "/undo", json={"operation_id": operation_id}).json()["changed"]) == 2
    assert account.call("GET", "/todos").json()["total"] == 0


# The calendar feed


def subscribe(account: Account) -> str:
    answer = account.call("POST", "/calendar")
    assert answer.status_code == 201
    url: str = answer.json()["url"]
    assert url.startswith("http://testserver/calendar/")
    return url.removeprefix("http://testserver")


def test_an_unknown_address_is_404_whatever_it_looks_like(client: TestClient, account: Account) -> None:
    known = subscribe(account)
    details = set()
    for secret in ("x", known[10:-5], known[10:-4].swapcase(), "%00", "a" * 5_000, "%F0%9F%98%80"):
        answer = client.get(f"/calendar/{secret}.ics")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        details.add(answer.text)
    assert len(details) == 1


def test_the_feed_has_what_is_open_and_due_and_nothing_else(
    client: TestClient, make_account: Callable[..., Account]
) -> None:
    account, other = make_account(), make_account()
    assert account.call("GET", "/calendar").json() == {"exists": False, "created_at": None}
    for title, fields in (("Dentist", {"due_date": "2027-03-01T09:00:00Z"}), ("No due", {})):
        account.add(title, **fields)
    account.add("Done", due_date="2027-03-01", completed=True)
    gone = account.add("Gone", due_date="2027-03-01")
    account.call("DELETE", f"/todos/{gone['id']}")
    other.add("Theirs", due_date="2027-03-01")
    path = subscribe(account)
    assert account.call("GET", "/calendar").json()["exists"] is True
    answer = client.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == ["Dentist"]


def test_the_etag_changes_with_the_feed_and_only_then(client: TestClient, account: Account) -> None:
    todo = account.add("Dentist", due_date="2027-03-01T09:00")
    path = subscribe(account)
    first = client.get(path)
    known = {"If-None-Match": f'"old", W/{first.headers["etag"]}'}
    same = client.get(path, headers=known)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    account.call("PATCH", f"/todos/{todo['id']}", json={"title": "Doctor"})
    assert "Doctor" in client.get(path, headers=known).text
    # A time without a zone is where the account lives.
    etag = client.get(path).headers["etag"]
    account.call("PATCH", "/auth/me", json={"timezone": "Asia/Tokyo"})
    moved = client.get(path, headers={"If-None-Match": etag})
    assert (moved.status_code, "20270301T000000Z" in moved.text) == (200, True)


def test_a_new_address_replaces_the_old_and_can_be_taken_away(client: TestClient, account: Account) -> None:
    old = subscribe(account)
    new = subscribe(account)
    assert [client.get(path).status_code for path in (old, new)] == [404, 200]
    for _ in range(2):
        assert account.call("DELETE", "/calendar").status_code == 204
    assert client.get(new).status_code == 404


def test_the_secret_is_nowhere_but_in_the_one_answer(
    client: TestClient, account: Account, own_database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = subscribe(account)
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    caplog.clear()  # the test's own client tells what it asks for
    client.get(path)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert secret not in "".join(ours)
    files = [file.read_bytes() for file in own_database.parent.glob(f"{own_database.name}*")]
    assert not [data for data in files if secret.encode() in data]
    assert secret not in account.call("GET", "/calendar").text + account.call("GET", "/todos/export?format=json").text
