"""Trees of todos: what is a part of what. At most five levels, never a circle, one list for a whole tree."""

from collections.abc import Callable, Collection, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.todo import Todo

LEVELS_MAX = 5
NO_PARTS = (0, 0)


def ancestors(session: Session, todo: Todo) -> list[Todo]:
    """What a todo is a part of, the nearest first. A parent that is gone ends the way."""
    found: list[Todo] = []
    seen = {todo.id}
    while todo.parent_id is not None and todo.parent_id not in seen:
        parent = session.get(Todo, (todo.owner_id, todo.parent_id))
        if parent is None:
            break
        found.append(parent)
        seen.add(parent.id)
        todo = parent
    return found


def levels(session: Session, todo: Todo) -> list[list[Todo]]:
    """The parts of a todo, their parts, and so on: a list for each level below it, in their manual order."""
    found: list[list[Todo]] = []
    seen, parents = {todo.id}, [todo.id]
    while parents:
        parts = session.exec(
            select(Todo)
            .where(Todo.owner_id == todo.owner_id, col(Todo.parent_id).in_(parents))
            .order_by(col(Todo.position), col(Todo.id))
        ).all()
        level = [part for part in parts if part.id not in seen]
        seen |= {part.id for part in level}
        parents = [part.id for part in level]
        if level:
            found.append(level)
    return found


def descendants(session: Session, todo: Todo, wanted: Callable[[Todo], bool] = lambda _: True) -> list[Todo]:
    """Everything below a todo that is wanted, the nearest first."""
    if not has_parts(session, todo):
        return []
    return [part for level in levels(session, todo) for part in level if wanted(part)]


def has_parts(session: Session, todo: Todo) -> bool:
    """Whether anything is a part of this todo."""
    statement = select(sa.literal(1)).where(Todo.owner_id == todo.owner_id, Todo.parent_id == todo.id).limit(1)
    return session.exec(statement).first() is not None


def count_parts(
    session: Session, owner_ids: Collection[str], ids: Sequence[str]
) -> dict[tuple[str, str], tuple[int, int]]:
    """How many todos outside the trash are a part of each of these: the open ones and the done ones.

    By owner and id, and only of those that have any. One query, from the index of parents.
    """
    if not ids:
        return {}
    # Written out, because PostgreSQL and SQLite do not add up truth values the same way.
    is_open = sa.case((col(Todo.completed).is_(False), 1), else_=0)
    rows = session.exec(
        select(Todo.owner_id, Todo.parent_id, sa.func.sum(is_open), sa.func.count())
        .where(col(Todo.owner_id).in_(owner_ids), col(Todo.parent_id).in_(ids), col(Todo.deleted_at).is_(None))
        .group_by(col(Todo.owner_id), col(Todo.parent_id))
    )
    return {(owner, str(parent)): (int(opened), total - int(opened)) for owner, parent, opened, total in rows}


def ensure_fits(session: Session, todo: Todo | None, parent: Todo) -> None:
    """Raise InvalidInputError where a todo (None for a new one) cannot become a part of this parent."""
    above = [parent, *ancestors(session, parent)]
    if todo is not None and any(one.id == todo.id for one in above):
        raise invalid([FieldError("parent_id", "A todo cannot be a part of itself or of one of its own parts.")])
    below = len(levels(session, todo)) if todo is not None else 0
    if len(above) + 1 + below > LEVELS_MAX:
        raise invalid([FieldError("parent_id", f"Todos can be nested {LEVELS_MAX} levels deep, and no deeper.")])
