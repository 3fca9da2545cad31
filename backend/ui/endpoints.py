"""The public endpoints for `gradio_client`: typed, documented for their callers, thin.

Gradio does not check the types of what arrives, so each function builds the same shape as REST does, and refuses with
the same words. The account comes from the request's credentials, never from an argument that could name another user.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from gradio.events import api
from pydantic import BaseModel

from backend import access, database
from backend.errors import describe
from backend.models.batch import BatchCreate
from backend.models.history import UndoRequest
from backend.models.operation import Door
from backend.models.quick import QuickCreate
from backend.models.session import Credentials
from backend.models.stats import StatsRequest
from backend.models.todo import TodoCreate, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.user import UserCreate
from backend.services import accounts, batches, overviews, quick, searches, todos
from backend.services import stats as statistics
from backend.services import undo as undoing
from backend.services.actor import Actor

P = ParamSpec("P")
T = TypeVar("T")


def publish() -> None:
    """Add the endpoints to the Blocks that are being built."""
    for function in _PUBLIC:
        # Without the queue a call is one round trip; the services take their own turns at the database.
        api(function, api_name=function.__name__, queue=False, concurrency_limit=None)


def _refusing(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Turn any exception into one sentence with its code. Expected refusals leave no traceback in the log."""

    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - describe decides what the caller may see, and logs the rest
            raise gr.Error(describe(error).line, print_exception=False) from None

    return call


async def _caller(request: gr.Request) -> Actor:
    return await access.identify(access.credential_of(request.headers, request.cookies), Door.GRADIO)


def _address(request: gr.Request) -> str:
    return access.address_of(request.headers, request.client.host if request.client else None)


def _plain(shape: BaseModel) -> dict[str, Any]:
    return shape.model_dump(mode="json")


def _said(**values: Any) -> dict[str, Any]:
    """What was said: an argument left at None keeps the shape's default."""
    return {name: value for name, value in values.items() if value is not None}


@_refusing
async def register(
    request: gr.Request, email: str, username: str, password: str, timezone: str = "UTC"
) -> dict[str, Any]:
    """Create an account. Needs no login.

    Args:
        email: Your e-mail address.
        username: 3 to 50 characters of letters a-z, digits, _, - or .
        password: 8 to 128 characters.
        timezone: Where you live, such as Europe/Berlin; days like "today" are counted there.

    Returns:
        The account: id, email, username, timezone, is_admin, created_at.
    """
    data = UserCreate.model_validate({"email": email, "username": username, "password": password, "timezone": timezone})
    return _plain(await access.sign_up(data, _address(request)))


@_refusing
async def login(request: gr.Request, username: str, password: str) -> dict[str, Any]:
    """Log in with a username or an e-mail address. Needs no login before.

    Args:
        username: Your username or e-mail address.
        password: Your password.

    Returns:
        access_token (send it as `Authorization: Bearer ...`), refresh_token, token_type, expires_in in seconds.
    """
    credentials = Credentials.model_validate({"username": username, "password": password})
    return _plain(await access.sign_in(credentials, _address(request)))


@_refusing
async def whoami(request: gr.Request) -> dict[str, Any]:
    """Show the account that you are logged in as.

    Returns:
        The account: id, email, username, timezone, is_admin, created_at.
    """
    actor = await _caller(request)
    return _plain(await database.read(lambda session: accounts.get(session, actor)))


@_refusing
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
    actor = await _caller(request)
    said = _said(
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


@_refusing
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
    actor = await _caller(request)
    data = BatchCreate.model_validate({"todos": todos})
    return await access.answer_by_key(
        actor, idempotency_key, data, lambda session: batches.run(session, actor, data.request)
    )


@_refusing
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
    actor = await _caller(request)
    data = QuickCreate.model_validate({"text": text, "dry_run": dry_run})
    return await access.answer_by_key(actor, idempotency_key, data, lambda session: quick.add(session, actor, data))


@_refusing
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
    actor = await _caller(request)
    said = _said(
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
    return [_plain(todo) for todo in page.todos]


@_refusing
async def get_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Show one todo.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo.
    """
    actor = await _caller(request)
    return _plain(await database.read(lambda session: todos.get(session, actor, todo_id)))


@_refusing
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
    actor = await _caller(request)
    data = TodoUpdate.model_validate(changes)
    return _plain(await database.write(lambda session: todos.update(session, actor, todo_id, data)))


@_refusing
async def complete_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Tick a todo. Ticking twice is ticking once.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it is now.
    """
    actor = await _caller(request)
    return _plain(await database.write(lambda session: todos.complete(session, actor, todo_id)))


@_refusing
async def reopen_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Take the tick back.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it is now.
    """
    actor = await _caller(request)
    return _plain(await database.write(lambda session: todos.reopen(session, actor, todo_id)))


@_refusing
async def delete_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Move a todo to the trash.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it lies in the trash; deleted_at says since when.
    """
    actor = await _caller(request)
    return _plain(await database.write(lambda session: todos.delete(session, actor, todo_id)))


@_refusing
async def restore_todo(request: gr.Request, todo_id: str) -> dict[str, Any]:
    """Take a todo out of the trash, as it was.

    Args:
        todo_id: The todo's id.

    Returns:
        The todo as it is now.
    """
    actor = await _caller(request)
    return _plain(await database.write(lambda session: todos.restore(session, actor, todo_id)))


@_refusing
async def undo(
    request: gr.Request,
    operation_id: str | None = None,
    last: int | None = None,
    since: str | None = None,
    token_id: str | None = None,
) -> dict[str, Any]:
    """Take back what was done. Give exactly one of operation_id, last and since. Newer changes stay, and are listed.

    Args:
        operation_id: One operation.
        last: Your own newest operations, this many, up to 100; with a personal token, those of that token.
        since: An instant such as 2027-03-01T14:00:00Z: whatever was done then or later.
        token_id: With since: only what was done with this personal token of yours.

    Returns:
        operation_id of the undoing (undo it to do everything again; null where there was nothing to take back),
        undone (operations), changed (ids of todos and lists), and conflicts: what was left as it is, and why.
    """
    actor = await _caller(request)
    data = UndoRequest.model_validate(_said(operation_id=operation_id, last=last, since=since, token_id=token_id))
    return _plain(await database.write(lambda session: undoing.undo(session, actor, data)))


@_refusing
async def overview(request: gr.Request) -> dict[str, Any]:
    """Show where things stand today.

    Returns:
        today, weekday and timezone; open, done, overdue and due_today (how many); next_due (todos) and lists.
    """
    actor = await _caller(request)
    return _plain(await database.read(lambda session: overviews.read(session, actor)))


@_refusing
async def stats(request: gr.Request, days: int = 30) -> dict[str, Any]:
    """Your own todos in numbers, and the last days one by one.

    Args:
        days: How many days, today included; 1 to 366.

    Returns:
        open, done, trashed and overdue (how many), current_streak and longest_streak in days; days, by_priority,
        by_list and by_tag as lists of rows, which `pandas.DataFrame` takes as they are.
    """
    actor = await _caller(request)
    wanted = StatsRequest.model_validate({"days": days})
    return _plain(await database.read(lambda session: statistics.read(session, actor, wanted), is_slow=True))


_PUBLIC = (
    register,
    login,
    whoami,
    add_todo,
    add_todos,
    quick_add,
    list_todos,
    get_todo,
    update_todo,
    complete_todo,
    reopen_todo,
    delete_todo,
    restore_todo,
    undo,
    overview,
    stats,
)
