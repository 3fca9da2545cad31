"""Private handlers of the page for lists."""

from backend import database
from backend.models.todo_list import ListCreate, ListRead, ListUpdate
from backend.services import lists
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account
from backend.ui.changes import Changed, change


@for_account
async def get_list(actor: Actor, call: Call) -> ListRead:
    """One list."""
    return await database.read(lambda session: lists.get(session, actor, call.object_id))


@for_account
async def add_list(actor: Actor, call: Call) -> Changed:
    """Create a list."""
    data = ListCreate.model_validate(call.body)
    return await change(actor, lambda session: lists.create(session, actor, data))


@for_account
async def update_list(actor: Actor, call: Call) -> Changed:
    """Change what is named."""
    data = ListUpdate.model_validate(call.body)
    return await change(actor, lambda session: lists.update(session, actor, call.object_id, data))


@for_account
async def delete_list(actor: Actor, call: Call) -> Changed:
    """Move a list with its todos to the trash."""
    return await change(actor, lambda session: lists.delete(session, actor, call.object_id))


HANDLERS = [get_list, add_list, update_list, delete_list]
