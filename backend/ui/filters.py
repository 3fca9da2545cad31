"""Private handlers of the page for saved filters."""

from backend import database
from backend.models.saved_filter import FilterCreate, FilterRead, FilterUpdate
from backend.services import saved_filters
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account


@for_account
async def add_filter(actor: Actor, call: Call) -> FilterRead:
    """Save a filter."""
    data = FilterCreate.model_validate(call.body)
    return await database.write(lambda session: saved_filters.create(session, actor, data))


@for_account
async def update_filter(actor: Actor, call: Call) -> FilterRead:
    """Change what is named."""
    data = FilterUpdate.model_validate(call.body)
    return await database.write(lambda session: saved_filters.update(session, actor, call.object_id, data))


@for_account
async def delete_filter(actor: Actor, call: Call) -> None:
    """Delete a saved filter; the todos that it found stay."""
    await database.write(lambda session: saved_filters.delete(session, actor, call.object_id))


HANDLERS = [add_filter, update_filter, delete_filter]
