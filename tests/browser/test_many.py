"""Many todos at once: shown before the server has answered, taken back where it refuses, and one step back."""

from playwright.sync_api import Route, expect

from tests.browser.test_long_list import REACH_THE_END, fill
from tests.browser.visiting import Visitor, refuse

COUNT = 230  # more than the server takes in one call, and more than two calls


def choose_all(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Select", exact=True).click()
    visitor.page.get_by_role("toolbar").get_by_role("button", name="All", exact=True).click()


def load_all(visitor: Visitor) -> None:
    fill(visitor, COUNT)
    visitor.enter()
    visitor.page.evaluate(REACH_THE_END, COUNT)
    expect(visitor.rows).to_have_count(COUNT)


def test_hundreds_at_once_are_one_step_back(visitor: Visitor) -> None:
    load_all(visitor)
    choose_all(visitor)
    bar = visitor.page.get_by_role("toolbar", name="Selected todos")
    expect(bar).to_contain_text(f"{COUNT} selected")
    bar.get_by_role("button", name="Complete").click()
    expect(visitor.rows).to_have_count(0)
    visitor.settled()
    assert all(todo["completed"] for todo in visitor.stored())
    visitor.undo()
    expect(visitor.toast("Undone")).to_be_visible(timeout=15_000)
    assert not any(todo["completed"] for todo in visitor.stored())
    expect(visitor.page.locator(".count")).to_have_text(f"{COUNT} todos open")


def test_where_a_later_part_is_refused_what_was_done_stays_and_can_be_taken_back(visitor: Visitor) -> None:
    load_all(visitor)
    calls: list[str] = []

    def refuse_the_second(route: Route) -> None:
        calls.append("batch")
        (refuse("storage_unavailable", "The database is busy.") if len(calls) == 2 else Route.continue_)(route)

    visitor.on_call("batch", refuse_the_second)
    choose_all(visitor)
    visitor.page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    expect(visitor.page.get_by_role("alert").filter(has_text="The database is busy")).to_be_visible()
    expect(visitor.toast("100 todos moved to the trash")).to_be_visible()
    expect(visitor.page.locator(".count")).to_have_text(f"{COUNT - 100} todos open")
    visitor.toast("100 todos").get_by_role("button", name="Undo").click()
    expect(visitor.page.locator(".count")).to_have_text(f"{COUNT} todos open", timeout=15_000)


def test_a_change_of_several_shows_before_the_answer_and_goes_where_it_is_refused(visitor: Visitor) -> None:
    for title in ("One", "Two"):
        visitor.add(title)
    visitor.enter()
    waiting: list[Route] = []
    visitor.on_call("batch", waiting.append)
    choose_all(visitor)
    visitor.page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    expect(visitor.rows).to_have_count(0)
    assert len(visitor.stored()) == 2
    refuse("storage_unavailable", "The database is busy.")(waiting[0])
    expect(visitor.titles).to_have_text(["Two", "One"])
    expect(visitor.page.get_by_role("alert").filter(has_text="The database is busy")).to_be_visible()
