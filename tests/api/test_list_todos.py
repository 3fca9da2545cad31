"""`GET /api/v1/todos`: filters, orders and pages."""

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support import Account

KEYS = ("created_at", "updated_at", "due_date", "priority", "title")


def page(account: Account, path: str = "/todos", **query: Any) -> dict[str, Any]:
    answer = account.call("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"todos", "total", "next_cursor", "skip", "limit"}
    return body


def titles(account: Account, path: str = "/todos", **query: Any) -> list[str]:
    found = page(account, path, **query)
    assert found["total"] == len(found["todos"])
    return [todo["title"] for todo in found["todos"]]


def walk(account: Account, **query: Any) -> list[str]:
    """Every page by its cursor."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        found = page(account, **query, **cursor)
        seen += [todo["title"] for todo in found["todos"]]
        if found["next_cursor"] is None:
            return seen
        assert len(found["todos"]) == query["limit"]
        cursor = {"cursor": found["next_cursor"]}


# Refusals


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "!!!",
        "W10",
        forged(),
        forged("created_at", "desc", "x"),
        forged("created_at", "desc", None, "x"),
        forged("created_at", "desc", "yesterday", "x"),
        forged("created_at", "desc", 10**400, "x"),
        forged("created_at", "desc", "0001-01-01T00:00:00+14:00", "x"),
        forged("created_at", "desc", "2027-01-01T00:00:00Z", "x" * 65),
        forged("created_at", "desc", "2027-01-01T00:00:00Z", 7),
        forged("created_at", "desc", {"$gt": ""}, "x"),
        forged("owner_id", "desc", "x", "x"),
        "a" * 2_001,
    ],
)
def test_a_cursor_that_we_did_not_write_is_refused(account: Account, cursor: str) -> None:
    answer = account.call("GET", "/todos", params={"cursor": cursor})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize("other", [{"sort_by": "title"}, {"sort_order": "asc"}, {"sort_by": "due_date"}])
def test_a_cursor_of_another_order_is_refused(account: Account, other: dict[str, str]) -> None:
    for number in range(2):
        account.add(str(number))
    cursor = page(account, limit=1)["next_cursor"]
    answer = account.call("GET", "/todos", params={"cursor": cursor, "limit": 1, **other})
    assert [fault["field"] for fault in answer.json()["errors"]] == ["cursor"]


def test_a_cursor_and_skip_contradict_each_other(account: Account) -> None:
    for number in range(2):
        account.add(str(number))
    cursor = page(account, limit=1)["next_cursor"]
    answer = account.call("GET", "/todos", params={"cursor": cursor, "skip": 1})
    assert [fault["field"] for fault in answer.json()["errors"]] == ["skip"]


def test_a_cursor_of_another_account_shows_nothing_of_it(make_account: Callable[..., Account]) -> None:
    one, two = make_account(), make_account()
    for number in range(3):
        one.add(f"one {number}")
        two.add(f"two {number}")
    cursor = page(one, limit=1)["next_cursor"]
    assert all(title.startswith("two") for title in [t["title"] for t in page(two, cursor=cursor)["todos"]])


# Filters


def test_an_empty_list_is_a_list(account: Account) -> None:
    assert page(account) == {"todos": [], "total": 0, "next_cursor": None, "skip": 0, "limit": 50}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("milk", ["Buy MILK", "Call", "Oat milk 50% off"]),
        ("MILK buy", ["Buy MILK"]),
        ("  milk\t", ["Buy MILK", "Call", "Oat milk 50% off"]),
        ("ilk", []),
        ("%", ["Oat milk 50% off"]),
        ("50%", ["Oat milk 50% off"]),
        ("_", ["snake_case"]),
        ("e_c", []),
        ("/", ["a/b"]),
        ("\\", ["back\\slash"]),
        ("äpfel", ["Äpfel"]),
        ("ÄPFEL", ["Äpfel"]),
        ("ψωδ", ["ΨΩΔ"]),
        ("'", ["it's"]),
        ('"', []),
        ("*", []),
        ("milk nothing", []),
        ("", ["Buy MILK", "Call", "Oat milk 50% off", "a/b", "back\\slash", "it's", "snake_case", "Äpfel", "ΨΩΔ"]),
    ],
)
def test_search_finds_what_holds_every_word_and_takes_no_sign_for_a_wildcard(
    account: Account, search: str, found: list[str]
) -> None:
    for title in ("Buy MILK", "Oat milk 50% off", "snake_case", "a/b", "back\\slash", "Äpfel", "ΨΩΔ", "it's"):
        account.add(title)
    account.add("Call", description="the milkman")
    assert sorted(titles(account, search=search)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["both", "home", "none", "work"]),
        ({"tags": "home"}, ["both", "home"]),
        ({"tags": "HOME"}, ["both", "home"]),
        ({"tags": " home "}, ["both", "home"]),
        ({"tags": ["home", "work"]}, ["both", "home", "work"]),
        ({"tags_all": ["home", "work"]}, ["both"]),
        ({"tags_all": "work"}, ["both", "work"]),
        ({"tags": ["home"], "tags_all": ["work"]}, ["both"]),
        ({"tags": ["hom"]}, []),
        ({"tags": ["%"]}, []),
        ({"tags": ["home,work"]}, []),
    ],
)
def test_tags_filter_by_any_and_by_all(account: Account, query: dict[str, Any], found: list[str]) -> None:
    for title, tags in (("none", []), ("home", ["Home"]), ("work", ["work"]), ("both", ["home", "Work"])):
        account.add(title, tags=tags)
    assert sorted(titles(account, **query)) == found


def test_a_tag_that_was_taken_off_finds_nothing_any_more(account: Account) -> None:
    todo = account.add(tags=["home", "work"])
    account.call("PATCH", f"/todos/{todo['id']}", json={"tags": ["work", "new"]})
    assert [len(titles(account, tags=tag)) for tag in ("home", "work", "new")] == [0, 1, 1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"completed": "true"}, ["done"]),
        ({"completed": "false"}, ["high", "open"]),
        ({"priority": "high"}, ["high"]),
        ({"priority": "medium", "completed": "true"}, ["done"]),
        ({"priority": "low"}, []),
        ({"search": "o", "completed": "false"}, ["open"]),
    ],
)
def test_filters_add_up(account: Account, query: dict[str, Any], found: list[str]) -> None:
    account.add("open")
    account.add("done", completed=True)
    account.add("high", priority="high")
    assert sorted(titles(account, **query)) == found


def test_updated_since_takes_an_instant_in_any_zone(account: Account) -> None:
    account.add("old")
    todo = account.add("new")
    moment = datetime.fromisoformat(todo["updated_at"])
    assert titles(account, updated_since=todo["updated_at"]) == ["new"]
    assert titles(account, updated_since=moment.astimezone(ZoneInfo("Asia/Tokyo")).isoformat()) == ["new"]
    assert titles(account, updated_since=moment.replace(tzinfo=None).isoformat()) == ["new"]
    assert titles(account, updated_since=(moment + timedelta(microseconds=1)).isoformat()) == []


@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
def test_days_are_those_of_the_account(make_account: Callable[..., Account], timezone: str) -> None:
    account = make_account(timezone=timezone)
    today = datetime.now(ZoneInfo(timezone)).date()
    for days in (-1, 0, 1, 6, 7):
        account.add(f"{days:+}", due_date=str(today + timedelta(days=days)))
    account.add("late today", due_date=f"{today}T23:59:59")
    account.add("midnight", due_date=f"{today + timedelta(days=1)}T00:00")
    account.add("none")
    expected = {
        "overdue": ["-1"],
        "today": ["+0", "late today"],
        "tomorrow": ["+1", "midnight"],
        "week": ["+0", "+1", "+6", "late today", "midnight"],
        "none": ["none"],
    }
    assert {word: sorted(titles(account, due=word)) for word in expected} == expected
    tomorrow = str(today + timedelta(days=1))
    assert sorted(titles(account, due_before=tomorrow)) == ["+0", "-1", "late today"]
    assert sorted(titles(account, due_after=tomorrow)) == ["+6", "+7"]
    assert sorted(titles(account, due_after=str(today), due_before=str(today + timedelta(days=2)))) == [
        "+1",
        "midnight",
    ]


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_the_calendar_filter_like_any_day(make_account: Callable[..., Account], timezone: str) -> None:
    account = make_account(timezone=timezone)
    account.add("first", due_date="0001-01-02")
    account.add("last", due_date="9999-12-30")
    assert titles(account, due_after="9999-12-31") == titles(account, due_before="0001-01-01") == []
    assert titles(account, due_after="9999-12-29") == ["last"]
    assert titles(account, due_before="0001-01-03") == ["first"]
    assert sorted(titles(account, due_before="9999-12-31")) == ["first", "last"]
    assert sorted(titles(account, due_after="0001-01-01")) == ["first", "last"]


def test_the_trash_is_filtered_and_paged_like_the_list(account: Account) -> None:
    for number in range(4):
        todo = account.add(f"deleted {number}", tags=["home"])
        account.call("DELETE", f"/todos/{todo['id']}")
    account.add("kept", tags=["home"])
    assert titles(account, tags="home") == ["kept"]
    assert titles(account, "/todos/trash", search="3", tags="home") == ["deleted 3"]
    first = page(account, "/todos/trash", limit=3)
    assert (len(first["todos"]), first["total"]) == (3, 4)
    rest = page(account, "/todos/trash", limit=3, cursor=first["next_cursor"])
    assert [todo["title"] for todo in rest["todos"]] == ["deleted 0"]


# Orders

ORDERED = {
    "created_at": ["b", "C", "a", "Ä", "d"],
    "due_date": ["Ä", "d", "b"],
    "priority": ["a", "d", "b", "C", "Ä"],
    "title": ["a", "b", "C", "d", "Ä"],
}


@pytest.fixture
def five(account: Account) -> Account:
    account.add("b", due_date="2027-03-02")
    account.add("C", priority="medium")
    account.add("a", priority="low")
    account.add("Ä", priority="high", due_date="2027-03-01T08:00Z")
    account.add("d", priority="low", due_date="2027-03-01")
    return account


@pytest.mark.parametrize("key", ORDERED)
@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_each_order_runs_both_ways_and_what_has_no_due_comes_last(five: Account, key: str, limit: int) -> None:
    undated = ["C", "a"] if key == "due_date" else []
    assert walk(five, sort_by=key, sort_order="asc", limit=limit) == ORDERED[key] + undated
    assert walk(five, sort_by=key, sort_order="desc", limit=limit) == ORDERED[key][::-1] + undated[::-1]


def test_the_last_change_comes_first_by_updated_at(five: Account) -> None:
    [todo] = page(five, search="b")["todos"]
    five.call("PATCH", f"/todos/{todo['id']}", json={"priority": "high"})
    assert walk(five, sort_by="updated_at", limit=2) == ["b", "d", "Ä", "a", "C"]


def test_newest_first_and_fifty_at_a_time_unless_said_otherwise(account: Account) -> None:
    for number in range(51):
        account.add(str(number))
    found = page(account)
    assert [todo["title"] for todo in found["todos"]] == [str(number) for number in range(50, 0, -1)]
    assert (found["total"], found["limit"], found["skip"]) == (51, 50, 0)
    assert found["next_cursor"]
    assert page(account, limit=51)["next_cursor"] is None


def test_equal_keys_are_told_apart_by_id_so_that_no_page_repeats_or_drops_one(account: Account) -> None:
    for number in range(7):
        account.add(f"same {number}", priority="high", due_date="2027-03-01")
    for key in ("priority", "due_date"):
        for order in ("asc", "desc"):
            seen = walk(account, sort_by=key, sort_order=order, limit=2)
            assert sorted(seen) == [f"same {number}" for number in range(7)]


# Pages under change


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_cursor_neither_repeats_nor_skips_when_todos_come_and_go_between_pages(
    account: Account, key: str, order: str
) -> None:
    for number in range(10):
        account.add(f"t{number}", priority=("low", "medium", "high")[number % 3], due_date=f"2027-03-{number + 1:02}")
    everything = [todo["title"] for todo in page(account, sort_by=key, sort_order=order)["todos"]]
    first = page(account, sort_by=key, sort_order=order, limit=4)
    # What was seen goes, the row that the cursor points at too; something new comes at either end.
    for todo in first["todos"][2:]:
        account.call("DELETE", f"/todos/{todo['id']}")
    account.add("t00 new", priority="low", due_date="2027-01-01")
    account.add("t99 new", priority="high", due_date="2027-12-31")
    rest: list[str] = []
    cursor = first["next_cursor"]
    while cursor:
        found = page(account, sort_by=key, sort_order=order, limit=4, cursor=cursor)
        rest += [todo["title"] for todo in found["todos"]]
        cursor = found["next_cursor"]
    assert [title for title in rest if "new" not in title] == everything[4:]
    assert len(rest) == len(set(rest))


def test_a_cursor_is_opaque_and_fits_into_a_url_as_it_is(account: Account) -> None:
    for number in range(2):
        account.add(f"Ä/?&=+ {number}" * 20, due_date="2027-03-01")
    for key in KEYS:
        cursor = page(account, sort_by=key, limit=1)["next_cursor"]
        assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
        assert account.call("GET", f"/todos?sort_by={key}&limit=1&cursor={cursor}").json()["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"skip": 0, "limit": 2}, ["4", "3"]),
        ({"skip": 1, "limit": 2}, ["3", "2"]),
        ({"skip": 4, "limit": 1}, ["0"]),
        ({"skip": 5}, []),
        ({"skip": 10_000}, []),
        ({"limit": 1_000}, ["4", "3", "2", "1", "0"]),
        ({"limit": 1}, ["4"]),
    ],
)
def test_skip_leaves_out_and_limit_ends(account: Account, query: dict[str, Any], found: list[str]) -> None:
    for number in range(5):
        account.add(str(number))
    answer = page(account, **query)
    assert [todo["title"] for todo in answer["todos"]] == found
    assert answer["total"] == 5
    assert (answer["skip"], answer["limit"]) == (query.get("skip", 0), query.get("limit", 50))


def test_a_page_found_by_skip_goes_on_by_its_cursor(account: Account) -> None:
    for number in range(5):
        account.add(str(number))
    first = page(account, skip=1, limit=2)
    assert [todo["title"] for todo in page(account, limit=2, cursor=first["next_cursor"])["todos"]] == ["1", "0"]
