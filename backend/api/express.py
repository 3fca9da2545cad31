"""The express lane: the reads that nearly every request asks, past everything that they do not need.

Whoever looks at a todo or at a page of a plain list waits for the framework, not for the database: routing,
dependencies and middlewares cost ten times the query. So these two are answered here, in front of all of it. Only what
is plain is: a refusal, a filter, a browser on another origin, an account that shares lists, another database than
SQLite take the ordinary road, where the routes in `backend.api.todos` say what the answer is. The answers are the same
to the byte.

An answer is kept, and given again for as long as it is true: until a todo of the account changes, which moves its
ledger on, or the clock makes something on it overdue. Whether the caller may still see it is asked of the database in
each turn of the event loop, and so is the ledger: another process may have written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import access, database
from backend.models.base import utc_now
from backend.models.operation import Door
from backend.models.todo_filter import TodoFilter
from backend.prepared import Reader
from backend.services import glances
from backend.services.actor import Actor
from backend.turns import ThisTurn

TODOS, ONE = "/api/v1/todos", "/api/v1/todos/"
ID_LENGTH = 36
_KEPT_BYTES = 32 * 1024 * 1024
_KEPT_OVERHEAD_BYTES = 1_000
# What the ordinary road's answers carry, all of them.
SAFE = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


@dataclass(frozen=True)
class _Answer:
    """What is answered, and until which change and which moment it is true."""

    epoch: str
    seq: int
    good_until: datetime
    headers: list[tuple[bytes, bytes]]
    body: bytes


_kept: LRUCache[tuple[str, str, str, bytes], _Answer] = LRUCache(
    _KEPT_BYTES, lambda answer: len(answer.body) + _KEPT_OVERHEAD_BYTES
)
# Who was asked for, and what their ledger said.
_callers: ThisTurn[str, tuple[Actor, Any]] = ThisTurn()


class Express:
    """Answer what is plain; pass everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer, or the ordinary road."""
        path: str = scope.get("path", "")
        if path.startswith(TODOS) and scope.get("method") == "GET":
            answer = _answer(scope, path)
            if answer is not None:
                await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
                await send({"type": "http.response.body", "body": answer.body})
                return
        await self.app(scope, receive, send)


def headers_in(scope: Scope) -> dict[str, str] | None:
    """The headers of a request; None where one is said twice, which is for others to understand."""
    said: list[tuple[bytes, bytes]] = scope["headers"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in said}
    return headers if len(headers) == len(said) else None


def headers_for(body: bytes, own: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer in JSON: its own, and those of all."""
    return [*own, (b"content-length", b"%d" % len(body)), (b"content-type", b"application/json"), *SAFE]


def _answer(scope: Scope, path: str) -> _Answer | None:
    query: bytes = scope["query_string"]
    is_one = len(path) == len(ONE) + ID_LENGTH and not query
    headers = headers_in(scope) if is_one or path == TODOS else None
    if headers is None or "origin" in headers or (token := access.presented(headers)) is None:
        return None
    if (caller := _callers.known().get(token)) is not None and (kept := _kept_for(*caller, path, query)) is not None:
        return kept
    return database.glance(lambda reader: _look(reader, token, path, query, is_one=is_one))


def _kept_for(actor: Actor, ledger: Any, path: str, query: bytes) -> _Answer | None:
    kept = _kept.get((actor.user_id, actor.timezone, path, query))
    if kept is None or (kept.epoch, kept.seq) != (ledger.epoch, ledger.seq) or utc_now() > kept.good_until:
        return None
    return kept


def _look(reader: Reader, token: str, path: str, query: bytes, *, is_one: bool) -> _Answer | None:
    actor = access.identify_at_once(reader, token, Door.REST)
    ledger = glances.ledger(reader, actor)
    if ledger is None:
        return None
    _callers.known()[token] = actor, ledger
    if (kept := _kept_for(actor, ledger, path, query)) is not None:
        return kept
    seen: glances.Seen | None
    seen = glances.get(reader, actor, path.removeprefix(ONE)) if is_one else _search(reader, actor, ledger, query)
    if seen is None:
        return None
    etag = [(b"etag", b'"%d"' % seen.version)] if isinstance(seen, glances.SeenTodo) else []
    body = seen.json
    answer = _Answer(ledger.epoch, ledger.seq, seen.good_until, headers_for(body, etag), body)
    if len(body) < _KEPT_BYTES // 2:
        _kept[actor.user_id, actor.timezone, path, query] = answer
    return answer


def _search(reader: Reader, actor: Actor, ledger: Any, query: bytes) -> glances.Seen | None:
    wanted = _read(query)
    return glances.search(reader, actor, ledger, wanted) if wanted is not None else None


@lru_cache(maxsize=1_000)
def _read(query: bytes) -> TodoFilter | None:
    """A filter whose values are each named once; None where the framework's reading of it has to be asked."""
    said = parse_qsl(query.decode("latin-1"), keep_blank_values=True, strict_parsing=bool(query))
    values = dict(said)
    if len(values) < len(said) or not all(values.values()) or values.keys() & {"tags", "tags_all"}:
        return None
    return TodoFilter.model_validate(values)
