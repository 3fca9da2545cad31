"""Exports: what an account has, as records for the formats, a page at a time."""

from collections.abc import Mapping
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.exchange.record import AccountRecord, FilterRecord, ListRecord, Record
from backend.models.saved_filter import SavedFilter
from backend.models.todo import Todo
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.models.user import User
from backend.services.actor import Actor

T = TypeVar("T", ListRecord, FilterRecord)

PAGE = 500

_SAME = (
    *("id", "title", "description", "completed", "completed_at", "priority"),
    *("due_date", "due_time", "due_timezone", "remind_at", "recurrence", "recurrence_from"),
    *("series_id", "series_start", "occurrence", "occurrences_missed", "list_id", "parent_id", "position"),
    *("created_at", "updated_at", "deleted_at"),
)


def account(session: Session, actor: Actor) -> AccountRecord:
    """Whose export it is."""
    actor.ensure(Scope.READ)
    user = session.exec(select(User).where(User.id == actor.user_id)).one()
    return AccountRecord.model_construct(username=user.username, email=user.email, timezone=user.timezone)


def lists(session: Session, actor: Actor) -> list[ListRecord]:
    """The actor's own lists, also those in the trash: todos there belong to them."""
    actor.ensure(Scope.READ)
    rows = session.exec(
        select(TodoList).where(TodoList.owner_id == actor.user_id).order_by(col(TodoList.position), col(TodoList.id))
    )
    return [_construct(ListRecord, row) for row in rows]


def filters(session: Session, actor: Actor) -> list[FilterRecord]:
    """The actor's saved filters."""
    actor.ensure(Scope.READ)
    rows = session.exec(
        select(SavedFilter)
        .where(SavedFilter.owner_id == actor.user_id)
        .order_by(col(SavedFilter.position), col(SavedFilter.id))
    )
    return [_construct(FilterRecord, row) for row in rows]


def count(session: Session, actor: Actor) -> int:
    """How many todos the pages have together."""
    actor.ensure(Scope.READ)
    return session.exec(select(sa.func.count()).select_from(Todo).where(Todo.owner_id == actor.user_id)).one()


def page(session: Session, actor: Actor, after: str, list_names: Mapping[str, str]) -> list[Record]:
    """The actor's own todos with the next ids after this one, also those in the trash."""
    actor.ensure(Scope.READ)
    rows = session.exec(
        select(Todo).where(Todo.owner_id == actor.user_id, col(Todo.id) > after).order_by(col(Todo.id)).limit(PAGE)
    )
    return [record_of(row, list_names) for row in rows]


def record_of(todo: Todo, list_names: Mapping[str, str]) -> Record:
    """A stored todo as a record."""
    values = {name: getattr(todo, name) for name in _SAME}
    return Record(**values, tags=tuple(todo.tags), list_name=list_names.get(todo.list_id or ""))


def _construct(shape: type[T], row: object) -> T:
    """Not validated: what is stored was, and a row repaired after damage must be exported too."""
    return shape.model_construct(**{name: getattr(row, name) for name in shape.model_fields})
