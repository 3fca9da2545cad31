"""Private handlers of the page for sharing: who has a list together, and the invitations to it."""

from pydantic import Field

from backend import database
from backend.models.base import Id, Shape
from backend.models.todo_list import (
    InviteCreate,
    InviteCreated,
    InviteLook,
    InvitePage,
    ListRead,
    MemberPage,
    MemberRead,
    MemberUpdate,
)
from backend.services import members
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account


class _Member(Shape):
    """Who of those that share the list."""

    user_id: Id


class _MemberRole(_Member, MemberUpdate):
    """What one of them may do from now on."""


class _Invite(Shape):
    """Which of the invitations to the list."""

    invite_id: Id


class _Link(Shape):
    """The token of an invitation, as its link carries it."""

    token: str = Field(max_length=200)


@for_account
async def list_members(actor: Actor, call: Call) -> MemberPage:
    """Everybody who can see a list."""
    return await database.read(lambda session: members.search(session, actor, call.object_id))


@for_account
async def update_member(actor: Actor, call: Call) -> MemberRead:
    """Give a member another role."""
    wanted = _MemberRole.model_validate(call.body)
    return await database.write(lambda session: members.update(session, actor, call.object_id, wanted.user_id, wanted))


@for_account
async def remove_member(actor: Actor, call: Call) -> None:
    """Take somebody off a list, or leave it."""
    wanted = _Member.model_validate(call.body)
    await database.write(lambda session: members.remove(session, actor, call.object_id, wanted.user_id))


@for_account
async def add_invite(actor: Actor, call: Call) -> InviteCreated:
    """Make an invitation; its token is in this answer alone."""
    data = InviteCreate.model_validate(call.body)
    return await database.write(lambda session: members.invite(session, actor, call.object_id, data))


@for_account
async def list_invites(actor: Actor, call: Call) -> InvitePage:
    """The invitations to a list that can still be accepted."""
    return await database.read(lambda session: members.invites(session, actor, call.object_id))


@for_account
async def revoke_invite(actor: Actor, call: Call) -> None:
    """Withdraw an invitation."""
    wanted = _Invite.model_validate(call.body)
    await database.write(lambda session: members.revoke(session, actor, call.object_id, wanted.invite_id))


@for_account
async def look_at_invite(actor: Actor, call: Call) -> InviteLook:
    """What an invitation is to."""
    link = _Link.model_validate(call.body)
    return await database.read(lambda session: members.look(session, actor, link.token))


@for_account
async def accept_invite(actor: Actor, call: Call) -> ListRead:
    """Join the list of an invitation."""
    link = _Link.model_validate(call.body)
    return await database.write(lambda session: members.accept(session, actor, link.token))


HANDLERS = [
    list_members,
    update_member,
    remove_member,
    add_invite,
    list_invites,
    revoke_invite,
    look_at_invite,
    accept_invite,
]
