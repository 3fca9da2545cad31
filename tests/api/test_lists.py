"""`/api/v1/lists`, `/tags`, invitations and `/todos/{id}/move`: their shapes, headers and refusals."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import Account

ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
FIELDS = {
    *("id", "name", "color", "is_archived", "position", "role", "owner_id", "owner_name", "open_count"),
    *("members_count", "created_at", "updated_at", "deleted_at", "version"),
}


def added(account: Account, name: str = "Groceries", **fields: Any) -> dict[str, Any]:
    answer = account.call("POST", "/lists", json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def shared(owner: Account, guest: Account, role: str) -> dict[str, Any]:
    made = added(owner, "Club")
    invite = owner.call("POST", f"/lists/{made['id']}/invites", json={"role": role})
    assert invite.status_code == 201
    accepted = guest.call("POST", f"/invites/{invite.json()['token']}/accept")
    assert (accepted.status_code, accepted.json()["role"]) == (200, role)
    return made


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \n"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": None}, "name"),
        ({"name": "x", "color": "red"}, "color"),
        ({"name": "x", "color": "#12345"}, "color"),
        ({"name": "x", "color": "#1234567"}, "color"),
        ({"name": "x", "is_archived": "yes"}, "is_archived"),
        ({"name": "x", "id": "1"}, "id"),
        ({"name": "x", "position": "a0"}, "position"),
    ],
)
def test_a_wrong_field_is_named(account: Account, body: dict[str, Any], field: str) -> None:
    answer = account.call("POST", "/lists", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert account.call("GET", "/lists").json() == {"lists": [], "total": 0, "next_cursor": None}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/todos?list_id=nonsense", "list_id"),
        ("/todos?parent_id=inbox", "parent_id"),
        ("/lists?limit=0", "limit"),
        ("/lists?cursor=nonsense", "cursor"),
        ("/tags?cursor=nonsense", "cursor"),
    ],
)
def test_a_wrong_word_in_a_query_is_named(account: Account, path: str, field: str) -> None:
    answer = account.call("GET", path)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_list_is_made_read_changed_deleted_and_restored(account: Account) -> None:
    made = added(account, "  Groceries ", color="#AABBCC")
    assert set(made) == FIELDS
    assert (made["name"], made["color"], made["role"], made["owner_name"]) == (
        "Groceries",
        "#aabbcc",
        "owner",
        account.username,
    )
    path = f"/lists/{made['id']}"
    answer = account.call("GET", path)
    assert (answer.json(), answer.headers["ETag"]) == (made, '"1"')
    changed = account.call("PATCH", path, json={"color": None}, headers={"If-Match": '"1"'})
    assert (changed.json()["color"], changed.json()["name"], changed.headers["ETag"]) == (None, "Groceries", '"2"')
    stale = account.call("PATCH", path, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 2)
    assert account.call("DELETE", path, headers={"If-Match": '"1"'}).status_code == 412
    todo = account.add(list_id=made["id"])
    assert account.call("DELETE", path).status_code == 204
    assert account.call("GET", path).json()["deleted_at"]
    assert account.call("GET", f"/todos/{todo['id']}").json()["deleted_at"]
    assert account.call("PATCH", path, json={"name": "x"}).status_code == 404
    assert account.call("POST", f"{path}/restore").json()["open_count"] == 1


def test_a_client_chooses_an_id(account: Account) -> None:
    made = added(account, id=ID)
    assert account.call("POST", "/lists", json={"name": "Groceries", "id": ID}).json() == made
    taken = account.call("POST", "/lists", json={"name": "Other", "id": ID})
    assert (taken.status_code, taken.json()["code"]) == (409, "id_taken")


def test_todos_are_filtered_by_list_and_parent(account: Account) -> None:
    made = added(account)
    here, inbox = account.add("here", list_id=made["id"]), account.add("inbox")
    part = account.add("part", parent_id=here["id"])
    assert part["list_id"] == made["id"]

    def found(query: str) -> set[str]:
        return {todo["id"] for todo in account.call("GET", f"/todos?{query}").json()["todos"]}

    assert found(f"list_id={made['id']}") == {here["id"], part["id"]}
    assert found("list_id=inbox") == {inbox["id"]}
    assert found("parent_id=none") == {here["id"], inbox["id"]}
    assert found(f"parent_id={here['id']}") == {part["id"]}
    assert found(f"list_id={ID}") == set()
    assert account.call("GET", f"/todos/{here['id']}").json()["parts_open"] == 1


def test_a_todo_moves_before_another(account: Account) -> None:
    one, two = account.add("one"), account.add("two")
    moved = account.call("POST", f"/todos/{two['id']}/move", json={"before_id": one["id"]})
    assert (moved.status_code, moved.headers["ETag"]) == (200, '"2"')
    page = account.call("GET", "/todos?sort_by=position&sort_order=asc").json()["todos"]
    assert [todo["title"] for todo in page] == ["two", "one"]
    stale = account.call("POST", f"/todos/{two['id']}/move", json={"before_id": None}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


def test_a_tag_with_a_slash_is_renamed_and_deleted(account: Account) -> None:
    account.add(tags=["a/b"])
    renamed = account.call("PATCH", "/tags/a%2Fb", json={"name": "c/d"})
    assert renamed.json() == {"name": "c/d", "open_count": 1, "total_count": 1}
    assert account.call("GET", "/tags").json()["tags"] == [renamed.json()]
    assert account.call("PATCH", "/tags/a/b", json={"name": "x"}).status_code == 404
    assert account.call("PATCH", "/tags/c/d", json={"name": " "}).status_code == 422
    assert account.call("DELETE", "/tags/c/d").status_code == 204
    assert account.call("GET", "/tags").json() == {"tags": [], "total": 0, "next_cursor": None}


def test_a_viewer_looks_and_is_told_why_nothing_more(make_account: Callable[..., Account]) -> None:
    owner, viewer = make_account(), make_account()
    made = shared(owner, viewer, "viewer")
    todo = owner.add("theirs", list_id=made["id"])
    assert [one["id"] for one in viewer.call("GET", "/todos").json()["todos"]] == [todo["id"]]
    for method, path, body in (
        ("PATCH", f"/todos/{todo['id']}", {"title": "x"}),
        ("POST", f"/todos/{todo['id']}/complete", None),
        ("DELETE", f"/todos/{todo['id']}", None),
        ("POST", f"/todos/{todo['id']}/move", {"before_id": None}),
        ("POST", "/todos", {"title": "x", "list_id": made["id"]}),
        ("PATCH", f"/lists/{made['id']}", {"name": "x"}),
        ("POST", f"/lists/{made['id']}/invites", {}),
    ):
        answer = viewer.call(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), path
    assert viewer.call("DELETE", f"/lists/{made['id']}/members/me").status_code == 204
    assert viewer.call("GET", f"/lists/{made['id']}").status_code == 404


def test_an_invitation_is_shown_once_and_revoked(make_account: Callable[..., Account]) -> None:
    owner, guest = make_account(), make_account()
    made = added(owner)
    path = f"/lists/{made['id']}/invites"
    for hours in (0, 721, "soon"):
        assert owner.call("POST", path, json={"expires_in_hours": hours}).status_code == 422
    invite = owner.call("POST", path, json={}).json()
    assert invite["url"] == f"/?invite={invite['token']}"
    listed = owner.call("GET", path)
    assert invite["token"] not in listed.text
    assert listed.json()["invites"] == [
        {name: invite[name] for name in ("id", "list_id", "role", "created_at", "expires_at")}
    ]
    assert owner.call("DELETE", f"{path}/{invite['id']}").status_code == 204
    assert owner.call("DELETE", f"{path}/{invite['id']}").status_code == 404
    refused = guest.call("POST", f"/invites/{invite['token']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert "withdrawn" in refused.json()["detail"]


def test_members_are_listed_and_changed(make_account: Callable[..., Account]) -> None:
    owner, editor = make_account(), make_account()
    made = shared(owner, editor, "editor")
    path = f"/lists/{made['id']}/members"
    page = editor.call("GET", path).json()
    assert [(one["username"], one["role"]) for one in page["members"]] == [
        (owner.username, "owner"),
        (editor.username, "editor"),
    ]
    assert (page["total"], page["next_cursor"]) == (2, None)
    assert owner.email not in str(page)
    assert owner.call("PATCH", f"{path}/{editor.id}", json={"role": "boss"}).status_code == 422
    assert owner.call("PATCH", f"{path}/{editor.id}", json={"role": "viewer"}).json()["role"] == "viewer"
    assert owner.call("PATCH", f"{path}/nonsense", json={"role": "viewer"}).status_code == 404
    todo = owner.add(list_id=made["id"], assignee_id=editor.id)
    assert owner.call("DELETE", f"{path}/{editor.id}").status_code == 204
    assert owner.call("GET", f"/todos/{todo['id']}").json()["assignee_id"] is None
    refused = owner.call("PATCH", f"/todos/{todo['id']}", json={"assignee_id": editor.id})
    assert [error["field"] for error in refused.json()["errors"]] == ["assignee_id"]
