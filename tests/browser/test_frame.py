"""Inside the frame of another site, where a Space lives: cookies may be blocked there, and storage too."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from tests.browser.visiting import Visitor
from tests.support import PASSWORD, LiveServer

NO_STORAGE = """
Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
});
Object.defineProperty(document, "cookie", { get: () => "", set() {} });
"""


@pytest.fixture
def host(live_server: LiveServer) -> Iterator[str]:
    """A page on another site (localhost is another site than 127.0.0.1) that frames ours."""
    content = f'<!doctype html><title>Host</title><iframe src="{live_server.url}" width="900" height="700"></iframe>'

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def strict_chromium(launch: Callable[..., Browser]) -> Browser:
    """A browser that blocks third-party cookies."""
    return launch("--test-third-party-cookie-phaseout")


def log_in(frame: FrameLocator, visitor: Visitor) -> None:
    frame.get_by_label("E-mail or username").fill(visitor.name)
    frame.get_by_label("Password").fill(PASSWORD)
    frame.get_by_role("button", name="Log in").click()


def test_the_login_works_in_a_frame_and_survives_a_reload(
    visit: Callable[..., Visitor], strict_chromium: Browser, host: str
) -> None:
    visitor = visit(browser=strict_chromium)
    visitor.page.goto(host)
    frame = visitor.page.frame_locator("iframe")
    log_in(frame, visitor)
    frame.get_by_label("New todo").fill("From within")
    frame.get_by_label("New todo").press("Enter")
    expect(frame.get_by_role("button", name="From within", exact=True)).to_be_visible()
    visitor.page.reload()
    expect(frame.get_by_role("button", name="From within", exact=True)).to_be_visible(timeout=15_000)
    assert visitor.stored()[0]["title"] == "From within"


def test_without_any_storage_the_page_works_until_it_is_left(visitor: Visitor) -> None:
    visitor.context.add_init_script(NO_STORAGE)
    visitor.enter()
    visitor.type_todo("Kept on the server only")
    expect(visitor.row("Kept on the server only")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.get_by_label("E-mail or username")).to_be_visible()
