"""Two thousand todos: every one is reached, and neither a tick nor the scroll stalls."""

import statistics

from playwright.sync_api import expect

from tests.browser.visiting import Visitor

COUNT = 2_000
BATCH = 100
# As ratios within one run, because a busy machine is slow at everything: a tick beside one on the first page alone,
# a frame of scrolling beside one in which nothing moves.
TICK_RATIO = 5
FRAME_RATIO = 3
STALL_RATIO = 15  # for nineteen frames of twenty
FRAME_MILLISECONDS = 1_000 / 60  # no screen is waited for less than this

# From the click to the frame in which the change has been painted.
TICK = """
async (index) => {
  const row = document.querySelectorAll(".row")[index];
  const start = performance.now();
  row.querySelector(".tick input").click();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return [performance.now() - start, row.classList.contains("is-done")];
}
"""
REACH_THE_END = """
async (count) => {
  const deadline = performance.now() + 60000;
  while (document.querySelectorAll(".row").length < count && performance.now() < deadline) {
    window.scrollTo(0, document.documentElement.scrollHeight);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
"""
SCROLL = """
async (pixels) => {
  const frames = [];
  let last = performance.now();
  for (let frame = 0; frame < 120; frame += 1) {
    window.scrollBy(0, pixels);
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - last);
    last = performance.now();
  }
  return frames;
}
"""


def test_two_thousand_todos_scroll_and_tick_without_a_stall(visitor: Visitor) -> None:
    fill(visitor, COUNT)
    visitor.enter()
    visitor.show("All")
    expect(visitor.page.locator(".count")).to_have_text("2,000 todos")
    few = ticks_of(visitor)
    pace = max(FRAME_MILLISECONDS, statistics.median(visitor.page.evaluate(SCROLL, 0)))
    visitor.page.evaluate(REACH_THE_END, COUNT)
    assert visitor.rows.count() == COUNT
    assert len(set(visitor.titles.all_text_contents())) == COUNT
    visitor.page.evaluate("window.scrollTo(0, 0)")
    frames = visitor.page.evaluate(SCROLL, 400)
    visitor.page.evaluate("window.scrollTo(0, 0)")
    assert statistics.median(ticks_of(visitor)) < TICK_RATIO * statistics.median(few)
    assert statistics.median(frames) < FRAME_RATIO * pace
    assert statistics.quantiles(frames, n=20)[-1] < STALL_RATIO * pace


def test_scrolling_leaves_the_sidebar_the_search_and_the_panel_in_sight(visitor: Visitor) -> None:
    fill(visitor, BATCH)
    visitor.enter()
    expect(visitor.rows).to_have_count(BATCH)
    expect(visitor.new_todo).to_be_focused()  # which scrolls to it
    visitor.page.evaluate("window.scrollTo(0, 900)")
    search = visitor.page.get_by_label("Search", exact=True)
    side = visitor.page.locator(".side")
    for part in (side, search):
        expect(part).to_be_in_viewport(ratio=1)
    visitor.rows.nth(20).locator(".row-body").click(position={"x": 200, "y": 5})
    expect(visitor.page.get_by_role("dialog")).to_be_in_viewport(ratio=1)
    expect(side).to_be_in_viewport(ratio=1)
    assert visitor.page.evaluate("window.scrollY") == 900


def ticks_of(visitor: Visitor) -> list[float]:
    """Milliseconds until a tick is painted, of the first open rows; each is taken back after that."""
    ticks = [visitor.page.evaluate(TICK, index) for index in range(15)]
    assert all(is_done for _, is_done in ticks)
    for index in range(15):
        visitor.page.evaluate(TICK, index)
    expect(visitor.page.locator(".row.is-done")).to_have_count(0)
    return [milliseconds for milliseconds, _ in ticks]


def fill(visitor: Visitor, count: int) -> None:
    """Add todos over REST, a hundred at a time."""
    for start in range(0, count, BATCH):
        titles = [f"Todo {number:04d}" for number in range(start, min(count, start + BATCH))]
        operations = [{"action": "create", "data": {"title": title}} for title in titles]
        visitor.call("POST", "/todos/batch", {"operations": operations})
