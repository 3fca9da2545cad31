"""Where a todo stands: in whose partition, in which list, under which parent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from backend.errors import FieldError, invalid
from backend.models.todo import Todo, TodoCreate
from backend.models.todo_list import TodoList
from backend.services import log, rights, trees
from backend.services.actor import Actor

_LIST_OF_PARENT = "A part stands in the list of its parent; name only one of them."


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
            raise invalid([FieldError("list_id", _LIST_OF_PARENT)])
        place = Place(parent.owner_id, parent.list_id)
    else:
        place = _list(session, actor, data.list_id)
    _ensure_assignable(session, place, data.assignee_id)
    return place


def lock_for_new(session: Session, actor: Actor, data: TodoCreate) -> Place:
    """The same, nobody else's to change until the transaction ends."""
    if not actor.has_shares:
        log.lock(session, actor.user_id)
        return for_new(session, actor, data)
    log.lock(session, for_new(session, actor, data).owner_id)
    # Only now is it known whose ledger it is; somebody else may have changed what was read before it was locked.
    _forget(session)
    return for_new(session, actor, data)


def for_change(session: Session, actor: Actor, todo: Todo, changes: Mapping[str, Any]) -> tuple[Place, dict[str, Any]]:
    """Where a todo goes by these changes, and what else changes with it; InvalidInputError where it cannot.

    A part is always in the list of its parent: moved to another list, it is a part no longer. Whoever has no business
    in the new list is no assignee there.
    """
    place, others = Place(todo.owner_id, todo.list_id), {}
    if changes.get("parent_id") not in {None, todo.parent_id}:
        parent = _parent(session, actor, changes["parent_id"])
        trees.ensure_fits(session, todo, parent)
        if changes.get("list_id", parent.list_id) != parent.list_id:
            raise invalid([FieldError("list_id", _LIST_OF_PARENT)])
        place = Place(parent.owner_id, parent.list_id)
        others = {"list_id": parent.list_id}
    elif "list_id" in changes and changes["list_id"] != todo.list_id:
        place = _list(session, actor, changes["list_id"])
        others = {"parent_id": None}
    if "assignee_id" in changes:
        _ensure_assignable(session, place, changes["assignee_id"])
    elif place != Place(todo.owner_id, todo.list_id) and not _is_assignable(session, place, todo.assignee_id):
        others["assignee_id"] = None
    return place, others


def lock_both(session: Session, actor: Actor, todo_id: str, changes: Mapping[str, Any]) -> None:
    """Lock the ledgers of a move between two accounts, in one order, so that two moves never lock each other out.

    For whoever shares lists; others move within their own. Refusals are left to what comes after.
    """
    if not actor.has_shares or not changes.keys() & {"list_id", "parent_id"}:
        return
    found = [rights.find_todo(session, actor, todo_id)]
    if changes.get("parent_id") is not None:
        found.append(rights.find_todo(session, actor, changes["parent_id"]))
    owners = {actor.user_id, *(todo.owner_id for todo in found if todo is not None)}
    if changes.get("list_id") is not None and (entry := rights.find_list(session, actor, changes["list_id"])):
        owners.add(entry[0].owner_id)
    for owner_id in sorted(owners):
        log.lock(session, owner_id)
    _forget(session)


def carried(session: Session, place: Place, todos: Sequence[Todo]) -> Iterator[tuple[Todo, dict[str, Any]]]:
    """What changes on todos that come along into a list: whoever has no business there is no assignee."""
    people = rights.people_of(session, place.owner_id, place.list_id) if todos else set()
    for todo in todos:
        yield todo, {"list_id": place.list_id} | ({} if todo.assignee_id in {None, *people} else {"assignee_id": None})


def after_trash(session: Session, todo: Todo) -> Place:
    """Where a todo stands when it comes back: in its list, or in its owner's inbox where that is not there."""
    known = session.get(TodoList, (todo.owner_id, todo.list_id)) if todo.list_id is not None else None
    return Place(todo.owner_id, todo.list_id if known is not None and known.deleted_at is None else None)


def _forget(session: Session) -> None:
    session.flush()
    session.expire_all()


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


def _is_assignable(session: Session, place: Place, user_id: str | None) -> bool:
    return user_id is None or user_id in rights.people_of(session, place.owner_id, place.list_id)


def _ensure_assignable(session: Session, place: Place, user_id: str | None) -> None:
    if not _is_assignable(session, place, user_id):
        raise invalid([FieldError("assignee_id", "must be the owner or a member of the todo's list")])
