"""Sharing: who may do what, how people come and go, and what happens to what they leave behind."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from backend import database
from backend.errors import AppError, IdTakenError, InvalidInputError, NotFoundError, PermissionDeniedError
from backend.models.base import new_id, utc_now
from backend.models.history import UndoRequest
from backend.models.operation import Ledger, Operation
from backend.models.todo import Todo, TodoCreate, TodoMove, TodoRead, TodoTag, TodoUpdate, TodoWord
from backend.models.todo_filter import TodoFilter
from backend.models.todo_list import (
    InviteCreate,
    ListCreate,
    ListFilter,
    ListInvite,
    ListMember,
    ListMove,
    ListRead,
    ListUpdate,
    MemberUpdate,
    Role,
)
from backend.services import accounts, invite_tokens, lists, members, moves, searches, todos, trash, undo, visibility
from backend.services.actor import Actor


def run(service: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with database.write_scope() as session:
        return service(session, *arguments, **options)


def joined(owner: Actor, guest: Actor, list_id: str, role: Role) -> Actor:
    """Makes somebody a member, and answers them as their next request finds them."""
    token = run(members.invite, owner, list_id, InviteCreate(role=role)).token
    run(members.accept, guest, token)
    return replace(guest, has_shares=True)


@dataclass
class Club:
    """A list with everybody who can have to do with it."""

    owner: Actor
    coowner: Actor
    editor: Actor
    viewer: Actor
    stranger: Actor
    list: ListRead

    def add(self, title: str = "Buy milk", **fields: Any) -> TodoRead:
        return run(todos.create, self.owner, TodoCreate(title=title, list_id=self.list.id, **fields))  # type: ignore[no-any-return]


@pytest.fixture
def club(make_actor: Callable[..., Actor]) -> Club:
    owner, coowner, editor, viewer, stranger = (make_actor() for _ in range(5))
    shared: ListRead = run(lists.create, owner, ListCreate(name="Club"))
    return Club(
        owner,
        joined(owner, coowner, shared.id, Role.OWNER),
        joined(owner, editor, shared.id, Role.EDITOR),
        joined(owner, viewer, shared.id, Role.VIEWER),
        stranger,
        shared,
    )


def partition(owner_id: str) -> dict[str, Todo]:
    with database.read_scope() as session:
        return {todo.id: todo for todo in session.exec(select(Todo).where(Todo.owner_id == owner_id))}


def log_of(owner_id: str) -> list[tuple[str, str, str]]:
    with database.read_scope() as session:
        rows = session.exec(select(Operation).where(Operation.owner_id == owner_id).order_by(col(Operation.seq)))
        return [(row.action, row.kind, row.object_id) for row in rows]


def assert_in_line(*owner_ids: str) -> None:
    """What is derived from an account's todos says what they say."""
    for owner_id in owner_ids:
        found = partition(owner_id)
        with database.read_scope() as session:
            tags = Counter(session.exec(select(TodoTag.todo_id).where(TodoTag.owner_id == owner_id)))
            worded = set(session.exec(select(TodoWord.todo_id).where(TodoWord.owner_id == owner_id)))
            ledger = session.get(Ledger, owner_id)
        assert tags == Counter({key: len(todo.tags) for key, todo in found.items() if todo.tags})
        assert worded == found.keys()
        open_ones = [todo for todo in found.values() if todo.deleted_at is None and not todo.completed]
        done = [todo for todo in found.values() if todo.deleted_at is None and todo.completed]
        counted = (ledger.todos_open, ledger.todos_done, ledger.todos_trashed) if ledger else (0, 0, 0)
        assert counted == (len(open_ones), len(done), len(found) - len(open_ones) - len(done))


# Refusals

CHANGES_OF_TODO: dict[str, Callable[[Actor, TodoRead], Any]] = {
    "update": lambda actor, todo: run(todos.update, actor, todo.id, TodoUpdate(title="taken over")),
    "complete": lambda actor, todo: run(todos.complete, actor, todo.id),
    "reopen": lambda actor, todo: run(todos.reopen, actor, todo.id),
    "delete": lambda actor, todo: run(todos.delete, actor, todo.id),
    "restore": lambda actor, todo: run(todos.restore, actor, todo.id),
    "move": lambda actor, todo: run(moves.move, actor, todo.id, TodoMove(after_id=None)),
    "take": lambda actor, todo: run(todos.update, actor, todo.id, TodoUpdate(list_id=None)),
}
CHANGES_OF_LIST: dict[str, Callable[[Actor, str], Any]] = {
    "update": lambda actor, list_id: run(lists.update, actor, list_id, ListUpdate(name="taken over")),
    "move": lambda actor, list_id: run(lists.move, actor, list_id, ListMove(after_id=None)),
    "delete": lambda actor, list_id: run(lists.delete, actor, list_id),
    "restore": lambda actor, list_id: run(lists.restore, actor, list_id),
    "invite": lambda actor, list_id: run(members.invite, actor, list_id, InviteCreate()),
    "invites": lambda actor, list_id: run(members.invites, actor, list_id),
    "revoke": lambda actor, list_id: run(members.revoke, actor, list_id, new_id()),
    "remove": lambda actor, list_id: run(members.remove, actor, list_id, new_id()),
    "promote": lambda actor, list_id: run(members.update, actor, list_id, "me", MemberUpdate(role=Role.OWNER)),
}


@pytest.mark.parametrize("name", CHANGES_OF_TODO)
def test_a_stranger_finds_no_todo_and_a_viewer_changes_none(club: Club, name: str) -> None:
    todo = club.add()
    before = log_of(club.owner.user_id)
    with pytest.raises(NotFoundError):
        CHANGES_OF_TODO[name](club.stranger, todo)
    with pytest.raises(PermissionDeniedError):
        CHANGES_OF_TODO[name](club.viewer, todo)
    assert log_of(club.owner.user_id) == before
    CHANGES_OF_TODO[name](club.editor, todo)


@pytest.mark.parametrize("name", CHANGES_OF_LIST)
def test_a_stranger_finds_no_list_and_only_owners_change_it(club: Club, name: str) -> None:
    before = log_of(club.owner.user_id)
    with pytest.raises(NotFoundError):
        CHANGES_OF_LIST[name](club.stranger, club.list.id)
    for actor in (club.viewer, club.editor):
        with pytest.raises(PermissionDeniedError):
            CHANGES_OF_LIST[name](actor, club.list.id)
    assert log_of(club.owner.user_id) == before


def test_a_stranger_sees_nothing_of_it(club: Club) -> None:
    todo = club.add()
    for call, hidden in ((todos.get, todo.id), (lists.get, club.list.id), (members.search, club.list.id)):
        with pytest.raises(NotFoundError):
            run(call, club.stranger, hidden)
    for actor in (club.stranger, replace(club.stranger, has_shares=True)):
        assert run(searches.search, actor, TodoFilter()).total == 0
        assert run(searches.search, actor, TodoFilter(list_id=club.list.id)).total == 0
        assert run(lists.search, actor, ListFilter()).total == 0
    with pytest.raises(InvalidInputError, match="no list with this id"):
        run(todos.create, club.stranger, TodoCreate(title="x", list_id=club.list.id))
    with pytest.raises(InvalidInputError, match="no todo with this id"):
        run(todos.create, club.stranger, TodoCreate(title="x", parent_id=todo.id))


def test_a_member_sees_the_list_and_nothing_else_of_its_owner(club: Club) -> None:
    shared = club.add("shared", tags=["them"])
    private = run(todos.create, club.owner, TodoCreate(title="private", tags=["them"]))
    other = run(lists.create, club.owner, ListCreate(name="Other"))
    elsewhere = run(todos.create, club.owner, TodoCreate(title="elsewhere", list_id=other.id))
    own = run(todos.create, club.viewer, TodoCreate(title="own", tags=["them"]))
    for wanted in (TodoFilter(), TodoFilter(tags=["THEM"])):
        found = {todo.id for todo in run(searches.search, club.viewer, wanted).todos}
        assert found == {shared.id, own.id}
    assert [one.id for one in run(lists.search, club.viewer, ListFilter()).lists] == [club.list.id]
    assert [todo.id for todo in run(searches.search, club.viewer, TodoFilter(list_id="inbox")).todos] == [own.id]
    for hidden in (private, elsewhere):
        with pytest.raises(NotFoundError):
            run(todos.get, club.coowner, hidden.id)
    mine = run(todos.create, club.editor, TodoCreate(title="mine"))
    with pytest.raises(InvalidInputError, match="another order"):
        run(moves.move, club.editor, shared.id, TodoMove(before_id=mine.id))


def test_moving_in_a_shared_list_changes_nothing_else_of_its_owner(club: Club) -> None:
    private = run(todos.create, club.owner, TodoCreate(title="private"))
    one, two = club.add("one"), club.add("two")
    with database.write_scope() as session:
        for key in (private.id, one.id, two.id):
            session.get_one(Todo, (club.owner.user_id, key)).position = "a5"
    third = club.add("three")
    run(moves.move, club.editor, third.id, TodoMove(after_id=min(one.id, two.id)))
    page = run(searches.search, club.viewer, TodoFilter(list_id=club.list.id, sort_by="position", sort_order="asc"))
    assert [todo.id for todo in page.todos] == [min(one.id, two.id), third.id, max(one.id, two.id)]
    assert partition(club.owner.user_id)[private.id].version == 1


# Invitations


@pytest.mark.parametrize("use", [members.look, members.accept])
def test_an_invitation_is_of_no_use_once_it_has_expired_or_was_withdrawn_or_its_list_is_gone(
    club: Club, use: Callable[..., Any]
) -> None:
    made = run(members.invite, club.owner, club.list.id, InviteCreate())
    with pytest.raises(NotFoundError, match="no such invitation"):
        run(use, club.stranger, made.token + "x")
    with database.write_scope() as session:
        session.get_one(ListInvite, (club.owner.user_id, made.id)).expires_at = utc_now() - timedelta(seconds=1)
    with pytest.raises(NotFoundError, match="expired"):
        run(use, club.stranger, made.token)
    other = run(members.invite, club.coowner, club.list.id, InviteCreate())
    run(members.revoke, club.owner, club.list.id, other.id)
    with pytest.raises(NotFoundError, match="withdrawn"):
        run(use, club.stranger, other.token)
    last = run(members.invite, club.owner, club.list.id, InviteCreate())
    run(lists.delete, club.owner, club.list.id)
    with pytest.raises(NotFoundError, match="deleted"):
        run(use, club.stranger, last.token)
    assert len(run(members.search, club.owner, club.list.id).members) == 4


def test_an_invitation_says_what_it_is_to_and_looking_lets_nobody_in(club: Club) -> None:
    token = run(members.invite, club.owner, club.list.id, InviteCreate(role=Role.VIEWER)).token
    seen = run(members.look, club.stranger, token)
    assert (seen.list_id, seen.name, seen.role) == (club.list.id, club.list.name, Role.VIEWER)
    assert seen.owner_name == run(lists.get, club.owner, club.list.id).owner_name
    with pytest.raises(NotFoundError):
        run(lists.get, club.stranger, club.list.id)


def test_only_the_digest_of_an_invitation_is_kept(club: Club) -> None:
    made = run(members.invite, club.owner, club.list.id, InviteCreate(expires_in_hours=1))
    with database.read_scope() as session:
        stored = session.get_one(ListInvite, (club.owner.user_id, made.id))
        assert stored.token_digest == invite_tokens.digest(made.token)
        assert made.token not in repr(stored.model_dump())
        assert stored.expires_at - stored.created_at == timedelta(hours=1)
    page = run(members.invites, club.owner, club.list.id)
    assert (page.total, made.token in page.model_dump_json()) == (4, False)


def test_accepting_twice_is_accepting_once_and_never_takes_a_role_away(club: Club) -> None:
    as_viewer = run(members.invite, club.owner, club.list.id, InviteCreate(role=Role.VIEWER)).token
    for actor, role in ((club.owner, Role.OWNER), (club.editor, Role.EDITOR), (club.stranger, Role.VIEWER)):
        assert run(members.accept, actor, as_viewer).role is role
        assert run(members.accept, actor, as_viewer).role is role
    assert run(lists.get, club.owner, club.list.id).members_count == 4
    as_owner = run(members.invite, club.owner, club.list.id, InviteCreate(role=Role.OWNER)).token
    assert run(members.accept, club.viewer, as_owner).role is Role.OWNER


def test_who_was_taken_off_does_not_come_back_by_a_link_that_they_know(club: Club) -> None:
    token = run(members.invite, club.owner, club.list.id, InviteCreate()).token
    run(members.accept, club.stranger, token)
    run(members.remove, club.owner, club.list.id, club.stranger.user_id)
    with pytest.raises(NotFoundError, match="withdrawn"):
        run(members.accept, club.stranger, token)
    # Who leaves takes nothing from anybody.
    other = run(members.invite, club.owner, club.list.id, InviteCreate()).token
    run(members.remove, club.editor, club.list.id, club.editor.user_id)
    assert run(members.look, club.stranger, other).list_id == club.list.id


def test_two_lists_that_could_not_be_told_apart_are_not_joined(club: Club) -> None:
    run(lists.create, club.stranger, ListCreate(name="Mine", id=club.list.id))
    token = run(members.invite, club.owner, club.list.id, InviteCreate()).token
    with pytest.raises(IdTakenError):
        run(members.accept, club.stranger, token)
    with pytest.raises(IdTakenError):
        run(lists.create, club.viewer, ListCreate(name="Mine", id=club.list.id))


# Members


def test_members_are_listed_with_their_roles_and_change_them(club: Club) -> None:
    found = run(members.search, club.viewer, club.list.id).members
    assert [(one.user_id, one.role, one.is_list_owner) for one in found] == [
        (club.owner.user_id, Role.OWNER, True),
        (club.coowner.user_id, Role.OWNER, False),
        (club.editor.user_id, Role.EDITOR, False),
        (club.viewer.user_id, Role.VIEWER, False),
    ]
    assert run(members.update, club.coowner, club.list.id, club.viewer.user_id, MemberUpdate(role=Role.EDITOR)).role
    assert run(todos.create, club.viewer, TodoCreate(title="now I may", list_id=club.list.id)).list_id == club.list.id
    for call in (members.update, members.remove):
        more = (MemberUpdate(role=Role.VIEWER),) if call is members.update else ()
        with pytest.raises(PermissionDeniedError):
            run(call, club.coowner, club.list.id, club.owner.user_id, *more)
        with pytest.raises(NotFoundError):
            run(call, club.coowner, club.list.id, club.stranger.user_id, *more)


def test_a_token_lets_nobody_in_and_puts_nobody_out_but_withdraws_and_leaves(club: Club) -> None:
    token, editors = (replace(actor, token_id=new_id()) for actor in (club.coowner, club.editor))
    made = run(members.invite, club.owner, club.list.id, InviteCreate(role=Role.OWNER))
    before = run(members.search, club.owner, club.list.id)
    for call, *more in (
        (members.invite, InviteCreate()),
        (members.update, club.viewer.user_id, MemberUpdate(role=Role.OWNER)),
        (members.update, "me", MemberUpdate(role=Role.OWNER)),
        (members.remove, club.viewer.user_id),
        (members.remove, club.owner.user_id),
    ):
        with pytest.raises(PermissionDeniedError, match="Log in with your password"):
            run(call, token, club.list.id, *more)
    assert run(members.search, club.owner, club.list.id) == before
    assert run(members.invites, club.owner, club.list.id).total == 4
    run(members.revoke, token, club.list.id, made.id)
    assert run(members.invites, club.owner, club.list.id).total == 3
    run(members.remove, editors, club.list.id, "me")
    run(members.remove, token, club.list.id, club.coowner.user_id)
    left = run(members.search, club.owner, club.list.id).members
    assert {one.user_id for one in left} == {club.owner.user_id, club.viewer.user_id}


@pytest.mark.parametrize("by_owner", [True, False])
def test_who_leaves_sees_nothing_more_and_is_assigned_nothing_more(club: Club, by_owner: bool) -> None:
    todo = club.add(assignee_id=club.editor.user_id)
    if by_owner:
        run(members.remove, club.coowner, club.list.id, club.editor.user_id)
    else:
        run(members.remove, club.editor, club.list.id, "me")
    assert run(todos.get, club.owner, todo.id).assignee_id is None
    with pytest.raises(NotFoundError):
        run(todos.get, club.editor, todo.id)
    assert run(searches.search, club.editor, TodoFilter()).total == 0
    with pytest.raises(InvalidInputError, match="assignee_id"):
        run(todos.update, club.owner, todo.id, TodoUpdate(assignee_id=club.editor.user_id))


def test_only_somebody_of_the_list_is_assigned(club: Club) -> None:
    for user_id in (club.stranger.user_id, new_id()):
        with pytest.raises(InvalidInputError, match="assignee_id"):
            club.add(assignee_id=user_id)
    for allowed in (club.owner.user_id, club.viewer.user_id, None):
        assert club.add(assignee_id=allowed).assignee_id == allowed
    with pytest.raises(InvalidInputError, match="assignee_id"):
        run(todos.create, club.owner, TodoCreate(title="private", assignee_id=club.editor.user_id))
    todo = club.add(assignee_id=club.editor.user_id)
    assert run(todos.update, club.owner, todo.id, TodoUpdate(list_id=None)).assignee_id is None


# From one account to another


def test_a_todo_goes_into_somebody_elses_list_with_its_parts_and_back(club: Club) -> None:
    fields: dict[str, Any] = {"tags": ["home", "now"], "description": "two words", "due_date": "2027-03-01"}
    todo = run(todos.create, club.editor, TodoCreate(title="Tidy up", **fields))
    part = run(todos.create, club.editor, TodoCreate(title="Desk", parent_id=todo.id, tags=["home"]))
    done = run(todos.create, club.editor, TodoCreate(title="Bed", parent_id=part.id, completed=True))
    run(todos.update, club.editor, part.id, TodoUpdate(completed=False))
    gone = run(todos.create, club.editor, TodoCreate(title="Shelf", parent_id=todo.id))
    run(todos.delete, club.editor, gone.id)
    before = partition(club.editor.user_id)

    moved = run(todos.update, club.editor, todo.id, TodoUpdate(list_id=club.list.id, priority="high"))
    assert (moved.id, moved.list_id, moved.priority, moved.parts_open) == (todo.id, club.list.id, "high", 1)
    assert partition(club.editor.user_id) == {}
    here = partition(club.owner.user_id)
    assert here.keys() == {todo.id, part.id, done.id, gone.id} == before.keys()
    for key, row in here.items():
        assert row.list_id == club.list.id
        for name in ("title", "description", "tags", "completed", "deleted_at", "parent_id", "position", "due_date"):
            assert getattr(row, name) == getattr(before[key], name)
        assert row.version > before[key].version
    assert_in_line(club.owner.user_id, club.editor.user_id)
    assert {entry for entry in log_of(club.editor.user_id) if entry[0] == "purge"} == {
        ("purge", "todo", key) for key in before
    }
    with database.read_scope() as session:
        last = session.exec(select(Operation.operation_id).where(Operation.action == "purge")).all()
        assert len(set(last)) == 1
        created = select(Operation).where(
            Operation.owner_id == club.owner.user_id, Operation.action == "create", Operation.operation_id == last[0]
        )
        assert {entry.object_id for entry in session.exec(created)} == before.keys()

    for actor in (club.owner, club.viewer):
        assert run(todos.get, actor, part.id).title == "Desk"
    run(todos.update, club.editor, todo.id, TodoUpdate(list_id=None))
    assert partition(club.owner.user_id) == {}
    assert partition(club.editor.user_id).keys() == before.keys()
    assert_in_line(club.owner.user_id, club.editor.user_id)
    with pytest.raises(NotFoundError):
        run(todos.get, club.owner, todo.id)


def test_a_todo_becomes_a_part_of_one_in_somebody_elses_list(club: Club) -> None:
    parent = club.add("Party", completed=True)
    todo = run(todos.create, club.editor, TodoCreate(title="Invite"))
    moved = run(moves.move, club.editor, todo.id, TodoMove(parent_id=parent.id))
    assert (moved.parent_id, moved.list_id) == (parent.id, club.list.id)
    assert run(todos.get, club.owner, parent.id).completed is False
    # Out again, alone: the parent stays.
    run(todos.update, club.editor, todo.id, TodoUpdate(list_id=None))
    assert (partition(club.editor.user_id)[todo.id].parent_id, len(partition(club.owner.user_id))) == (None, 1)
    assert_in_line(club.owner.user_id, club.editor.user_id)


def test_a_todo_does_not_go_where_its_id_is_taken(club: Club) -> None:
    todo = run(todos.create, club.editor, TodoCreate(title="mine"))
    run(todos.create, club.owner, TodoCreate(title="theirs", id=todo.id))
    with pytest.raises(IdTakenError):
        run(todos.update, club.editor, todo.id, TodoUpdate(list_id=club.list.id))
    assert partition(club.editor.user_id)[todo.id].title == "mine"
    shared = club.add("shared")
    with pytest.raises(IdTakenError):
        run(todos.create, club.editor, TodoCreate(title="another", id=shared.id))


def test_an_occurrence_that_is_there_already_comes_as_a_series_of_its_own(club: Club) -> None:
    """Reopened and completed once more, a todo has its next occurrence again, whatever became of the first one."""
    first = run(todos.create, club.editor, TodoCreate(title="Water", due_date="2030-01-01", recurrence="daily"))
    for _ in range(2):
        run(todos.complete, club.editor, first.id)
        [following] = [one for one in partition(club.editor.user_id).values() if not one.completed]
        moved = run(todos.update, club.editor, following.id, TodoUpdate(list_id=club.list.id))
        assert (moved.due_date, moved.recurrence) == (following.due_date, "FREQ=DAILY")
        run(todos.reopen, club.editor, first.id)
    here = partition(club.owner.user_id).values()
    assert len(here) == len({one.series_id for one in here}) == 2


def test_who_may_only_look_brings_nothing_in(club: Club) -> None:
    todo = run(todos.create, club.viewer, TodoCreate(title="mine"))
    with pytest.raises(PermissionDeniedError):
        run(todos.update, club.viewer, todo.id, TodoUpdate(list_id=club.list.id))
    with pytest.raises(PermissionDeniedError):
        run(todos.create, club.viewer, TodoCreate(title="x", list_id=club.list.id))
    assert partition(club.viewer.user_id).keys() == {todo.id}


# The trash


def test_a_deleted_list_is_gone_for_its_members_until_an_owner_restores_it(club: Club) -> None:
    todo = club.add()
    run(lists.delete, club.coowner, club.list.id)
    for actor in (club.editor, club.viewer):
        with pytest.raises(NotFoundError):
            run(lists.get, actor, club.list.id)
        with pytest.raises(NotFoundError):
            run(todos.get, actor, todo.id)
        assert run(searches.trash, actor, TodoFilter()).total == 0
    assert run(lists.restore, club.coowner, club.list.id).open_count == 1
    assert run(todos.get, club.viewer, todo.id).deleted_at is None


# Deleting an account


def test_a_shared_list_passes_to_the_oldest_owner_when_its_account_goes(club: Club) -> None:
    todo = club.add(tags=["home"], assignee_id=club.owner.user_id)
    part = club.add("part", parent_id=todo.id, assignee_id=club.viewer.user_id)
    run(todos.create, club.owner, TodoCreate(title="private"))
    run(lists.create, club.owner, ListCreate(name="private"))
    run(accounts.delete, club.owner)
    found = run(members.search, club.viewer, club.list.id).members
    assert [(one.user_id, one.role) for one in found] == [
        (club.coowner.user_id, Role.OWNER),
        (club.editor.user_id, Role.EDITOR),
        (club.viewer.user_id, Role.VIEWER),
    ]
    assert found[0].is_list_owner
    heir = replace(club.coowner, has_shares=False)
    assert [one.name for one in run(lists.search, heir, ListFilter()).lists] == ["Club"]
    here = partition(heir.user_id)
    assert here.keys() == {todo.id, part.id}
    assert (here[todo.id].assignee_id, here[part.id].assignee_id) == (None, club.viewer.user_id)
    assert here[part.id].parent_id == todo.id
    assert_in_line(heir.user_id)
    assert partition(club.owner.user_id) == {}


def test_without_another_owner_the_editor_who_came_first_gets_it_even_where_ids_are_taken(
    make_actor: Callable[..., Actor],
) -> None:
    owner, late, early, viewer = (make_actor() for _ in range(4))
    shared = run(lists.create, owner, ListCreate(name="Club"))
    run(todos.create, owner, TodoCreate(title="theirs", list_id=shared.id))
    early = joined(owner, early, shared.id, Role.EDITOR)
    joined(owner, late, shared.id, Role.EDITOR)
    joined(owner, viewer, shared.id, Role.VIEWER)
    parent = run(todos.create, owner, TodoCreate(title="parent", list_id=shared.id))
    part = run(todos.create, owner, TodoCreate(title="part", parent_id=parent.id))
    with database.write_scope() as session:
        for member in session.exec(select(ListMember).where(ListMember.user_id == early.user_id)):
            member.created_at = utc_now() - timedelta(days=1)
    alone = replace(early, has_shares=False)
    run(todos.create, alone, TodoCreate(title="mine", id=parent.id))
    run(accounts.delete, owner)
    here = {todo.title: todo for todo in partition(early.user_id).values()}
    assert here.keys() == {"mine", "theirs", "parent", "part"}
    assert here["mine"].id == parent.id != here["parent"].id == here["part"].parent_id
    assert here["part"].id == part.id
    assert_in_line(early.user_id)


def test_what_only_viewers_share_goes_with_its_account(club: Club) -> None:
    for actor in (club.coowner, club.editor):
        run(members.remove, actor, club.list.id, "me")
    club.add()
    run(accounts.delete, club.owner)
    assert run(lists.search, club.viewer, ListFilter()).total == 0
    assert run(searches.search, club.viewer, TodoFilter()).total == 0


def test_memberships_and_assignments_end_with_an_account(club: Club) -> None:
    todo = club.add(assignee_id=club.editor.user_id)
    written = run(todos.create, club.editor, TodoCreate(title="by the editor", list_id=club.list.id))
    run(accounts.delete, club.editor)
    assert run(todos.get, club.owner, todo.id).assignee_id is None
    assert run(todos.get, club.owner, written.id).title == "by the editor"
    assert club.editor.user_id not in {one.user_id for one in run(members.search, club.owner, club.list.id).members}


# Who has no shares


def test_an_account_without_shares_is_asked_for_its_own_rows_alone(actor: Actor) -> None:
    with database.read_scope() as session:
        [condition] = visibility.conditions(session, actor, TodoFilter())
        assert str(condition) == "todos.owner_id = :owner_id_1"


def test_refusals_are_ours(club: Club) -> None:
    for wrong in ("nonsense", "", "x" * 5_000, "\ud800"):
        with pytest.raises(AppError) as refused:
            run(members.accept, club.stranger, wrong)
        assert refused.value.code == "not_found"


@pytest.mark.parametrize("taker", ["owner", "coowner", "editor", None])
def test_undo_makes_no_second_copy_of_what_others_have_taken_further(club: Club, taker: str | None) -> None:
    todo = run(todos.create, club.editor, TodoCreate(title="Buy milk"))
    run(todos.update, club.editor, todo.id, TodoUpdate(list_id=club.list.id))
    if taker is not None:
        run(todos.update, getattr(club, taker), todo.id, TodoUpdate(list_id=None))
    undone = run(undo.undo, club.editor, UndoRequest(last=2))
    again = run(undo.undo, club.editor, UndoRequest(last=2))
    people = (club.owner, club.coowner, club.editor, club.viewer)
    assert sum(todo.id in partition(person.user_id) for person in people) == 1
    if taker in {"owner", "coowner"}:
        assert {conflict.reason for conflict in undone.conflicts + again.conflicts} >= {"It is in another account now."}
    assert_in_line(*(person.user_id for person in people))


def test_undo_brings_back_what_was_taken_further_and_then_went_for_good(club: Club) -> None:
    todo = run(todos.create, club.editor, TodoCreate(title="Buy milk"))
    run(todos.update, club.editor, todo.id, TodoUpdate(list_id=club.list.id))
    run(todos.update, club.owner, todo.id, TodoUpdate(list_id=None))
    run(todos.delete, club.owner, todo.id)
    run(trash.empty, club.owner)
    run(undo.undo, club.editor, UndoRequest(last=1))
    assert partition(club.editor.user_id)[todo.id].title == "Buy milk"
