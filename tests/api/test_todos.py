"""`/api/v1/todos`: one todo, from its creation to the trash and back."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import Account

ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
FIELDS = {
    *("id", "title", "description", "completed", "priority", "tags", "due_date", "due_time", "due_timezone", "due_at"),
    *("recurrence", "recurrence_from", "series_id", "occurrences_missed", "remind_at"),
    *("list_id", "parent_id", "position", "assignee_id"),
    *("weekday", "overdue", "completed_at", "created_at", "updated_at", "deleted_at", "version", "url"),
    *("recurrence", "recurrence_from", "series_id", "occurrences_missed", "remind_at", "list_id", "parent_id"),
    *("position", "assignee_id", "parts_open", "parts_done"),
}
DUE = ("due_date", "due_time", "due_timezone", "due_at")


def due_of(todo: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(todo[name] for name in DUE)


def patched(account: Account, todo: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = account.call("PATCH", f"/todos/{todo['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


# Creating


def test_a_title_is_enough(account: Account) -> None:
    answer = account.call("POST", "/todos", json={"title": "  Buy milk\n"})
    assert answer.status_code == 201
    todo = answer.json()
    assert set(todo) == FIELDS
    assert (todo["title"], todo["description"], todo["completed"]) == ("Buy milk", "", False)
    assert (todo["priority"], todo["tags"], todo["version"]) == ("medium", [], 1)
    assert due_of(todo) == (None,) * 4
    assert (todo["weekday"], todo["overdue"], todo["completed_at"], todo["deleted_at"]) == (None, False, None, None)
    assert todo["created_at"] == todo["updated_at"]
    assert todo["created_at"].endswith("Z")
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/api/v1/todos/{todo['id']}"
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo
    assert account.client.get(answer.headers["Location"], headers=account.headers).json() == todo


@pytest.mark.parametrize(
    "title",
    [
        "a",
        "a" * 500,
        "Äpfel & Öl",
        "買い物",
        "🛒" * 500,
        "<img src=x onerror=alert(1)>",
        "{{value}} ${value}",
        "' OR 1=1 --",
    ],
)
def test_text_comes_back_as_it_was_written(account: Account, title: str) -> None:
    todo = account.add(title, description=title * 2, tags=[title[:100]])
    assert (todo["title"], todo["description"], todo["tags"]) == (title, title * 2, [title[:100]])
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo


def test_tags_are_trimmed_and_kept_once_in_the_order_given(account: Account) -> None:
    assert account.add(tags=[" Home ", "work", "HOME", "Straße", "STRASSE"])["tags"] == ["Home", "work", "Straße"]
    assert account.add(tags=None)["tags"] == []
    assert len(account.add(tags=[str(number) for number in range(50)])["tags"]) == 50


def test_null_means_what_was_never_said(account: Account) -> None:
    todo = account.add(description=None, priority=None, tags=None, due_date=None, due_time=None, due_timezone=None)
    bare = account.add()
    changing = {"id", "url", "created_at", "updated_at", "position"}
    assert {name: todo[name] for name in FIELDS - changing} == {name: bare[name] for name in FIELDS - changing}


def test_a_todo_may_be_created_done(account: Account) -> None:
    todo = account.add(completed=True)
    assert todo["completed"] is True
    assert todo["completed_at"] == todo["created_at"]


# Ids that the client chooses


def test_the_same_id_and_the_same_words_are_the_same_todo(account: Account) -> None:
    first = account.add("Buy milk", id=ID.upper(), tags=["home"], due_date="2027-03-01T09:00")
    assert first["id"] == ID
    again = account.add("Buy milk", id=ID, tags=["home"], due_date="2027-03-01", due_time="09:00")
    assert again == first
    assert account.call("GET", "/todos").json()["total"] == 1


def test_an_id_in_the_trash_is_taken_all_the_same(account: Account) -> None:
    account.add("Buy milk", id=ID)
    account.call("DELETE", f"/todos/{ID}")
    answer = account.call("POST", "/todos", json={"title": "Buy milk", "id": ID})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")


def test_two_accounts_may_choose_the_same_id_and_never_meet(make_account: Callable[..., Account]) -> None:
    one, two = make_account(), make_account()
    mine, theirs = one.add("mine", id=ID), two.add("theirs", id=ID)
    assert (mine["title"], theirs["title"]) == ("mine", "theirs")
    assert one.call("DELETE", f"/todos/{ID}").status_code == 204
    assert two.call("GET", f"/todos/{ID}").json() == theirs


@pytest.mark.parametrize("spelling", [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}"])
def test_an_id_is_found_however_it_is_spelled(account: Account, spelling: str) -> None:
    todo = account.add(id=ID)
    assert account.call("GET", f"/todos/{spelling}").json() == todo
    assert account.call("PUT", f"/todos/{spelling}", json={"title": "New"}).status_code == 200
    assert account.call("POST", f"/todos/{spelling}/complete").json()["completed"] is True
    assert account.call("DELETE", f"/todos/{spelling}").status_code == 204
    assert account.call("GET", "/todos/trash").json()["total"] == 1


# Due: kept as it was said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"due_date": "2027-03-01"}, ("2027-03-01", None, None, None)),
        ({"due_date": " 2027-03-01 "}, ("2027-03-01", None, None, None)),
        ({"due_date": "2028-02-29"}, ("2028-02-29", None, None, None)),
        # Floating: nine wherever the account is, which is New York here.
        ({"due_date": "2027-03-01", "due_time": "09:00"}, ("2027-03-01", "09:00", None, "2027-03-01T14:00:00Z")),
        ({"due_date": "2027-03-01", "due_time": "09:00:30"}, ("2027-03-01", "09:00:30", None, "2027-03-01T14:00:30Z")),
        ({"due_date": "2027-03-01", "due_time": "09:00:00.7"}, ("2027-03-01", "09:00", None, "2027-03-01T14:00:00Z")),
        ({"due_date": "2027-03-01T09:00"}, ("2027-03-01", "09:00", None, "2027-03-01T14:00:00Z")),
        ({"due_date": "2027-03-01 09:00"}, ("2027-03-01", "09:00", None, "2027-03-01T14:00:00Z")),
        ({"due_date": "2027-03-01T09:00:00.000"}, ("2027-03-01", "09:00", None, "2027-03-01T14:00:00Z")),
        ({"due_date": "2027-03-01T00:00"}, ("2027-03-01", "00:00", None, "2027-03-01T05:00:00Z")),
        # Fixed.
        (
            {"due_date": "2027-03-01", "due_time": "09:00", "due_timezone": "Europe/Berlin"},
            ("2027-03-01", "09:00", "Europe/Berlin", "2027-03-01T08:00:00Z"),
        ),
        (
            {"due_date": "2027-03-01T09:00", "due_timezone": "Europe/Berlin"},
            ("2027-03-01", "09:00", "Europe/Berlin", "2027-03-01T08:00:00Z"),
        ),
        ({"due_date": "2026-01-15T17:00:00Z"}, ("2026-01-15", "17:00", "UTC", "2026-01-15T17:00:00Z")),
        ({"due_date": "2026-01-15T17:00:00.000Z"}, ("2026-01-15", "17:00", "UTC", "2026-01-15T17:00:00Z")),
        ({"due_date": "2026-01-15T17:00:00+00:00"}, ("2026-01-15", "17:00", "UTC", "2026-01-15T17:00:00Z")),
        # An offset may move the day.
        ({"due_date": "2026-01-15T01:00:00+05:30"}, ("2026-01-14", "19:30", "UTC", "2026-01-14T19:30:00Z")),
        ({"due_date": "2026-12-31T23:00:00-05:00"}, ("2027-01-01", "04:00", "UTC", "2027-01-01T04:00:00Z")),
        # The hour that a clock change skips moves forward by the gap; the one that comes twice is the first.
        (
            {"due_date": "2027-03-28T02:30", "due_timezone": "Europe/Berlin"},
            ("2027-03-28", "02:30", "Europe/Berlin", "2027-03-28T01:30:00Z"),
        ),
        (
            {"due_date": "2027-10-31T02:30", "due_timezone": "Europe/Berlin"},
            ("2027-10-31", "02:30", "Europe/Berlin", "2027-10-31T00:30:00Z"),
        ),
        # The edges of what a calendar knows, in the zones that lie furthest out.
        (
            {"due_date": "0001-01-02T00:00", "due_timezone": "Pacific/Kiritimati"},
            ("0001-01-02", "00:00", "Pacific/Kiritimati", "0001-01-02T10:29:20Z"),
        ),
        (
            {"due_date": "9999-12-30T23:59", "due_timezone": "Etc/GMT+12"},
            ("9999-12-30", "23:59", "Etc/GMT+12", "9999-12-31T11:59:00Z"),
        ),
    ],
)
def test_a_due_is_kept_as_it_was_said(
    make_account: Callable[..., Account], said: dict[str, Any], kept: tuple[Any, ...]
) -> None:
    account = make_account(timezone="America/New_York")
    todo = account.add(**said)
    assert due_of(todo) == kept
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo
    # And a change says the same as a creation.
    other = account.add()
    assert due_of(patched(account, other, **said)) == kept


@pytest.mark.parametrize(
    ("day", "weekday"), [("2027-03-01", "Monday"), ("2026-01-15", "Thursday"), ("2000-02-29", "Tuesday")]
)
def test_the_weekday_is_that_of_the_day_that_was_said(
    make_account: Callable[..., Account], day: str, weekday: str
) -> None:
    account = make_account(timezone="Pacific/Auckland")
    assert account.add(due_date=day)["weekday"] == weekday
    assert account.add(due_date=f"{day}T23:30", due_timezone="America/Los_Angeles")["weekday"] == weekday


FIXED = {"due_date": "2027-03-01", "due_time": "09:00", "due_timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"title": "Other"}, ("2027-03-01", "09:00", "Europe/Berlin")),
        ({"due_date": "2027-04-01"}, ("2027-04-01", "09:00", "Europe/Berlin")),
        ({"due_time": "10:00"}, ("2027-03-01", "10:00", "Europe/Berlin")),
        ({"due_timezone": "Asia/Tokyo"}, ("2027-03-01", "09:00", "Asia/Tokyo")),
        ({"due_timezone": None}, ("2027-03-01", "09:00", None)),
        ({"due_time": None}, ("2027-03-01", None, None)),
        ({"due_time": None, "due_timezone": None}, ("2027-03-01", None, None)),
        ({"due_date": None}, (None, None, None)),
        ({"due_date": None, "due_time": None, "due_timezone": None}, (None, None, None)),
        # A whole timestamp says all three.
        ({"due_date": "2027-05-01T08:00"}, ("2027-05-01", "08:00", None)),
        ({"due_date": "2027-05-01T08:00Z"}, ("2027-05-01", "08:00", "UTC")),
        ({"due_date": "2027-05-01T08:00", "due_timezone": "Asia/Tokyo"}, ("2027-05-01", "08:00", "Asia/Tokyo")),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_absent_stays_and_null_clears(
    account: Account, method: str, changes: dict[str, Any], kept: tuple[Any, ...]
) -> None:
    todo = account.add(**FIXED)
    changed = account.call(method, f"/todos/{todo['id']}", json=changes).json()
    assert due_of(changed)[:3] == kept
    for name in FIELDS - {*DUE, "weekday", "version", "updated_at", *changes}:
        assert changed[name] == todo[name]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"due_date": None, "due_time": "09:00"}, "due_time"),
        ({"due_date": None, "due_timezone": "UTC"}, "due_timezone"),
        ({"due_time": None, "due_timezone": "UTC"}, "due_timezone"),
        ({"due_date": "2027-05-01T08:00", "due_time": "08:00"}, "due_time"),
    ],
)
def test_a_due_that_contradicts_itself_is_refused_and_changes_nothing(
    account: Account, changes: dict[str, Any], field: str
) -> None:
    todo = account.add(**FIXED)
    answer = account.call("PATCH", f"/todos/{todo['id']}", json={"title": "Other", **changes})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo


def test_moving_the_account_moves_what_floats_and_only_that(make_account: Callable[..., Account]) -> None:
    account = make_account(timezone="America/New_York")
    floating = account.add("floating", due_date="2027-03-01T09:00")
    fixed = account.add("fixed", **FIXED)
    all_day = account.add("all day", due_date="2027-03-01")
    account.call("PATCH", "/auth/me", json={"timezone": "Asia/Tokyo"})
    now = {todo["title"]: todo for todo in account.call("GET", "/todos").json()["todos"]}
    assert now["floating"] == floating | {"due_at": "2027-03-01T00:00:00Z"}
    assert (now["fixed"], now["all day"]) == (fixed, all_day)
    # The order by due follows: the floating one is now before the fixed one (08:00Z), before the day's end.
    ordered = account.call("GET", "/todos?sort_by=due_date&sort_order=asc").json()["todos"]
    assert [todo["title"] for todo in ordered] == ["floating", "fixed", "all day"]


@pytest.mark.parametrize(
    ("due", "is_overdue"),
    [
        ({"due_date": "2020-01-01"}, True),
        ({"due_date": "2020-01-01T09:00"}, True),
        ({"due_date": "2020-01-01T09:00Z"}, True),
        ({"due_date": "2999-01-01"}, False),
        ({"due_date": "2999-01-01T09:00"}, False),
        ({}, False),
    ],
)
def test_overdue_is_what_is_open_and_past(account: Account, due: dict[str, str], is_overdue: bool) -> None:
    todo = account.add(**due)
    assert todo["overdue"] is is_overdue
    assert account.call("GET", "/todos?due=overdue").json()["total"] == int(is_overdue)
    done = account.call("POST", f"/todos/{todo['id']}/complete").json()
    assert done["overdue"] is False
    assert account.call("GET", "/todos?due=overdue").json()["total"] == 0


# Changing


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"title": " New "}, {"title": "New"}),
        ({"description": None}, {"description": ""}),
        ({"priority": None}, {"priority": "medium"}),
        ({"tags": None}, {"tags": []}),
        ({"tags": ["a", "A"]}, {"tags": ["a"]}),
        ({"priority": "low", "tags": []}, {"priority": "low", "tags": []}),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_change_touches_what_it_names_and_nothing_else(
    account: Account, method: str, changes: dict[str, Any], result: dict[str, Any]
) -> None:
    todo = account.add("Old", description="text", priority="high", tags=["home"], due_date="2027-03-01")
    answer = account.call(method, f"/todos/{todo['id']}", json=changes)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["updated_at"] > todo["updated_at"]
    assert changed == todo | result | {"version": 2, "updated_at": changed["updated_at"]}
    assert answer.headers["ETag"] == '"2"'
    assert "Location" not in answer.headers
    assert account.call("GET", f"/todos/{todo['id']}").json() == changed


@pytest.mark.parametrize("changes", [{}, {"title": "Buy milk"}, {"tags": [" home"]}, {"due_date": "2027-03-01"}])
def test_a_change_that_changes_nothing_leaves_the_version(account: Account, changes: dict[str, Any]) -> None:
    todo = account.add("Buy milk", tags=["home"], due_date="2027-03-01")
    assert patched(account, todo, **changes) == todo


@pytest.mark.parametrize("field", ["id", "version", "created_at", "owner_id", "due_at", "overdue", "nonsense"])
def test_what_is_not_the_callers_to_say_is_refused(account: Account, field: str) -> None:
    todo = account.add()
    for method in ("PATCH", "PUT"):
        answer = account.call(method, f"/todos/{todo['id']}", json={field: todo.get(field, "x"), "title": "Other"})
        assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo


def test_put_creates_what_is_unknown_and_needs_a_title_for_it(account: Account) -> None:
    answer = account.call("PUT", f"/todos/{ID}", json={"description": "text"})
    assert [fault["field"] for fault in answer.json()["errors"]] == ["title"]
    answer = account.call("PUT", "/todos/nonsense", json={"title": "x"})
    assert [fault["field"] for fault in answer.json()["errors"]] == ["id"]
    body = {"title": "Buy milk", "due_date": "2027-03-01T09:00:30Z", "priority": "high", "tags": ["home"]}
    answer = account.call("PUT", f"/todos/{ID}", json=body)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/todos/{ID}"
    todo = answer.json()
    assert (todo["id"], todo["title"], todo["priority"], todo["tags"]) == (ID, "Buy milk", "high", ["home"])
    assert due_of(todo)[:3] == ("2027-03-01", "09:00:30", "UTC")
    again = account.call("PUT", f"/todos/{ID}", json=body)
    assert (again.status_code, again.json()) == (200, todo)


def test_put_never_wipes_what_it_does_not_name(account: Account) -> None:
    todo = account.add("Old", description="text", priority="high", tags=["home"], due_date="2027-03-01")
    changed = account.call("PUT", f"/todos/{todo['id']}", json={"title": "New"}).json()
    assert changed == todo | {"title": "New", "version": 2, "updated_at": changed["updated_at"]}


def test_put_does_not_bring_back_what_is_in_the_trash(account: Account) -> None:
    todo = account.add(id=ID)
    account.call("DELETE", f"/todos/{ID}")
    assert account.call("PUT", f"/todos/{ID}", json={"title": "New"}).status_code == 404
    assert account.call("GET", f"/todos/{ID}").json()["title"] == todo["title"]


# If-Match


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("tag", "passes"),
    [
        ('"2"', True),
        ('W/"2"', True),  # a compressing proxy weakens the tag on its way
        ('"1", "2"', True),
        ('"1","3" , W/"2"', True),
        ("*", True),
        (" * ", True),
        ('"1"', False),
        ('"3"', False),
        ('"1", "3"', False),
        ('W/"1"', False),
        ('"999999999999999999"', False),
    ],
)
def test_if_match_passes_the_version_that_was_read_and_no_other(
    account: Account, method: str, tag: str, passes: bool
) -> None:
    todo = account.add()
    current = patched(account, todo, title="Current")
    body = {} if method == "DELETE" else {"json": {"title": "Next"}}
    answer = account.call(method, f"/todos/{todo['id']}", headers={"If-Match": tag}, **body)
    assert answer.status_code == ({"DELETE": 204}.get(method, 200) if passes else 412)
    if not passes:
        assert answer.json()["current"] == current
        assert account.call("GET", f"/todos/{todo['id']}").json() == current


@pytest.mark.parametrize("action", ["complete", "reopen", "incomplete", "skip", "restore"])
def test_if_match_holds_for_the_actions_on_a_todo_too(account: Account, action: str) -> None:
    todo = account.add(due_date="2027-03-01", recurrence="FREQ=DAILY")
    path = f"/todos/{todo['id']}"
    current = patched(account, todo, title="Current")
    refused = account.call("POST", f"{path}/{action}", headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (412, "version_conflict")
    assert refused.json()["current"] == current
    assert account.call("GET", path).json() == current
    assert account.call("POST", f"{path}/{action}", headers={"If-Match": '"2"'}).status_code == 200


def test_every_answer_with_one_todo_carries_its_version(account: Account) -> None:
    todo = account.add()
    path = f"/todos/{todo['id']}"
    answers = [
        account.call("GET", path),
        account.call("PATCH", path, json={"title": "New"}),
        account.call("POST", f"{path}/complete"),
        account.call("POST", f"{path}/reopen"),
    ]
    account.call("DELETE", path)
    answers += [account.call("GET", path), account.call("POST", f"{path}/restore")]
    assert [answer.headers["ETag"] for answer in answers] == ['"1"', '"2"', '"3"', '"4"', '"5"', '"6"']
    assert [answer.json()["version"] for answer in answers] == [1, 2, 3, 4, 5, 6]


# Completing


def test_ticking_twice_is_ticking_once(account: Account) -> None:
    todo = account.add()
    done = account.call("POST", f"/todos/{todo['id']}/complete").json()
    assert (done["completed"], done["version"]) == (True, 2)
    assert done["completed_at"] >= todo["created_at"]
    assert account.call("POST", f"/todos/{todo['id']}/complete").json() == done
    assert patched(account, todo, completed=True) == done


@pytest.mark.parametrize("word", ["reopen", "incomplete"])
def test_taking_the_tick_back_twice_is_taking_it_back_once(account: Account, word: str) -> None:
    todo = account.add(completed=True)
    opened = account.call("POST", f"/todos/{todo['id']}/{word}").json()
    assert (opened["completed"], opened["completed_at"], opened["version"]) == (False, None, 2)
    assert account.call("POST", f"/todos/{todo['id']}/{word}").json() == opened


# The trash


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("PATCH", "", {"json": {"title": "x"}}),
        ("POST", "/complete", {}),
        ("POST", "/reopen", {}),
    ],
)
def test_what_is_in_the_trash_is_not_changed(account: Account, method: str, path: str, options: dict[str, Any]) -> None:
    todo = account.add()
    account.call("DELETE", f"/todos/{todo['id']}")
    trashed = account.call("GET", f"/todos/{todo['id']}").json()
    answer = account.call(method, f"/todos/{todo['id']}{path}", **options)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "restore" in answer.json()["detail"]
    assert account.call("GET", f"/todos/{todo['id']}").json() == trashed


def test_deleting_twice_is_deleting_once_and_restoring_gives_it_back_as_it_was(account: Account) -> None:
    todo = account.add("Old", tags=["home"], completed=True, due_date="2020-01-01")
    answer = account.call("DELETE", f"/todos/{todo['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert account.call("GET", "/todos").json()["total"] == 0
    trashed = account.call("GET", f"/todos/{todo['id']}").json()
    assert trashed["updated_at"] >= trashed["deleted_at"] > todo["updated_at"]
    assert trashed["overdue"] is False
    assert account.call("GET", "/todos/trash").json()["todos"] == [trashed]
    assert account.call("DELETE", f"/todos/{todo['id']}").status_code == 204
    assert account.call("GET", f"/todos/{todo['id']}").json() == trashed
    back = account.call("POST", f"/todos/{todo['id']}/restore").json()
    assert back == todo | {"version": 3, "updated_at": back["updated_at"]}
    assert account.call("POST", f"/todos/{todo['id']}/restore").json() == back
    assert account.call("GET", "/todos?tags=home").json()["todos"] == [back]
    assert account.call("GET", "/todos/trash").json()["total"] == 0


def test_restoring_what_is_not_in_the_trash_changes_nothing(account: Account) -> None:
    todo = account.add()
    assert account.call("POST", f"/todos/{todo['id']}/restore").json() == todo
