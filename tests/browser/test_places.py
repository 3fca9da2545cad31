"""Lists, tags and saved filters: made, renamed and deleted, and each of it taken back."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.visiting import Visitor


def answer(page: Page, text: str) -> None:
    """Write into the small dialog that asks for a name."""
    page.get_by_role("dialog").get_by_role("textbox").fill(text)
    page.get_by_role("dialog").get_by_role("textbox").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def expect_title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_a_list_is_made_renamed_and_deleted_and_each_is_one_step_back(visitor: Visitor) -> None:
    visitor.enter()
    page = visitor.page
    page.get_by_role("button", name="New list").click()
    answer(page, "Wrok")
    expect_title(page, "Wrok")
    visitor.type_todo("In it")
    expect(visitor.row("In it")).to_be_visible()
    page.get_by_role("button", name="Rename this list").click()
    answer(page, "Work")
    expect_title(page, "Work")
    visitor.undo()
    expect_title(page, "Wrok")
    page.get_by_role("button", name="Delete this list").click()
    expect_title(page, "Inbox")
    expect(page.locator(".side-link", has_text="Wrok")).to_have_count(0)
    visitor.undo()
    visitor.show("Wrok")
    expect(visitor.titles).to_have_text(["In it"])


def test_a_new_list_that_is_taken_back_leaves_nothing_to_look_at(visitor: Visitor) -> None:
    visitor.enter()
    page = visitor.page
    page.get_by_role("button", name="New list").click()
    answer(page, "By mistake")
    expect_title(page, "By mistake")
    visitor.undo()
    expect_title(page, "Inbox")
    expect(page.locator(".side-link", has_text="By mistake")).to_have_count(0)
    assert [one["name"] for one in visitor.call("GET", "/lists")["lists"]] == []
    visitor.toast("Undone").get_by_role("button", name="Redo").click()
    expect(page.locator(".side-link", has_text="By mistake")).to_be_visible()


def test_a_row_names_its_list_also_where_the_lists_come_late_or_are_renamed(visitor: Visitor) -> None:
    work = visitor.call("POST", "/lists", {"name": "Work"})
    visitor.add("In it", list_id=work["id"])
    held: list[Route] = []
    visitor.on_call("overview", lambda route: route.continue_() if held else held.append(route))
    visitor.enter("/?view=all")
    expect(visitor.row("In it")).to_be_visible()
    held[0].continue_()
    expect(visitor.row("In it").locator(".chip")).to_have_text("Work")
    visitor.call("PATCH", f"/lists/{work['id']}", {"name": "Office"})
    expect(visitor.row("In it").locator(".chip")).to_have_text("Office")


def test_a_tag_is_renamed_on_every_todo_and_taken_back(visitor: Visitor) -> None:
    visitor.add("One", tags=["hoem"])
    visitor.add("Two", tags=["hoem", "other"])
    visitor.enter()
    visitor.show("hoem")
    visitor.page.get_by_role("button", name="Rename this tag").click()
    answer(visitor.page, "home")
    expect_title(visitor.page, "home")
    expect(visitor.titles).to_have_text(["Two", "One"])
    visitor.undo()
    expect(visitor.toast("Undone")).to_be_visible()
    visitor.settled()
    assert {todo["title"]: todo["tags"] for todo in visitor.stored()} == {"One": ["hoem"], "Two": ["hoem", "other"]}


def test_a_filter_is_saved_renamed_and_deleted_and_each_is_one_step_back(visitor: Visitor) -> None:
    visitor.add("Pay rent", priority="high")
    visitor.add("Read")
    visitor.enter("/?view=all&priority=high")
    page = visitor.page
    page.get_by_role("button", name="Save filter").click()
    answer(page, "Urgent")
    expect_title(page, "Urgent")
    page.get_by_role("button", name="Rename this filter").click()
    answer(page, "Now")
    expect_title(page, "Now")
    visitor.undo()
    expect_title(page, "Urgent")
    page.get_by_role("button", name="Delete this filter").click()
    expect_title(page, "Inbox")
    visitor.undo()
    visitor.show("Urgent")
    expect(visitor.titles).to_have_text(["Pay rent"])


def test_a_list_that_somebody_else_deletes_is_left(visitor: Visitor) -> None:
    work = visitor.call("POST", "/lists", {"name": "Work"})
    visitor.enter(f"/?view=list&id={work['id']}")
    expect_title(visitor.page, "Work")
    visitor.call("DELETE", f"/lists/{work['id']}")
    expect_title(visitor.page, "Inbox")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?view=list&id=nonsense", "There is no such list."),
        ("/?view=list&id=0192f0c1-0000-7000-8000-000000000000", "There is no such list."),
        ("/?view=filter&id=0192f0c1-0000-7000-8000-000000000000", "There is no such filter."),
        ("/?view=garbage", "There is no such page."),
    ],
)
def test_an_address_that_leads_nowhere_says_so_and_leads_to_the_inbox(
    visitor: Visitor, address: str, words: str
) -> None:
    visitor.add("In the inbox")
    visitor.enter(address)
    page = visitor.page
    expect(page.get_by_role("heading", level=2, name=words)).to_be_visible()
    expect_title(page, "Not found")
    expect(visitor.row("In the inbox")).to_be_hidden()
    for name in ("Rename", "Delete"):
        expect(page.locator(".heading").get_by_role("button", name=name)).to_have_count(0)
    expect(page.locator(".side-link[aria-current]")).to_have_count(0)
    page.get_by_role("button", name="Go to the Inbox").click()
    expect_title(page, "Inbox")
    expect(visitor.row("In the inbox")).to_be_visible()
    expect(page).to_have_url(f"{visitor.server.url}/")
    page.go_back()
    expect(page.get_by_role("heading", level=2, name=words)).to_be_visible()


def test_an_archived_list_is_reached_by_its_address_and_left_when_it_goes(visitor: Visitor) -> None:
    old = visitor.call("POST", "/lists", {"name": "Old plans", "is_archived": True})
    visitor.add("Build a boat", list_id=old["id"])
    visitor.enter(f"/?view=list&id={old['id']}")
    expect_title(visitor.page, "Old plans")
    expect(visitor.titles).to_have_text(["Build a boat"])
    visitor.page.get_by_role("button", name="Delete this list").click()
    expect_title(visitor.page, "Inbox")


def test_a_list_has_the_colour_that_it_was_given_and_else_none(visitor: Visitor) -> None:
    visitor.call("POST", "/lists", {"name": "Plain"})
    visitor.call("POST", "/lists", {"name": "Green", "color": "#2e7d32"})
    visitor.enter()
    dots = visitor.page.locator(".side-dot")
    expect(dots).to_have_count(2)
    expect(dots.nth(1)).to_have_css("background-color", "rgb(46, 125, 50)")
    accent = visitor.page.locator(".brand-mark").first.evaluate("(mark) => getComputedStyle(mark).backgroundColor")
    expect(dots.nth(0)).not_to_have_css("background-color", accent)
