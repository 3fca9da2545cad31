"""`/api/v1/operations`, `/undo`, `/changes` and `/events`: what was changed, following it, and taking it back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic_core import to_json
from sse_starlette import EventSourceResponse, ServerSentEvent

from backend import access, database, news
from backend.api.dependencies import Caller, Once, answer, answer_once
from backend.api.documentation import protected, refuses
from backend.errors import AppError, LimitReachedError
from backend.models.feed import FeedPage, FeedRequest
from backend.models.history import OperationFilter, OperationPage, UndoRead, UndoRequest
from backend.models.operation import Door
from backend.services import feed, operations, undo
from backend.services.actor import Actor

router = APIRouter(tags=["history"])

# How often a stream looks for changes that it has not heard of: rarely where other processes say what they change.
_LOOK_SECONDS, _LOOK_SECONDS_RELAYED = 1, 5
_PING_SECONDS = 15
# So many changes are said before everybody else has a turn: of a long history each takes a fifth of a millisecond.
_AT_ONCE = 5
# When the server stops, a stream has so long to come to its end.
_END_SECONDS = 1
# Each keeps a connection and looks at the database every second.
_STREAMS_MAX = 50
_streams: Counter[str] = Counter()


@router.get("/operations", response_model=OperationPage, openapi_extra=protected(), operation_id="list_operations")
async def list_operations(wanted: Annotated[OperationFilter, Query()], caller: Caller) -> Response:
    """List what was changed, by whom, and what was there before; the newest first."""
    return answer(await database.read(lambda session: operations.search(session, caller, wanted)))


@router.post(
    "/undo", response_model=UndoRead, responses=refuses(404, 409), openapi_extra=protected(), operation_id="undo"
)
async def take_back(data: UndoRequest, caller: Caller, once: Once) -> Response:
    """Take back an operation, your last ones, or all since an instant. Newer changes stay, and are listed."""
    return await answer_once(caller, once, 200, lambda session: undo.undo(session, caller, data), is_slow=True)


@router.get(
    "/changes",
    response_model=FeedPage,
    responses=refuses(410),
    openapi_extra=protected(),
    operation_id="list_changes",
)
async def list_changes(wanted: Annotated[FeedRequest, Query()], caller: Caller) -> Response:
    """Follow what changes: everything that is there, and from `next_cursor` on what became of it, with tombstones."""
    return answer(await database.read(lambda session: feed.read(session, caller, wanted)))


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **refuses(409, 410)},
    openapi_extra=protected(),
    operation_id="stream_events",
)
async def stream_events(
    request: Request,
    caller: Caller,
    wanted: Annotated[FeedRequest, Query()],
    last_event_id: Annotated[str | None, Header(max_length=8_000)] = None,
) -> Response:
    """The same as a stream of server-sent events. The id of each is a cursor: `Last-Event-ID` goes on from there."""
    if _streams[caller.user_id] >= _STREAMS_MAX:
        raise LimitReachedError(f"This account has {_STREAMS_MAX} of these streams open; close one of them first.")
    wanted = wanted.model_copy(update={"cursor": last_event_id or wanted.cursor})
    # Read before the stream begins: a cursor that is no good is refused, and not only cut off.
    first = await database.read(lambda session: feed.read(session, caller, wanted))
    stopping = anyio.Event()
    return EventSourceResponse(
        _events(request, caller, first, stopping),
        ping=_PING_SECONDS,
        shutdown_event=stopping,
        shutdown_grace_period=_END_SECONDS,
    )


async def _events(
    request: Request, caller: Actor, page: FeedPage, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    token = access.credential_of(request.headers)
    with _counted(caller.user_id), news.listening() as listener, _woken(listener, stopping):
        listener.follow([caller.user_id])
        while not stopping.is_set():
            for number, change in enumerate(page.changes):
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # a reader that keeps up would have the event loop to itself
                yield ServerSentEvent(change.model_dump_json(), event="change")
            # The cursor comes after all that it stands for: a stream cut off in between says some of it again, never
            # less.
            yield ServerSentEvent("{}", event="cursor", id=page.next_cursor)
            try:
                page = await _next(listener, token, page, stopping)
            except AppError as refusal:
                yield ServerSentEvent(to_json({"code": refusal.code, "detail": refusal.detail}).decode(), event="end")
                return


@contextmanager
def _counted(user_id: str) -> Iterator[None]:
    _streams[user_id] += 1
    try:
        yield
    finally:
        _streams[user_id] -= 1
        if not _streams[user_id]:
            del _streams[user_id]


@contextmanager
def _woken(listener: news.Listener, stopping: anyio.Event) -> Iterator[None]:
    """Who waits for news hears of the end at once."""

    async def wake() -> None:
        await stopping.wait()
        listener.wake()

    waking = asyncio.create_task(wake())
    try:
        yield
    finally:
        waking.cancel()


async def _next(listener: news.Listener, token: str, page: FeedPage, stopping: anyio.Event) -> FeedPage:
    """The next page with something on it, or the last one when the server stops.

    Raises AuthenticationError once the caller has been logged out.
    """
    while not stopping.is_set():
        if not page.has_more:
            await listener.heard(_LOOK_SECONDS_RELAYED if news.is_relayed() else _LOOK_SECONDS)
        now = await access.identify(token, Door.REST)
        page, followed = await database.read(partial(_look, caller=now, wanted=FeedRequest(cursor=page.next_cursor)))
        listener.follow(followed)
        if page.changes:
            break
    return page


def _look(session: database.Session, caller: Actor, wanted: FeedRequest) -> tuple[FeedPage, set[str]]:
    return feed.read(session, caller, wanted), feed.followed(session, caller)
