"""The sidebar and the address, the line that is read, keys, undo, many at once, order, subtasks, saved filters."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_look import DESKTOP, LOOKS, PHONE, check, check_dialog
from tests.browser.test_todos import day
from tests.browser.visiting import Visitor

DEVICES = pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])


def count_of(page: Page, view: str) -> str:
    """What the sidebar counts beside a view, list or tag."""
    link = page.locator(".side-link").filter(has=page.get_by_text(view, exact=True))
    return link.locator(".side-count").text_content() or ""


@DEVICES
def test_every_view_has_its_todos_its_count_and_its_address(
    visit: Callable[..., Visitor], device: dict[str, Any]
) -> None:
    visitor = visit(**device)
    work = visitor.call("POST", "/lists", {"name": "Work"})
    visitor.add("Late", due_date=day(-1))
    visitor.add("Now", due_date=day(0), tags=["desk"])
    visitor.add("Later", due_date=day(9), list_id=work["id"])
    visitor.add("Over", completed=True)
    visitor.enter()
    page = visitor.page
    # Seven views, the list, the tag, and the four pages beside the list.
    expect(page.locator(".side-link")).to_have_count(13)
    assert {name: count_of(page, name) for name in ("Inbox", "Today", "Upcoming", "Overdue", "Work", "desk")} == {
        "Inbox": "2",
        "Today": "1",
        "Upcoming": "1",
        "Overdue": "1",
        "Work": "1",
        "desk": "1",
    }
    for view, titles in {
        "Today": ["Now"],
        "Upcoming": ["Later"],
        "Overdue": ["Late"],
        "Done": ["Over"],
        "Work": ["Later"],
        "desk": ["Now"],
        "Inbox": ["Now", "Late"],
    }.items():
        visitor.show(view)
        expect(visitor.titles).to_have_text(titles)
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text(view)
        expect(visitor.titles).to_have_text(titles)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("desk")
    expect(page.locator("body")).to_have_attribute("data-view", "tag")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_a_line_is_read_while_it_is_typed_and_a_chip_makes_its_words_plain(visitor: Visitor) -> None:
    visitor.call("POST", "/lists", {"name": "Home"})
    visitor.enter()
    visitor.new_todo.press_sequentially("Pay rent tomorrow 9am #bills !high every month", delay=5)
    chips = visitor.page.locator(".reading-chip")
    for kind in ("recurrence", "tag", "priority"):
        expect(visitor.page.locator(f".reading-chip[data-kind={kind}]")).to_be_visible()
    before = chips.count()
    visitor.page.locator(".reading-chip[data-kind=priority]").click()
    expect(chips).to_have_count(before - 1)
    visitor.new_todo.press("Enter")
    expect(visitor.titles).to_have_text(["Pay rent !high"])
    stored = visitor.stored()[0]
    assert (stored["tags"], stored["priority"], stored["due_time"]) == (["bills"], "medium", "09:00")
    assert stored["recurrence"].startswith("FREQ=MONTHLY")


def test_what_is_written_in_a_list_or_today_belongs_there(visitor: Visitor) -> None:
    visitor.call("POST", "/lists", {"name": "Home"})
    visitor.enter()
    for view, title in {"Home": "Sweep", "Today": "Shop"}.items():
        visitor.show(view)
        visitor.type_todo(title)
        expect(visitor.row(title)).to_be_visible()
        expect(visitor.page.locator(".side-link[aria-current] .side-count")).to_have_text("1")
    stored = {todo["title"]: todo for todo in visitor.stored()}
    assert stored["Sweep"]["list_id"] is not None
    assert stored["Shop"]["due_date"] == day(0)


def test_a_tick_of_what_repeats_says_when_it_comes_again_and_undo_takes_both_back(visitor: Visitor) -> None:
    visitor.add("Water the plants", due_date=day(0), recurrence="FREQ=DAILY")
    visitor.enter()
    visitor.tick("Water the plants").click(force=True)
    expect(visitor.toast("It comes again: Tomorrow")).to_be_visible()
    expect(visitor.rows).to_have_count(1)
    expect(visitor.row("Water the plants")).to_contain_text("Tomorrow")
    visitor.undo()
    expect(visitor.row("Water the plants")).to_contain_text("Today")
    assert [(todo["due_date"], todo["completed"]) for todo in visitor.stored()] == [(day(0), False)]


def test_the_keyboard_alone_does_a_day(visitor: Visitor) -> None:
    visitor.add("First")
    visitor.add("Second")
    visitor.enter()
    page, keys = visitor.page, visitor.page.keyboard
    expect(visitor.new_todo).to_be_focused()  # the page gives it the focus when it opens; a key before that is text
    page.locator("h1").click()
    keys.press("n")
    expect(visitor.new_todo).to_be_focused()
    keys.type("Third")
    keys.press("Enter")
    expect(visitor.titles).to_have_text(["Third", "Second", "First"])
    visitor.new_todo.blur()
    keys.press("/")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.get_by_label("Search", exact=True).blur()
    for key in "jjk":
        keys.press(key)
    expect(visitor.tick("Third")).to_be_focused()
    keys.press("e")
    expect(page.get_by_role("dialog").get_by_label("Title")).to_have_value("Third")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)  # its end gives the focus back, which must come first
    visitor.tick("Second").focus()
    keys.press("x")
    expect(visitor.titles).to_have_text(["Third", "First"])
    keys.press("Control+z")
    expect(visitor.titles).to_have_text(["Third", "Second", "First"])
    keys.press("Control+Shift+z")
    expect(visitor.titles).to_have_text(["Third", "First"])
    visitor.tick("First").focus()
    keys.press("Delete")
    expect(visitor.titles).to_have_text(["Third"])
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("Add a todo")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press("Control+z")
    expect(visitor.titles).to_have_text(["Third", "First"])


def test_the_keyboard_alone_selects_many(visitor: Visitor) -> None:
    for title in ("Fourth", "Third", "Second", "First"):
        visitor.add(title)
    visitor.enter()
    page, keys = visitor.page, visitor.page.keyboard
    expect(visitor.titles).to_have_text(["First", "Second", "Third", "Fourth"])
    expect(visitor.new_todo).to_be_focused()
    visitor.new_todo.blur()
    keys.press("s")  # no row has the focus: it begins with the first one
    expect(page.get_by_label("Select First")).to_be_focused()
    for key in "jsjs":
        keys.press(key)
    count = page.locator(".selection-count")
    expect(count).to_have_text("3 selected")
    expect(page.get_by_label("Select Third")).to_be_focused()
    for key in ("k", "x"):
        keys.press(key)
    expect(count).to_have_text("2 selected")
    keys.press(" ")
    expect(count).to_have_text("3 selected")
    keys.press("Control+a")
    expect(count).to_have_text("4 selected")
    keys.press("Escape")
    expect(count).to_be_hidden()
    expect(visitor.tick("Second")).to_be_focused()
    for key in ("s", "j", "s", "Delete"):
        keys.press(key)
    expect(visitor.titles).to_have_text(["First", "Fourth"])
    keys.press("Control+z")
    expect(visitor.titles).to_have_text(["First", "Second", "Third", "Fourth"])
    visitor.settled()
    assert not any(todo["completed"] for todo in visitor.stored())


def test_filters_and_the_selection_fill_a_phone_evenly(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    for number in range(16):
        visitor.add(f"Todo {number}", due_date=day(0))
    visitor.enter("/?view=today")
    page = visitor.page
    page.get_by_role("button", name="Filters and order").click()
    ends: dict[int, int] = {}
    for box in boxes(page, ".choice:visible, .filters .button:visible"):
        row = round((box["y"] + box["height"] / 2) / 10)
        ends[row] = max(ends.get(row, 0), round(box["x"] + box["width"]))
    assert len(ends) == 2
    assert len(set(ends.values())) == 1  # no row ends in the middle
    page.get_by_role("button", name="Select", exact=True).click()
    visitor.rows.first.click(position={"x": 150, "y": 10})
    widths = {round(box["width"]) for box in boxes(page, ".bar-action")}
    assert max(widths) - min(widths) <= 1
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    (bar,), (count,) = boxes(page, ".selection-bar"), boxes(page, ".selection-count")
    assert count["y"] > bar["y"]
    assert boxes(page, ".rows")[0]["y"] + boxes(page, ".rows")[0]["height"] < bar["y"]


def boxes(page: Page, selector: str) -> list[Any]:
    """Where the elements are."""
    return [one.bounding_box() for one in page.locator(selector).all()]


def test_many_at_once_are_tagged_moved_and_deleted_and_each_is_one_step_back(visitor: Visitor) -> None:
    visitor.call("POST", "/lists", {"name": "Work"})
    for title in ("One", "Two", "Three"):
        visitor.add(title)
    visitor.enter()
    page = visitor.page

    def choose(*titles: str) -> None:
        page.get_by_role("button", name="Select", exact=True).click()
        for title in titles:
            page.get_by_label(f"Select {title}", exact=True).check()

    bar = page.get_by_role("toolbar", name="Selected todos")
    choose("One", "Two")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Tag").click()
    page.get_by_role("dialog").get_by_label("Tag").fill("both")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(visitor.row("One").locator(".tag")).to_have_text(["both"])
    expect(visitor.row("Two").locator(".tag")).to_have_text(["both"])
    choose("One", "Three")
    bar.get_by_label("Move to list").select_option("Work")
    expect(visitor.titles).to_have_text(["Two"])
    visitor.undo()
    expect(visitor.titles).to_have_text(["Three", "Two", "One"])
    choose("One", "Two", "Three")
    bar.get_by_role("button", name="Delete").click()
    expect(visitor.rows).to_have_count(0)
    visitor.undo()
    expect(visitor.rows).to_have_count(3)
    choose("Three")
    bar.get_by_role("button", name="Complete").click()
    expect(visitor.titles).to_have_text(["Two", "One"])


def test_an_order_of_ones_own_by_mouse_and_by_keys_stays(visitor: Visitor) -> None:
    home = visitor.call("POST", "/lists", {"name": "Home"})
    for title in ("A", "B", "C"):
        visitor.add(title, list_id=home["id"])
    visitor.enter(f"/?view=list&id={home['id']}")
    expect(visitor.titles).to_have_text(["A", "B", "C"])
    grips = visitor.page.locator(".row-grip")
    start, end = grips.nth(0).bounding_box(), visitor.rows.nth(2).bounding_box()
    assert start
    assert end
    visitor.page.mouse.move(start["x"] + 5, start["y"] + 5)
    visitor.page.mouse.down()
    visitor.page.mouse.move(start["x"] + 5, end["y"] + end["height"] - 4, steps=5)
    visitor.page.mouse.up()
    expect(visitor.titles).to_have_text(["B", "C", "A"])
    visitor.tick("A").focus()
    visitor.page.keyboard.press("Alt+ArrowUp")
    expect(visitor.titles).to_have_text(["B", "A", "C"])
    expect(visitor.tick("A")).to_be_focused()
    visitor.settled()
    visitor.page.reload()
    expect(visitor.titles).to_have_text(["B", "A", "C"])


def test_a_finger_scrolls_at_once_and_moves_a_row_that_it_has_rested_on(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    home = visitor.call("POST", "/lists", {"name": "Home"})
    titles = [f"Todo {number:02d}" for number in range(16)]
    for title in titles:
        visitor.add(title, list_id=home["id"])
    visitor.enter(f"/?view=list&id={home['id']}")
    expect(visitor.titles).to_have_text(titles)
    page, finger = visitor.page, visitor.context.new_cdp_session(visitor.page)

    def touch(kind: str, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": 200, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.evaluate("addEventListener('scrollend', () => (window.hasCome = true))")
    touch("touchStart", 600)
    for step in range(1, 9):
        touch("touchMove", 600 - 40 * step)
    touch("touchEnd", 0)
    page.wait_for_function("window.hasCome")  # its momentum is spent: nothing scrolls on behind the next line
    assert page.evaluate("window.scrollY") > 100
    expect(visitor.titles).to_have_text(titles)
    page.evaluate("window.scrollTo(0, 0)")
    start, end = visitor.rows.nth(0).bounding_box(), visitor.rows.nth(2).bounding_box()
    assert start
    assert end
    touch("touchStart", start["y"] + 20)
    expect(page.locator(".row.is-dragged")).to_have_count(1)
    for y in (start["y"] + 40, end["y"], end["y"] + end["height"] - 4):
        touch("touchMove", y)
    touch("touchEnd", 0)
    expect(visitor.titles).to_have_text([*titles[1:3], titles[0], *titles[3:]])
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("window.scrollY") == 0
    expect(visitor.toast("Moved")).to_be_visible()


def test_subtasks_count_on_their_row(visitor: Visitor) -> None:
    visitor.add("Trip")
    visitor.enter()
    dialog = visitor.edit("Trip")
    for title in ("Book", "Pack"):
        dialog.get_by_label("Subtasks").fill(title)
        dialog.get_by_label("Subtasks").press("Enter")
    expect(dialog.locator(".subtask")).to_have_count(2)
    expect(visitor.row("Trip")).to_contain_text("0 of 2")
    dialog.get_by_role("checkbox", name="Book").check()
    expect(visitor.row("Trip")).to_contain_text("1 of 2")
    expect(visitor.rows).to_have_count(1)
    dialog.get_by_role("button", name="Delete Pack").click()
    expect(visitor.row("Trip")).to_contain_text("1 of 1")


def test_a_filter_is_saved_opened_from_its_address_and_deleted(visitor: Visitor) -> None:
    visitor.add("Pay rent", priority="high", tags=["home"])
    visitor.add("Read")
    visitor.enter()
    page = visitor.page
    page.get_by_label("Priority", exact=True).first.select_option("high")
    expect(page).to_have_url(re.compile("priority=high"))
    page.get_by_role("button", name="Save filter").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Urgent")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Urgent")
    expect(page).to_have_url(re.compile("view=filter&id="))
    page.reload()
    expect(visitor.titles).to_have_text(["Pay rent"])
    page.get_by_role("button", name="Delete this filter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    expect(visitor.rows).to_have_count(2)


@LOOKS
def test_what_opens_over_the_list_is_accessible(
    visit: Callable[..., Visitor], tmp_path: Path, look: dict[str, Any]
) -> None:
    visitor = visit(**look)
    home = visitor.call("POST", "/lists", {"name": "Home", "color": "#2f9e6b"})
    trip = visitor.add("Trip", list_id=home["id"], due_date=day(-1), recurrence="FREQ=WEEKLY", tags=["far"])
    visitor.add("Book", parent_id=trip["id"])
    visitor.enter(f"/?view=list&id={home['id']}")
    page = visitor.page
    expect(visitor.row("Trip")).to_contain_text("0 of 1")
    visitor.new_todo.fill("Call mum tomorrow 6pm #family !high")
    expect(page.locator(".reading-chip[data-kind=tag]")).to_be_visible()
    check(page, "reading", tmp_path)
    visitor.new_todo.fill("")
    if page.get_by_role("button", name="Menu", exact=True).is_visible():
        page.get_by_role("button", name="Menu", exact=True).click()
        expect(page.locator(".side.is-open")).to_be_in_viewport()
        check(page, "drawer", tmp_path)
        page.keyboard.press("Escape")
        page.get_by_label("Filters and order").click()
    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_label("Select Trip").check()
    check(page, "selection", tmp_path)
    page.get_by_role("toolbar").get_by_role("button", name="Cancel").click()
    page.locator("h1").click()
    page.keyboard.press("?")
    check(page, "help", tmp_path)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename this list").click()
    check(page, "prompt", tmp_path)
    page.keyboard.press("Escape")
    page.goto(f"{visitor.server.url}{trip['url']}")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="Book")).to_be_visible()
    check_dialog(dialog, "detail", tmp_path)
