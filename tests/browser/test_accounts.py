"""Registering, logging in and out, and staying logged in."""

import json
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.visiting import Visitor
from tests.support import PASSWORD, LiveServer

LOGIN = "todos.login"


def register(page: Page, email: str, username: str, password: str) -> None:
    if page.get_by_role("button", name="Create an account").count() == 1 and page.get_by_text("New here?").count():
        page.get_by_role("button", name="Create an account").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def login_of(visitor: Visitor) -> dict[str, str]:
    kept: dict[str, str] = json.loads(visitor.page.evaluate("key => localStorage.getItem(key)", LOGIN))
    return kept


def spoil(visitor: Visitor, **changes: object) -> None:
    """Change the kept login as time or accident would."""
    visitor.page.evaluate(
        "([key, changes]) => localStorage.setItem(key, JSON.stringify({...JSON.parse(localStorage[key]), ...changes}))",
        [LOGIN, changes],
    )


def test_a_wrong_password_is_refused_in_words_and_the_name_stays(visitor: Visitor) -> None:
    visitor.open()
    visitor.log_in(password="not the password")
    expect(visitor.page.get_by_role("alert").filter(has_text="Name or password is wrong")).to_be_visible()
    expect(visitor.page.get_by_label("E-mail or username")).to_have_value(visitor.name)


def test_registration_says_beside_the_field_what_is_wrong(visitor: Visitor) -> None:
    visitor.open()
    page = visitor.page
    register(page, visitor.email, "somebody-new", "short")
    password = page.locator("[data-field=password]")
    expect(password.locator(".fault")).to_contain_text("8")
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Password")).to_be_focused()
    register(page, visitor.email, "somebody-new", PASSWORD)
    expect(page.locator("[data-field=email] .fault")).to_contain_text("exists")
    register(page, "somebody-new@example.com", visitor.name, PASSWORD)
    expect(page.locator("[data-field=username] .fault")).to_contain_text("taken")


def test_who_registers_is_logged_in_with_the_browsers_time_zone(visit: Callable[..., Visitor]) -> None:
    visitor = visit(timezone_id="Pacific/Auckland")
    visitor.open()
    register(visitor.page, f"new-{visitor.email}", f"new-{visitor.name}", PASSWORD)
    expect(visitor.new_todo).to_be_visible()
    visitor.page.get_by_label("Account of").click()
    expect(visitor.page.get_by_text("Time zone: Pacific/Auckland")).to_be_visible()


def test_the_e_mail_address_logs_in_too_and_a_reload_stays_logged_in(visitor: Visitor) -> None:
    visitor.open()
    visitor.log_in(visitor.email)
    expect(visitor.new_todo).to_be_visible()
    visitor.page.reload()
    expect(visitor.new_todo).to_be_visible()


def test_logging_out_ends_the_session_on_the_server(visitor: Visitor) -> None:
    visitor.enter()
    login = login_of(visitor)
    visitor.log_out()
    assert visitor.page.evaluate("key => localStorage.getItem(key)", LOGIN) is None
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    assert httpx.get(f"{visitor.server.url}/api/v1/auth/me", headers=headers).status_code == 401
    visitor.page.reload()
    expect(visitor.page.get_by_label("E-mail or username")).to_be_visible()


def test_logging_out_in_one_tab_logs_the_other_out(visitor: Visitor) -> None:
    visitor.enter()
    other = visitor.context.new_page()
    other.goto(visitor.server.url)
    expect(other.get_by_label("New todo")).to_be_visible()
    visitor.log_out()
    expect(other.get_by_label("E-mail or username")).to_be_visible()


def test_an_access_token_about_to_expire_is_renewed_unnoticed(visitor: Visitor) -> None:
    visitor.enter()
    before = login_of(visitor)
    spoil(visitor, expires_at=0)
    visitor.type_todo("After the token ran out")
    expect(visitor.row("After the token ran out")).to_be_visible()
    visitor.page.wait_for_function(
        "([key, old]) => JSON.parse(localStorage[key]).access_token !== old", arg=[LOGIN, before["access_token"]]
    )
    assert login_of(visitor)["login_id"] == before["login_id"]


def test_a_token_that_the_server_no_longer_takes_is_renewed_once(visitor: Visitor) -> None:
    visitor.enter()
    spoil(visitor, access_token="nonsense")
    visitor.type_todo("With a spoiled token")
    visitor.page.wait_for_function("key => JSON.parse(localStorage[key]).access_token !== 'nonsense'", arg=LOGIN)
    assert [todo["title"] for todo in visitor.stored()] == ["With a spoiled token"]


def test_an_ended_login_asks_to_log_in_again_and_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.enter()
    login = login_of(visitor)
    httpx.post(
        f"{visitor.server.url}/api/v1/auth/logout", headers={"Authorization": f"Bearer {login['access_token']}"}
    ).raise_for_status()
    visitor.new_todo.fill("Not to be lost")
    visitor.page.keyboard.press("Enter")  # on whatever is there: the page may have heard of it first
    expect(visitor.page.get_by_text("Your login has ended")).to_be_visible()
    visitor.log_in()
    expect(visitor.new_todo).to_have_value("Not to be lost")


NO_LOCKS = "Object.defineProperty(navigator, 'locks', {value: undefined});"
# As on a busy machine, and longer: each tab sees its own writes at once, and those of another tab 400 ms later.
LATE = """
const shown = {};
const [get, set] = [Storage.prototype.getItem, Storage.prototype.setItem];
Storage.prototype.getItem = function (key) {
    const value = get.call(this, key);
    shown[key] ??= {value, next: value};
    if (value !== shown[key].next) {
        shown[key].next = value;
        setTimeout(() => { if (shown[key].next === value) shown[key].value = value; }, 400);
    }
    return shown[key].value;
};
Storage.prototype.setItem = function (key, value) {
    set.call(this, key, value);
    shown[key] = {value, next: value};
};
const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
Object.defineProperty(document, "cookie", {
    get: () => cookie.get.call(document),
    set: (value) => { setTimeout(() => cookie.set.call(document, value), 400); },
});
"""


@pytest.mark.parametrize(
    "surroundings",
    ["", NO_LOCKS, LATE],
    ids=["with navigator.locks", "without", "with navigator.locks and late sight of the other tab"],
)
def test_two_tabs_that_refresh_at_once_use_the_refresh_token_once(
    visit: Callable[..., Visitor],
    surroundings: str,
) -> None:
    visitor = visit()
    visitor.context.add_init_script(surroundings)
    visitor.enter()
    tabs = [visitor.page, visitor.context.new_page()]
    tabs[1].goto(visitor.server.url)
    expect(tabs[1].get_by_label("New todo")).to_be_visible()
    asked: list[str] = []

    def count(route: Route) -> None:
        asked.extend(["refresh"] if '"refresh"' in (route.request.post_data or "") else [])
        route.continue_()

    for tab in tabs:
        tab.route("**/component_server/", count)
    for _ in range(3):
        asked.clear()
        before = tabs[1].evaluate("key => localStorage.getItem(key)", LOGIN)
        spoil(visitor, expires_at=0)
        tabs[1].wait_for_function("([key, before]) => localStorage.getItem(key) !== before", arg=[LOGIN, before])
        for tab in tabs:  # evaluate answers at once: both tabs find the token expired at the same time
            tab.evaluate("() => { document.querySelector('[data-to=all]').click() }")
        for tab in tabs:
            tab.wait_for_function("key => JSON.parse(localStorage.getItem(key)).expires_at > 0", arg=LOGIN)
            expect(tab.locator(".count")).to_be_attached()
        tabs[0].wait_for_timeout(300)
        assert asked == ["refresh"]
    for tab in tabs:
        tab.reload()
        expect(tab.get_by_label("New todo")).to_be_visible()


def test_too_many_attempts_say_how_long_to_wait(visit: Callable[..., Visitor], own_server: LiveServer) -> None:
    own_server.environment["LOGIN_RATE_LIMIT"] = "2/minute"
    own_server.start()
    visitor = visit(server=own_server)  # registering has logged in once
    visitor.open()
    for _ in range(2):
        visitor.log_in(password="wrong")
        visitor.page.wait_for_timeout(300)
    expect(visitor.page.get_by_role("alert").filter(has_text="Try again in")).to_contain_text("seconds")
    assert "Traceback" not in own_server.log


def test_password_managers_find_their_fields(visitor: Visitor) -> None:
    visitor.open()
    expect(visitor.page.get_by_label("E-mail or username")).to_have_attribute("autocomplete", "username")
    expect(visitor.page.get_by_label("Password")).to_have_attribute("autocomplete", "current-password")
    visitor.page.get_by_role("button", name="Create an account").click()
    expect(visitor.page.get_by_label("E-mail")).to_have_attribute("autocomplete", "email")
    expect(visitor.page.get_by_label("Username")).to_have_attribute("autocomplete", "username")
    expect(visitor.page.get_by_label("Password")).to_have_attribute("autocomplete", "new-password")
