"""Members: who shares a list, with which role; coming by an invitation, leaving, and what happens to what they had.

Who else may see a list, and may do what, is for its owners to decide and takes a login: whoever has a personal token
could else let themselves in for good, beyond its end. Leaving and withdrawing take away only, so a token may do them.

Each change stands in the log of the list, as `member` with the account's id and role.
"""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend import news
from backend.errors import IdTakenError, NotFoundError, PermissionDeniedError
from backend.models.base import as_id, new_id, utc_now
from backend.models.operation import Action
from backend.models.todo import Todo
from backend.models.todo_list import (
    InviteCreate,
    InviteCreated,
    InviteLook,
    InvitePage,
    InviteRead,
    ListInvite,
    ListMember,
    ListRead,
    MemberPage,
    MemberRead,
    MemberUpdate,
    Role,
    TodoList,
)
from backend.models.token import Scope
from backend.models.user import User
from backend.services import invite_tokens, list_rows, lists, log, rights, todo_rows
from backend.services.actor import Actor

ME = "me"
_UNKNOWN = "Nobody with this id shares this list."


def search(session: Session, actor: Actor, list_id: str) -> MemberPage:
    """Everybody who can see a list: its owner, then the members in the order in which they came."""
    actor.ensure(Scope.READ)
    entry = rights.find_list(session, actor, list_id, in_trash=True)
    if entry is None:
        raise NotFoundError(lists.UNKNOWN)
    found, _ = entry
    owner = _owner_name(session, found)
    rows = session.exec(
        select(ListMember, User.username)
        .join(User, col(User.id) == ListMember.user_id)
        .where(ListMember.owner_id == found.owner_id, ListMember.list_id == found.id)
        .order_by(col(ListMember.created_at), col(ListMember.user_id))
    ).all()
    members = [_read(member, name) for member, name in rows]
    first = MemberRead(
        user_id=found.owner_id, username=owner, role=Role.OWNER, is_list_owner=True, joined_at=found.created_at
    )
    return MemberPage(members=[first, *members], total=1 + len(members), next_cursor=None)


def update(session: Session, actor: Actor, list_id: str, user_id: str, data: MemberUpdate) -> MemberRead:
    """Give a member another role. For owners of the list; the account whose list it is keeps its own."""
    actor.ensure_logged_in()
    found, _ = lists.lock(session, actor, list_id)
    member, name = _member(session, actor, found, user_id)
    before, member.role = member.role, data.role
    if before != data.role:
        session.flush()
        _record(session, actor, found, member.user_id, before, data.role)
    return _read(member, name)


def remove(session: Session, actor: Actor, list_id: str, user_id: str) -> None:
    """Take a member off a list, as its owner, or leave it oneself. What was assigned to them is nobody's then.

    Whoever is taken off may know a link into the list: its invitations are withdrawn.
    """
    actor.ensure(Scope.WRITE)
    is_leaving = _as_user_id(actor, user_id) == actor.user_id
    if not is_leaving:
        actor.ensure_logged_in()
    found, role = lists.lock_visible(session, actor, list_id)
    if not is_leaving:
        rights.ensure_owner(role)
    member, _ = _member(session, actor, found, user_id)
    if not is_leaving:
        its_own = (col(ListInvite.owner_id) == found.owner_id, col(ListInvite.list_id) == found.id)
        session.exec(sa.delete(ListInvite).where(*its_own))
    with log.together(session):
        _end(session, actor, found, member)


def invite(session: Session, actor: Actor, list_id: str, data: InviteCreate) -> InviteCreated:
    """Make an invitation, as an owner of the list. Whoever has its token can become a member until it expires."""
    actor.ensure_logged_in()
    found, _ = lists.lock(session, actor, list_id)
    now = utc_now()
    session.exec(
        sa.delete(ListInvite).where(col(ListInvite.owner_id) == found.owner_id, col(ListInvite.expires_at) < now)
    )
    token = invite_tokens.new()
    new = ListInvite(
        owner_id=found.owner_id,
        id=new_id(),
        list_id=found.id,
        role=data.role,
        token_digest=invite_tokens.digest(token),
        created_at=now,
        expires_at=now + timedelta(hours=data.expires_in_hours),
    )
    session.add(new)
    session.flush()
    return InviteCreated(**_read_invite(new).model_dump(), token=token, url=f"/?invite={token}")


def invites(session: Session, actor: Actor, list_id: str) -> InvitePage:
    """The invitations to a list that can still be accepted, for its owners."""
    actor.ensure(Scope.READ)
    entry = rights.find_list(session, actor, list_id, in_trash=True)
    if entry is None:
        raise NotFoundError(lists.UNKNOWN)
    found, role = entry
    rights.ensure_owner(role)
    rows = session.exec(
        select(ListInvite)
        .where(
            ListInvite.owner_id == found.owner_id,
            ListInvite.list_id == found.id,
            col(ListInvite.expires_at) > utc_now(),
        )
        .order_by(col(ListInvite.id).desc())
    ).all()
    return InvitePage(invites=[_read_invite(row) for row in rows], total=len(rows), next_cursor=None)


def revoke(session: Session, actor: Actor, list_id: str, invite_id: str) -> None:
    """Make an invitation worthless. Who has accepted it already stays a member."""
    actor.ensure(Scope.WRITE)
    found, _ = lists.lock(session, actor, list_id)
    try:
        known = session.get(ListInvite, (found.owner_id, as_id(invite_id)))
    except ValueError:
        known = None
    if known is None or known.list_id != found.id:
        raise NotFoundError("There is no invitation with this id to this list.")
    session.delete(known)
    session.flush()


def look(session: Session, actor: Actor, token: str) -> InviteLook:
    """What an invitation is to, before one accepts it: its token is all that one needs to join, and so to be told."""
    actor.ensure(Scope.READ)
    found, role = _invitation(session, token)
    return InviteLook(list_id=found.id, name=found.name, owner_name=_owner_name(session, found), role=role)


def accept(session: Session, actor: Actor, token: str) -> ListRead:
    """Become a member. Who is one already keeps the role that may do more."""
    actor.ensure(Scope.WRITE)
    log.lock(session, _invitation(session, token)[0].owner_id)
    found, role = _invitation(session, token)  # as it is now that nobody else changes it
    if actor.user_id == found.owner_id:
        return lists.read(session, found, Role.OWNER)
    other = rights.find_list(session, actor, found.id, in_trash=True)
    if other is not None and other[0].owner_id != found.owner_id:
        raise IdTakenError("You have another list with the same id, so this one could not be told from it.")
    member = session.get(ListMember, (found.owner_id, found.id, actor.user_id))
    before = Role(member.role) if member is not None else None
    if member is None:
        session.add(ListMember(owner_id=found.owner_id, list_id=found.id, user_id=actor.user_id, role=role))
    elif before is not None and before.rank >= role.rank:
        return lists.read(session, found, before)
    else:
        member.role = role
    session.flush()
    _record(session, actor, found, actor.user_id, before, role)
    return lists.read(session, found, role)


def leave_all(session: Session, actor: Actor) -> None:
    """Before an account is deleted: its memberships and assignments end, and its shared lists pass to others.

    A list goes to the member who has been one for longest: of those with the role of an owner, else of the editors.
    Where there are only viewers, or none, it goes with the account.
    """
    shared = session.exec(select(ListMember).where(ListMember.user_id == actor.user_id)).all()
    own = session.exec(
        select(ListMember)
        .join(TodoList, (col(TodoList.owner_id) == ListMember.owner_id) & (col(TodoList.id) == col(ListMember.list_id)))
        .where(
            ListMember.owner_id == actor.user_id,
            col(TodoList.deleted_at).is_(None),
            col(ListMember.role).in_([Role.OWNER, Role.EDITOR]),
        )
        .order_by(col(ListMember.created_at), col(ListMember.user_id))
    ).all()
    heirs: dict[str, ListMember] = {}
    for member in own:
        known = heirs.get(member.list_id)
        if known is None or Role(member.role).rank > Role(known.role).rank:
            heirs[member.list_id] = member
    owners = {actor.user_id, *(one.owner_id for one in shared), *(heir.user_id for heir in heirs.values())}
    # In one order, so that two accounts that leave at once do not wait for each other.
    for owner_id in sorted(owners):
        log.lock(session, owner_id)
    with log.together(session):
        for member in shared:
            _end(session, actor, session.get_one(TodoList, (member.owner_id, member.list_id)), member)
        for list_id, heir in heirs.items():
            _hand_over(session, actor, session.get_one(TodoList, (actor.user_id, list_id)), heir.user_id)


def _hand_over(session: Session, actor: Actor, found: TodoList, heir_id: str) -> None:
    """Make a list somebody else's, with its todos and its other members. Its invitations were not theirs, and end."""
    is_taken = session.get(TodoList, (heir_id, found.id)) is not None
    values = found.model_dump(exclude={"owner_id", "id"})
    new = TodoList(**values, owner_id=heir_id, id=new_id() if is_taken else found.id)
    list_rows.add(session, actor, new)
    for member in session.exec(
        select(ListMember).where(ListMember.owner_id == found.owner_id, ListMember.list_id == found.id)
    ).all():
        if member.user_id != heir_id:
            session.add(
                ListMember(**member.model_dump(exclude={"owner_id", "list_id"}), owner_id=new.owner_id, list_id=new.id)
            )
    session.flush()
    todo_rows.transfer(session, actor, lists.todos_of(session, found), new.owner_id, new.id, may_rename=True)
    list_rows.remove(session, actor, found)


def _invitation(session: Session, token: str) -> tuple[TodoList, Role]:
    """The list that an invitation is to, and the role that it gives; refuses one that can no longer be accepted."""
    statement = select(ListInvite).where(ListInvite.token_digest == invite_tokens.digest(token))
    known = session.exec(statement.execution_options(populate_existing=True)).first()
    if known is None:
        raise NotFoundError("There is no such invitation: it was withdrawn, or a part of its link is missing.")
    if known.expires_at <= utc_now():
        raise NotFoundError("This invitation has expired. Ask whoever sent it for a new one.")
    found = session.get_one(TodoList, (known.owner_id, known.list_id), populate_existing=True)
    if found.deleted_at is not None:
        raise NotFoundError("The list of this invitation was deleted.")
    return found, Role(known.role)


def _owner_name(session: Session, found: TodoList) -> str:
    return session.exec(select(User.username).where(User.id == found.owner_id)).one()


def _end(session: Session, actor: Actor, found: TodoList, member: ListMember) -> None:
    assigned = session.exec(
        select(Todo).where(
            Todo.owner_id == found.owner_id, Todo.list_id == found.id, Todo.assignee_id == member.user_id
        )
    ).all()
    changes = [(todo, {"assignee_id": None}) for todo in assigned]
    todo_rows.change_all(session, actor, found.owner_id, Action.UPDATE, changes)
    _record(session, actor, found, member.user_id, Role(member.role), None)
    session.delete(member)
    session.flush()


def _as_user_id(actor: Actor, user_id: str) -> str | None:
    if user_id == ME:
        return actor.user_id
    try:
        return as_id(user_id)
    except ValueError:
        return None


def _member(session: Session, actor: Actor, found: TodoList, user_id: str) -> tuple[ListMember, str]:
    key = _as_user_id(actor, user_id)
    if key == found.owner_id:
        raise PermissionDeniedError("This list is theirs: they cannot leave it or lose their role. Delete it instead.")
    row = session.exec(
        select(ListMember, User.username)
        .join(User, col(User.id) == ListMember.user_id)
        .where(ListMember.owner_id == found.owner_id, ListMember.list_id == found.id, ListMember.user_id == key)
    ).first()
    if row is None:
        raise NotFoundError(_UNKNOWN)
    return row


def _record(
    session: Session, actor: Actor, found: TodoList, user_id: str, before: str | None, after: str | None
) -> None:
    def said(role: str | None) -> dict[str, object]:
        return {"member": {"user_id": user_id, "role": role} if role else None}

    news.mark(session.info, user_id)  # whoever follows their changes follows another list from now on, or one less
    list_rows.record(session, actor, found, Action.UPDATE, said(before), said(after))


def _read(member: ListMember, name: str) -> MemberRead:
    return MemberRead(
        user_id=member.user_id,
        username=name,
        role=Role(member.role),
        is_list_owner=False,
        joined_at=member.created_at,
    )


def _read_invite(known: ListInvite) -> InviteRead:
    return InviteRead(
        id=known.id,
        list_id=known.list_id,
        role=Role(known.role),
        created_at=known.created_at,
        expires_at=known.expires_at,
    )
