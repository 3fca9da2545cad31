"""The express lane for changes: creating a todo, changing one, ticking it, past what they do not need of the framework.

As with the reads, only what is plain: a body of ordinary size in one piece, no If-Match, no Idempotency-Key, a shape
that is right. Everything else takes the ordinary road with its body unread as far as that can tell. What is done is
done by the services, in the same transaction, and refused in the same envelope.
"""

import json
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import access, database, replay
from backend.api import problems
from backend.api.dependencies import headers_of
from backend.api.express import ID_LENGTH, ONE, SAFE, TODOS, headers_for
from backend.errors import AppError, describe
from backend.models.operation import Door
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate
from backend.services import todos
from backend.services.actor import Actor

_BODY_MAX_BYTES = 64 * 1024
_NOT_PLAIN = ("origin", "if-match", "idempotency-key")

Work = Callable[[database.Session, Actor], TodoRead]


class ExpressWrites:
    """Do what is plain; pass everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer, or the ordinary road."""
        plan = _plan_of(scope)
        actor = _actor_of(Headers(scope=scope)) if plan is not None else None
        if plan is None or actor is None:
            await self.app(scope, receive, send)
            return
        message = await receive()
        work = None if message.get("more_body") else plan(message.get("body", b""))
        if work is None:
            await self.app(scope, replay.of_message(message, receive), send)
            return
        try:
            done = await database.write(lambda session: work(session, actor))
        except AppError as error:
            response = problems.render(describe(error))
            response.raw_headers.extend(SAFE)
            await response(scope, receive, send)
            return
        status, body = 201 if scope["path"] == TODOS else 200, done.model_dump_json().encode()
        own = ((name.lower().encode(), value.encode()) for name, value in headers_of(done, status).items())
        await send({"type": "http.response.start", "status": status, "headers": headers_for(body, own)})
        await send({"type": "http.response.body", "body": body})


def _plan_of(scope: Scope) -> Callable[[bytes], Work | None] | None:
    """What the body is read as; None for a request that is not plain."""
    path: str = scope.get("path", "")
    if not path.startswith(TODOS) or scope["query_string"]:
        return None
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    if any(name in headers for name in _NOT_PLAIN) or not length.isdecimal() or int(length) > _BODY_MAX_BYTES:
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


def _creation(headers: Headers, body: bytes) -> Work | None:
    data = _read(TodoCreate, headers, body)
    return None if data is None else lambda session, actor: todos.create(session, actor, data)


def _change(headers: Headers, body: bytes, todo_id: str) -> Work | None:
    data = _read(TodoUpdate, headers, body)
    return None if data is None else lambda session, actor: todos.update(session, actor, todo_id, data)


def _read(shape: type[Any], headers: Headers, body: bytes) -> Any:
    """The shape that a body has; None where it has another, or says that it is no JSON."""
    if headers.get("content-type") != "application/json":
        return None
    try:
        return shape.model_validate(json.loads(body))
    except (ValueError, RecursionError, AppError):
        return None


def _actor_of(headers: Headers) -> Actor | None:
    token = access.presented(headers)
    return access.glance(token, Door.REST) if token is not None else None
