"""Moving a todo: to another place in the manual order, into another list, under another parent; all as one operation.

The order is one for all todos of an account, so a todo moved before another one stands there in every list that shows
both. Whoever moves in somebody else's list orders that list alone.
"""

from collections.abc import Container, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.operation import Action
from backend.models.todo import Todo, TodoMove, TodoRead, TodoUpdate
from backend.models.token import Scope
from backend.services import log, orders, rights, todo_rows, todos
from backend.services.actor import Actor


def move(
    session: Session, actor: Actor, todo_id: str, data: TodoMove, *, versions: Container[int] | None = None
) -> TodoRead:
    """Put a todo before or after another one; with a list or a parent, there. With neither neighbour: to the end."""
    actor.ensure(Scope.WRITE)
    named = data.model_fields_set
    if {"before_id", "after_id"} <= named:
        raise invalid([FieldError("after_id", "Name before_id or after_id, not both.")])
    with log.together(session):
        goes_to: dict[str, Any] = {name: getattr(data, name) for name in named & {"list_id", "parent_id"}}
        todos.update(session, actor, todo_id, TodoUpdate(**goes_to), versions=versions)
        todo = todos.lock(session, actor, todo_id)
        if todo.id in {data.before_id, data.after_id}:
            return todos.read(session, todo, actor)
        order = _Order(session, actor, todo)
        if data.after_id is not None:
            position, renewed = order.after(_neighbour(session, actor, todo, "after_id", data.after_id))
        elif data.before_id is not None:
            position, renewed = order.before(_neighbour(session, actor, todo, "before_id", data.before_id))
        else:
            position, renewed = order.first() if "after_id" in named else order.last()
        with log.by_itself(session):
            for one, key in renewed:
                todo_rows.change(session, actor, one, Action.UPDATE, {"position": key})
        todo_rows.change(session, actor, todo, Action.UPDATE, {"position": position})
    return todos.read(session, todo, actor)


def _neighbour(session: Session, actor: Actor, todo: Todo, field: str, todo_id: str) -> Todo:
    found = rights.find_todo(session, actor, todo_id)
    if found is None or found.deleted_at is not None:
        raise invalid([FieldError(field, "There is no todo with this id.")])
    is_foreign = todo.owner_id != actor.user_id and found.list_id != todo.list_id
    if found.owner_id != todo.owner_id or is_foreign:
        raise invalid([FieldError(field, "That todo stands in another order: name a todo of the same list.")])
    return found


class _Order:
    """The order that a todo moves in, without that todo."""

    def __init__(self, session: Session, actor: Actor, todo: Todo) -> None:
        self._session = session
        self._scope = [col(Todo.owner_id) == todo.owner_id, col(Todo.deleted_at).is_(None), col(Todo.id) != todo.id]
        if todo.owner_id != actor.user_id:
            self._scope.append(col(Todo.list_id) == todo.list_id)

    def before(self, found: Todo) -> tuple[str, list[tuple[Todo, str]]]:
        return orders.fit(
            lambda count: self._side(count, self._beyond(found, descends=True), descends=True),
            lambda count: [found, *self._side(count - 1, self._beyond(found), descends=False)],
        )

    def after(self, found: Todo) -> tuple[str, list[tuple[Todo, str]]]:
        return orders.fit(
            lambda count: [found, *self._side(count - 1, self._beyond(found, descends=True), descends=True)],
            lambda count: self._side(count, self._beyond(found), descends=False),
        )

    def first(self) -> tuple[str, list[tuple[Todo, str]]]:
        return orders.fit(lambda _: [], lambda count: self._side(count, [], descends=False))

    def last(self) -> tuple[str, list[tuple[Todo, str]]]:
        return orders.fit(lambda count: self._side(count, [], descends=True), lambda _: [])

    @staticmethod
    def _beyond(found: Todo, *, descends: bool = False) -> list[ColumnElement[bool]]:
        position, key = col(Todo.position), col(Todo.id)
        if descends:
            return [position <= found.position, sa.or_(position < found.position, key < found.id)]
        return [position >= found.position, sa.or_(position > found.position, key > found.id)]

    def _side(self, count: int, beyond: list[ColumnElement[bool]], *, descends: bool) -> Sequence[Todo]:
        if count == 0:
            return []
        order = [column.desc() if descends else column.asc() for column in (col(Todo.position), col(Todo.id))]
        # Open and done apart, because that is how the index has them: each is the start of a range of it.
        found = [
            todo
            for is_done in (False, True)
            for todo in self._session.exec(
                select(Todo).where(*self._scope, col(Todo.completed) == is_done, *beyond).order_by(*order).limit(count)
            )
        ]
        found.sort(key=lambda todo: (todo.position, todo.id), reverse=descends)
        return found[:count]
