"""Private handlers of the page for tags."""

from pydantic import Field

from backend.models.field import TAG_MAX
from backend.models.tag import TagUpdate
from backend.services import tags
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account
from backend.ui.changes import Changed, change


class _Renaming(TagUpdate):
    """Which tag, and its new name."""

    old: str = Field(max_length=TAG_MAX)


@for_account
async def rename_tag(actor: Actor, call: Call) -> Changed:
    """Give a tag another name on all todos that have it."""
    wanted = _Renaming.model_validate(call.body)
    return await change(actor, lambda session: tags.rename(session, actor, wanted.old, TagUpdate(name=wanted.name)))


HANDLERS = [rename_tag]
