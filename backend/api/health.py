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
    seen = await _seen(takes_changes=await database.is_open())
    return answer(await _told(request, seen), 503 if seen.status == "unhealthy" else 200)


@router.get(
    "/health/ready",
    response_model=HealthDetails | Health,
    responses={503: {"model": HealthDetails | Health}},
    operation_id="health_ready",
)
@router.head("/health/ready", include_in_schema=False)
async def ready(request: Request) -> Response:
    """Say whether todos can be read and changed: 503 also while the database can only be read, or was found damaged.

    Only read is one that has moved elsewhere, that another program keeps locked, or whose disk is full.
    """
    takes_changes = await database.takes_changes()
    return answer(await _told(request, await _seen(takes_changes=takes_changes)), 200 if takes_changes else 503)


@router.get("/health/live", response_model=Life, operation_id="health_live")
async def live() -> Response:
    """Say that the process runs, whatever the database does."""
    return answer(Life())


async def _seen(*, takes_changes: bool) -> Health:
    answers, is_lossy = await database.answers(), database.unacknowledged() is not None
    survives = database.survives_restart()
    return Health(
        status="unhealthy" if not answers else "degraded" if is_lossy or not takes_changes else "healthy",
        survives_restart=survives,
        detail=upkeep.condition(
            answers=answers, takes_changes=takes_changes, is_lossy=is_lossy, survives_restart=survives
        ),
    )


async def _told(request: Request, seen: Health) -> Health:
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
