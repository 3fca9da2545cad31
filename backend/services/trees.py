"""Trees of todos: what is a part of what. At most five levels, never a circle, one list for a whole tree."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.todo import Todo
from backend.prepared import Prepared

LEVELS_MAX = 5
NO_PARTS = (0, 0)


class _Seldom(FunctionElement[bool]):
    """A condition that few rows fulfil, whatever SQLite's statistics say.

    Left to them, or to what it supposes where it has none, it may rather read the whole account than look into the
    index of parents. It has no type: compared with true, as SQLAlchemy would for a truth value, it is no condition that
    an index can serve.
    """

    inherit_cache = True


@compiles(_Seldom)
def _as_it_is(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_Seldom, "sqlite")
def _as_seldom(element: Any, compiler: Any, **options: Any) -> str:
    return f"likelihood({compiler.process(element.clauses, **options)}, 0.0001)"


def is_part_of(parent_id: str) -> ColumnElement[bool]:
    """Which todos are parts of this one."""
    return _Seldom(col(Todo.parent_id) == parent_id)


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
            .where(Todo.owner_id == todo.owner_id, _Seldom(col(Todo.parent_id).in_(parents)))
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
    return _ANY_PART.first(session, owner=todo.owner_id, todo_id=todo.id) is not None


def having_parts(session: Session, owner_id: str, ids: Collection[str]) -> set[str | None]:
    """Which of these todos anything is a part of."""
    are_parts = _Seldom(col(Todo.parent_id).in_(ids))
    return set(session.exec(select(Todo.parent_id).where(Todo.owner_id == owner_id, are_parts).distinct()))


def count_parts(
    session: Session, owner_ids: Collection[str], ids: Sequence[str]
) -> dict[tuple[str, str], tuple[int, int]]:
    """How many todos outside the trash are a part of each of these: the open ones and the done ones.

    By owner and id, and only of those that have any or had them. One query, from the index of parents.
    """
    if not ids:
        return {}
    # Written out, because PostgreSQL and SQLite do not add up truth values the same way. The trash is left out here and
    # not among the conditions: for that one, SQLite and MariaDB would rather read all of an account that is not in it.
    opened, done = (
        sa.func.sum(sa.case((sa.and_(col(Todo.deleted_at).is_(None), col(Todo.completed) == is_done), 1), else_=0))
        for is_done in (False, True)
    )
    rows = session.exec(
        select(Todo.owner_id, Todo.parent_id, opened, done)
        .where(col(Todo.owner_id).in_(owner_ids), _Seldom(col(Todo.parent_id).in_(ids)))
        .group_by(col(Todo.owner_id), col(Todo.parent_id))
    )
    return {(row[0], str(row[1])): (int(row[2]), int(row[3])) for row in rows}


def part_counts() -> list[sa.Label[int]]:
    """The same two numbers as columns of a statement that selects todos: `parts_open` and `parts_done`."""
    part = aliased(Todo)
    of_it = sa.select(sa.func.count()).where(
        col(part.owner_id) == Todo.owner_id, _Seldom(col(part.parent_id) == Todo.id), col(part.deleted_at).is_(None)
    )
    counted = (of_it.where(col(part.completed) == is_done).scalar_subquery() for is_done in (False, True))
    return [number.label(name) for number, name in zip(counted, ("parts_open", "parts_done"), strict=True)]


def parts_of(session: Session, todo: Todo) -> tuple[int, int]:
    """The same two numbers for one todo."""
    row = _COUNTED.first(session, owner=todo.owner_id, todo_id=todo.id)
    return (row.parts_open, row.parts_done) if row is not None else NO_PARTS


def ensure_fits(session: Session, todo: Todo | None, parent: Todo) -> None:
    """Raise InvalidInputError where a todo (None for a new one) cannot become a part of this parent."""
    above = [parent, *ancestors(session, parent)]
    if todo is not None and any(one.id == todo.id for one in above):
        raise invalid([FieldError("parent_id", "A todo cannot be a part of itself or of one of its own parts.")])
    below = len(levels(session, todo)) if todo is not None else 0
    if len(above) + 1 + below > LEVELS_MAX:
        raise invalid([FieldError("parent_id", f"Todos can be nested {LEVELS_MAX} levels deep, and no deeper.")])


_ANY_PART = Prepared(
    sa.select(sa.literal(1).label("one"))
    .where(col(Todo.owner_id) == sa.bindparam("owner"), _Seldom(col(Todo.parent_id) == sa.bindparam("todo_id")))
    .limit(1)
)
_COUNTED = Prepared(
    sa.select(*part_counts()).where(
        col(Todo.owner_id) == sa.bindparam("owner"), col(Todo.id) == sa.bindparam("todo_id")
    )
)
