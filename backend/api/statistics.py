"""`/api/v1/overview` and `/stats`: the account's todos in numbers."""

from fastapi import APIRouter, Response

from backend import database
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected
from backend.models.overview import OverviewRead, StatsRead
from backend.services import overviews
from backend.services import stats as statistics

router = APIRouter(tags=["statistics"])


@router.get("/overview", response_model=OverviewRead, openapi_extra=protected(), operation_id="overview")
async def overview(caller: Caller) -> Response:
    """Show where things stand: how many todos are open, overdue, due today and done, what is next, and the lists."""
    return answer(await database.read(lambda session: overviews.read(session, caller)))


@router.get("/stats", response_model=StatsRead, openapi_extra=protected(), operation_id="stats")
async def stats(caller: Caller) -> Response:
    """Count your own todos: in all, open, done, by priority, and how many were done on each of the last 30 days."""
    return answer(await database.read(lambda session: statistics.read(session, caller)))
