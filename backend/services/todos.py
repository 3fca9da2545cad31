"""Todos: creating, reading, changing, completing, trash. Searching them is services.searches' part."""

from collections.abc import Container
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.errors import IdTakenError, NotFoundError, VersionConflictError
from backend.models import due
from backend.models.base import as_id, new_id, utc_now
from backend.models.due import Due
from backend.models.todo import Todo, TodoCreate, TodoRead, TodoTag, TodoUpdate, tag_rows, title_key
from backend.services.actor import Actor

_UNKNOWN = "There is no todo with this id."
_IN_TRASH = "This todo is in the trash; restore it first."


def create(session: Session, actor: Actor, data: TodoCreate) -> TodoRead:
    """Create a todo. With an id that exists: the same todo again if it says the same, else IdTakenError."""
    values = data.model_dump(exclude={"id"})
    if data.id is not None and (known := session.get(Todo, (actor.user_id, data.id))) is not None:
        if known.deleted_at is not None or any(getattr(known, name) != value for name, value in values.items()):
            raise IdTakenError(
                "A todo with this id exists and says something else; choose a new id, or change that one."
            )
        return read(known, actor)
    now = utc_now()
    todo = Todo(
        **values,
        owner_id=actor.user_id,
        id=data.id or new_id(),
        title_key=title_key(data.title),
        due_until=_due_of(data).until(actor.timezone),
        completed_at=now if data.completed else None,
        created_at=now,
        updated_at=now,
    )
    session.add(todo)
    session.flush()
    _tag(session, todo)
    return read(todo, actor)


def get(session: Session, actor: Actor, todo_id: str) -> TodoRead:
    """One todo, also from the trash (then `deleted_at` says since when)."""
    todo = _find(session, actor, todo_id)
    if todo is None:
        raise NotFoundError(_UNKNOWN)
    return read(todo, actor)


def update(
    session: Session, actor: Actor, todo_id: str, data: TodoUpdate, *, versions: Container[int] | None = None
) -> TodoRead:
    """Change what is named and nothing else. With `versions`: only if nobody has changed it since."""
    todo = _lock(session, actor, todo_id, versions=versions)
    if todo.deleted_at is not None:
        raise NotFoundError(_IN_TRASH)
    changes = data.changes
    when = _due_of(todo).merged(changes)
    changes |= {name: getattr(when, name) for name in due.FIELDS}
    if all(getattr(todo, name) == value for name, value in changes.items()):
        return read(todo, actor)
    if "completed" in changes and changes["completed"] != todo.completed:
        changes["completed_at"] = utc_now() if changes["completed"] else None
    for name, value in changes.items():
        setattr(todo, name, value)
    todo.title_key = title_key(todo.title)
    todo.due_until = when.until(actor.timezone)
    _touch(session, todo)
    if "tags" in changes:
        _tag(session, todo)
    return read(todo, actor)


def put(
    session: Session, actor: Actor, todo_id: str, data: TodoUpdate, *, versions: Container[int] | None = None
) -> tuple[TodoRead, bool]:
    """Change a known todo by the rules of a partial update; create an unknown one. True where it was created."""
    if _find(session, actor, todo_id) is not None:
        return update(session, actor, todo_id, data, versions=versions), False
    if versions is not None:
        raise VersionConflictError("There is no todo with this id, so no version of it either.")
    # The whole shape is checked again, because a creation needs what an update may leave out.
    new = TodoCreate.model_validate(data.model_dump(mode="json", exclude_unset=True) | {"id": todo_id})
    return create(session, actor, new), True


def delete(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> TodoRead:
    """Move a todo to the trash. One that is there already stays as it is."""
    todo = _lock(session, actor, todo_id, versions=versions)
    if todo.deleted_at is None:
        todo.deleted_at = utc_now()
        _touch(session, todo)
    return read(todo, actor)


def restore(session: Session, actor: Actor, todo_id: str) -> TodoRead:
    """Take a todo out of the trash, as it was. One that is not there stays as it is."""
    todo = _lock(session, actor, todo_id)
    if todo.deleted_at is not None:
        todo.deleted_at = None
        _touch(session, todo)
    return read(todo, actor)


def complete(session: Session, actor: Actor, todo_id: str) -> TodoRead:
    """Tick a todo. Ticking twice is ticking once."""
    return update(session, actor, todo_id, TodoUpdate(completed=True))


def reopen(session: Session, actor: Actor, todo_id: str) -> TodoRead:
    """Take the tick back. An open todo stays as it is."""
    return update(session, actor, todo_id, TodoUpdate(completed=False))


def follow_timezone(session: Session, actor: Actor, timezone: str) -> None:
    """Recompute the day's end and the instant of every due that has no zone of its own, after its owner moved."""
    todos = session.exec(
        select(Todo).where(
            Todo.owner_id == actor.user_id, col(Todo.due_date).is_not(None), col(Todo.due_timezone).is_(None)
        )
    )
    for todo in todos:
        todo.due_until = _due_of(todo).until(timezone)
    session.flush()


def read(row: Any, actor: Actor) -> TodoRead:
    """A row as the actor sees it now."""
    return TodoRead.of(row, timezone=actor.timezone, now=utc_now())


def _lock(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> Todo:
    """The actor's todo, nobody else's to change until the transaction ends; another account's counts as absent."""
    todo = _find(session, actor, todo_id, lock=True)
    if todo is None:
        raise NotFoundError(_UNKNOWN)
    if versions is not None and todo.version not in versions:
        raise VersionConflictError(
            "This todo has changed since you read it; look at it as it is now and change it again.",
            current=read(todo, actor).model_dump(mode="json"),
        )
    return todo


def _find(session: Session, actor: Actor, todo_id: str, *, lock: bool = False) -> Todo | None:
    """The actor's todo, however its id is spelled; what is no id names no todo."""
    try:
        key = actor.user_id, as_id(todo_id)
    except ValueError:
        return None
    return session.get(Todo, key, with_for_update=lock)


def _touch(session: Session, todo: Todo) -> None:
    todo.version += 1
    todo.updated_at = utc_now()
    session.flush()


def _tag(session: Session, todo: Todo) -> None:
    """Bring the tag index in line with the todo's own tags."""
    session.exec(sa.delete(TodoTag).where(col(TodoTag.owner_id) == todo.owner_id, col(TodoTag.todo_id) == todo.id))
    if todo.tags:
        session.exec(sa.insert(TodoTag), params=tag_rows(todo.owner_id, todo.id, todo.tags))


def _due_of(source: Todo | TodoCreate) -> Due:
    return Due(source.due_date, source.due_time, source.due_timezone)
