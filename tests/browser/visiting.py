"""A person at the page: what they see and do, in words that the tests can read aloud."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, Request, Route, expect

from tests.support import PASSWORD, LiveServer

PATIENCE_SECONDS = 30
QUIET_LOOKS = 4


@dataclass
class Visitor:
    """Somebody with an account of their own, and a page in a browser of their own."""

    server: LiveServer
    context: BrowserContext
    name: str
    headers: dict[str, str]
    page: Page = field(init=False)
    _under_way: set[Request] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.on("request", self._begin)
        self.page.on("requestfinished", self._end)
        self.page.on("requestfailed", self._end)

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def open(self, path: str = "/") -> None:
        self.page.goto(self.server.url + path)
        expect(self.page.locator(".todos:not([aria-busy])")).to_be_visible(timeout=30_000)

    def log_in(self, name: str = "", password: str = PASSWORD) -> None:
        self.page.get_by_label("E-mail or username").fill(name or self.name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def enter(self, path: str = "/") -> None:
        """Open the page and log in."""
        self.open(path)
        self.log_in()
        expect(self.page.locator(".board")).to_be_visible()

    def log_out(self) -> None:
        self.page.get_by_label(f"Account of {self.name}").click()
        self.page.get_by_role("button", name="Log out").click()
        expect(self.page.get_by_label("E-mail or username")).to_be_visible()

    def settled(self) -> None:
        """Wait until the server has answered whatever the page has asked it to do, and nothing follows."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        quiet = 0
        while quiet < QUIET_LOOKS:
            assert time.monotonic() < deadline, "The server does not answer."
            self.page.wait_for_timeout(20)
            quiet = 0 if self._under_way else quiet + 1

    def _begin(self, request: Request) -> None:
        if "component_server" in request.url:
            self._under_way.add(request)

    def _end(self, request: Request) -> None:
        self._under_way.discard(request)

    @property
    def new_todo(self) -> Locator:
        return self.page.get_by_label("New todo")

    def type_todo(self, title: str) -> None:
        self.new_todo.fill(title)
        self.new_todo.press("Enter")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".row")

    @property
    def titles(self) -> Locator:
        return self.page.locator(".row-title")

    def row(self, title: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_role("button", name=title, exact=True))

    def tick(self, title: str) -> Locator:
        return self.row(title).get_by_role("checkbox")

    def show(self, view: str) -> None:
        """Open a view from the sidebar, which a phone keeps in a drawer."""
        menu = self.page.get_by_role("button", name="Menu", exact=True)
        if menu.is_visible():
            menu.click()
        link = self.page.locator(".side-link").filter(has=self.page.get_by_text(view, exact=True))
        link.click()
        expect(link).to_have_attribute("aria-current", "page")
        expect(self.page.locator(".rows.is-stale")).to_have_count(0)

    def edit(self, title: str) -> Locator:
        """Open the dialog of a todo."""
        self.row(title).hover()
        self.row(title).get_by_role("button", name=f"Edit {title}").click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        return dialog

    def toast(self, text: str) -> Locator:
        return self.page.locator(".toast").filter(has_text=text)

    def undo(self) -> None:
        self.page.locator(".toast").last.get_by_role("button", name="Undo").click()

    def add(self, title: str, **fields: Any) -> dict[str, Any]:
        """Add over REST, as another device would."""
        todo: dict[str, Any] = self.call("POST", "/todos", {"title": title, **fields})
        return todo

    def stored(self) -> list[dict[str, Any]]:
        """What the database holds outside of the trash."""
        todos: list[dict[str, Any]] = self.call("GET", "/todos?limit=1000")["todos"]
        return todos

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{self.server.url}/api/v1{path}", json=body, headers=self.headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def on_call(self, function: str, handle: Callable[[Route], None]) -> None:
        """Step between the page and one of its server functions."""

        def route(found: Route) -> None:
            if json.loads(found.request.post_data or "{}").get("fn_name") == function:
                handle(found)
            else:
                found.continue_()

        self.page.route("**/component_server/", route)


def refuse(code: str, detail: str) -> Callable[[Route], None]:
    """An answer of the server that refuses."""
    refusal: dict[str, Any] = {
        "code": code,
        "detail": detail,
        "errors": [],
        "retry_after_seconds": None,
        "current": None,
    }
    return lambda route: route.fulfill(json={"ok": False, "error": refusal})
