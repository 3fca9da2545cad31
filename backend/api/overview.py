"""`/api/v1/overview`: where an account's todos stand."""

from fastapi import APIRouter, Response

from backend import database
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected
from backend.models.overview import OverviewRead
from backend.services import overviews

router = APIRouter(tags=["stats"])


@router.get("/overview", response_model=OverviewRead, openapi_extra=protected(), operation_id="overview")
async def read_overview(caller: Caller) -> Response:
    """Show where things stand: how many todos are open, overdue, due today and done, what is next, and the lists."""
    return answer(await database.read(lambda session: overviews.read(session, caller)))
