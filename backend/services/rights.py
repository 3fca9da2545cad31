"""Who may do what to whose lists and todos. Every service asks here, and nowhere else is a role looked at.

A todo is its owner's. One in a shared list is also its members': an owner may everything, an editor change the todos,
a viewer read them. What somebody may not even see counts as absent.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.errors import PermissionDeniedError
from backend.models.base import as_id
from backend.models.todo import Todo
from backend.models.todo_list import ListMember, Role, TodoList
from backend.prepared import ByKey
from backend.services.actor import Actor

_TODOS = ByKey(Todo)
_IS_ITS_LIST = (col(ListMember.owner_id) == col(TodoList.owner_id)) & (col(ListMember.list_id) == col(TodoList.id))


@dataclass(frozen=True)
class Share:
    """A list of somebody else that an actor is a member of."""

    owner_id: str
    list_id: str
    role: Role


def shares(session: Session, actor: Actor) -> list[Share]:
    """The lists that others share with the actor."""
    if not actor.has_shares:
        return []
    rows = session.exec(
        select(ListMember.owner_id, ListMember.list_id, ListMember.role)
        .join(TodoList, _IS_ITS_LIST)
        .where(ListMember.user_id == actor.user_id, col(TodoList.deleted_at).is_(None))
    )
    return [Share(owner_id, list_id, Role(role)) for owner_id, list_id, role in rows]


def owners(session: Session, actor: Actor) -> list[str]:
    """The accounts of whose todos the actor sees any: its own, and those that share a list with it."""
    return sorted({actor.user_id, *(share.owner_id for share in shares(session, actor))})


def companions(session: Session, actor: Actor) -> set[str]:
    """The accounts that have a list in common with the actor, and the actor's own: where a todo can be carried to."""
    mine = col(ListMember.owner_id) == actor.user_id
    theirs = sa.tuple_(col(ListMember.owner_id), col(ListMember.list_id)).in_(
        [(share.owner_id, share.list_id) for share in shares(session, actor)]
    )
    pairs = session.exec(select(ListMember.owner_id, ListMember.user_id).where(mine | theirs))
    return {actor.user_id, *(one for pair in pairs for one in pair)}


def find_todo(session: Session, actor: Actor, todo_id: str) -> Todo | None:
    """A todo that the actor may see, however its id is spelled; what is no id names no todo."""
    try:
        key = as_id(todo_id)
    except ValueError:
        return None
    own = _TODOS.get(session, actor.user_id, key)
    if own is not None or not actor.has_shares:
        return own
    return session.exec(
        select(Todo)
        .join(ListMember, (col(ListMember.owner_id) == Todo.owner_id) & (col(ListMember.list_id) == col(Todo.list_id)))
        .join(TodoList, _IS_ITS_LIST)
        .where(ListMember.user_id == actor.user_id, Todo.id == key, col(TodoList.deleted_at).is_(None))
    ).first()


def find_list(session: Session, actor: Actor, list_id: str, *, in_trash: bool = False) -> tuple[TodoList, Role] | None:
    """A list that the actor may see, with the part that the actor has in it; `in_trash` for owners, who may restore."""
    try:
        key = as_id(list_id)
    except ValueError:
        return None
    own = session.get(TodoList, (actor.user_id, key))
    if own is not None:
        return (own, Role.OWNER) if own.deleted_at is None or in_trash else None
    if not actor.has_shares:
        return None
    row = session.exec(
        select(TodoList, ListMember.role)
        .join(ListMember, _IS_ITS_LIST)
        .where(
            ListMember.user_id == actor.user_id,
            TodoList.id == key,
            col(TodoList.deleted_at).is_(None) | (col(ListMember.role) == Role.OWNER if in_trash else sa.false()),
        )
    ).first()
    return (row[0], Role(row[1])) if row else None


def people_of(session: Session, owner_id: str, list_id: str | None) -> set[str]:
    """Who can see a list: its owner and its members."""
    if list_id is None:
        return {owner_id}
    members = select(ListMember.user_id).where(ListMember.owner_id == owner_id, ListMember.list_id == list_id)
    return {owner_id, *session.exec(members)}


def ensure_may_change(session: Session, actor: Actor, todo: Todo) -> None:
    """Raise PermissionDeniedError for a member who may only look."""
    if todo.owner_id != actor.user_id:
        role = session.exec(
            select(ListMember.role).where(
                ListMember.owner_id == todo.owner_id,
                ListMember.list_id == todo.list_id,
                ListMember.user_id == actor.user_id,
            )
        ).first()
        ensure_editor(Role(role) if role else Role.VIEWER)


def ensure_editor(role: Role) -> None:
    """Raise PermissionDeniedError for a viewer."""
    if role is Role.VIEWER:
        raise PermissionDeniedError("You may look at this list, not change it. Ask its owner to make you an editor.")


def ensure_owner(role: Role) -> None:
    """Raise PermissionDeniedError for everybody but an owner of the list."""
    if role is not Role.OWNER:
        raise PermissionDeniedError("Only an owner of this list may do that.")
