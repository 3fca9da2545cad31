"""The pages beside the list: statistics, import and export, account, API, and what an empty inbox says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import expect

from tests.browser.test_look import LOOKS, PHONE, check
from tests.browser.test_todos import day
from tests.browser.visiting import Visitor
from tests.support import PASSWORD


def section(visitor: Visitor, name: str) -> Any:
    return visitor.page.get_by_role("region", name=name, exact=True)


@LOOKS
def test_every_page_is_accessible_and_fits(visit: Callable[..., Visitor], tmp_path: Path, look: dict[str, Any]) -> None:
    visitor = visit(**look)
    visitor.enter()
    expect(visitor.page.get_by_text("Welcome,")).to_be_visible()
    check(visitor.page, "welcome", tmp_path)
    visitor.add("Late", due_date=day(-2), priority="high")
    visitor.add("Finished", completed=True)
    for view, seen in {
        "stats": ".figures:not(.is-stale) svg, .figures:not(.is-stale) canvas",
        "exchange": "input[type=file]",
        "account": ".plain-item",
        "api": ".code",
    }.items():
        visitor.open(f"/?view={view}")
        expect(visitor.page.locator(seen).first).to_be_visible(timeout=15_000)
        check(visitor.page, view, tmp_path)
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), view


def test_the_numbers_are_the_accounts_own(visitor: Visitor) -> None:
    visitor.add("Late", due_date=day(-2))
    visitor.add("Finished", completed=True)
    visitor.enter("/?view=stats")
    for label, value in {"Open": "1", "Overdue": "1", "Done": "1", "Days in a row": "1"}.items():
        expect(visitor.page.locator(".number").filter(has_text=label).locator("dd")).to_have_text(value)


def figures(visitor: Visitor) -> Any:
    """The plots, once all four are drawn."""
    found = visitor.page.locator(".figures:not(.is-stale) svg.marks")
    expect(found).to_have_count(4, timeout=15_000)
    return found


def test_the_bars_wear_the_colours_of_the_dark(visit: Callable[..., Visitor]) -> None:
    visitor = visit(color_scheme="dark")
    visitor.add("Late", due_date=day(-2))
    visitor.add("Finished", completed=True)
    visitor.enter("/?view=stats")
    figures(visitor)
    fills = visitor.page.locator(".figures .mark-rect.role-mark path").evaluate_all(
        "(bars) => [...new Set(bars.map((bar) => getComputedStyle(bar).fill))]"
    )
    assert set(fills) == {"rgb(165, 161, 251)", "rgb(133, 125, 117)"}


def test_days_have_no_lines_and_names_lie_straight_where_there_is_room(visitor: Visitor) -> None:
    visitor.add("Late", due_date=day(-2))
    visitor.enter("/?view=stats")
    found = figures(visitor)
    for plot in (0, 1):
        expect(found.nth(plot).locator('.role-axis-grid line[x2="0"]').first).to_have_css("display", "none")
        expect(found.nth(plot).locator('.role-axis-grid line[y2="0"]').first).to_have_css("display", "inline")
    name = found.nth(3).locator("text", has_text="Inbox")
    assert "rotate" not in (name.get_attribute("transform") or "")
    for title in ("Groceries", "The garden behind the house", "Work", "The garden behind the hut"):
        visitor.add(title, list_id=visitor.call("POST", "/lists", {"name": title})["id"])
    visitor.open("/?view=stats")
    figures(visitor)
    names = found.nth(3).locator("text", has_text=re.compile("Inbox|Gro|Work|gard"))
    expect(names).to_have_count(5)
    assert all("rotate(" in (name.get_attribute("transform") or "") for name in names.all())


def test_no_number_stands_alone_on_a_phone(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    visitor.enter("/?view=stats")
    cards = visitor.page.locator(".number")
    expect(cards).to_have_count(5)
    rows: dict[float, list[Any]] = {}
    for box in (card.bounding_box() for card in cards.all()):
        assert box
        rows.setdefault(box["y"], []).append(box)
    for row in rows.values():
        assert len(row) > 1
        assert (row[0]["x"], round(row[-1]["x"] + row[-1]["width"])) == (16, 374)


def test_a_file_is_looked_through_and_then_taken_and_taken_back(visitor: Visitor) -> None:
    visitor.enter("/?view=exchange")
    table = b"title,priority\nFrom a table,high\n,low\n"
    part = section(visitor, "Import")
    file = {"name": "todos.csv", "mimeType": "text/csv", "buffer": table}
    part.get_by_label("File", exact=True).set_input_files(file)
    expect(part.get_by_label("Format")).to_have_value("csv")
    part.get_by_role("button", name="Look through it").click()
    expect(part.get_by_text("1 would be new")).to_be_visible(timeout=15_000)
    expect(part.get_by_text("1 refused")).to_be_visible()
    expect(part.get_by_role("row")).to_have_count(2)
    assert visitor.stored() == []
    part.get_by_role("button", name="Import", exact=True).click()
    expect(part.get_by_text("1 new,")).to_be_visible(timeout=15_000)
    assert [todo["title"] for todo in visitor.stored()] == ["From a table"]
    visitor.toast("Imported").get_by_role("button", name="Undo").click()
    expect(visitor.toast("taken back")).to_be_visible()
    assert visitor.stored() == []


def test_everything_is_downloaded(visitor: Visitor) -> None:
    visitor.add("Kept")
    visitor.enter("/?view=exchange")
    with visitor.page.expect_download() as download:
        section(visitor, "Export").get_by_role("button", name="Download").click()
    assert [todo["title"] for todo in json.loads(download.value.path().read_bytes())["todos"]] == ["Kept"]


def test_a_token_is_shown_once_and_works_until_it_is_revoked(visitor: Visitor) -> None:
    visitor.enter("/?view=account")
    part = section(visitor, "Personal tokens")
    part.get_by_label("Name").fill("laptop")
    part.get_by_role("button", name="Make a token").click()
    secret = part.locator(".code").inner_text()
    me = f"{visitor.server.url}/api/v1/auth/me"
    assert httpx.get(me, headers={"X-API-Key": secret}).json()["username"] == visitor.name
    visitor.open("/?view=account")
    expect(part.get_by_text("laptop")).to_be_visible()
    expect(part.locator(".code")).to_have_count(0)
    part.get_by_role("button", name="Revoke laptop").click()
    expect(part.get_by_text("laptop")).to_have_count(0)
    assert httpx.get(me, headers={"X-API-Key": secret}).status_code == 401


def test_logging_out_everywhere_ends_every_login(visitor: Visitor) -> None:
    visitor.enter("/?view=account")
    expect(section(visitor, "Logins").get_by_text("This browser")).to_have_count(1)
    section(visitor, "Logins").get_by_role("button", name="Log out everywhere").click()
    expect(visitor.page.get_by_text("You are logged out everywhere")).to_be_visible()
    assert httpx.get(f"{visitor.server.url}/api/v1/auth/me", headers=visitor.headers).status_code == 401


def test_an_account_is_deleted_with_its_password_alone(visitor: Visitor) -> None:
    visitor.enter("/?view=account")
    part = section(visitor, "Delete account")
    part.get_by_label("Password").fill(PASSWORD)
    part.get_by_role("button", name="Delete my account").click()
    expect(part.get_by_text("to say that you mean it")).to_be_visible()
    part.get_by_label("Your username").fill(visitor.name)
    part.get_by_role("button", name="Delete my account").click()
    expect(visitor.page.get_by_text("Your account was deleted")).to_be_visible()


def test_the_calendar_has_a_secret_address(visitor: Visitor) -> None:
    visitor.add("Dentist", due_date=day(1), remind_at="2031-01-01T09:00:00Z")
    visitor.enter("/?view=account")
    part = section(visitor, "Calendar")
    part.get_by_role("button", name="Make an address").click()
    feed = httpx.get(part.locator(".code").inner_text()).text
    assert "SUMMARY:Dentist" in feed
    assert "BEGIN:VALARM" in feed


def test_the_snippets_carry_this_address(visitor: Visitor) -> None:
    visitor.enter("/?view=api")
    codes = visitor.page.locator(".code").all_inner_texts()
    assert len(codes) == 8
    assert all(visitor.server.url in code for code in codes)


def test_a_long_line_of_code_is_shaded_where_it_goes_on(visitor: Visitor) -> None:
    visitor.enter("/?view=api")
    long = visitor.page.locator(".code").filter(has_text="claude mcp add")
    assert long.evaluate("(code) => code.scrollWidth > code.clientWidth")
    expect(long).to_have_css("background-attachment", "local, local, scroll, scroll, scroll")


def test_the_notebook_carries_this_address(visitor: Visitor) -> None:
    visitor.enter("/?view=api")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download the notebook").click()
    assert download.value.suggested_filename.endswith(".ipynb")
    cells = json.loads(download.value.path().read_bytes())["cells"]
    assert any(f'URL = "{visitor.server.url}/"\n' in cell["source"] for cell in cells)


def test_an_empty_inbox_teaches_on_request(visitor: Visitor) -> None:
    visitor.enter()
    expect(visitor.page.locator(".welcome-place")).to_contain_text("Your todos are")
    visitor.page.get_by_role("button", name="three examples").click()
    expect(visitor.rows).to_have_count(3)


def test_a_reminder_rings_in_an_open_tab(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["notifications"])
    visitor.page.add_init_script(
        "window.rung = []; window.Notification = class { static permission = 'granted';"
        " static requestPermission() { return Promise.resolve('granted'); } constructor(title) { rung.push(title); } }"
    )
    visitor.enter("/?view=account")
    section(visitor, "Reminders").get_by_role("button", name="Notify me here").click()
    expect(section(visitor, "Reminders").get_by_role("button", name="Stop notifying")).to_be_visible()
    now = visitor.page.evaluate("new Date(Date.now() + 1000).toISOString()")
    visitor.add("Call back", remind_at=now)
    visitor.open()
    expect(visitor.toast("Reminder: Call back")).to_be_visible(timeout=15_000)
    assert visitor.page.evaluate("window.rung") == ["Call back"]


def test_the_page_can_be_installed(visitor: Visitor) -> None:
    manifest = httpx.get(f"{visitor.server.url}/manifest.json").json()
    assert (manifest["name"], manifest["display"]) == ("Todos", "standalone")
    for icon in manifest["icons"]:
        assert httpx.get(f"{visitor.server.url}{icon['src']}").headers["content-type"] == "image/png"
    visitor.open()
    assert visitor.page.locator("link[rel=manifest]").count() == 1
