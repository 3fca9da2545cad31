"""`/api/v1/filters`: saved filters over REST."""

from typing import Any

import pytest

from backend import database
from backend.services import saved_filters
from tests.support import Account

QUERY = {"search": "milk", "tags": ["home"], "due": "week", "sort_by": "due_date", "sort_order": "asc"}


def save(account: Account, name: str = "Urgent", **fields: Any) -> dict[str, Any]:
    answer = account.call("POST", "/filters", json={"name": name, "query": QUERY, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


# Refusals


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"query": {}}, "name"),
        ({"name": "", "query": {}}, "name"),
        ({"name": " \t", "query": {}}, "name"),
        ({"name": "x" * 101, "query": {}}, "name"),
        ({"name": "x"}, "query"),
        ({"name": "x", "query": "search"}, "query"),
        ({"name": "x", "query": {"due": "someday"}}, "query.due"),
        ({"name": "x", "query": {"search": "a b c d e f g h i j k"}}, "query.search"),
        ({"name": "x", "query": {"cursor": "x"}}, "query.cursor"),
        ({"name": "x", "query": {"skip": 1}}, "query.skip"),
        ({"name": "x", "query": {"owner_id": "x"}}, "query.owner_id"),
        ({"name": "x", "query": {"limit": 0}}, "query.limit"),
        ({"name": "x", "query": {}, "position": ""}, "position"),
        ({"name": "x", "query": {}, "position": "a b"}, "position"),
        ({"name": "x", "query": {}, "position": None, "color": "red"}, "color"),
        ({"name": "x\x00", "query": {}}, "name"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(account: Account, body: dict[str, Any], field: str) -> None:
    answer = account.call("POST", "/filters", json=body)
    assert answer.status_code == 422, answer.text
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert account.call("GET", "/filters").json() == {"filters": [], "total": 0, "next_cursor": None}


@pytest.mark.parametrize("filter_id", ["nonsense", "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"])
def test_a_filter_that_is_not_there_is_not_found(account: Account, filter_id: str) -> None:
    for method, options in (("GET", {}), ("PATCH", {"json": {"name": "x"}}), ("DELETE", {})):
        answer = account.call(method, f"/filters/{filter_id}", **options)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_outdated_etag_changes_and_deletes_nothing(account: Account) -> None:
    known = save(account)
    account.call("PATCH", f"/filters/{known['id']}", json={"name": "Changed"})
    for method, options in (("PATCH", {"json": {"name": "Mine"}}), ("DELETE", {})):
        answer = account.call(method, f"/filters/{known['id']}", headers={"If-Match": '"1"'}, **options)
        assert (answer.status_code, answer.json()["code"]) == (412, "version_conflict")
        assert answer.json()["current"]["name"] == "Changed"
    assert account.call("GET", f"/filters/{known['id']}").json()["name"] == "Changed"


def test_another_filter_under_the_same_id_is_refused(account: Account) -> None:
    known = save(account)
    assert save(account, id=known["id"]) == known
    answer = account.call("POST", "/filters", json={"id": known["id"], "name": "Other", "query": QUERY})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")


def test_there_can_be_only_so_many(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_filters, "FILTERS_MAX", 2)
    save(account)
    save(account)
    answer = account.call("POST", "/filters", json={"name": "x", "query": {}})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


# Success


def test_it_is_kept_as_it_was_said_and_lists_what_it_says(account: Account) -> None:
    answer = account.call("POST", "/filters", json={"name": "  Urgent ", "query": {**QUERY, "priority": None}})
    known = answer.json()
    assert (known["name"], known["query"], known["version"]) == ("Urgent", QUERY, 1)
    assert answer.headers["ETag"] == '"1"'
    assert account.call("GET", answer.headers["Location"].removeprefix("/api/v1")).json() == known
    assert account.call("GET", "/todos", params=known["query"]).status_code == 200


def test_a_patch_changes_what_it_names(account: Account) -> None:
    known = save(account)
    answer = account.call("PATCH", f"/filters/{known['id']}", json={"name": "New"}, headers={"If-Match": '"1"'})
    assert (answer.json()["name"], answer.json()["query"], answer.headers["ETag"]) == ("New", QUERY, '"2"')
    changed = account.call("PATCH", f"/filters/{known['id']}", json={"query": {"completed": False}}).json()
    assert (changed["name"], changed["query"], changed["position"]) == ("New", {"completed": False}, known["position"])
    same = account.call("PATCH", f"/filters/{known['id']}", json={"query": {"completed": False}})
    assert same.headers["ETag"] == '"3"'


def test_they_stand_in_their_order_page_by_page(account: Account) -> None:
    ids = [save(account, f"{number}")["id"] for number in range(5)]
    account.call("PATCH", f"/filters/{ids[4]}", json={"position": "a"})
    account.call("PATCH", f"/filters/{ids[3]}", json={"position": "a"})
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = account.call("GET", "/filters", params={"limit": 2, **cursor}).json()
        assert page["total"] == 5
        seen += [one["name"] for one in page["filters"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ["3", "4", "0", "1", "2"]
    for nonsense in ("x", "W10", "bnVsbA"):
        answer = account.call("GET", "/filters", params={"cursor": nonsense})
        assert [fault["field"] for fault in answer.json()["errors"]] == ["cursor"]


def test_a_retry_by_key_saves_one(account: Account) -> None:
    answers = [
        account.call("POST", "/filters", json={"name": "x", "query": {}}, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert (
        answers[0].headers["Location"] == answers[1].headers["Location"] == f"/api/v1/filters/{answers[0].json()['id']}"
    )
    assert account.call("GET", "/filters").json()["total"] == 1


def test_a_deleted_one_is_gone_and_the_log_knows_what_it_said(account: Account) -> None:
    known = save(account)
    account.call("PATCH", f"/filters/{known['id']}", json={"name": "New"})
    assert account.call("DELETE", f"/filters/{known['id']}").status_code == 204
    assert account.call("GET", f"/filters/{known['id']}").status_code == 404
    entries = account.call("GET", "/operations", params={"object_id": known["id"]}).json()["operations"]
    assert [(one["kind"], one["action"]) for one in entries] == [
        ("filter", "purge"),
        ("filter", "update"),
        ("filter", "create"),
    ]
    assert entries[0]["before"] == {"name": "New", "query": QUERY, "position": known["position"]}
    assert (entries[1]["before"], entries[1]["after"]) == ({"name": "Urgent"}, {"name": "New"})


def test_a_deleted_account_takes_its_filters_along(account: Account) -> None:
    save(account)
    answer = account.call("DELETE", "/auth/me", json={"password": "SecurePass123!"})
    assert answer.status_code == 204
    with database.read_scope() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM saved_filters").scalar() == 0
