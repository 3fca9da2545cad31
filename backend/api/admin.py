"""`/api/v1/admin`: what was put aside when the database was healed, for an administrator to read and to acknowledge."""

from datetime import datetime

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from backend import database
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected, refuses
from backend.errors import NotFoundError
from backend.services import upkeep


def _admin(caller: Caller) -> None:
    upkeep.ensure_admin(caller)


async def _since(caller: Caller) -> datetime:
    return await database.read(lambda session: upkeep.quarantine_since(session, caller))


router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(_admin)], responses=refuses(403))


class Kept(BaseModel):
    """One folder of the quarantine: its name says when and why; sizes are in bytes."""

    name: str
    files: dict[str, int]


class Quarantine(BaseModel):
    """Everything that was put aside since the administrator's account was made, the newest first."""

    quarantine: list[Kept]
    unacknowledged: str | None


@router.get("/quarantine", response_model=Quarantine, openapi_extra=protected(), operation_id="list_quarantine")
async def list_quarantine(caller: Caller) -> Response:
    """List what was put aside since this account was made, and what was lost that nobody has acknowledged."""
    since = await _since(caller)
    kept = [Kept(name=one.name, files=one.files) for one in database.quarantined(since)]
    return answer(Quarantine(quarantine=kept, unacknowledged=database.unacknowledged()))


@router.get(
    "/quarantine/{name}/{file}",
    response_class=FileResponse,
    responses=refuses(404),
    openapi_extra=protected(),
    operation_id="download_from_quarantine",
)
async def download_from_quarantine(name: str, file: str, caller: Caller) -> Response:
    """Download a report, or the rows that were rejected or kept in part."""
    since = await _since(caller)
    path = database.quarantined_file(name, file, since)
    if path is None and any(kept.name == name and file in kept.files for kept in database.quarantined(since)):
        raise NotFoundError(
            "A damaged database holds what everybody wrote, so it is not to be downloaded. It stays in the quarantine"
            " folder on the server."
        )
    if path is None:
        raise NotFoundError("There is no such file in the quarantine; /api/v1/admin/quarantine lists them.")
    return FileResponse(path, filename=f"{name}-{file}")


@router.post("/acknowledge", status_code=204, openapi_extra=protected(), operation_id="acknowledge_losses")
async def acknowledge_losses() -> Response:
    """Say that the losses of a heal have been read: /health is healthy again, and the banner goes."""
    database.acknowledge()
    return Response(status_code=204)
