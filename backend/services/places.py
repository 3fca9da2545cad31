"""Where a todo stands: in whose partition, in which list, under which parent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from backend.errors import FieldError, invalid
from backend.models.todo import Todo, TodoCreate
from backend.services import rights, trees
from backend.services.actor import Actor


@dataclass(frozen=True)
class Place:
    """The account whose partition it is, and the list in it; None for the inbox."""

    owner_id: str
    list_id: str | None


def for_new(session: Session, actor: Actor, data: TodoCreate) -> Place:
    """Where a new todo goes: under its parent, into the list that it names, or into the actor's inbox."""
    if data.parent_id is not None:
        parent = _parent(session, actor, data.parent_id)
        trees.ensure_fits(session, None, parent)
        if data.list_id not in {None, parent.list_id}:
            raise invalid([FieldError("list_id", "A part stands in the list of its parent; name only one of them.")])
        return Place(parent.owner_id, parent.list_id)
    return _list(session, actor, data.list_id)


def for_change(session: Session, actor: Actor, todo: Todo, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What else changes when a todo gets another parent or another list; raises InvalidInputError where it cannot.

    A part is always in the list of its parent: moved to another list, it is a part no longer.
    """
    if changes.get("parent_id") not in {None, todo.parent_id}:
        parent = _parent(session, actor, changes["parent_id"])
        trees.ensure_fits(session, todo, parent)
        if changes.get("list_id", parent.list_id) != parent.list_id:
            raise invalid([FieldError("list_id", "A part stands in the list of its parent; name only one of them.")])
        _ensure_same_owner(todo, Place(parent.owner_id, parent.list_id))
        return {"list_id": parent.list_id}
    if "list_id" in changes and changes["list_id"] != todo.list_id:
        _ensure_same_owner(todo, _list(session, actor, changes["list_id"]))
        return {"parent_id": None}
    return {}


def _parent(session: Session, actor: Actor, parent_id: str) -> Todo:
    parent = rights.find_todo(session, actor, parent_id)
    if parent is None or parent.deleted_at is not None:
        raise invalid([FieldError("parent_id", "There is no todo with this id.")])
    rights.ensure_may_change(session, actor, parent)
    return parent


def _list(session: Session, actor: Actor, list_id: str | None) -> Place:
    if list_id is None:
        return Place(actor.user_id, None)
    found = rights.find_list(session, actor, list_id)
    if found is None:
        raise invalid([FieldError("list_id", "There is no list with this id.")])
    rights.ensure_editor(found[1])
    return Place(found[0].owner_id, found[0].id)


def _ensure_same_owner(todo: Todo, place: Place) -> None:
    if place.owner_id != todo.owner_id:
        raise invalid([FieldError("list_id", "A todo cannot move to a list of another owner.")])
