"""The express lane for changes: creating a todo, changing one, ticking it, past what they do not need of the framework.

As with the reads, only what is plain: a body of ordinary size in one piece, no If-Match, no Idempotency-Key, a shape
that is right. Everything else takes the ordinary road with its body unread as far as that can tell. What is done is
done by the services, in the same transaction, and refused in the same envelope.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import access, database, replay
from backend.api import problems
from backend.api.dependencies import headers_of
from backend.api.express import ID_LENGTH, ONE, SAFE, TODOS, headers_for, headers_in
from backend.errors import AppError, describe
from backend.models.operation import Door
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate
from backend.services import todos
from backend.services.actor import Actor

_BODY_MAX_BYTES = 64 * 1024
_METHODS = frozenset(("POST", "PATCH"))
_NOT_PLAIN = frozenset(("origin", "if-match", "idempotency-key"))

Work = Callable[[database.Session, Actor], TodoRead]


class ExpressWrites:
    """Do what is plain; pass everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer, or the ordinary road."""
        is_change = scope.get("method") in _METHODS and scope["path"].startswith(TODOS)
        headers = headers_in(scope) if is_change else None
        if (
            headers is None
            or (plan := _plan_of(scope, headers)) is None
            or (token := access.presented(headers)) is None
            or (actor := access.glance(token, Door.REST)) is None
        ):
            await self.app(scope, receive, send)
            return
        message = await receive()
        work = None if message.get("more_body") else plan(message.get("body", b""))
        if work is None:
            await self.app(scope, replay.of_message(message, receive), send)
            return
        try:
            done = await database.write(lambda session: work(session, actor))
        except Exception as error:  # noqa: BLE001 - nobody stands outside of here who would answer
            response = problems.render(describe(error))
            response.raw_headers.extend(SAFE)
            await response(scope, receive, send)
            return
        status, body = 201 if scope["path"] == TODOS else 200, done.model_dump_json().encode()
        own = ((name.lower().encode(), value.encode()) for name, value in headers_of(done, status).items())
        await send({"type": "http.response.start", "status": status, "headers": headers_for(body, own)})
        await send({"type": "http.response.body", "body": body})


def _plan_of(scope: Scope, headers: Mapping[str, str]) -> Callable[[bytes], Work | None] | None:
    """What the body is read as; None for a request that is not plain."""
    path: str = scope["path"]
    length = headers.get("content-length", "0")
    is_plain = headers.keys().isdisjoint(_NOT_PLAIN) and length.isdecimal() and int(length) <= _BODY_MAX_BYTES
    if scope["query_string"] or not is_plain:
        return None
    todo_id, action = path[len(ONE) : len(ONE) + ID_LENGTH], path[len(ONE) + ID_LENGTH :]
    match scope["method"], path == TODOS, len(todo_id) == ID_LENGTH, action:
        case "POST", True, _, _:
            return lambda body: _creation(headers, body)
        case "PATCH", False, True, "":
            return lambda body: _change(headers, body, todo_id)
        case "POST", False, True, "/complete":
            return lambda _: lambda session, actor: todos.complete(session, actor, todo_id)
        case _:
            return None


def _creation(headers: Mapping[str, str], body: bytes) -> Work | None:
    data = _read(TodoCreate, headers, body)
    return None if data is None else lambda session, actor: todos.create(session, actor, data)


def _change(headers: Mapping[str, str], body: bytes, todo_id: str) -> Work | None:
    data = _read(TodoUpdate, headers, body)
    return None if data is None else lambda session, actor: todos.update(session, actor, todo_id, data)


def _read(shape: type[Any], headers: Mapping[str, str], body: bytes) -> Any:
    """The shape that a body has; None where it has another, or says that it is no JSON."""
    if headers.get("content-type") != "application/json":
        return None
    try:
        return shape.model_validate(from_json(body))
    except (ValueError, AppError):
        return None
