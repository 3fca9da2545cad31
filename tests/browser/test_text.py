"""What people write is text, wherever it shows."""

import pytest
from playwright.sync_api import Dialog, expect

from tests.browser.visiting import Visitor

MARKUP = '<img src=x onerror="window.hacked=1">'
TEMPLATES = "${window.hacked=1} {{constructor}} `x` <script>window.hacked=1</script>"


@pytest.mark.parametrize("text", [MARKUP, TEMPLATES], ids=["markup", "templates"])
def test_text_is_never_taken_for_html(visitor: Visitor, text: str) -> None:
    visitor.enter()
    visitor.type_todo(text)
    expect(visitor.titles).to_have_text([text])
    visitor.settled()
    todo = visitor.stored()[0]
    visitor.call("PATCH", f"/todos/{todo['id']}", {"description": text, "tags": [text]})
    visitor.page.reload()
    row = visitor.rows.first
    expect(row.locator(".row-note")).to_have_text(text)
    expect(row.get_by_role("button", name=text, exact=True)).to_have_count(2)  # the title and the tag

    row.hover()
    row.get_by_role("button", name="Edit").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value(text)
    expect(dialog.locator(".tag")).to_have_text([text])
    dialog.get_by_role("button", name="Cancel").click()

    visitor.page.get_by_label("Tag", exact=True).select_option(text)
    visitor.page.get_by_label("Search", exact=True).fill(text)
    expect(visitor.titles).to_have_text([text])
    visitor.page.get_by_role("button", name="Delete").click()
    visitor.show("Trash")
    expect(visitor.titles).to_have_text([text])
    assert visitor.page.evaluate("window.hacked") is None
    assert visitor.page.locator("img[src=x]").count() == 0


HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "emoji": "👩‍👩‍👧‍👦" * 14,
    "right to left": "\u202e" + "שלום עולם",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_names_of_lists_filters_chips_and_subtasks_are_text_and_fit(visitor: Visitor, text: str) -> None:
    dialogs: list[Dialog] = []
    visitor.page.on("dialog", lambda dialog: dialogs.append(dialog))  # noqa: PLW0108 - Playwright marks what it is given
    named = visitor.call("POST", "/lists", {"name": text})
    visitor.call("POST", "/filters", {"name": text, "query": {"priority": "high"}})
    whole = visitor.add(text, list_id=named["id"], tags=[text], priority="high")
    visitor.add(text, parent_id=whole["id"])
    visitor.enter(f"/?view=list&id={named['id']}")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    expect(page.locator(".side-name").filter(has_text=text)).to_have_count(3)  # the list, the filter, the tag
    visitor.new_todo.fill(f'Plan @"{text}" tomorrow')
    expect(page.locator(".reading-chip").first).to_be_visible()
    visitor.new_todo.fill("")
    expect(page.locator(".reading-chip")).to_have_count(0)  # they lie over the list
    visitor.show("All")
    expect(visitor.rows).to_have_count(2)
    expect(visitor.rows.last.locator(".chip").filter(has_text=text)).to_have_count(1)  # its list
    visitor.rows.last.locator(".row-body").click(position={"x": 300, "y": 4})
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".subtask").filter(has_text=text)).to_have_count(1)
    expect(dialog.get_by_label("List", exact=True).locator("option:checked")).to_have_text(text)
    dialog.get_by_role("button", name="Cancel").click()
    page.locator(".side-link[data-to=filter]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert dialogs == []
    assert page.locator("img[src=x]").count() == 0


def test_emoji_right_to_left_and_long_text_show_whole(visitor: Visitor) -> None:
    family = "👩‍👩‍👧‍👦" * 60
    arabic = "شراء الحليب والخبز"
    long_text = "A line of sixteen thousand characters. " * 410
    visitor.add(family)
    visitor.add(arabic, tags=["בית"])
    visitor.add("Long", description=long_text[:16_000])
    visitor.enter()
    expect(visitor.titles).to_have_text(["Long", arabic, family])
    assert visitor.titles.nth(1).evaluate("title => getComputedStyle(title).direction") == "rtl"
    dialog = visitor.edit("Long")
    expect(dialog.get_by_label("Description")).to_have_value(long_text[:16_000])
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    overflow = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_a_title_without_spaces_does_not_break_the_phone(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.add("W" * 500, description="x" * 3_000, tags=["t" * 100])
    visitor.enter()
    expect(visitor.rows).to_have_count(1)
    overflow = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
