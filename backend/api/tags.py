"""`/api/v1/tags`: the tags on the account's todos."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend import database
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected, refuses
from backend.models.tag import TagFilter, TagPage, TagRead, TagUpdate
from backend.services import tags

router = APIRouter(prefix="/tags", tags=["tags"])


@router.get("", response_model=TagPage, openapi_extra=protected(), operation_id="list_tags")
async def list_tags(wanted: Annotated[TagFilter, Query()], caller: Caller) -> Response:
    """List your tags by name, with how many todos have them."""
    return answer(await database.read(lambda session: tags.search(session, caller, wanted), is_slow=True))


# A tag may contain a slash.
@router.patch(
    "/{name:path}",
    response_model=TagRead,
    responses=refuses(403, 404),
    openapi_extra=protected(),
    operation_id="rename_tag",
)
async def rename_tag(name: str, data: TagUpdate, caller: Caller) -> Response:
    """Rename a tag on every todo that has it. Where the new name exists, the two become one."""
    return answer(await database.write(lambda session: tags.rename(session, caller, name, data), is_slow=True))


@router.delete(
    "/{name:path}", status_code=204, responses=refuses(403, 404), openapi_extra=protected(), operation_id="delete_tag"
)
async def delete_tag(name: str, caller: Caller) -> Response:
    """Take a tag off every todo that has it. The todos stay."""
    await database.write(lambda session: tags.delete(session, caller, name), is_slow=True)
    return Response(status_code=204)
