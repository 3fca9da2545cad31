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
from backend.models.operation import Door
from backend.models.session import Credentials
from backend.models.todo import TodoCreate, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.user import UserCreate
from backend.services import accounts, searches, todos
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
            refusal = describe(error)
            raise gr.Error(f"{refusal.detail} [{refusal.code}]", print_exception=False) from None

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

    Returns:
        The todo.
    """
    actor = await _caller(request)
    said = _said(due_date=due_date, due_time=due_time, due_timezone=due_timezone, id=id)
    data = TodoCreate.model_validate(
        {"title": title, "description": description, "priority": priority, "tags": tags, **said}
    )
    return _plain(await database.write(lambda session: todos.create(session, actor, data)))


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
) -> list[dict[str, Any]]:
    """List todos, newest first unless sorted otherwise. `pandas.DataFrame` takes the answer as it is.

    Args:
        search: Words that title or description contain.
        completed: true for done, false for open, null for both.
        priority: low, medium or high.
        tags: Todos with any of these tags.
        due: overdue, today, tomorrow, week or none, in your timezone.
        sort_by: created_at, updated_at, due_date, priority or title.
        sort_order: desc or asc.
        limit: 1 to 1,000.
        skip: How many to leave out at the beginning, up to 10,000.

    Returns:
        The todos, a dictionary each; times are ISO 8601 with their zone.
    """
    actor = await _caller(request)
    said = _said(search=search, completed=completed, priority=priority, tags=tags, due=due)
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
        changes: Any of title, description, completed, priority, tags, due_date, due_time, due_timezone.

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


_PUBLIC = (
    register,
    login,
    whoami,
    add_todo,
    list_todos,
    get_todo,
    update_todo,
    complete_todo,
    reopen_todo,
    delete_todo,
)
