"""A list that people have together: the invitation, who is there, and how they go."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, expect

from tests.browser.test_look import LOOKS, PHONE, check_dialog
from tests.browser.visiting import Visitor, refuse
from tests.support import PASSWORD


def invited(owner: Visitor, list_id: str, role: str = "editor") -> str:
    """The path of a fresh link."""
    url: str = owner.call("POST", f"/lists/{list_id}/invites", {"role": role})["url"]
    return url


def dialog(visitor: Visitor, name: str | re.Pattern[str]) -> Locator:
    return visitor.page.get_by_role("dialog", name=name)


def joined(owner: Visitor, guest: Visitor, list_id: str, role: str = "editor") -> None:
    token = invited(owner, list_id, role).partition("invite=")[2]
    guest.call("POST", f"/invites/{token}/accept")


def share(owner: Visitor) -> Locator:
    """Open the dialog of the list that is open."""
    owner.page.get_by_role("button", name="Share this list").click()
    opened = dialog(owner, "Share this list")
    expect(opened).to_be_visible()
    return opened


def title(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("heading", level=1)


def test_a_link_that_no_longer_counts_says_why_and_leaves_the_address(visitor: Visitor) -> None:
    visitor.enter("/?invite=nonsense")
    expect(visitor.toast("There is no such invitation")).to_be_visible()
    expect(visitor.page).not_to_have_url(re.compile("invite"))
    expect(title(visitor)).to_have_text("Inbox")


def test_a_link_is_asked_about_and_opens_the_list(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    owner.add("Bring a cake", list_id=party["id"])
    guest.enter()
    link = invited(owner, party["id"])
    guest.open(link)
    question = dialog(guest, re.compile("Join the list .?Party.? of .*" + owner.name + ".* as editor"))
    question.get_by_role("button", name="Cancel").click()
    expect(guest.page).not_to_have_url(re.compile("invite"))
    assert guest.call("GET", "/lists")["total"] == 0
    guest.open(link)
    question.get_by_role("button", name="Join").click()
    expect(title(guest)).to_have_text("Party")
    expect(guest.titles).to_have_text(["Bring a cake"])
    expect(guest.page).not_to_have_url(re.compile("invite"))
    guest.open(link)  # once more, which asks nothing
    expect(title(guest)).to_have_text("Party")
    expect(question).to_have_count(0)


def test_a_stranger_registers_and_then_joins(visit: Callable[..., Visitor], visitor: Visitor) -> None:
    owner = visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    page = visitor.page
    visitor.open(invited(owner, party["id"], "viewer"))
    expect(page.get_by_text("to join the list that is shared with you")).to_be_visible()
    page.get_by_role("button", name="Create an account").click()
    name = f"{visitor.name}new"
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create an account").click()
    dialog(visitor, re.compile("as viewer")).get_by_role("button", name="Join").click()
    expect(title(visitor)).to_have_text("Party")


def test_an_owner_makes_a_link_and_takes_somebody_off(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    owner.enter(f"/?view=list&id={party['id']}")
    sharing = share(owner)
    expect(sharing.locator(".plain-item")).to_have_count(1)
    sharing.get_by_label("Invite as").select_option("viewer")
    sharing.get_by_role("button", name="Make a link").click()
    link = sharing.locator(".code").inner_text()
    assert link.startswith(f"{owner.server.url}/?invite=")
    token = link.partition("invite=")[2]
    guest.call("POST", f"/invites/{token}/accept")
    sharing.get_by_role("button", name="Close").click()
    share(owner)
    expect(sharing.get_by_label(f"Role of {guest.name}")).to_have_value("viewer")
    sharing.get_by_role("button", name=f"Remove {guest.name}").click()
    dialog(owner, re.compile("off the list")).get_by_role("button", name="Remove").click()
    expect(sharing.get_by_label(f"Role of {guest.name}")).to_have_count(0)
    assert guest.call("GET", "/lists")["total"] == 0


def test_a_member_leaves_and_is_offered_nothing_that_only_owners_may(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    joined(owner, guest, party["id"])
    guest.enter(f"/?view=list&id={party['id']}")
    page = guest.page
    expect(title(guest)).to_have_text("Party")
    for name in ("Rename this list", "Delete this list"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.get_by_role("button", name="People of this list").click()
    people = dialog(guest, "People of this list")
    expect(people.get_by_role("button", name="Make a link")).to_have_count(0)
    expect(people.get_by_role("combobox")).to_have_count(0)
    expect(people.get_by_text("Open invitations")).to_be_hidden()
    people.get_by_role("button", name="Leave the list").click()
    dialog(guest, "Leave this list?").get_by_role("button", name="Leave").click()
    expect(title(guest)).to_have_text("Inbox")
    expect(guest.toast("You have left the list")).to_be_visible()
    assert guest.call("GET", "/lists")["total"] == 0


def test_who_becomes_a_viewer_can_only_look_and_as_an_editor_change_again(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    owner.add("Bring a cake", list_id=party["id"])
    joined(owner, guest, party["id"])
    path = f"/?view=list&id={party['id']}"
    guest.enter(path)
    expect(guest.new_todo).to_be_visible()
    owner.enter(path)
    sharing = share(owner)
    sharing.get_by_label(f"Role of {guest.name}").select_option("viewer")
    expect(sharing.get_by_text("Saved: ")).to_contain_text(f"{guest.name} can look at it.")
    told = guest.page.get_by_text("You can look at this list, not change it.")
    expect(told).to_contain_text(owner.name)  # without a reload
    for _ in range(2):
        expect(guest.new_todo).to_be_hidden()
        expect(guest.tick("Bring a cake")).to_be_disabled()
        expect(guest.page.get_by_role("button", name="Delete Bring a cake")).to_be_hidden()
        guest.page.get_by_role("button", name="Bring a cake", exact=True).click()
        todo = dialog(guest, "Todo (you can only look)")
        expect(todo.get_by_label("Title")).to_have_value("Bring a cake")
        expect(todo.get_by_label("Title")).to_be_disabled()
        expect(todo.get_by_role("button", name="Save")).to_be_hidden()
        todo.get_by_role("button", name="Close").click()
        guest.page.reload()
        expect(told).to_be_visible()
    sharing.get_by_label(f"Role of {guest.name}").select_option("editor")
    expect(told).to_be_hidden()
    guest.type_todo("Bring a candle")
    expect(guest.row("Bring a candle")).to_be_visible()
    guest.settled()
    assert {todo["title"] for todo in owner.stored()} == {"Bring a cake", "Bring a candle"}


def test_a_page_that_has_not_heard_of_the_new_role_says_why_it_is_refused(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    owner.add("Bring a cake", list_id=party["id"])
    joined(owner, guest, party["id"])
    guest.page.route("**/api/v1/events*", lambda route: route.abort())
    guest.enter(f"/?view=list&id={party['id']}")
    todo = guest.edit("Bring a cake")
    member = next(
        one for one in owner.call("GET", f"/lists/{party['id']}/members")["members"] if not one["is_list_owner"]
    )
    owner.call("PATCH", f"/lists/{party['id']}/members/{member['user_id']}", {"role": "viewer"})
    todo.get_by_label("Description").fill("With cherries")
    todo.get_by_role("button", name="Save").click()
    expect(todo.get_by_role("alert")).to_contain_text("You may look at this list, not change it.")
    expect(todo.get_by_label("Description")).to_have_value("With cherries")
    assert owner.stored()[0]["description"] == ""


def test_a_role_that_is_refused_is_told_and_stays_as_it_was(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    joined(owner, guest, party["id"])
    owner.enter(f"/?view=list&id={party['id']}")
    owner.on_call("update_member", refuse("storage_unavailable", "The database is busy; try again in a moment."))
    share(owner).get_by_label(f"Role of {guest.name}").select_option("owner")
    expect(owner.toast("The database is busy")).to_be_visible()
    expect(share(owner).get_by_label(f"Role of {guest.name}")).to_have_value("editor")


def test_an_invitation_that_is_withdrawn_is_no_longer_good(visit: Callable[..., Visitor]) -> None:
    owner, guest = visit(), visit()
    party = owner.call("POST", "/lists", {"name": "Party"})
    invited(owner, party["id"], "editor")
    owner.enter(f"/?view=list&id={party['id']}")
    sharing = share(owner)
    sharing.get_by_label("Invite as").select_option("viewer")
    sharing.get_by_role("button", name="Make a link").click()
    link = sharing.locator(".code").inner_text()
    withdraw = sharing.get_by_role("button", name=re.compile("Withdraw the invitation as"))
    expect(withdraw).to_have_count(2)
    open_ones = sharing.locator(".plain-item").filter(has_text="Good until")
    expect(open_ones.locator(".item-name")).to_have_text(["Viewer", "Editor"])
    withdraw.nth(1).click()
    expect(withdraw).to_have_count(1)
    expect(sharing.locator(".code")).to_have_text(link)  # its invitation is the other one
    withdraw.click()
    expect(sharing.get_by_text("Open invitations")).to_be_hidden()
    expect(sharing.locator(".code")).to_have_count(0)
    assert owner.call("GET", f"/lists/{party['id']}/invites")["total"] == 0
    guest.enter(link.removeprefix(owner.server.url))
    expect(guest.toast("There is no such invitation: it was withdrawn")).to_be_visible()
    assert guest.call("GET", "/lists")["total"] == 0


def test_a_long_name_leaves_room_for_what_can_be_done(visit: Callable[..., Visitor]) -> None:
    owner = visit(**PHONE)
    name = "averylongname" * 3 + "x" * 11
    party = owner.call("POST", "/lists", {"name": "Party"})
    token = invited(owner, party["id"]).partition("invite=")[2]
    headers = owner.server.register(name, email="long@example.com")
    httpx.post(f"{owner.server.url}/api/v1/invites/{token}/accept", headers=headers).raise_for_status()
    owner.enter(f"/?view=list&id={party['id']}")
    sharing = share(owner)
    item = sharing.locator(".plain-item").filter(has_text=name)
    assert item.locator(".item-name").evaluate("(name) => name.offsetHeight") < 60  # two lines, not a column of letters
    item.get_by_role("button", name="Remove").click()
    question = dialog(owner, re.compile("off the list"))
    assert question.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    heading = question.get_by_role("heading")
    assert heading.evaluate("(one) => one.scrollWidth <= one.clientWidth")


@LOOKS
def test_sharing_is_accessible(visit: Callable[..., Visitor], tmp_path: Path, look: dict[str, Any]) -> None:
    owner, guest = visit(**look), visit(**look)
    party = owner.call("POST", "/lists", {"name": "Party"})
    cake = owner.add("Bring a cake", list_id=party["id"], tags=["sweet"])
    owner.add("Buy eggs", parent_id=cake["id"])
    guest.enter(invited(owner, party["id"]))
    question = dialog(guest, re.compile("Join the list"))
    expect(question).to_be_visible()
    assert question.evaluate("(dialog) => dialog.offsetHeight") < 240  # no taller than its words
    check_dialog(question, "join", tmp_path)
    guest.page.get_by_role("button", name="Join").click()
    expect(title(guest)).to_have_text("Party")
    owner.enter(f"/?view=list&id={party['id']}")
    sharing = share(owner)
    sharing.get_by_role("button", name="Make a link").click()
    expect(sharing.locator(".code")).to_be_visible()
    check_dialog(sharing, "share", tmp_path)
    sharing.get_by_label(f"Role of {guest.name}").select_option("viewer")
    expect(guest.page.get_by_text("You can look at this list")).to_be_visible()
    guest.page.get_by_role("button", name="Bring a cake", exact=True).click()
    check_dialog(dialog(guest, "Todo (you can only look)"), "look", tmp_path)
