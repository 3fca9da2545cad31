"""Health: whether the app can serve now, and to an administrator what was found and done."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from backend import access, database
from backend.api.dependencies import answer
from backend.errors import AppError
from backend.models.operation import Door
from backend.services import upkeep
from backend.settings import VERSION

router = APIRouter(tags=["health"])

Status = Literal["healthy", "degraded", "unhealthy"]


class Health(BaseModel):
    """`healthy`; `degraded` while it serves, but lost something or only reads; `unhealthy` when it cannot serve."""

    status: Status
    version: str = VERSION
    survives_restart: bool = Field(description="Whether what is stored here is there after a restart.")
    detail: str = Field(description="The same as a sentence for people.")


class HealthDetails(database.Vitals, Health):
    """For an administrator: also what the start found and did, and how the storage is."""


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
async def health(request: Request) -> Response:
    """Say whether todos can be read now, and whether they outlive a restart. An administrator also sees the details."""
    status = await _status()
    return answer(await _told(request, status), 503 if status == "unhealthy" else 200)


@router.get(
    "/health/ready",
    response_model=HealthDetails | Health,
    responses={503: {"model": HealthDetails | Health}},
    operation_id="health_ready",
)
@router.head("/health/ready", include_in_schema=False)
async def ready(request: Request) -> Response:
    """Say whether todos can be read and changed: 503 also while the database can only be read, or was found damaged."""
    status, report = await _status(), database.report
    is_ready = status != "unhealthy" and not report.is_read_only and not report.is_damaged
    return answer(await _told(request, status), 200 if is_ready else 503)


@router.get("/health/live", response_model=Life, operation_id="health_live")
async def live() -> Response:
    """Say that the process runs, whatever the database does."""
    return answer(Life())


async def _status() -> Status:
    """One question to the database; the rest is what was found when the app started."""
    if not await database.answers():
        return "unhealthy"
    report = database.report
    is_impaired = report.is_read_only or report.is_damaged or database.unacknowledged() is not None
    return "degraded" if is_impaired else "healthy"


async def _told(request: Request, status: Status) -> Health:
    survives = database.survives_restart()
    seen = Health(status=status, survives_restart=survives, detail=upkeep.fate(survives_restart=survives))
    if not await _is_admin(request):
        return seen
    keeper = getattr(request.app.state, "keeper", None)
    vitals = await database.in_thread(lambda: database.measure(keeper.status if keeper is not None else None))
    return HealthDetails.model_validate(seen.model_dump() | vitals.model_dump())


async def _is_admin(request: Request) -> bool:
    if "authorization" not in request.headers and "x-api-key" not in request.headers:
        return False
    try:
        return (await access.identify(access.credential_of(request.headers), Door.REST)).is_admin
    except AppError:
        return False
