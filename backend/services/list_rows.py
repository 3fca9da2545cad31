"""How a stored list comes, changes and goes: nothing of it happens without its entry in the log."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from backend.models.base import Instant, utc_now
from backend.models.operation import Action, Kind
from backend.models.todo_list import TodoList
from backend.services import log
from backend.services.actor import Actor

# What a list says, as the log keeps it.
_LOGGED: dict[str, TypeAdapter[Any]] = {
    "name": TypeAdapter(str),
    "color": TypeAdapter(str | None),
    "position": TypeAdapter(str),
    "is_archived": TypeAdapter(bool),
    "created_at": TypeAdapter(Instant),
    "deleted_at": TypeAdapter(Instant | None),
}


def state_of(found: TodoList) -> dict[str, Any]:
    """Everything that a list says, as JSON can hold it."""
    return log.as_json({name: getattr(found, name) for name in _LOGGED})


def values_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The values of fields as the log holds them."""
    return {name: _LOGGED[name].validate_python(value) for name, value in state.items() if name in _LOGGED}


def add(session: Session, actor: Actor, new: TodoList) -> None:
    """Store a new list."""
    log.lock(session, new.owner_id)
    session.add(new)
    session.flush()
    record(session, actor, new, Action.CREATE, None, state_of(new))


def change(session: Session, actor: Actor, found: TodoList, action: Action, changes: Mapping[str, Any]) -> bool:
    """Set the named fields of a stored list; False, and nothing happens, where they say what it says already."""
    before = {name: getattr(found, name) for name, value in changes.items() if getattr(found, name) != value}
    if not before:
        return False
    log.lock(session, found.owner_id)
    for name in before:
        setattr(found, name, changes[name])
    found.version += 1
    found.updated_at = utc_now()
    session.flush()
    after = {name: getattr(found, name) for name in before}
    record(session, actor, found, action, log.as_json(before), log.as_json(after))
    return True


def remove(session: Session, actor: Actor, found: TodoList) -> None:
    """Take a list away for good, with its members and invitations. Its todos are not looked at."""
    log.lock(session, found.owner_id)
    record(session, actor, found, Action.PURGE, state_of(found), None)
    session.delete(found)
    session.flush()


def record(
    session: Session,
    actor: Actor,
    found: TodoList,
    action: Action,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Write down what happened to a list, where its members see it too."""
    log.record(
        session,
        actor,
        found.owner_id,
        action,
        Kind.LIST,
        found.id,
        list_id=found.id,
        before=before,
        after=after,
    )
