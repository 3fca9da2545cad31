"""Light, dark, phone: each page is photographed, and axe-core finds nothing serious on any of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_todos import day
from tests.browser.visiting import Visitor

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
# A phone in the dark has the colours of the one and the build of the other.
LOOKS = pytest.mark.parametrize(
    "look",
    [DESKTOP, {**DESKTOP, "color_scheme": "dark"}, PHONE],
    ids=["desktop", "desktop in the dark", "phone"],
)
# The contrast is four fifths of the work: it is measured once in each scheme, and all else once in each width.
LOOK = """
async () => {
  const options = { resultTypes: ["violations"] };
  if (matchMedia("(prefers-color-scheme: dark)").matches) options.runOnly = ["color-contrast"];
  else if (matchMedia("(pointer: coarse)").matches) options.rules = { "color-contrast": { enabled: false } };
  const { violations } = await axe.run(document, options);
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}
"""

# A box to tick is as large as its label.
SMALL = """
(dialog) => [...dialog.querySelectorAll("button, select, input:not([type=checkbox], [type=radio]), label:has(input)")]
  .filter((one) => one.checkVisibility() && matchMedia("(pointer: coarse)").matches)
  .filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < 40)
  .map((one) => one.outerHTML)
"""


def check(page: Page, name: str, folder: Path) -> None:
    """Photograph the page, and let axe-core look at it."""
    page.emulate_media(reduced_motion="reduce")  # or the contrast would be measured while colours fade in
    page.screenshot(path=folder / f"{name}.png")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    assert page.evaluate(LOOK) == [], name


def check_dialog(dialog: Locator, name: str, folder: Path) -> None:
    """The same with a dialog open, in which a finger finds everything."""
    expect(dialog).to_be_visible()
    check(dialog.page, name, folder)
    assert dialog.evaluate(SMALL) == [], name


@LOOKS
def test_every_page_is_accessible(visit: Callable[..., Visitor], tmp_path: Path, look: dict[str, Any]) -> None:
    visitor = visit(**look)
    page = visitor.page
    visitor.open()
    expect(page.locator("body")).to_have_class(look.get("color_scheme", ""))
    check(page, "login", tmp_path)
    visitor.log_in(password="wrong")
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    check(page, "login-refused", tmp_path)
    page.get_by_role("button", name="Create an account").click()
    check(page, "register", tmp_path)
    visitor.open()
    visitor.log_in()
    expect(visitor.new_todo).to_be_visible()
    check(page, "empty", tmp_path)

    visitor.add("Pay the electricity bill", priority="high", due_date=day(-2), tags=["home", "bills"])
    visitor.add("Read a book", priority="low", description="The one on the shelf", tags=["reading"])
    visitor.add("Prepare the slides", due_date=day(1), due_time="09:30")
    visitor.call("DELETE", f"/todos/{visitor.add('Old idea')['id']}")
    visitor.add("Send the invoice", completed=True)
    visitor.show("All")
    expect(visitor.rows).to_have_count(4)
    check(page, "list", tmp_path)
    visitor.new_todo.focus()  # a phone shows the button then
    page.get_by_label("Due date, priority and tags").click()
    check(page, "quick-add", tmp_path)
    page.get_by_label(f"Account of {visitor.name}").click()
    check(page, "account", tmp_path)
    page.keyboard.press("Escape")
    page.locator(".row-body").nth(1).click(position={"x": 150, "y": 5})
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page, "dialog", tmp_path)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".has-panel")).to_have_count(0)  # the list takes its room back, which moves the ticks
    visitor.tick("Read a book").click(force=True)
    check(page, "toast", tmp_path)
    visitor.show("Trash")
    expect(visitor.rows).to_have_count(1)
    check(page, "trash", tmp_path)


def test_beside_the_panel_the_filters_are_one_line_and_the_name_is_whole(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**DESKTOP)
    page = visitor.page
    work = visitor.call("POST", "/lists", {"name": "Work"})
    todo = visitor.add("Reply to Jonas", list_id=work["id"])
    visitor.enter(f"/?view=list&id={work['id']}&sort=position:asc&todo={todo['id']}")
    expect(page.get_by_role("dialog", name="Edit todo")).to_be_visible()
    expect(page.locator(".row-grip")).to_be_visible()
    tops = page.locator(".filters :is(select, button):visible").evaluate_all(
        "(controls) => controls.map((one) => Math.round(one.getBoundingClientRect().top))"
    )
    assert tops == tops[:1] * 5
    assert page.locator(".heading-title").evaluate("(title) => title.scrollWidth <= title.clientWidth")


def test_nothing_moves_while_the_page_loads(visitor: Visitor) -> None:
    for number in range(30):
        visitor.add(f"Todo {number}")
    visitor.enter()
    visitor.page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => "
        "(window.shift += entry.value))).observe({type: 'layout-shift', buffered: true})"
    )
    visitor.page.reload()
    expect(visitor.rows).to_have_count(30)
    visitor.page.wait_for_timeout(500)
    assert visitor.page.evaluate("window.shift") < 0.02


def test_the_page_wears_its_own_name(visitor: Visitor) -> None:
    visitor.open()
    expect(visitor.page).to_have_title("Todos")
    expect(visitor.page.get_by_text("Built with Gradio")).to_have_count(0)
    assert visitor.page.locator("footer").count() == 0
