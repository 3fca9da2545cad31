"""What the pages beside the list ask services for: logins, reminders, examples, where the data is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from backend import database
from backend.errors import NotFoundError, PermissionDeniedError
from backend.models.history import UndoRequest
from backend.models.reminder import ReminderRequest
from backend.models.todo import TodoCreate
from backend.services import examples, reminders, sessions, todos, undo, upkeep
from backend.services.actor import Actor
from backend.services.sessions import Claimed
from backend.settings import get_settings

AT = datetime(2031, 5, 1, 9, tzinfo=UTC)


def logged_in(actor: Actor) -> Actor:
    """The same account, in a new login."""
    with database.write_scope() as session:
        sessions.open_for(session, Claimed(actor.user_id, "no hash"), None, get_settings())
        newest = max(sessions.search(session, actor, get_settings()).sessions, key=lambda one: one.id)
    return Actor(actor.user_id, newest.id, actor.timezone, is_admin=False)


def shown(actor: Actor) -> dict[str, bool]:
    with database.read_scope() as session:
        return {one.id: one.is_current for one in sessions.search(session, actor, get_settings()).sessions}


def test_logins_are_listed_and_ended_one_by_one_or_all(make_actor: Callable[..., Actor]) -> None:
    owner, other = make_actor(), make_actor()
    here, there, foreign = logged_in(owner), logged_in(owner), logged_in(other)
    assert shown(here) == {here.session_id: True, there.session_id: False}
    with database.write_scope() as session:
        sessions.end_one(session, here, there.session_id)
    for ended in (there.session_id, foreign.session_id, "no id"):
        with database.write_scope() as session, pytest.raises(NotFoundError, match="ended already"):
            sessions.end_one(session, here, ended)
    assert shown(here) == {here.session_id: True}
    with database.write_scope() as session:
        sessions.end_everywhere(session, here)
    assert shown(here) == {}
    assert shown(foreign) == {foreign.session_id: True}


def test_a_login_says_when_it_was_used_last(actor: Actor) -> None:
    here = logged_in(actor)
    with database.read_scope() as session:
        (found,) = sessions.search(session, here, get_settings()).sessions
    assert found.created_at <= found.last_used_at <= found.created_at + timedelta(seconds=5)


def test_a_personal_token_sees_and_ends_no_login(actor: Actor) -> None:
    token = Actor(actor.user_id, "", "UTC", is_admin=False, token_id="a token")
    with database.write_scope() as session:
        for work in (
            lambda: sessions.search(session, token, get_settings()),
            lambda: sessions.end_one(session, token, "any"),
            lambda: sessions.end_everywhere(session, token),
        ):
            with pytest.raises(PermissionDeniedError):
                work()


def remind(actor: Actor, title: str, at: datetime) -> str:
    with database.write_scope() as session:
        return todos.create(session, actor, TodoCreate(title=title, remind_at=at)).id


def rung(actor: Actor, after: datetime, until: datetime) -> list[str]:
    with database.read_scope() as session:
        page = reminders.search(session, actor, ReminderRequest(after=after, until=until))
    return [one.title for one in page.reminders]


def test_reminders_of_a_stretch_are_those_of_open_todos_of_ones_own(make_actor: Callable[..., Actor]) -> None:
    owner, other = make_actor(), make_actor()
    minute = timedelta(minutes=1)
    remind(owner, "later", AT + minute)
    remind(owner, "first", AT)
    remind(owner, "too late", AT + 2 * minute)
    remind(other, "not mine", AT)
    ticked, deleted = remind(owner, "ticked", AT), remind(owner, "deleted", AT)
    with database.write_scope() as session:
        todos.complete(session, owner, ticked)
        todos.delete(session, owner, deleted)
    assert rung(owner, AT - minute, AT + minute) == ["first", "later"]
    assert rung(owner, AT, AT + minute) == ["later"]


def test_many_reminders_of_one_minute_come_in_pages(actor: Actor) -> None:
    for number in range(reminders.MOST + 1):
        remind(actor, f"{number}", AT)
    with database.read_scope() as session:
        page = reminders.search(session, actor, ReminderRequest(after=AT - timedelta(days=1), until=AT))
    assert (len(page.reminders), page.is_cut) == (reminders.MOST, True)


def test_the_examples_are_three_ordinary_todos_and_one_undo_takes_them_back(make_actor: Callable[..., Actor]) -> None:
    owner = make_actor("Pacific/Kiritimati")
    with database.write_scope() as session:
        made = examples.add(session, owner)
    assert (made.succeeded, made.failed) == (3, 0)
    with database.write_scope() as session:
        undone = undo.undo(session, owner, UndoRequest(operation_id=made.operation_id))
    assert len(undone.changed) == 3


@pytest.mark.parametrize("kind", ["lasting", "mounted", "ephemeral", None])
def test_everybody_is_told_where_the_data_is(kind: str | None) -> None:
    told = upkeep.dwelling(kind, survives_restart=kind != "ephemeral")
    assert told.place.startswith("Your todos are ")
    assert ("loses everything" in told.fate) is (kind == "ephemeral")
