"""`/api/v1/stats`: how an account gets on with its todos."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend import database
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected
from backend.models.stats import StatsRead, StatsRequest
from backend.services import stats

router = APIRouter(tags=["stats"])


@router.get("/stats", response_model=StatsRead, openapi_extra=protected(), operation_id="stats")
async def read_stats(wanted: Annotated[StatsRequest, Query()], caller: Caller) -> Response:
    """Your own todos in numbers: by day, priority, list and tag, streaks, and what is overdue."""
    return answer(await database.read(lambda session: stats.read(session, caller, wanted), is_slow=True))
