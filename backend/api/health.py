"""Health: whether the app can serve now, and to an administrator what was found and done."""

from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from backend import access, database
from backend.api.dependencies import answer
from backend.errors import AppError
from backend.models.operation import Door

router = APIRouter(tags=["health"])

Status = Literal["healthy", "degraded", "unhealthy"]


class Health(BaseModel):
    """`healthy`; `degraded` while it serves although something was lost; `unhealthy` when it cannot serve."""

    status: Status


class HealthDetails(Health):
    """For an administrator: also what the start found and did."""

    storage: dict[str, Any]


class Life(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


@router.get(
    "/health",
    response_model=HealthDetails | Health,
    responses={503: {"model": HealthDetails | Health}},
    operation_id="health",
)
@router.head("/health", include_in_schema=False)
@router.get("/health/ready", include_in_schema=False)
async def health(request: Request) -> Response:
    """Say whether todos can be read now. Strangers learn nothing else."""
    status: Status = "unhealthy"
    if await database.answers():
        report = database.report
        status = "degraded" if report.is_read_only or not report.lost_nothing else "healthy"
    seen = HealthDetails(status=status, storage=_details()) if await _is_admin(request) else Health(status=status)
    return answer(seen, 503 if status == "unhealthy" else 200)


@router.get("/health/live", response_model=Life, operation_id="health_live")
async def live() -> Response:
    """Say that the process runs, whatever the database does."""
    return answer(Life())


async def _is_admin(request: Request) -> bool:
    if "authorization" not in request.headers and "x-api-key" not in request.headers:
        return False
    try:
        return (await access.identify(access.credential_of(request.headers), Door.REST)).is_admin
    except AppError:
        return False


def _details() -> dict[str, Any]:
    report = database.report
    return {
        "dialect": database.engine.dialect.name,
        "found": report.found,
        "did": report.actions,
        "is_read_only": report.is_read_only,
        "unacknowledged": report.unacknowledged,
        "rolled_back": report.rolled_back,
        "prepared_in_seconds": report.seconds,
        "now": datetime.now(UTC).isoformat(timespec="seconds"),
    }
