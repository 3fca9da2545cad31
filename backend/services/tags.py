"""Tags of an account: counted, renamed, merged, taken off. They stand on its own todos; those of others keep theirs."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field, TypeAdapter
from pydantic_core import to_json
from sqlmodel import Session, col, select

from backend.errors import FieldError, NotFoundError, invalid
from backend.models.field import TAG_KEY_MAX, unique_tags
from backend.models.operation import Action
from backend.models.tag import TagFilter, TagPage, TagRead, TagUpdate
from backend.models.todo import Todo, TodoTag
from backend.models.token import Scope
from backend.models.user import fold
from backend.services import log, todo_rows
from backend.services.actor import Actor

_UNKNOWN = "None of your todos has this tag."
_IS_ITS_TODO = (col(TodoTag.owner_id) == col(Todo.owner_id)) & (col(TodoTag.todo_id) == col(Todo.id))
_CURSOR: TypeAdapter[str] = TypeAdapter(Annotated[str, Field(max_length=TAG_KEY_MAX, pattern=r"^[^\x00]*$")])


def search(session: Session, actor: Actor, wanted: TagFilter) -> TagPage:
    """One page of the tags on the actor's todos, by name."""
    actor.ensure(Scope.READ)
    after = _read_cursor(wanted.cursor) if wanted.cursor is not None else ""
    counts = _counts(session, actor)
    keys = sorted(key for key in counts if key > after)
    page = keys[: wanted.limit]
    return TagPage(
        tags=_read(session, actor, counts, page),
        total=len(counts),
        next_cursor=_write_cursor(page[-1]) if len(keys) > wanted.limit else None,
    )


def rename(session: Session, actor: Actor, name: str, data: TagUpdate) -> TagRead:
    """Give a tag another name on every todo that has it, in the trash too, as one operation.

    Where the new name is one that exists, the two become one.
    """
    actor.ensure(Scope.WRITE)
    key, new = fold(name.strip()), fold(data.name)
    _change(session, actor, key, lambda tag: data.name if fold(tag) in {key, new} else tag)
    known = _counts(session, actor, new).get(new)
    # None where all todos that have it lie in the trash.
    return TagRead(name=data.name, open_count=known.open if known else 0, total_count=known.total if known else 0)


def delete(session: Session, actor: Actor, name: str) -> None:
    """Take a tag off every todo that has it, in the trash too, as one operation."""
    actor.ensure(Scope.WRITE)
    key = fold(name.strip())
    _change(session, actor, key, lambda tag: None if fold(tag) == key else tag)


def _change(session: Session, actor: Actor, key: str, renamed: Callable[[str], str | None]) -> None:
    log.lock(session, actor.user_id)
    ids = session.exec(
        select(TodoTag.todo_id)
        .where(TodoTag.owner_id == actor.user_id, TodoTag.tag_key == key)
        .order_by(col(TodoTag.todo_id))
    ).all()
    if not ids:
        raise NotFoundError(_UNKNOWN)
    with log.together(session):
        for todos in todo_rows.some_at_a_time(session, actor.user_id, ids):
            named = [[new for tag in todo.tags if (new := renamed(tag)) is not None] for todo in todos]
            changes = [(todo, {"tags": unique_tags(names)}) for todo, names in zip(todos, named, strict=True)]
            todo_rows.change_all(session, actor, actor.user_id, Action.UPDATE, changes)


@dataclass(frozen=True)
class _Counted:
    open: int
    total: int
    changed_at: datetime


def _counts(session: Session, actor: Actor, key: str | None = None) -> dict[str, _Counted]:
    """How many todos outside the trash have a tag, the open ones and all, and when the last of them was changed."""
    is_open = sa.case((~col(Todo.completed), 1), else_=0)
    statement = (
        select(TodoTag.tag_key, sa.func.sum(is_open), sa.func.count(), sa.func.max(Todo.updated_at))
        .join(Todo, _IS_ITS_TODO)
        .where(TodoTag.owner_id == actor.user_id, col(Todo.deleted_at).is_(None))
        .group_by(col(TodoTag.tag_key))
    )
    if key is not None:
        statement = statement.where(TodoTag.tag_key == key)
    return {found: _Counted(int(opened), total, at) for found, opened, total, at in session.exec(statement)}


def _read(session: Session, actor: Actor, counts: Mapping[str, _Counted], keys: list[str]) -> list[TagRead]:
    """Tags with their names as they stand on the todo that was changed last; those are found by their time."""
    names: dict[tuple[str, datetime], str] = {}
    moments = {counts[key].changed_at for key in keys}
    for changed_at, tags in session.exec(
        select(Todo.updated_at, Todo.tags)
        .where(Todo.owner_id == actor.user_id, col(Todo.deleted_at).is_(None), col(Todo.updated_at).in_(moments))
        .order_by(col(Todo.id))
    ):
        names |= {(fold(tag), changed_at): tag for tag in tags}
    return [
        TagRead(
            name=names.get((key, counts[key].changed_at), key),
            open_count=counts[key].open,
            total_count=counts[key].total,
        )
        for key in keys
    ]


def _write_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(to_json(key)).decode().rstrip("=")


def _read_cursor(cursor: str) -> str:
    try:
        return _CURSOR.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:  # pydantic's and base64's errors are both ValueErrors
        raise invalid([FieldError("cursor", "is not a next_cursor of this list; start from the first page")]) from None
