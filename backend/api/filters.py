"""`/api/v1/filters`: searches that somebody wants to come back to."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend import database
from backend.api.dependencies import Caller, IfMatch, Once, answer, answer_once
from backend.api.documentation import protected, refuses
from backend.models.saved_filter import FilterCreate, FilterPage, FilterRead, FilterRequest, FilterUpdate
from backend.services import saved_filters

router = APIRouter(prefix="/filters", tags=["filters"])


@router.post(
    "",
    response_model=FilterRead,
    status_code=201,
    responses=refuses(409),
    openapi_extra=protected(),
    operation_id="add_filter",
)
async def add_filter(data: FilterCreate, caller: Caller, once: Once) -> Response:
    """Save a filter. With an `id` or an Idempotency-Key of your own a retry makes no second one."""
    return await answer_once(
        caller, once, 201, lambda session: saved_filters.create(session, caller, data), collection="filters"
    )


@router.get("", response_model=FilterPage, openapi_extra=protected(), operation_id="list_filters")
async def list_filters(wanted: Annotated[FilterRequest, Query()], caller: Caller) -> Response:
    """List your saved filters in their order."""
    return answer(await database.read(lambda session: saved_filters.search(session, caller, wanted)))


@router.get(
    "/{filter_id}",
    response_model=FilterRead,
    responses=refuses(404),
    openapi_extra=protected(),
    operation_id="get_filter",
)
async def get_filter(filter_id: str, caller: Caller) -> Response:
    """Show one saved filter. The ETag is its version."""
    return answer(await database.read(lambda session: saved_filters.get(session, caller, filter_id)))


@router.patch(
    "/{filter_id}",
    response_model=FilterRead,
    responses=refuses(404, 412),
    openapi_extra=protected(),
    operation_id="update_filter",
)
async def update_filter(filter_id: str, changes: FilterUpdate, caller: Caller, versions: IfMatch) -> Response:
    """Change what is named: an absent field stays, a query replaces the one before."""
    return answer(
        await database.write(
            lambda session: saved_filters.update(session, caller, filter_id, changes, versions=versions)
        )
    )


@router.delete(
    "/{filter_id}",
    status_code=204,
    responses=refuses(404, 412),
    openapi_extra=protected(),
    operation_id="delete_filter",
)
async def delete_filter(filter_id: str, caller: Caller, versions: IfMatch) -> Response:
    """Delete a saved filter. The todos that it found stay."""
    await database.write(lambda session: saved_filters.delete(session, caller, filter_id, versions=versions))
    return Response(status_code=204)
