"""The calendar feed: its secret address under `/api/v1/calendar`, and the feed itself under `/calendar`."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from backend import access, database, transfers
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected, refuses
from backend.errors import NotFoundError
from backend.models.transfer import CalendarCreated, CalendarRead
from backend.services import calendars
from backend.services.actor import Actor

router = APIRouter(prefix="/calendar", tags=["exchange"])
feed = APIRouter(prefix="/calendar", tags=["exchange"])

# Kept by the client alone, and asked for each time: unchanged, the answer is 304 and has no body.
_CACHING = "private, no-cache"


@router.post(
    "", response_model=CalendarCreated, status_code=201, openapi_extra=protected(), operation_id="make_calendar"
)
async def make_calendar(request: Request, caller: Caller) -> Response:
    """Make a secret address that calendars can subscribe to. It is shown this once; the one before stops working."""
    secret, created_at = await database.write(lambda session: calendars.open_for(session, caller))
    return answer(CalendarCreated(url=f"{_base_url(request)}/calendar/{secret}.ics", created_at=created_at), 201)


@router.get("", response_model=CalendarRead, openapi_extra=protected(), operation_id="get_calendar")
async def get_calendar(caller: Caller) -> Response:
    """Whether there is a secret address, and since when."""
    return answer(await database.read(lambda session: calendars.get(session, caller)))


@router.delete("", status_code=204, openapi_extra=protected(), operation_id="delete_calendar")
async def delete_calendar(caller: Caller) -> Response:
    """Let the secret address stop working."""
    await database.write(lambda session: calendars.close(session, caller))
    return Response(status_code=204)


@feed.get(
    "/{secret}.ics",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The feed", "content": {"text/calendar": {"schema": {"type": "string"}}}},
        304: {"description": "Not changed since the ETag of If-None-Match"},
        **refuses(404),
    },
    operation_id="read_calendar",
)
async def read_calendar(secret: str, request: Request) -> Response:
    """The calendar feed: what is open and due. Its address is its key, so no login is needed."""
    base_url = _base_url(request)

    def look(session: database.Session) -> tuple[Actor, str] | None:
        actor = calendars.find(session, secret)
        return None if actor is None else (actor, calendars.edition(session, actor, base_url))

    found = await database.read(look)
    if found is None:
        raise NotFoundError("There is no calendar at this address. Make a new one where you are logged in.")
    headers = {"ETag": f'"{found[1]}"', "Cache-Control": _CACHING}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    chunks = await database.in_thread(lambda: transfers.calendar(found[0], base_url))
    headers["Content-Disposition"] = 'inline; filename="todos.ics"'
    return StreamingResponse(chunks, media_type="text/calendar; charset=utf-8", headers=headers)


def _base_url(request: Request) -> str:
    """The address that this server was asked at."""
    scheme = "https" if access.is_secure(request.headers, request.url.scheme) else "http"
    return f"{scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
