"""Published: adding todos, one, many or from a line."""

from typing import Any

import gradio as gr

from backend import access
from backend.models.batch import BatchCreate
from backend.models.quick import QuickCreate
from backend.models.todo import TodoCreate
from backend.services import batches, quick, todos
from backend.ui.endpoints import call


@call.refusing
async def add_todo(
    request: gr.Request,
    title: str,
    description: str = "",
    priority: str = "medium",
    tags: list[str] | None = None,
    due_date: str | None = None,
    due_time: str | None = None,
    due_timezone: str | None = None,
    id: str | None = None,  # noqa: A002 - the field's name at every door
    recurrence: str | None = None,
    recurrence_from: str | None = None,
    remind_at: str | None = None,
    list_id: str | None = None,
    parent_id: str | None = None,
    assignee_id: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Add a todo.

    Args:
        title: 1 to 500 characters.
        description: Up to 20,000 characters.
        priority: low, medium or high.
        tags: Up to 50 tags of 1 to 100 characters.
        due_date: A day such as 2027-03-01, or a timestamp such as 2027-03-01T09:00.
        due_time: A wall-clock time such as 09:00; without due_timezone it is nine wherever you are.
        due_timezone: An IANA zone such as Europe/Berlin.
        id: A UUID of your own, so that a retry makes no second todo.
        recurrence: An RFC 5545 rule such as FREQ=WEEKLY;BYDAY=MO, or daily, weekly, monthly, yearly, weekdays.
        recurrence_from: due (by the calendar) or completion (counted from when it was done).
        remind_at: An instant such as 2027-03-01T08:00:00Z.
        list_id: The id of a list; null is the inbox.
        parent_id: The id of the todo that this one is a part of.
        assignee_id: The id of who is to do it: the list's owner or one of its members.
        idempotency_key: A text of your own, a new one for each new call: sent again, it has its effect once.

    Returns:
        The todo.
    """
    actor = await call.caller(request)
    said = call.said(
        due_date=due_date,
        due_time=due_time,
        due_timezone=due_timezone,
        id=id,
        recurrence=recurrence,
        recurrence_from=recurrence_from,
        remind_at=remind_at,
        list_id=list_id,
        parent_id=parent_id,
        assignee_id=assignee_id,
    )
    data = TodoCreate.model_validate(
        {"title": title, "description": description, "priority": priority, "tags": tags, **said}
    )
    return await access.answer_by_key(actor, idempotency_key, data, lambda session: todos.create(session, actor, data))


@call.refusing
async def add_todos(
    request: gr.Request,
    todos: list[dict[str, Any]],
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Add up to 100 todos at once. Each is for itself: one that is refused stops no other.

    Args:
        todos: A dictionary for each todo, with the fields of add_todo; only title is needed.
        idempotency_key: A text of your own, a new one for each new call: sent again, it has its effect once.

    Returns:
        succeeded and failed (how many), operation_id (undo takes it), and results: for each todo in its order, index
        and either todo or error (code, detail, status). `pandas.DataFrame` takes the results as they are.
    """
    actor = await call.caller(request)
    data = BatchCreate.model_validate({"todos": todos})
    return await access.answer_by_key(
        actor, idempotency_key, data, lambda session: batches.create(session, actor, data)
    )


@call.refusing
async def quick_add(
    request: gr.Request, text: str, dry_run: bool = False, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Add a todo from one line, such as `Pay rent every 1st 9am #home !high`.

    Args:
        text: What to do, with a date, a time, a recurrence, #tags, @list and !priority as you would write them.
        dry_run: true to be told what would be understood, with nothing created.
        idempotency_key: A text of your own, a new one for each new call: sent again, it has its effect once.

    Returns:
        todo (null in a dry run) and reading: the fields, and word by word what they were read from.
    """
    actor = await call.caller(request)
    data = QuickCreate.model_validate({"text": text, "dry_run": dry_run})
    return await access.answer_by_key(actor, idempotency_key, data, lambda session: quick.add(session, actor, data))
