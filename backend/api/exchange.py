"""`/api/v1/todos/export` and `/import`: the whole account as a file, and files of others."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import UploadFile

from backend import access, database, transfers
from backend.api.dependencies import Caller
from backend.api.documentation import protected, refuses
from backend.errors import FieldError, invalid
from backend.models.base import utc_now
from backend.models.idempotency import KEY_MAX
from backend.models.transfer import Format, ImportRead
from backend.services import idempotency, imports

router = APIRouter(prefix="/todos", tags=["exchange"])

# A smaller file stays in memory; a larger one goes to the disk while it comes in.
_IN_MEMORY_BYTES = 1024 * 1024
_READ_BYTES = 65_536

_FILE = {"type": "string", "format": "binary"}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": _FILE},
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": _FILE}, "required": ["file"]},
        },
    },
}
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            **{kind: {"schema": {"type": "string"}} for kind in ("text/csv", "text/calendar", "text/plain")},
        },
    }
}


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=_WRITTEN,
    openapi_extra=protected(),
    operation_id="export_todos",
)
async def export_todos(wanted: Annotated[Format, Query(alias="format")], caller: Caller) -> Response:
    """Download all of your todos. `json` is the whole account, with the trash, lists and saved filters."""
    chunks = await database.in_thread(lambda: transfers.written(caller, wanted))
    kind = transfers.KINDS[wanted]
    name = f"todos-{utc_now():%Y-%m-%d}.{kind.ending}"
    return StreamingResponse(
        chunks, media_type=kind.media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.post(
    "/import",
    response_model=ImportRead,
    responses=refuses(409),
    openapi_extra={**protected(), "requestBody": _BODY},
    operation_id="import_todos",
)
async def import_todos(
    request: Request,
    caller: Caller,
    wanted: Annotated[Format, Query(alias="format")],
    dry_run: Annotated[bool, Query(description="Only say what would be done; nothing is changed.")] = False,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=KEY_MAX, description="Sent again with the same file, the answer is the same."),
    ] = None,
) -> Response:
    """Import a file of up to 64 MiB: as the body, or as the part `file` of a form. Each refused row is reported.

    Todos are known by their ids: importing a file again makes no second ones. All of it is one operation for undo.
    """
    imports.ensure_may(caller)  # before the file is let in
    async with _received(request) as (file, digest):
        once = None
        if idempotency_key is not None:
            said = f"{request.method} {request.url.path} {wanted} {dry_run} {digest}"
            once = idempotency.Request(idempotency_key, hashlib.sha256(said.encode()).hexdigest())
        with access.alone(caller, once):
            known = None
            if once is not None:
                known = await database.read(lambda session: idempotency.find(session, caller, once))
            if known is None:
                done = await transfers.take(caller, file, wanted, is_dry=dry_run)
                # After the last of many transactions. One that is cut off before can be sent again all the same.
                known = idempotency.Answer(200, done.model_dump_json())
                if once is not None:
                    await database.write(lambda session: idempotency.once(session, caller, once, 200, lambda _: done))
    return Response(known.body, known.status, media_type="application/json")


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[tuple[BinaryIO, str]]:
    """The file that comes with a request, on the disk where it is large, and the digest of its bytes."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=10) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise invalid([FieldError("file", "A form must have the file as its part `file`.")])
            file = part.file
            yield file, await database.in_thread(lambda: _digest_of(file))
        return
    digest = hashlib.sha256()
    with SpooledTemporaryFile(_IN_MEMORY_BYTES) as spooled:
        async for chunk in request.stream():
            digest.update(chunk)
            spooled.write(chunk)
        yield cast("BinaryIO", spooled), digest.hexdigest()


def _digest_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_READ_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
