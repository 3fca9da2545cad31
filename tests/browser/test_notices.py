"""What people are told of the storage: losses, a page that only reads, data that a restart takes. The reset link."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.test_look import LOOKS, check
from tests.browser.visiting import Visitor
from tests.support import PASSWORD, ROOT, LiveServer

LOSS = "The database was damaged and was repaired on 2026-11-22 20:30 UTC. Of about 805 rows 10 could not be saved."
# Put aside after the accounts were made: of what is older an administrator sees nothing.
FOLDER = "20991122T203055Z-corrupt-3f9a1c2e"


@pytest.fixture
def restarted(own_server: LiveServer) -> Iterator[LiveServer]:
    """A server with an administrator and a guest, stopped, to be started again in another condition."""
    own_server.start()
    own_server.register("root")
    own_server.register("guest")
    own_server.stop()
    yield own_server
    own_server.stop(signal.SIGKILL)


@pytest.fixture
def at(
    restarted: LiveServer, chromium: Browser, watch: Callable[[BrowserContext], BrowserContext]
) -> Callable[..., Visitor]:
    """Brings one of the two, once the server runs."""

    def bring(name: str, **options: Any) -> Visitor:
        login = httpx.post(f"{restarted.url}/api/v1/auth/login", json={"username": name, "password": PASSWORD})
        headers = {"Authorization": f"Bearer {login.json().get('access_token', '')}"}
        return Visitor(restarted, watch(chromium.new_context(**options)), name, headers)

    return bring


def lose(server: LiveServer) -> None:
    """What a heal with losses leaves behind."""
    state = server.database.with_name("live.db.state.json")
    state.write_text(json.dumps({**json.loads(state.read_text()), "unacknowledged": LOSS}))
    folder = server.database.with_name("live.db.quarantine") / FOLDER
    folder.mkdir(parents=True)
    (folder / "live.db").write_bytes(b"\xa5" * 5_000)
    (folder / "report.json").write_text('{"lost": 10}')
    (folder / "rejected.jsonl").write_text('{"row": "Ü"}\n' * 200_000)  # more than comes in one part


@LOOKS
def test_an_administrator_reads_of_losses_takes_what_was_kept_and_acknowledges(
    restarted: LiveServer, at: Callable[..., Visitor], tmp_path: Path, look: dict[str, Any]
) -> None:
    lose(restarted)
    restarted.start()
    assert httpx.get(f"{restarted.url}/health").json()["status"] == "degraded"
    visitor = at("root", **look)
    visitor.enter()
    page = visitor.page
    banner = page.get_by_role("region", name="Some of what was stored could not be saved")
    expect(banner).to_contain_text(LOSS)
    check(page, "losses", tmp_path)
    banner.get_by_role("button", name="What was kept").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(FOLDER)
    expect(dialog.get_by_role("button", name="live.db")).to_have_count(0)
    check(page, "quarantine", tmp_path)
    for name, file in (("Report", "report.json"), ("Rows that broke a rule", "rejected.jsonl")):
        with page.expect_download() as download:
            dialog.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == f"{FOLDER}-{file}"
        kept = restarted.database.with_name("live.db.quarantine") / FOLDER / file
        assert Path(download.value.path()).read_bytes() == kept.read_bytes()
    dialog.get_by_role("button", name="Close").click()
    banner.get_by_role("button", name="I have read this").click()
    expect(banner).to_have_count(0)
    assert httpx.get(f"{restarted.url}/health").json()["status"] == "healthy"
    restarted.stop()
    restarted.start()
    assert httpx.get(f"{restarted.url}/health").json()["status"] == "healthy"


def test_nobody_else_is_told_of_losses_or_may_see_what_was_kept(
    restarted: LiveServer, at: Callable[..., Visitor]
) -> None:
    lose(restarted)
    restarted.start()
    guest = at("guest")
    guest.enter()
    expect(guest.page.locator(".notice")).to_have_count(0)
    config = httpx.get(f"{restarted.url}/config").json()
    [board] = [part["id"] for part in config["components"] if part["props"].get("elem_id") == "todo-board"]
    token = guest.headers["Authorization"].removeprefix("Bearer ")
    for function in ("list_quarantine", "read_quarantine", "acknowledge"):
        call = {
            "data": {"token": token, "body": {"folder": FOLDER, "file": "report.json"}},
            "component_id": board,
            "fn_name": function,
            "session_hash": "x",
        }
        answer = httpx.post(f"{restarted.url}/gradio_api/component_server/", json=call).json()
        assert answer["ok"] is False
        assert answer["error"]["code"] == "permission_denied"
    assert httpx.get(f"{restarted.url}/health").json()["status"] == "degraded"


def test_everybody_is_told_that_nothing_can_be_changed(
    restarted: LiveServer, at: Callable[..., Visitor], tmp_path: Path
) -> None:
    restarted.start()
    visitors = [at("guest"), at("root", color_scheme="dark")]
    for visitor in visitors:
        visitor.enter()
    restarted.stop()
    with closing(sqlite3.connect(restarted.database)) as connection, connection:
        connection.execute("ALTER TABLE todos ADD COLUMN of_the_future TEXT")
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    restarted.start()
    for visitor in visitors:
        visitor.page.reload()
        banner = visitor.page.get_by_role("region", name="Nothing can be changed")
        expect(banner).to_contain_text("Your todos are safe, and can be read.", timeout=30_000)
        why = banner.get_by_text("a newer release has changed its tables")
        expect(why).to_have_count(1 if visitor.name == "root" else 0)
        check(visitor.page, f"read-only-{visitor.name}", tmp_path)
        visitor.type_todo("Not now")
        expect(visitor.toast("only be read").or_(visitor.page.get_by_role("alert")).first).to_be_visible()
    stranger = at("guest")
    stranger.open()
    expect(stranger.page.locator(".notice")).to_contain_text("nobody can log in")


def test_who_relies_on_a_disk_that_is_wiped_is_told_gently_and_the_administrator_how_to_mend_it(
    restarted: LiveServer, at: Callable[..., Visitor], tmp_path: Path
) -> None:
    restarted.environment = {"SPACE_ID": "somebody/todos", "DATA_DIR": "/nothing-is-mounted-here"}
    restarted.start()
    assert httpx.get(f"{restarted.url}/health").json()["survives_restart"] is False
    for name, words in (("guest", "a restart loses everything"), ("root", "Attach a storage bucket")):
        visitor = at(name)
        visitor.open()
        expect(visitor.page.locator(".notice")).to_contain_text("a restart loses everything")
        expect(visitor.page.get_by_text("never lost")).to_be_hidden()
        check(visitor.page, "wiped-login", tmp_path)
        visitor.log_in()
        expect(visitor.new_todo).to_be_visible()
        expect(visitor.page.locator(".notice")).to_contain_text(words)
        expect(visitor.page.locator(".notice.is-loud")).to_have_count(0)
        check(visitor.page, f"wiped-{name}", tmp_path)


def reset_link(server: LiveServer, name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "backend", "reset-password", name, "--url", server.url],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{server.database}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_reset_link_sets_a_password_once_and_leaves_no_trace_in_the_log(visitor: Visitor, tmp_path: Path) -> None:
    link = reset_link(visitor.server, visitor.name)
    token = link.partition("#reset=")[2]
    visitor.enter()  # an open login is no reason not to show the form
    page = visitor.page
    page.goto(link)
    page.get_by_label("New password").fill("short")
    check(page, "reset", tmp_path)
    page.get_by_role("button", name="Set the password").click()
    expect(page.locator("[data-field=new_password] .fault")).to_contain_text("8")
    page.get_by_label("New password").fill("AnotherPass456!")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("status").filter(has_text="Your new password is set")).to_be_visible()
    assert token not in page.url
    visitor.log_in(password="AnotherPass456!")
    expect(visitor.new_todo).to_be_visible()
    page.goto(link)
    page.get_by_label("New password").fill("ThirdPass789!")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert").filter(has_text="used already")).to_be_visible()
    page.get_by_role("button", name="Log in").click()
    expect(visitor.new_todo).to_be_visible()
    assert token not in visitor.server.log


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_shows_with_what_this_server_has(
    live_server: LiveServer, chromium: Browser, path: str
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    answered: list[str] = []
    refused: list[str | None] = []
    page.on("response", lambda answer: answered.append(answer.url))
    page.on("requestfailed", lambda request: refused.append(request.failure))
    page.goto(live_server.url + path)
    expect(page.get_by_text("/api/v1/auth/register").first).to_be_attached(timeout=30_000)
    page.wait_for_timeout(300)
    # Redoc searches in a worker, whose script is a blob: of the page itself.
    assert {urlsplit(address.removeprefix("blob:")).netloc for address in answered} == {
        urlsplit(live_server.url).netloc
    }
    # Redoc wants its maker's logo; the policy of the page keeps the browser from asking for it.
    assert set(refused) <= {"csp"}
    context.close()
