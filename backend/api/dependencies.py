"""What routers ask of a request: who calls, from where, and which version they have seen."""

from collections.abc import Container
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from backend import access
from backend.errors import BadRequestError
from backend.models.operation import Door
from backend.models.todo import TodoRead
from backend.services.actor import Actor

# More digits than any version has; Python refuses to read thousands of them.
_VERSION_DIGITS_MAX = 18


async def _actor(request: Request) -> Actor:
    return await access.identify(access.credential_of(request.headers), Door.REST)


def _address(request: Request) -> str:
    return access.address_of(request.headers, request.client.host if request.client else None)


def _versions(
    if_match: Annotated[
        str | None, Header(description='The ETag that was read, such as "3": change only if it is still that.')
    ] = None,
) -> Container[int] | None:
    """The versions of an If-Match header (RFC 9110, 13.1.1), None without one. `*` is any that exists."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return range(1, 10**_VERSION_DIGITS_MAX)
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")]
    if not all(tag.isascii() and tag.isdigit() and len(tag) <= _VERSION_DIGITS_MAX for tag in tags):
        raise BadRequestError('If-Match takes the ETag of the object as it was read, such as "3".')
    return frozenset(int(tag) for tag in tags)


Caller = Annotated[Actor, Depends(_actor)]
Address = Annotated[str, Depends(_address)]
IfMatch = Annotated[Container[int] | None, Depends(_versions)]


def answer(shape: BaseModel, status: int = 200) -> Response:
    """A shape as JSON. Written once, by pydantic; FastAPI would validate it again, which costs more than the query."""
    headers = {}
    if isinstance(shape, TodoRead):
        headers["ETag"] = f'"{shape.version}"'
        if status == 201:  # noqa: PLR2004 - Created
            headers["Location"] = f"/api/v1/todos/{shape.id}"
    return Response(shape.model_dump_json(), status, headers, "application/json")
