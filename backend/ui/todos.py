"""Private handlers of the page for todos. Each answers the todo as it is now, never the whole list."""

from backend import database
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter, TodoPage
from backend.services import searches, todos
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account


@for_account
async def list_todos(actor: Actor, call: Call) -> TodoPage:
    """One page of the list."""
    wanted = TodoFilter.model_validate(call.body)
    return await database.read(lambda session: searches.search(session, actor, wanted), is_slow=wanted.is_slow)


@for_account
async def list_trash(actor: Actor, call: Call) -> TodoPage:
    """One page of the trash."""
    wanted = TodoFilter.model_validate(call.body)
    return await database.read(lambda session: searches.trash(session, actor, wanted), is_slow=wanted.is_slow)


@for_account
async def get_todo(actor: Actor, call: Call) -> TodoRead:
    """One todo, also from the trash."""
    return await database.read(lambda session: todos.get(session, actor, call.todo_id))


@for_account
async def add_todo(actor: Actor, call: Call) -> TodoRead:
    """Create a todo."""
    data = TodoCreate.model_validate(call.body)
    return await database.write(lambda session: todos.create(session, actor, data))


@for_account
async def update_todo(actor: Actor, call: Call) -> TodoRead:
    """Change what is named; with a version only where nobody has changed it since."""
    data = TodoUpdate.model_validate(call.body)
    return await database.write(
        lambda session: todos.update(session, actor, call.todo_id, data, versions=call.versions)
    )


@for_account
async def complete_todo(actor: Actor, call: Call) -> TodoRead:
    """Tick a todo."""
    return await database.write(lambda session: todos.complete(session, actor, call.todo_id))


@for_account
async def reopen_todo(actor: Actor, call: Call) -> TodoRead:
    """Take the tick back."""
    return await database.write(lambda session: todos.reopen(session, actor, call.todo_id))


@for_account
async def delete_todo(actor: Actor, call: Call) -> TodoRead:
    """Move a todo to the trash."""
    return await database.write(lambda session: todos.delete(session, actor, call.todo_id))


@for_account
async def restore_todo(actor: Actor, call: Call) -> TodoRead:
    """Take a todo out of the trash."""
    return await database.write(lambda session: todos.restore(session, actor, call.todo_id))


HANDLERS = [
    list_todos,
    list_trash,
    get_todo,
    add_todo,
    update_todo,
    complete_todo,
    reopen_todo,
    delete_todo,
    restore_todo,
]
