"""Published: finding todos, and changing one of them."""

from typing import Any

import gradio as gr

from backend import database
from backend.models.todo import TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.services import searches, todos
from backend.ui.endpoints import call


@call.refusing
async def list_todos(
    request: gr.Request,
    search: str | None = None,
    completed: bool | None = None,
    priority: str | None = None,
    tags: list[str] | None = None,
    due: str | None = None,
    sort_by: str = "created_at",
    sort_order: str = "desc",
    limit: int = 50,
    skip: int = 0,
    tags_all: list[str] | None = None,
    list_id: str | None = None,
    parent_id: str | None = None,
    due_before: str | None = None,
    due_after: str | None = None,
    updated_since: str | None = None,
) -> list[dict[str, Any]]:
    """List todos, newest first unless sorted otherwise. `pandas.DataFrame` takes the answer as it is.

    Args:
        search: Words that title or description contain.
        completed: true for done, false for open, null for both.
        priority: low, medium or high.
        tags: Todos with any of these tags.
        due: overdue, today, tomorrow, week or none, in your timezone.
        sort_by: created_at, updated_at, due_date, priority, title or position.
        sort_order: desc or asc.
        limit: 1 to 1,000.
        skip: How many to leave out at the beginning, up to 10,000.
        tags_all: Todos with all of these tags.
        list_id: The id of a list, or inbox for what is in none.
        parent_id: The id of a todo, for its parts; none for what is a part of nothing.
        due_before: A day such as 2027-03-01: due earlier, in your timezone.
        due_after: A day such as 2027-03-01: due later, in your timezone.
        updated_since: An instant such as 2027-03-01T08:00:00Z: changed then or later.

    Returns:
        The todos, a dictionary each; times are ISO 8601 with their zone.
    """
    actor = await call.caller(request)
    said = call.said(
        search=search,
        completed=completed,
        priority=priority,
        tags=tags,
        due=due,
        tags_all=tags_all,
        list_id=list_id,
        parent_id=parent_id,
        due_before=due_before,
        due_after=due_after,
        updated_since=updated_since,
    )
    order = {"sort_by": sort_by, "sort_order": sort_order, "limit": limit, "skip": skip}
    wanted = TodoFilter.model_validate({**said, **order})
    page = await database.read(lambda session: searches.search(session, actor, wanted), is_slow=wanted.is_slow)
    return [call.plain(todo) for todo in page.todos]


@call.refusing
async def get_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Show one todo.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo.
    """
    actor = await call.caller(request)
    return call.plain(await database.read(lambda session: todos.get(session, actor, todo_id)))


@call.refusing
async def update_todo(request: gr.Request, todo_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Change a todo. What `changes` does not name stays as it is; null clears.

    Args:
        todo_id: The todo's id.
        changes: Any of title, description, completed, priority, tags, due_date, due_time, due_timezone, recurrence,
            recurrence_from, remind_at, list_id, parent_id, assignee_id; for one that repeats, apply_to says whether
            a moved due is for this occurrence (this) or those that come after it too (following).

    Returns:
        The todo as it is now.
    """
    actor = await call.caller(request)
    data = TodoUpdate.model_validate(changes)
    return call.plain(await database.write(lambda session: todos.update(session, actor, todo_id, data)))


@call.refusing
async def complete_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Tick a todo. Ticking twice is ticking once.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it is now.
    """
    actor = await call.caller(request)
    return call.plain(await database.write(lambda session: todos.complete(session, actor, todo_id)))


@call.refusing
async def reopen_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Take the tick back.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it is now.
    """
    actor = await call.caller(request)
    return call.plain(await database.write(lambda session: todos.reopen(session, actor, todo_id)))


@call.refusing
async def delete_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Move a todo to the trash.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it lies in the trash; deleted_at says since when.
    """
    actor = await call.caller(request)
    return call.plain(await database.write(lambda session: todos.delete(session, actor, todo_id)))


@call.refusing
async def restore_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Take a todo out of the trash, as it was.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it is now.
    """
    actor = await call.caller(request)
    return call.plain(await database.write(lambda session: todos.restore(session, actor, todo_id)))
