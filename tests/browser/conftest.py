"""A real Chromium. Whatever a test does, the page must never throw, and never ask a foreign host for anything."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Request, sync_playwright

from tests.browser.visiting import Visitor
from tests.support import LiveServer

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The popups of the address bar: nobody sees them, and each context loads them, for as much CPU as a page of ours.
    # The rest is what Playwright switches off itself; of two lists Chromium takes the last.
    (
        "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
        "BackForwardCache,PaintHolding,RenderDocument,Translate,OptimizationHints,MediaRouter,HttpsUpgrades"
    ),
)
OURS = {"127.0.0.1", "localhost"}

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")


# No longer than a module: while Playwright lives, its event loop counts as running in this thread, and tests of other
# folders could not run one of their own.
@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts Debian's Chromium, with more arguments where a test needs them."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        opened: list[Browser] = []

        def start(*arguments: str) -> Browser:
            browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
            opened.append(browser)
            return browser

        yield start
        for browser in opened:
            browser.close()


@pytest.fixture(scope="module")
def chromium(launch: Callable[..., Browser]) -> Browser:
    return launch()


@pytest.fixture
def watch() -> Iterator[Callable[[BrowserContext], BrowserContext]]:
    """Watches what pages ask for and throw; the test fails at its end when there was something."""
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def check(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in OURS:
            faults.append(f"asked a foreign host: {request.url}")

    def begin(context: BrowserContext) -> BrowserContext:
        contexts.append(context)
        context.on("request", check)
        context.on("weberror", lambda error: faults.append(f"threw: {error.error}"))
        return context

    yield begin
    for context in contexts:
        try:
            context.close()
        except Error as error:
            faults.append(str(error))
    assert not faults


@pytest.fixture
def visit(
    chromium: Browser, live_server: LiveServer, watch: Callable[[BrowserContext], BrowserContext]
) -> Callable[..., Visitor]:
    """Brings a new person with a new account, who has not logged in yet. Options are those of a browser context."""

    def bring(server: LiveServer = live_server, browser: Browser = chromium, **options: Any) -> Visitor:
        name = f"visitor{next(_numbers)}"
        settings = {"timezone_id": "Europe/Berlin", "locale": "en-US", **options}
        headers = server.register(name, timezone=settings["timezone_id"])
        return Visitor(server, watch(browser.new_context(**settings)), name, headers)

    return bring


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    return visit()
