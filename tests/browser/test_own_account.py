"""The account's own page: profile, password, logins, and what is copied from it."""

from collections.abc import Callable

import httpx
from playwright.sync_api import expect

from tests.browser.test_pages import section
from tests.browser.visiting import Visitor
from tests.support import PASSWORD

NEW_PASSWORD = "Another-Pass-456!"


def test_the_profile_is_changed_and_what_is_taken_is_refused_beside_its_field(
    visit: Callable[..., Visitor],
) -> None:
    other, visitor = visit(), visit()
    visitor.enter("/?view=account")
    part = section(visitor, "Profile")
    part.get_by_label("Username").fill(other.name)
    part.get_by_role("button", name="Save").click()
    expect(part.locator("[data-field=username] .fault")).to_contain_text("taken")
    part.get_by_label("Username").fill(f"{visitor.name}-renamed")
    part.get_by_label("Time zone").fill("Asia/Tokyo")
    part.get_by_role("button", name="Save").click()
    expect(visitor.toast("Saved")).to_be_visible()
    visitor.page.get_by_label(f"Account of {visitor.name}-renamed").click()
    expect(visitor.page.get_by_text("Time zone: Asia/Tokyo")).to_be_visible()
    me = visitor.call("GET", "/auth/me")
    assert (me["username"], me["timezone"]) == (f"{visitor.name}-renamed", "Asia/Tokyo")


def test_a_new_password_ends_the_other_logins_and_not_this_one(visitor: Visitor) -> None:
    visitor.enter("/?view=account")
    part = section(visitor, "Password")
    part.get_by_label("Password now").fill("not the password")
    part.get_by_label("New password").fill(NEW_PASSWORD)
    part.get_by_role("button", name="Change the password").click()
    expect(part.locator(".fault, .form-alert").filter(has_text="wrong")).to_be_visible()
    part.get_by_label("Password now").fill(PASSWORD)
    part.get_by_role("button", name="Change the password").click()
    expect(visitor.toast("The password was changed")).to_be_visible()
    assert httpx.get(f"{visitor.server.url}/api/v1/auth/me", headers=visitor.headers).status_code == 401
    visitor.show("Inbox")
    visitor.type_todo("Still here")
    expect(visitor.toast("Added")).to_be_visible()
    visitor.settled()
    visitor.log_out()
    visitor.log_in(password=NEW_PASSWORD)
    expect(visitor.row("Still here")).to_be_visible()


def test_a_token_is_given_how_much_one_call_may_change(visitor: Visitor) -> None:
    visitor.enter("/?view=account")
    part = section(visitor, "Personal tokens")
    most, make = part.get_by_label("Most todos one call may change"), part.get_by_role("button", name="Make a token")
    part.get_by_label("Name").fill("careful")
    for wrong, says in (("101", "less than or equal to 100"), ("1e", "integer")):
        most.fill("")
        most.press_sequentially(wrong)
        make.click()
        expect(part.locator("[data-field=max_changes] .fault")).to_contain_text(says)
        expect(most).to_be_focused()
    most.fill("5")
    make.click()
    expect(part.get_by_role("listitem").filter(has_text="careful")).to_contain_text("up to 5 at once")
    expect(most).to_have_value("")
    part.get_by_label("Name").fill("as before")
    make.click()
    expect(part.get_by_role("listitem").filter(has_text="as before")).to_contain_text("up to 100 at once")
    made = visitor.call("GET", "/auth/tokens")["tokens"]
    assert {one["name"]: one["max_changes"] for one in made} == {"careful": 5, "as before": 100}


def test_one_login_is_ended_and_the_others_stay(visitor: Visitor) -> None:
    visitor.enter("/?view=account")
    part = section(visitor, "Logins")
    expect(part.get_by_role("listitem")).to_have_count(2)  # this browser, and the one that registered
    part.get_by_role("listitem").filter(has_text="Another browser").get_by_role("button", name="End").click()
    expect(part.get_by_role("listitem")).to_have_count(1)
    assert httpx.get(f"{visitor.server.url}/api/v1/auth/me", headers=visitor.headers).status_code == 401
    visitor.page.reload()
    expect(part.get_by_text("This browser")).to_be_visible()


def test_what_is_to_be_copied_is_copied_and_where_that_is_forbidden_selected(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.enter("/?view=api")
    address = section(visitor, "Address")
    address.get_by_role("button", name="Copy").click()
    expect(address.get_by_role("button", name="Copied")).to_be_visible()
    assert visitor.page.evaluate("navigator.clipboard.readText()") == f"{visitor.server.url}/"
    forbid = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')) }"
    visitor.page.evaluate(forbid)
    expect(address.get_by_role("button", name="Copy")).to_be_visible()
    address.get_by_role("button", name="Copy").click()
    expect(address.get_by_role("button", name="Selected: press Ctrl+C")).to_be_visible()
    assert visitor.page.evaluate("window.getSelection().toString()") == f"{visitor.server.url}/"
