"""`/operations`, `/undo`, `/changes`, `/events`, `/todos/batch` and Idempotency-Key over REST."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.support import Account, LiveServer


def add(account: Account, title: str = "Milk", **fields: Any) -> dict[str, Any]:
    answer = account.call("POST", "/todos", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_undo_over_rest_takes_back_and_lists_what_it_left(account: Account) -> None:
    todo = add(account)
    account.call("PATCH", f"/todos/{todo['id']}", json={"title": "Oat milk"})
    operations = account.call("GET", "/operations", params={"object_id": todo["id"]}).json()
    assert (operations["total"], operations["operations"][0]["action"]) == (2, "update")
    answer = account.call("POST", "/undo", json={"operation_id": operations["operations"][0]["operation_id"]})
    assert answer.status_code == 200
    assert answer.json()["changed"] == [todo["id"]]
    assert account.call("GET", f"/todos/{todo['id']}").json()["title"] == "Milk"


def test_the_log_is_read_page_by_page(account: Account) -> None:
    for number in range(5):
        add(account, f"Number {number}")
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = account.call("GET", "/operations", params=params).json()
        seen += [entry["after"]["title"] for entry in page["operations"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Number {number}" for number in range(4, -1, -1)]
    assert account.call("GET", "/operations", params={"cursor": "x"}).status_code == 422


def test_changes_over_rest(account: Account) -> None:
    todo = add(account)
    page = account.call("GET", "/changes").json()
    assert [(one["kind"], one["id"], one["deleted"]) for one in page["changes"]] == [("todo", todo["id"], False)]
    account.call("DELETE", f"/todos/{todo['id']}")
    assert account.call("DELETE", "/todos/trash").json() == {"purged": 1}
    page = account.call("GET", "/changes", params={"cursor": page["next_cursor"]}).json()
    assert [(one["id"], one["deleted"], one["todo"]) for one in page["changes"]] == [(todo["id"], True, None)]


def test_a_key_makes_a_retry_answer_the_same(account: Account) -> None:
    headers = {"Idempotency-Key": "one"}
    first = account.call("POST", "/todos", json={"title": "Milk"}, headers=headers)
    again = account.call("POST", "/todos", json={"title": "Milk"}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert account.call("GET", "/todos").json()["total"] == 1


def test_a_key_for_another_request_is_refused(account: Account) -> None:
    headers = {"Idempotency-Key": "one"}
    account.call("POST", "/todos", json={"title": "Milk"}, headers=headers)
    other = account.call("POST", "/todos", json={"title": "Bread"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert account.call("GET", "/todos").json()["total"] == 1


def test_a_key_is_its_accounts_own(make_account: Callable[..., Account]) -> None:
    headers = {"Idempotency-Key": "one"}
    for account in (make_account(), make_account()):
        assert account.call("POST", "/todos", json={"title": "Milk"}, headers=headers).status_code == 201
        assert account.call("GET", "/todos").json()["total"] == 1


def test_what_was_refused_may_be_tried_again_with_its_key(account: Account) -> None:
    headers = {"Idempotency-Key": "one"}
    assert account.call("POST", "/todos", json={"title": ""}, headers=headers).status_code == 422
    assert account.call("POST", "/todos", json={"title": "Milk"}, headers=headers).status_code == 201


def test_fifty_retries_at_once_make_one(live_server: LiveServer) -> None:
    headers = live_server.register("fifty")
    url = f"{live_server.url}/api/v1/todos"
    statuses: list[int] = []

    def retry() -> None:
        keyed = {**headers, "Idempotency-Key": "fifty"}
        statuses.append(httpx.post(url, json={"title": "Milk"}, headers=keyed, timeout=60).status_code)

    threads = [threading.Thread(target=retry) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert httpx.get(url, headers=headers).json()["total"] == 1


def test_a_batch_over_rest(account: Account) -> None:
    todo = add(account)
    operations = [
        {"action": "complete", "id": todo["id"], "version": 1},
        {"action": "update", "id": todo["id"], "data": {"nonsense": 1}},
        {"action": "create", "data": {"title": "Bread"}},
    ]
    refused = account.call("POST", "/todos/batch", json={"operations": operations})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "operations.1.nonsense")
    assert account.call("GET", f"/todos/{todo['id']}").json()["completed"] is False
    done = account.call("POST", "/todos/batch", json={"operations": operations, "atomic": False}).json()
    assert (done["succeeded"], done["failed"]) == (2, 1)
    assert done["results"][1]["error"]["code"] == "validation_error"
    assert account.call("POST", "/todos/batch", json={"operations": operations[:1] * 101}).status_code == 422


def test_deleting_everything_by_an_empty_filter_is_refused(account: Account) -> None:
    add(account)
    assert account.call("DELETE", "/todos?completed=").status_code == 422
    for query in ("", "?search=", "?search=%20%20", "?search=%09", "?search=%E3%80%80", "?search=%C2%A0"):
        refused = account.call("DELETE", f"/todos{query}")
        assert (refused.status_code, "Say which todos" in refused.text) == (422, True), query
    assert account.call("DELETE", "/todos?completed=false").json()["deleted"] == 1


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The events of a stream; comments, which keep it open, are none."""
    event: dict[str, str] = {}
    for line in lines:
        if not line and event:
            yield event
            event = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


@pytest.mark.timeout(180)
def test_an_account_has_so_many_streams_and_no_more_until_one_ends(live_server: LiveServer) -> None:
    headers = live_server.register("collector")
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=f"{live_server.url}/api/v1", headers=headers, timeout=30, limits=limits) as api:
        with ExitStack() as held:
            lines = [held.enter_context(api.stream("GET", "/events")).iter_lines() for _ in range(50)]
            assert all(next(each) for each in lines)
            with api.stream("GET", "/events") as refused:
                assert refused.status_code == 409
                assert json.loads(refused.read())["code"] == "limit_reached"
            assert live_server.register("another")  # nobody else is bound by that
        deadline = time.monotonic() + 20
        status = 409
        while status == 409 and time.monotonic() < deadline:
            time.sleep(0.2)
            with api.stream("GET", "/events") as stream:
                status = stream.status_code
        assert status == 200


@pytest.mark.timeout(180)
def test_the_stream_tells_of_changes_and_goes_on_from_its_last_id(live_server: LiveServer) -> None:
    headers = live_server.register("listener")
    with httpx.Client(base_url=f"{live_server.url}/api/v1", headers=headers, timeout=30) as api:
        first = api.post("/todos", json={"title": "First"}).json()
        with api.stream("GET", "/events") as stream:
            found = events(stream.iter_lines())
            assert json.loads(next(found)["data"])["todo"]["title"] == "First"
            last_id = next(found)["id"]
            api.patch(f"/todos/{first['id']}", json={"title": "Changed"})
            assert json.loads(next(found)["data"])["todo"]["title"] == "Changed"
        api.post("/todos", json={"title": "While nobody listened"})
        with api.stream("GET", "/events", headers={"Last-Event-ID": last_id}) as stream:
            found = events(stream.iter_lines())
            titles = [json.loads(next(found)["data"])["todo"]["title"] for _ in range(2)]
            assert titles == ["Changed", "While nobody listened"]
            next(found)
            assert api.get("/events", headers={"Last-Event-ID": "x"}).status_code == 422
            api.post("/auth/logout")
            assert next(found)["event"] == "end"
        assert api.get("/events").status_code == 401
