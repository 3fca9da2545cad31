"""Where one may only look: no key and no selection begins what the server would refuse, and the page says why."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_look import PHONE
from tests.browser.test_sharing import joined
from tests.browser.test_todos import day
from tests.browser.visiting import Visitor

SHARED, OWN = "Bring a cake", "Water the plants"
CHANGES = ["x", "r", "Delete", "s", "Alt+ArrowUp", "Alt+ArrowDown"]


def host(visit: Callable[..., Visitor], guest: Visitor, name: str = "Party", role: str = "viewer") -> str:
    """Somebody with a list that the guest is on; the list's id."""
    owner = visit()
    made = owner.call("POST", "/lists", {"name": name})
    owner.add(SHARED, list_id=made["id"], due_date=day(0))
    owner.add("Bring a candle", list_id=made["id"])
    joined(owner, guest, made["id"], role)
    list_id: str = made["id"]
    return list_id


def changes_asked(page: Page) -> list[str]:
    """What the page will have sent to the server, other than questions."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    return asked


def told(guest: Visitor) -> Locator:
    return guest.toast("You can look at Party, not change it.")


def test_keys_that_change_a_todo_say_that_one_may_only_look(visit: Callable[..., Visitor], visitor: Visitor) -> None:
    list_id = host(visit, visitor)
    page = visitor.page
    visitor.enter(f"/?view=list&id={list_id}&sort=position:asc")
    expect(visitor.rows).to_have_count(2)
    visitor.settled()
    asked = changes_asked(page)
    for key in CHANGES:
        page.get_by_role("button", name=SHARED, exact=True).focus()
        page.keyboard.press(key)
        expect(told(visitor)).to_have_count(1)
        told(visitor).get_by_role("button", name="Dismiss").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    expect(told(visitor)).to_have_count(1)
    visitor.settled()
    assert not any(name in body for body in asked for name in ("_todo", "batch"))
    expect(page.locator(".row-rename, .row.is-chosen, .row-grip:visible")).to_have_count(0)
    expect(visitor.titles).to_have_text([SHARED, "Bring a candle"])
    page.get_by_role("button", name=SHARED, exact=True).focus()
    page.keyboard.press("e")
    expect(page.get_by_role("dialog", name="Todo (you can only look)")).to_be_visible()


def test_a_selection_leaves_out_what_one_may_only_look_at(visit: Callable[..., Visitor], visitor: Visitor) -> None:
    host(visit, visitor)
    host(visit, visitor, "Garden", "editor")
    visitor.add(OWN, due_date=day(0))
    page = visitor.page
    visitor.enter("/?view=all")
    expect(visitor.rows).to_have_count(5)
    page.get_by_role("button", name="Select", exact=True).click()
    fixed = visitor.rows.filter(has_text="Party")
    expect(fixed.locator(".row-choose:disabled")).to_have_count(2)
    fixed.first.click()
    expect(told(visitor)).to_have_count(1)
    bar = page.get_by_role("toolbar", name="Selected todos")
    expect(bar).to_contain_text("0 selected")
    bar.get_by_role("button", name="All", exact=True).click()
    expect(bar).to_contain_text("3 selected")
    expect(bar.get_by_label("Move to list").locator("option")).to_have_text(["Move to…", "Inbox", "Garden"])
    bar.get_by_role("button", name="Complete").click()
    expect(visitor.toast("3 todos done.")).to_be_visible()
    visitor.settled()
    assert {todo["list_id"] for todo in visitor.stored() if not todo["completed"]} == {
        one["id"] for one in visitor.call("GET", "/lists")["lists"] if one["name"] == "Party"
    }


def test_the_key_to_select_begins_with_what_can_be_changed(visit: Callable[..., Visitor], visitor: Visitor) -> None:
    host(visit, visitor)
    visitor.add(OWN, due_date=day(0))
    visitor.enter("/?view=today")
    expect(visitor.titles).to_have_text([SHARED, OWN])
    expect(visitor.page.locator(".row.is-fixed .row-title")).to_have_text(SHARED)
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.press("s")
    expect(visitor.page.locator(".row.is-chosen .row-title")).to_have_text(OWN)


def test_a_list_to_look_at_offers_nothing_to_select_or_add(visit: Callable[..., Visitor]) -> None:
    guest, owner = visit(**PHONE), visit()
    made = owner.call("POST", "/lists", {"name": "Party"})
    joined(owner, guest, made["id"])
    guest.enter(f"/?view=list&id={made['id']}")
    page = guest.page
    new = page.get_by_role("button", name="New", exact=True)
    select = page.get_by_role("button", name="Select", exact=True)
    page.get_by_role("button", name="Filters and order").click()
    expect(new).to_be_enabled()
    expect(select).to_be_visible()
    member = next(
        one for one in owner.call("GET", f"/lists/{made['id']}/members")["members"] if not one["is_list_owner"]
    )
    owner.call("PATCH", f"/lists/{made['id']}/members/{member['user_id']}", {"role": "viewer"})
    expect(new).to_be_disabled()
    expect(select).to_be_hidden()
    expect(page.get_by_text("What others add to this list appears here.")).to_be_visible()
    guest.show("Trash")
    new.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    expect(guest.new_todo).to_be_focused()


def test_a_page_without_a_list_leads_to_where_one_adds_and_finds(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    title = visitor.page.get_by_role("heading", level=1)
    visitor.enter("/?view=stats")
    visitor.page.get_by_role("button", name="New", exact=True).click()
    expect(title).to_have_text("Inbox")
    expect(visitor.new_todo).to_be_focused()
    visitor.page.go_back()
    expect(title).to_have_text("Statistics")
    visitor.page.get_by_role("button", name="Find", exact=True).click()
    expect(title).to_have_text("All")
    expect(visitor.page.get_by_role("searchbox")).to_be_focused()
