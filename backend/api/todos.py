"""`/api/v1/todos`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend import database
from backend.api.dependencies import Caller, IfMatch, Once, answer, answer_once
from backend.api.documentation import protected, refuses
from backend.models.batch import BatchRead, BatchRequest, BulkFilter, BulkRead, TrashRead
from backend.models.quick import QuickCreate, QuickRead
from backend.models.todo import TodoCreate, TodoMove, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoFilter, TodoPage
from backend.services import batches, bulk, moves, quick, searches, todos, trash

router = APIRouter(prefix="/todos", tags=["todos"])


@router.post(
    "",
    response_model=TodoRead,
    status_code=201,
    responses=refuses(403, 409),
    openapi_extra=protected(),
    operation_id="add_todo",
)
async def add_todo(data: TodoCreate, caller: Caller, once: Once) -> Response:
    """Add a todo. With an `id` or an Idempotency-Key of your own a retry makes no second one."""
    return await answer_once(caller, once, 201, lambda session: todos.create(session, caller, data))


@router.post(
    "/quick",
    response_model=QuickRead,
    status_code=201,
    responses={200: {"model": QuickRead, "description": "A dry run: nothing was created"}, **refuses(409)},
    openapi_extra=protected(),
    operation_id="quick_add",
)
async def quick_add(data: QuickCreate, caller: Caller, once: Once) -> Response:
    """Add a todo from one line, such as `Pay rent every 1st 9am #home !high`; says word by word what it understood."""
    status = 200 if data.dry_run else 201
    return await answer_once(caller, once, status, lambda session: quick.add(session, caller, data))


@router.post(
    "/batch",
    response_model=BatchRead,
    responses=refuses(404, 409, 412),
    openapi_extra=protected(),
    operation_id="batch",
)
async def run_batch(data: BatchRequest, caller: Caller, once: Once) -> Response:
    """Do up to 100 operations in one transaction: all or none, or with `atomic: false` each for itself."""
    return await answer_once(caller, once, 200, lambda session: batches.run(session, caller, data))


@router.delete(
    "", response_model=BulkRead, responses=refuses(409), openapi_extra=protected(), operation_id="delete_todos"
)
async def delete_todos(wanted: Annotated[BulkFilter, Query()], caller: Caller) -> Response:
    """Move all todos that pass the filter to the trash, as one operation. Without any filter nothing is deleted."""
    return answer(await database.write(lambda session: bulk.delete(session, caller, wanted), is_slow=True))


@router.get("", response_model=TodoPage, openapi_extra=protected(), operation_id="list_todos")
async def list_todos(wanted: Annotated[TodoFilter, Query()], caller: Caller) -> Response:
    """List todos: newest first unless `sort_by` says otherwise, 50 at a time."""
    return answer(await database.read(lambda session: searches.search(session, caller, wanted), is_slow=wanted.is_slow))


@router.get("/trash", response_model=TodoPage, openapi_extra=protected(), operation_id="list_trash")
async def list_trash(wanted: Annotated[TodoFilter, Query()], caller: Caller) -> Response:
    """List what was deleted and can be restored."""
    return answer(await database.read(lambda session: searches.trash(session, caller, wanted), is_slow=wanted.is_slow))


@router.delete("/trash", response_model=TrashRead, openapi_extra=protected(), operation_id="empty_trash")
async def empty_trash(caller: Caller) -> Response:
    """Take everything in the trash away for good."""
    return answer(await database.write(lambda session: TrashRead(purged=trash.empty(session, caller)), is_slow=True))


@router.get(
    "/{todo_id}", response_model=TodoRead, responses=refuses(404), openapi_extra=protected(), operation_id="get_todo"
)
async def get_todo(todo_id: str, caller: Caller) -> Response:
    """Show one todo, also one in the trash. The ETag is its version."""
    return answer(await database.read(lambda session: todos.get(session, caller, todo_id)))


@router.patch(
    "/{todo_id}",
    response_model=TodoRead,
    responses=refuses(403, 404, 409, 412),
    openapi_extra=protected(),
    operation_id="update_todo",
)
async def update_todo(todo_id: str, changes: TodoUpdate, caller: Caller, versions: IfMatch) -> Response:
    """Change what is named: an absent field stays, `null` clears."""
    return answer(
        await database.write(lambda session: todos.update(session, caller, todo_id, changes, versions=versions))
    )


@router.put(
    "/{todo_id}",
    response_model=TodoRead,
    responses={201: {"model": TodoRead, "description": "Created"}, **refuses(403, 404, 409, 412)},
    openapi_extra=protected(),
    operation_id="put_todo",
)
async def put_todo(todo_id: str, changes: TodoUpdate, caller: Caller, versions: IfMatch) -> Response:
    """Change a known todo by the rules of PATCH; it never wipes what it does not name. Create an unknown one."""
    todo, is_new = await database.write(lambda session: todos.put(session, caller, todo_id, changes, versions=versions))
    return answer(todo, 201 if is_new else 200)


@router.delete(
    "/{todo_id}",
    status_code=204,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="delete_todo",
)
async def delete_todo(todo_id: str, caller: Caller, versions: IfMatch) -> Response:
    """Move a todo to the trash, from where it can be restored."""
    await database.write(lambda session: todos.delete(session, caller, todo_id, versions=versions))
    return Response(status_code=204)


@router.post(
    "/{todo_id}/complete",
    response_model=TodoRead,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="complete_todo",
)
async def complete_todo(todo_id: str, caller: Caller, versions: IfMatch, once: Once) -> Response:
    """Tick a todo. Ticking twice is ticking once."""
    return await answer_once(
        caller, once, 200, lambda session: todos.complete(session, caller, todo_id, versions=versions)
    )


@router.post(
    "/{todo_id}/reopen",
    response_model=TodoRead,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="reopen_todo",
)
@router.post(
    "/{todo_id}/incomplete",
    response_model=TodoRead,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="mark_todo_incomplete",
)
async def reopen_todo(todo_id: str, caller: Caller, versions: IfMatch, once: Once) -> Response:
    """Take the tick back. `/incomplete` is the old name of the same."""
    return await answer_once(
        caller, once, 200, lambda session: todos.reopen(session, caller, todo_id, versions=versions)
    )


@router.post(
    "/{todo_id}/skip",
    response_model=TodoRead,
    responses=refuses(404, 409, 412),
    openapi_extra=protected(),
    operation_id="skip_todo",
)
async def skip_todo(todo_id: str, caller: Caller, versions: IfMatch, once: Once) -> Response:
    """Leave out one occurrence of a todo that repeats; answers the next one."""
    return await answer_once(caller, once, 200, lambda session: todos.skip(session, caller, todo_id, versions=versions))


@router.post(
    "/{todo_id}/restore",
    response_model=TodoRead,
    responses=refuses(403, 404, 412),
    openapi_extra=protected(),
    operation_id="restore_todo",
)
async def restore_todo(todo_id: str, caller: Caller, versions: IfMatch, once: Once) -> Response:
    """Take a todo out of the trash, as it was."""
    return await answer_once(
        caller, once, 200, lambda session: todos.restore(session, caller, todo_id, versions=versions)
    )


@router.post(
    "/{todo_id}/move",
    response_model=TodoRead,
    responses=refuses(403, 404, 409, 412),
    openapi_extra=protected(),
    operation_id="move_todo",
)
async def move_todo(todo_id: str, data: TodoMove, caller: Caller, versions: IfMatch, once: Once) -> Response:
    """Put a todo before or after another one, and with `list_id` or `parent_id` there: all in one step."""
    return await answer_once(
        caller, once, 200, lambda session: moves.move(session, caller, todo_id, data, versions=versions)
    )
