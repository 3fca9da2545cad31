"""Which todos an account sees in a list: its own, and those in the lists that others share with it."""

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from backend.models.todo import Todo
from backend.models.todo_filter import INBOX, TodoFilter
from backend.models.todo_list import TodoList
from backend.services import rights
from backend.services.actor import Actor


def conditions(session: Session, actor: Actor, wanted: TodoFilter) -> list[ColumnElement[bool]]:
    """The actor's todos in the list that is wanted, or in all. For whoever shares no list: the own partition alone."""
    own = col(Todo.owner_id) == actor.user_id
    if wanted.list_id == INBOX:
        return [own, col(Todo.list_id).is_(None)]
    if wanted.list_id is not None:
        owner_id = next(
            (share.owner_id for share in rights.shares(session, actor) if share.list_id == wanted.list_id),
            actor.user_id,
        )
        return [col(Todo.owner_id) == owner_id, col(Todo.list_id) == wanted.list_id]
    shared: dict[str, list[str]] = {}
    for share in rights.shares(session, actor):
        shared.setdefault(share.owner_id, []).append(share.list_id)
    if not shared:
        return [own]
    others = ((col(Todo.owner_id) == owner_id) & col(Todo.list_id).in_(ids) for owner_id, ids in shared.items())
    return [sa.or_(own, *others)]


def not_archived() -> ColumnElement[bool]:
    """What stands in no archived list."""
    archived = select(sa.literal(1)).where(
        TodoList.owner_id == Todo.owner_id, TodoList.id == col(Todo.list_id), col(TodoList.is_archived)
    )
    return ~archived.exists()
