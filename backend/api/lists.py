"""`/api/v1/lists`: lists, who shares them, and the invitations to them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend import database
from backend.api.dependencies import Caller, IfMatch, Once, answer, answer_once
from backend.api.documentation import protected, refuses
from backend.models.todo_list import (
    InviteCreate,
    InviteCreated,
    InvitePage,
    ListCreate,
    ListFilter,
    ListMove,
    ListPage,
    ListRead,
    ListUpdate,
    MemberPage,
    MemberRead,
    MemberUpdate,
)
from backend.services import lists, members

router = APIRouter(prefix="/lists", tags=["lists"])
# The link of an invitation names no list: whoever opens it does not see one yet.
accepting = APIRouter(prefix="/invites", tags=["lists"])


@router.post(
    "",
    response_model=ListRead,
    status_code=201,
    responses=refuses(403, 409),
    openapi_extra=protected(),
    operation_id="add_list",
)
async def add_list(data: ListCreate, caller: Caller, once: Once) -> Response:
    """Add a list. With an `id` of your own a retry makes no second one."""
    return await answer_once(caller, once, 201, lambda session: lists.create(session, caller, data), collection="lists")


@router.get("", response_model=ListPage, openapi_extra=protected(), operation_id="list_lists")
async def list_lists(wanted: Annotated[ListFilter, Query()], caller: Caller) -> Response:
    """List your lists in their manual order, then those that others share with you."""
    return answer(await database.read(lambda session: lists.search(session, caller, wanted)))


@router.get(
    "/{list_id}", response_model=ListRead, responses=refuses(404), openapi_extra=protected(), operation_id="get_list"
)
async def get_list(list_id: str, caller: Caller) -> Response:
    """Show one list. The ETag is its version."""
    return answer(await database.read(lambda session: lists.get(session, caller, list_id)))


@router.patch(
    "/{list_id}",
    response_model=ListRead,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="update_list",
)
async def update_list(list_id: str, changes: ListUpdate, caller: Caller, versions: IfMatch) -> Response:
    """Change what is named: an absent field stays, `null` clears. For its owners."""
    return answer(
        await database.write(lambda session: lists.update(session, caller, list_id, changes, versions=versions))
    )


@router.delete(
    "/{list_id}",
    status_code=204,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="delete_list",
)
async def delete_list(list_id: str, caller: Caller, versions: IfMatch) -> Response:
    """Move a list with its todos to the trash, from where it can be restored. For its owners."""
    await database.write(lambda session: lists.delete(session, caller, list_id, versions=versions))
    return Response(status_code=204)


@router.post(
    "/{list_id}/restore",
    response_model=ListRead,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="restore_list",
)
async def restore_list(list_id: str, caller: Caller, once: Once) -> Response:
    """Take a list out of the trash, with the todos that went there with it."""
    return await answer_once(caller, once, 200, lambda session: lists.restore(session, caller, list_id))


@router.post(
    "/{list_id}/move",
    response_model=ListRead,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="move_list",
)
async def move_list(list_id: str, data: ListMove, caller: Caller, once: Once) -> Response:
    """Put a list before or after another one; before `null` is the end, after `null` the start."""
    return await answer_once(caller, once, 200, lambda session: lists.move(session, caller, list_id, data))


@router.get(
    "/{list_id}/members",
    response_model=MemberPage,
    responses=refuses(404),
    openapi_extra=protected(),
    operation_id="list_members",
)
async def list_members(list_id: str, caller: Caller) -> Response:
    """List everybody who can see a list, its owner first."""
    return answer(await database.read(lambda session: members.search(session, caller, list_id)))


@router.patch(
    "/{list_id}/members/{user_id}",
    response_model=MemberRead,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="update_member",
)
async def update_member(list_id: str, user_id: str, changes: MemberUpdate, caller: Caller) -> Response:
    """Give a member another role. For the list's owners. Takes a login, not a token."""
    return answer(await database.write(lambda session: members.update(session, caller, list_id, user_id, changes)))


@router.delete(
    "/{list_id}/members/{user_id}",
    status_code=204,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="remove_member",
)
async def remove_member(list_id: str, user_id: str, caller: Caller) -> Response:
    """Take a member off a list, or leave it yourself (`me`). What was assigned to them is nobody's then.

    To take off somebody else takes a login, not a token.
    """
    await database.write(lambda session: members.remove(session, caller, list_id, user_id))
    return Response(status_code=204)


@router.post(
    "/{list_id}/invites",
    response_model=InviteCreated,
    status_code=201,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="add_invite",
)
async def add_invite(list_id: str, data: InviteCreate, caller: Caller) -> Response:
    """Make an invitation: whoever has its token can join until it expires. The token is shown this once.

    Takes a login, not a personal token.
    """
    # No Idempotency-Key: the first answer would have to be kept, and with it the token.
    return answer(await database.write(lambda session: members.invite(session, caller, list_id, data)), 201)


@router.get(
    "/{list_id}/invites",
    response_model=InvitePage,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="list_invites",
)
async def list_invites(list_id: str, caller: Caller) -> Response:
    """List the invitations to a list that can still be accepted, without their tokens. For its owners."""
    return answer(await database.read(lambda session: members.invites(session, caller, list_id)))


@router.delete(
    "/{list_id}/invites/{invite_id}",
    status_code=204,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="revoke_invite",
)
async def revoke_invite(list_id: str, invite_id: str, caller: Caller) -> Response:
    """Withdraw an invitation. Whoever has accepted it already stays a member."""
    await database.write(lambda session: members.revoke(session, caller, list_id, invite_id))
    return Response(status_code=204)


@accepting.post(
    "/{token}/accept",
    response_model=ListRead,
    responses=refuses(403, 404, 409),
    openapi_extra=protected(),
    operation_id="accept_invite",
)
async def accept_invite(token: str, caller: Caller, once: Once) -> Response:
    """Join the list that an invitation is for. Accepting twice is accepting once."""
    return await answer_once(caller, once, 200, lambda session: members.accept(session, caller, token))
