"""Health: whether the app can serve now."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from backend import database
from backend.api.dependencies import answer

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """`healthy`; `degraded` while it serves although something was lost; `unhealthy` when it cannot serve."""

    status: Literal["healthy", "degraded", "unhealthy"]


@router.get("/health", response_model=Health, responses={503: {"model": Health}}, operation_id="health")
@router.head("/health", include_in_schema=False)
async def health() -> Response:
    """Say whether todos can be read now. Strangers learn nothing else."""
    if not await database.answers():
        return answer(Health(status="unhealthy"), 503)
    return answer(Health(status="healthy" if database.report.lost_nothing else "degraded"))
