"""What routers ask of a request: who calls, from where, and which version they have seen."""

import hashlib
from collections.abc import Callable, Container
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from pydantic_core import from_json

from backend import access, database
from backend.errors import BadRequestError
from backend.models.base import Shape
from backend.models.idempotency import KEY_MAX
from backend.models.operation import Door
from backend.models.saved_filter import FilterRead
from backend.models.todo import TodoRead
from backend.models.todo_list import ListRead
from backend.services import idempotency
from backend.services.actor import Actor

# More digits than any version has; Python refuses to read thousands of them.
_VERSION_DIGITS_MAX = 18


async def _actor(request: Request) -> Actor:
    return await access.identify(access.credential_of(request.headers), Door.REST)


async def _address(request: Request) -> str:
    return access.address_of(request.headers, request.client.host if request.client else None)


async def _versions(
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


async def _request_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=KEY_MAX,
            description="Chosen by you, a new one for each new request: sent again, it has its effect once.",
        ),
    ] = None,
) -> idempotency.Request | None:
    """The Idempotency-Key of a request (the IETF's draft of that name), with what it was sent for."""
    if idempotency_key is None:
        return None
    said = b"\0".join((request.method.encode(), request.url.path.encode(), await request.body()))
    return idempotency.Request(idempotency_key, hashlib.sha256(said).hexdigest())


# What has a version, and the address under which it is found.
_COLLECTIONS: dict[type[BaseModel], str] = {TodoRead: "todos", ListRead: "lists", FilterRead: "filters"}

Caller = Annotated[Actor, Depends(_actor)]
Address = Annotated[str, Depends(_address)]
IfMatch = Annotated[Container[int] | None, Depends(_versions)]
Once = Annotated[idempotency.Request | None, Depends(_request_key)]


def answer(shape: BaseModel, status: int = 200) -> Response:
    """A shape as JSON. Written once, by pydantic; FastAPI would validate it again, which costs more than the query."""
    return Response(shape.model_dump_json(), status, headers_of(shape, status), "application/json")


def headers_of(shape: BaseModel, status: int) -> dict[str, str]:
    """What the answer's headers say of a shape that has a version."""
    collection = _COLLECTIONS.get(type(shape))
    return _headers(shape.id, shape.version, status, collection) if collection else {}  # type: ignore[attr-defined]


async def answer_once(
    caller: Actor,
    once: idempotency.Request | None,
    status: int,
    work: Callable[[database.Session], Shape],
    collection: str = "todos",
    *,
    is_slow: bool = False,
) -> Response:
    """The answer to a request that changes something; with an Idempotency-Key, the first one again."""
    done = await access.answer_once(caller, once, status, work, is_slow=is_slow)
    said = from_json(done.body)
    headers = _headers(said["id"], said["version"], done.status, collection) if said.keys() >= {"id", "version"} else {}
    return Response(done.body, done.status, headers, "application/json")


def _headers(object_id: str, version: int, status: int, collection: str) -> dict[str, str]:
    headers = {"ETag": f'"{version}"'}
    if status == 201:  # noqa: PLR2004 - Created
        headers["Location"] = f"/api/v1/{collection}/{object_id}"
    return headers
