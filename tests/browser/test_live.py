"""What is changed elsewhere shows by itself, and many hands on one account end on one list."""

import random
from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.visiting import Visitor

SOON_MILLISECONDS = 2_000
EDITS = 100


def test_a_change_over_rest_shows_within_two_seconds_and_what_is_being_typed_stays(visitor: Visitor) -> None:
    first = visitor.add("Before")
    visitor.enter()
    expect(visitor.row("Before")).to_be_visible()
    visitor.new_todo.fill("half a thought")
    second = visitor.add("From elsewhere", priority="high")
    expect(visitor.row("From elsewhere")).to_be_visible(timeout=SOON_MILLISECONDS)
    visitor.call("PATCH", f"/todos/{first['id']}", {"title": "After"})
    expect(visitor.row("After")).to_be_visible(timeout=SOON_MILLISECONDS)
    visitor.call("DELETE", f"/todos/{second['id']}")
    expect(visitor.titles).to_have_text(["After"], timeout=SOON_MILLISECONDS)
    visitor.call("POST", "/lists", {"name": "New list"})
    expect(visitor.page.locator(".side-link").filter(has_text="New list")).to_be_visible(timeout=SOON_MILLISECONDS)
    expect(visitor.new_todo).to_have_value("half a thought")
    expect(visitor.new_todo).to_be_focused()


def test_two_browsers_and_rest_mixed_end_on_the_same_list_as_the_database(
    visitor: Visitor, chromium: Browser, watch: Callable[[BrowserContext], BrowserContext]
) -> None:
    other = Visitor(
        visitor.server, watch(chromium.new_context(timezone_id="Europe/Berlin")), visitor.name, visitor.headers
    )
    for one in (visitor, other):
        one.enter("/?view=all")
    chance = random.Random(5)  # noqa: S311 - the same hundred edits in each run
    ids: list[str] = []
    for number in range(EDITS):
        who = chance.choice([visitor, other, None])
        if who is not None and number % 4 == 0:
            who.type_todo(f"Written {number}")
        elif who is not None and who.rows.count():
            row = who.rows.nth(chance.randrange(min(5, who.rows.count())))
            row.locator(".tick input").click(force=True)
        elif ids and chance.random() < 0.5:
            todo_id = chance.choice(ids)
            visitor.call("PATCH", f"/todos/{todo_id}", {"title": f"Changed {number}", "priority": "high"})
        else:
            ids.append(visitor.add(f"Sent {number}")["id"])
    visitor.page.wait_for_timeout(SOON_MILLISECONDS)
    stored = [(todo["title"], todo["completed"]) for todo in visitor.stored()]
    assert len(stored) > EDITS / 4
    for one in (visitor, other):
        expect(one.titles).to_have_text([title for title, _ in stored])
        ticks = one.page.locator(".row .tick input").evaluate_all("ticks => ticks.map((tick) => tick.checked)")
        assert ticks == [is_done for _, is_done in stored]
