"""Private handlers of the page for todos. Each answers what it changed, never the whole list."""

from typing import Any

from pydantic import Field
from sqlmodel import Session

from backend import database
from backend.models.base import Id, Shape
from backend.models.batch import BatchRequest
from backend.models.quick import TEXT_MAX, QuickCreate, QuickRead
from backend.models.todo import TodoCreate, TodoMove, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter, TodoPage
from backend.services import batches, moves, quick, searches, todos
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account
from backend.ui.changes import Changed, change


class _Written(Shape):
    """A new todo as it was written: a line of text, and fields that go before and after what the line says."""

    id: Id
    text: str = Field(min_length=1, max_length=TEXT_MAX)
    usual: dict[str, Any] = Field(default_factory=dict, description="Holds where the text says nothing.")
    chosen: dict[str, Any] = Field(default_factory=dict, description="Holds whatever the text says.")


class _Together(BatchRequest):
    """A part of what is done to many todos; `operation_id` is the same in all parts."""

    operation_id: Id


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
    return await database.read(lambda session: todos.get(session, actor, call.object_id))


@for_account
async def read_quick(actor: Actor, call: Call) -> QuickRead:
    """What a line of text would become."""
    wanted = QuickCreate.model_validate({**call.body, "dry_run": True})
    return await database.read(lambda session: quick.add(session, actor, wanted))


@for_account
async def add_todo(actor: Actor, call: Call) -> Changed:
    """Create a todo from a line of text."""
    wanted = _Written.model_validate(call.body)

    def create(session: Session) -> TodoRead:
        reading, list_id = quick.understand(session, actor, wanted.text)
        said = reading.said | ({"list_id": list_id} if list_id else {})
        tags = [*said.pop("tags", []), *wanted.chosen.get("tags", []), *wanted.usual.get("tags", [])]
        fields = {**wanted.usual, **said, **wanted.chosen, "tags": tags, "id": wanted.id}
        return todos.create(session, actor, TodoCreate.model_validate(fields))

    return await change(actor, create)


@for_account
async def update_todo(actor: Actor, call: Call) -> Changed:
    """Change what is named; with a version only where nobody has changed it since."""
    data = TodoUpdate.model_validate(call.body)
    return await change(
        actor, lambda session: todos.update(session, actor, call.object_id, data, versions=call.versions)
    )


@for_account
async def complete_todo(actor: Actor, call: Call) -> Changed:
    """Tick a todo."""
    return await change(actor, lambda session: todos.complete(session, actor, call.object_id))


@for_account
async def reopen_todo(actor: Actor, call: Call) -> Changed:
    """Take the tick back."""
    return await change(actor, lambda session: todos.reopen(session, actor, call.object_id))


@for_account
async def delete_todo(actor: Actor, call: Call) -> Changed:
    """Move a todo to the trash."""
    return await change(actor, lambda session: todos.delete(session, actor, call.object_id))


@for_account
async def restore_todo(actor: Actor, call: Call) -> Changed:
    """Take a todo out of the trash."""
    return await change(actor, lambda session: todos.restore(session, actor, call.object_id))


@for_account
async def move_todo(actor: Actor, call: Call) -> Changed:
    """Put a todo before or after another one."""
    data = TodoMove.model_validate(call.body)
    return await change(actor, lambda session: moves.move(session, actor, call.object_id, data))


@for_account
async def batch(actor: Actor, call: Call) -> Changed:
    """Do the same to many todos. What is too much for one call goes on in further ones, as the same operation."""
    data = _Together.model_validate(call.body)

    def run(session: Session) -> list[TodoRead | None]:
        return [result.todo for result in batches.run(session, actor, data).results]

    return await change(actor, run, operation_id=data.operation_id)


HANDLERS = [
    list_todos,
    list_trash,
    get_todo,
    read_quick,
    add_todo,
    update_todo,
    complete_todo,
    reopen_todo,
    delete_todo,
    restore_todo,
    move_todo,
    batch,
]
