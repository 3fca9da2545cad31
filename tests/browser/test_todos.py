"""Adding, ticking, editing, deleting, undoing, finding: what people do all day."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Route, expect

from tests.browser.visiting import Visitor, refuse

BERLIN = ZoneInfo("Europe/Berlin")


def day(offset: int) -> str:
    return (datetime.now(BERLIN).date() + timedelta(days=offset)).isoformat()


def test_an_empty_title_is_refused_beside_the_field(visitor: Visitor) -> None:
    visitor.enter()
    visitor.type_todo("   ")
    expect(visitor.page.locator(".quick-add .fault").first).to_have_text("Write what there is to do.")
    visitor.new_todo.fill("Something")
    visitor.new_todo.press("Enter")
    dialog = visitor.edit("Something")
    dialog.get_by_label("Title").fill(" ")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("A todo needs a title.")).to_be_visible()
    assert [todo["title"] for todo in visitor.stored()] == ["Something"]


def test_a_refused_tick_is_taken_back_and_says_why(visitor: Visitor) -> None:
    visitor.add("Stubborn")
    visitor.enter()
    visitor.on_call("complete_todo", refuse("storage_unavailable", "The database is busy; try again in a moment."))
    visitor.tick("Stubborn").click(force=True)
    expect(visitor.toast("The database is busy")).to_be_visible()
    expect(visitor.tick("Stubborn")).not_to_be_checked()
    visitor.page.wait_for_timeout(900)  # beyond the moment in which a ticked row leaves
    expect(visitor.row("Stubborn")).to_be_visible()


def test_offline_says_so_and_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.enter()
    visitor.context.set_offline(True)
    visitor.type_todo("Written in a tunnel")
    expect(visitor.page.get_by_text("You are offline")).to_be_visible()
    expect(visitor.new_todo).to_have_value("Written in a tunnel")
    expect(visitor.rows).to_have_count(0)
    visitor.context.set_offline(False)
    visitor.new_todo.press("Enter")
    expect(visitor.row("Written in a tunnel")).to_be_visible()


def test_a_lost_answer_makes_no_second_todo(visitor: Visitor) -> None:
    visitor.enter()
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().text())
        route.abort()

    visitor.on_call("add_todo", lose_first)
    visitor.type_todo("Only once")
    expect(visitor.page.get_by_text("The server does not answer")).to_be_visible()
    visitor.new_todo.press("Enter")
    expect(visitor.row("Only once")).to_be_visible()
    expect(visitor.page.get_by_text("The server does not answer")).to_have_count(0)
    assert [todo["title"] for todo in visitor.stored()] == ["Only once"]


def test_a_day_with_todos(visitor: Visitor) -> None:
    """Add, tick, undo, edit, delete, undo, and all of it is stored."""
    visitor.enter()
    expect(visitor.page.get_by_text("Welcome, ")).to_be_visible()  # which an empty inbox says once it knows
    visitor.type_todo("Buy milk")
    visitor.type_todo("Call grandma")
    expect(visitor.titles).to_have_text(["Call grandma", "Buy milk"])
    visitor.settled()  # a forced click goes where the row was, and what is read of the line takes room above it

    visitor.tick("Buy milk").click(force=True)
    expect(visitor.titles).to_have_text(["Call grandma"])
    visitor.undo()
    expect(visitor.titles).to_have_text(["Call grandma", "Buy milk"])

    dialog = visitor.edit("Buy milk")
    dialog.get_by_label("Title").fill("Buy oat milk")
    dialog.get_by_label("Description").fill("Two litres")
    dialog.get_by_role("radio", name="High").check(force=True)
    dialog.get_by_label("Due date").fill(day(1))
    dialog.get_by_label("Time", exact=True).fill("09:30")
    dialog.get_by_label("Tags").fill("shop")
    dialog.get_by_label("Tags").press("Enter")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(visitor.row("Buy oat milk")).to_contain_text("Tomorrow 9:30")

    visitor.row("Call grandma").hover()
    visitor.page.get_by_role("button", name="Delete Call grandma").click()
    expect(visitor.titles).to_have_text(["Buy oat milk"])
    visitor.undo()
    expect(visitor.titles).to_have_text(["Call grandma", "Buy oat milk"])

    milk = next(todo for todo in visitor.stored() if todo["title"] == "Buy oat milk")
    named = {"description", "priority", "due_date", "due_time", "due_timezone", "tags", "completed"}
    assert {name: milk[name] for name in named} == {
        "description": "Two litres",
        "priority": "high",
        "due_date": day(1),
        "due_time": "09:30",
        "due_timezone": None,
        "tags": ["shop"],
        "completed": False,
    }


def test_a_tick_names_its_todo_and_a_long_or_turned_title_stays_within_its_words(visitor: Visitor) -> None:
    for title in ("Buy milk", "a" * 200, "\u202eliam a dneS"):
        visitor.add(title)
    visitor.enter()
    for title, told in {
        "Buy milk": "Done: Buy milk",
        "a" * 200: f"Done: {'a' * 40}…",
        "\u202eliam a dneS": "Done: \u202eliam a dneS",
    }.items():
        visitor.tick(title).click(force=True)
        words = visitor.page.locator(".toast p")
        expect(words).to_have_text(told)
        expect(words.locator("bdi")).to_have_css("unicode-bidi", "isolate")
        expect(visitor.row(title)).to_have_count(0)
    visitor.undo()
    expect(visitor.titles.first).to_have_css("unicode-bidi", "isolate")


def test_a_title_of_which_nothing_shows_is_refused_beside_the_field(visitor: Visitor) -> None:
    visitor.enter()
    visitor.type_todo("\u200b\u2060")
    expect(visitor.page.locator(".quick-add").get_by_text("Must not be empty.")).to_be_visible()
    expect(visitor.rows).to_have_count(0)
    assert visitor.stored() == []


def test_quick_add_takes_due_priority_and_tags(visitor: Visitor) -> None:
    visitor.enter()
    visitor.page.get_by_label("Due date, priority and tags").click()
    form = visitor.page.get_by_role("form", name="Add a todo")
    form.get_by_label("Due date", exact=True).fill(day(0))
    form.get_by_role("radio", name="Low").check(force=True)
    form.get_by_label("Tags", exact=True).fill("home, garden")
    visitor.type_todo("Water the plants")
    row = visitor.row("Water the plants")
    for text in ["Today", "Low", "home", "garden"]:
        expect(row).to_contain_text(text)
    expect(form.get_by_label("Due date", exact=True)).to_have_value("")


def test_the_title_is_renamed_in_its_place(visitor: Visitor) -> None:
    visitor.add("Bread")
    visitor.enter()
    visitor.page.get_by_role("button", name="Bread", exact=True).click()
    field = visitor.page.locator(".row-rename")
    field.fill("thrown away")
    field.press("Escape")
    expect(visitor.titles).to_have_text(["Bread"])
    visitor.page.get_by_role("button", name="Bread", exact=True).click()
    field.fill("Rye bread")
    field.press("Enter")
    expect(visitor.titles).to_have_text(["Rye bread"])
    visitor.page.reload()
    expect(visitor.titles).to_have_text(["Rye bread"])


def test_the_trash_gives_back(visitor: Visitor) -> None:
    todo = visitor.add("Thrown away too early", tags=["keep"])
    visitor.call("DELETE", f"/todos/{todo['id']}")
    visitor.enter()
    visitor.show("Trash")
    visitor.row("Thrown away too early").get_by_role("button", name="Restore").click()
    expect(visitor.page.get_by_text("The trash is empty")).to_be_visible()
    visitor.show("Inbox")
    expect(visitor.row("Thrown away too early")).to_contain_text("keep")


def test_views_filters_and_search_find(visitor: Visitor) -> None:
    visitor.add("Pay rent", priority="high", due_date=day(-1), tags=["home"])
    visitor.add("Weed the garden", priority="low", due_date=day(0), tags=["home", "outside"])
    visitor.add("Write letter", description="to the landlord", due_date=day(3))
    visitor.add("Finished", completed=True)
    visitor.enter()
    expect(visitor.titles).to_have_text(["Write letter", "Weed the garden", "Pay rent"])
    expect(visitor.row("Pay rent").locator(".is-late")).to_contain_text("Overdue")
    visitor.show("All")
    expect(visitor.rows).to_have_count(4)
    visitor.show("Done")
    expect(visitor.titles).to_have_text(["Finished"])
    visitor.show("Inbox")

    page = visitor.page
    for label, value, found in [
        ("Due", "overdue", ["Pay rent"]),
        ("Due", "today", ["Weed the garden"]),
        ("Due", "week", ["Write letter", "Weed the garden"]),
        ("Priority", "high", ["Pay rent"]),
        ("Tag", "outside", ["Weed the garden"]),
    ]:
        page.get_by_label(label, exact=True).select_option(value)
        expect(visitor.titles).to_have_text(found)
        page.get_by_role("button", name="Clear filters").click()
        expect(visitor.rows).to_have_count(3)

    page.get_by_label("Search", exact=True).press_sequentially("landlord", delay=20)
    expect(visitor.titles).to_have_text(["Write letter"])
    page.get_by_label("Search", exact=True).fill("no such words")
    expect(page.get_by_text("No todo matches")).to_be_visible()
    page.locator(".empty").get_by_role("button", name="Clear filters").click()
    expect(page.get_by_label("Search", exact=True)).to_have_value("")

    page.get_by_label("Order", exact=True).select_option("priority:desc")
    expect(visitor.titles).to_have_text(["Pay rent", "Write letter", "Weed the garden"])
    page.get_by_label("Order", exact=True).select_option("due_date:asc")
    expect(visitor.titles).to_have_text(["Pay rent", "Weed the garden", "Write letter"])
    visitor.row("Weed the garden").get_by_role("button", name="outside").click()
    expect(visitor.titles).to_have_text(["Weed the garden"])


def test_a_todo_that_the_filter_hides_is_announced(visitor: Visitor) -> None:
    visitor.enter()
    visitor.page.get_by_label("Priority", exact=True).first.select_option("high")
    visitor.type_todo("Of medium priority")
    visitor.toast("The filters hide it").get_by_role("button", name="Show all").click()
    expect(visitor.row("Of medium priority")).to_be_visible()


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
def test_a_due_date_never_slips_by_a_day(visit: Callable[..., Visitor], timezone: str) -> None:
    visitor = visit(timezone_id=timezone)
    visitor.add("New year", due_date="2030-01-01")
    visitor.enter()
    expect(visitor.row("New year").locator(".chip").first).to_have_text("Tue, Jan 1, 2030")
    dialog = visitor.edit("New year")
    expect(dialog.get_by_label("Due date")).to_have_value("2030-01-01")
    dialog.get_by_label("Title").fill("New year's day")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert visitor.stored()[0]["due_date"] == "2030-01-01"


def test_a_link_opens_its_todo(visitor: Visitor) -> None:
    todo = visitor.add("Linked", description="from a mail")
    visitor.enter(todo["url"])
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_label("Description")).to_have_value("from a mail")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(visitor.page).not_to_have_url(re.compile("todo="))
    visitor.open(f"/?todo={todo['id'][:-4]}ffff")
    expect(visitor.toast("There is no todo with this id")).to_be_visible()


def test_discarded_changes_can_be_taken_up_again(visitor: Visitor) -> None:
    visitor.add("Draft")
    visitor.enter()
    dialog = visitor.edit("Draft")
    dialog.get_by_label("Description").fill("a long thought")
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    visitor.toast("not saved").get_by_role("button", name="Keep editing").click()
    expect(dialog.get_by_label("Description")).to_have_value("a long thought")


def test_changes_of_other_fields_meanwhile_are_kept_and_of_the_same_field_are_asked_about(visitor: Visitor) -> None:
    todo = visitor.add("Shared")
    visitor.enter()
    dialog = visitor.edit("Shared")
    visitor.call("PATCH", f"/todos/{todo['id']}", {"priority": "high"})
    dialog.get_by_label("Description").fill("mine")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(visitor.row("Shared")).to_contain_text("High")

    visitor.edit("Shared")
    visitor.call("PATCH", f"/todos/{todo['id']}", {"description": "theirs", "tags": ["new"]})
    dialog.get_by_label("Description").fill("mine again")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("changed elsewhere meanwhile (description)")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    stored = visitor.stored()[0]
    assert (stored["description"], stored["tags"], stored["priority"]) == ("mine again", ["new"], "high")


def test_quick_ticks_reach_the_server_in_their_order(visitor: Visitor) -> None:
    visitor.add("Indecision")
    visitor.enter()
    visitor.show("All")
    for _ in range(7):
        visitor.tick("Indecision").click(force=True)
    expect(visitor.tick("Indecision")).to_be_checked()
    visitor.settled()
    assert visitor.stored()[0]["completed"] is True
    expect(visitor.tick("Indecision")).to_be_checked()


def test_expected_refusals_leave_no_traceback_in_the_log(visitor: Visitor) -> None:
    visitor.open()
    visitor.log_in(password="wrong")
    expect(visitor.page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    assert "Traceback" not in visitor.server.log


def test_list_repeat_and_reminder_are_changed_in_the_panel_and_kept(visitor: Visitor) -> None:
    home = visitor.call("POST", "/lists", {"name": "Home"})
    visitor.add("Sweep")
    visitor.enter()
    dialog = visitor.edit("Sweep")
    dialog.get_by_label("List").select_option("Home")
    dialog.get_by_label("Repeat").select_option("Every week")
    expect(dialog.get_by_label("Due date")).to_have_value(day(0))  # what repeats begins on a day
    dialog.get_by_label("Remind me").fill(f"{day(1)}T08:15")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(visitor.rows).to_have_count(0)  # it has left the inbox
    reminded = datetime.fromisoformat(f"{day(1)}T08:15").replace(tzinfo=BERLIN).astimezone(UTC)
    stored = visitor.stored()[0]
    assert (stored["list_id"], stored["recurrence"], stored["due_date"]) == (home["id"], "FREQ=WEEKLY", day(0))
    assert datetime.fromisoformat(stored["remind_at"]) == reminded

    visitor.show("Home")
    visitor.page.reload()
    visitor.edit("Sweep")
    expect(dialog.get_by_label("List")).to_have_value(home["id"])
    expect(dialog.get_by_label("Repeat")).to_have_value("FREQ=WEEKLY")
    expect(dialog.get_by_label("Remind me")).to_have_value(f"{day(1)}T08:15")
    dialog.get_by_label("List").select_option("Inbox")
    dialog.get_by_label("Repeat").select_option("Never")
    dialog.get_by_label("Remind me").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(visitor.rows).to_have_count(0)
    visitor.show("Inbox")
    visitor.page.reload()
    expect(visitor.row("Sweep")).to_contain_text("Today")
    stored = visitor.stored()[0]
    assert [stored[name] for name in ("list_id", "recurrence", "remind_at")] == [None, None, None]
    assert stored["due_date"] == day(0)
