"""How long a tick takes in the page, beside a button of an empty Gradio app: `python -m tests.benchmarks.ui`.

Both pages are open in one Chromium and measured in turns, so that what disturbs one disturbs the other. A tick is
visible when the frame in which the row is struck through has been painted, and confirmed when the server's answer is
there. The work of a tick is what Chromium counts for style and layout, in a short list and in a long one.
"""

import argparse
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.test_long_list import REACH_THE_END, fill
from tests.browser.visiting import Visitor
from tests.support import LiveServer

TODOS = 200
FEW, MANY = 100, 2_000
TICK = """
async (index) => {
  const row = document.querySelectorAll(".row")[index];
  const start = performance.now();
  const answered = new Promise((resolve) => {
    new PerformanceObserver((list, observer) => {
      const isOurs = ({ name, startTime }) => name.includes("component_server") && startTime >= start;
      const call = list.getEntries().find(isOurs);
      if (!call) return;
      observer.disconnect();
      resolve(call.responseEnd - start);
    }).observe({ type: "resource" });
  });
  row.querySelector(".tick input").click();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const visible = performance.now() - start;
  if (!row.classList.contains("is-done")) throw new Error("The tick does not show.");
  return [visible, await answered];
}
"""
PRESS = """
async (name) => {
  const field = document.querySelector("input[type=number]");
  const button = [...document.querySelectorAll("button")].find((one) => one.textContent.trim() === name);
  const wanted = String(Number(field.value) + 1);
  const start = performance.now();
  button.click();
  while (field.value !== wanted) await new Promise(requestAnimationFrame);
  await new Promise((resolve) => setTimeout(resolve));
  return performance.now() - start;
}
"""


def main() -> None:
    """Start both servers, measure in turns, and print medians and ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ui", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of ten clicks each (default 5)")
    chosen = parser.parse_args()
    path = shutil.which("chromium")
    if path is None:
        sys.exit("ERROR: Chromium is not installed: apt-get install chromium")
    with _servers() as (ours, empty), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        times = _measure(_visitor(ours, browser, TODOS), _opened(empty, browser), chosen.rounds)
        works = [_work(_visitor(ours, browser, count), count) for count in (FEW, MANY)]
        browser.close()
    print(f"On a list of {TODOS}, medians of {chosen.rounds * 10} clicks:")
    base = median(times["a button of an empty Gradio app, at once"])
    for name, values in times.items():
        print(f"  {name:<45} {median(values):6.1f} ms   ratio {median(values) / base:.2f}")
    few, many = works
    print(f"Style and layout of a tick: {few:.2f} ms among {FEW}, {many:.2f} ms among {MANY:,}: ratio {many / few:.2f}")


@contextmanager
def _servers() -> Iterator[tuple[LiveServer, LiveServer]]:
    with tempfile.TemporaryDirectory(prefix="todo-ui-") as folder:
        ours = LiveServer(Path(folder) / "ours", {"LOGIN_RATE_LIMIT": "100000/minute"})
        empty = LiveServer(Path(folder) / "empty", arguments=("tests.benchmarks.empty_gradio:app",))
        try:
            for server in (ours, empty):
                server.folder.mkdir()
                server.start()
            yield ours, empty
        finally:
            ours.stop()
            empty.stop()


def _visitor(server: LiveServer, browser: Browser, count: int) -> Visitor:
    """Somebody with so many todos, all of them in the page."""
    name = f"reader{count}"
    visitor = Visitor(server, browser.new_context(), name, server.register(name))
    fill(visitor, count)
    visitor.enter("/?view=all")
    visitor.page.evaluate(REACH_THE_END, count)
    expect(visitor.rows).to_have_count(count)
    visitor.page.evaluate("window.scrollTo(0, 0)")
    return visitor


def _opened(server: LiveServer, browser: Browser) -> Page:
    page = browser.new_page()
    page.goto(server.url)
    page.get_by_role("button", name="Queued").wait_for()
    return page


def _measure(visitor: Visitor, empty: Page, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = defaultdict(list)
    for turn in range(rounds + 1):
        found: dict[str, list[float]] = defaultdict(list)
        visitor.page.bring_to_front()
        for index in range(10):
            visible, confirmed = visitor.page.evaluate(TICK, index)
            found["a tick, until it is visible"].append(visible)
            found["a tick, until the server has confirmed it"].append(confirmed)
        _take_back(visitor, 10)
        empty.bring_to_front()
        for name, button in {"at once": "At once", "through the queue": "Queued"}.items():
            key = f"a button of an empty Gradio app, {name}"
            found[key] = [empty.evaluate(PRESS, button) for _ in range(10)]
        for name, values in found.items():
            times[name] += values if turn else []  # the first round only warms up
    return times


def _work(visitor: Visitor, count: int) -> float:
    """Milliseconds of style and layout for one tick, the median of twenty."""
    session = visitor.context.new_cdp_session(visitor.page)
    # The thread's own time, or a busy machine would be measured.
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")
    works = []
    for index in range(20):
        before = _counted(session)
        visitor.page.evaluate(TICK, index)
        works.append(_counted(session) - before)
    _take_back(visitor, 20)
    assert visitor.rows.count() == count
    return median(works)


def _counted(session: CDPSession) -> float:
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return 1_000 * float(metrics["RecalcStyleDuration"] + metrics["LayoutDuration"])


def _take_back(visitor: Visitor, count: int) -> None:
    """Untick what was ticked, and wait until the page rests again."""
    for index in range(count):
        visitor.page.evaluate("(index) => document.querySelectorAll('.row .tick input')[index].click()", index)
    expect(visitor.page.locator(".row.is-done")).to_have_count(0)
    visitor.settled()


if __name__ == "__main__":
    main()
