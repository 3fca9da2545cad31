"""Searching todos: filters, orders, pages. A page is found by key, so that page 1,000 costs what page 1 costs."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.base import utc_now
from backend.models.todo import Todo, TodoRead, TodoTag
from backend.models.todo_filter import NO_PARENT, DueWord, SortBy, SortOrder, TodoFilter, TodoPage
from backend.models.token import Scope
from backend.models.user import fold
from backend.services import cursors, trees, visibility
from backend.services.actor import Actor

_FIRST_MOMENT, _LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_READ_COLUMNS = [column for column in sa.inspect(Todo).columns if column.name != "owner_id"]


def search(session: Session, actor: Actor, wanted: TodoFilter) -> TodoPage:
    """One page of the actor's todos that pass every filter, with their total."""
    actor.ensure(Scope.READ)
    return _page(session, actor, wanted, conditions(session, actor, wanted))


def trash(session: Session, actor: Actor, wanted: TodoFilter) -> TodoPage:
    """One page of what the actor has deleted, by the same filters."""
    actor.ensure(Scope.READ)
    return _page(session, actor, wanted, conditions(session, actor, wanted, deleted=True))


def _page(session: Session, actor: Actor, wanted: TodoFilter, passing: Sequence[ColumnElement[bool]]) -> TodoPage:
    if wanted.cursor is not None and wanted.skip:
        raise invalid([FieldError("skip", "Use a cursor or skip, not both.")])
    total = session.exec(select(sa.func.count()).select_from(Todo).where(*passing)).one()
    key: Any = getattr(Todo, cursors.key_of(wanted.sort_by))
    descends = wanted.sort_order is SortOrder.DESC
    order = [column.desc() if descends else column.asc() for column in (key, col(Todo.id))]
    if wanted.sort_by is SortBy.DUE_DATE:
        order.insert(0, key.is_(None).asc())  # what has no due comes last, whichever way the list runs
    columns = [*_READ_COLUMNS, col(Todo.owner_id)] if actor.has_shares else _READ_COLUMNS
    statement = sa.select(*columns).where(*passing).order_by(*order)
    if wanted.cursor is not None:
        statement = statement.where(_after(key, descends, *cursors.read(wanted, wanted.cursor)))
    # One more than asked for tells whether there is a next page.
    rows = session.exec(statement.offset(wanted.skip or None).limit(wanted.limit + 1)).all()  # type: ignore[call-overload]
    now = utc_now()
    page = rows[: wanted.limit]
    owners = {row.owner_id for row in page} if actor.has_shares else {actor.user_id}
    parts = trees.count_parts(session, owners, [row.id for row in page])

    def read(row: Any) -> TodoRead:
        owner_id = row.owner_id if actor.has_shares else actor.user_id
        return TodoRead.of(row, timezone=actor.timezone, now=now, parts=parts.get((owner_id, row.id), trees.NO_PARTS))

    return TodoPage(
        todos=[read(row) for row in page],
        total=total,
        next_cursor=cursors.write(wanted, page[-1]) if len(rows) > wanted.limit else None,
        skip=wanted.skip,
        limit=wanted.limit,
    )


def conditions(
    session: Session, actor: Actor, wanted: TodoFilter, *, deleted: bool = False
) -> list[ColumnElement[bool]]:
    """What a todo that the actor may see has to fulfil to pass every filter."""
    found = [
        *visibility.conditions(session, actor, wanted),
        col(Todo.deleted_at).is_not(None) if deleted else col(Todo.deleted_at).is_(None),
    ]
    if wanted.completed is not None:
        found.append(col(Todo.completed) == wanted.completed)
    if wanted.priority is not None:
        found.append(col(Todo.priority) == wanted.priority)
    if wanted.updated_since is not None:
        found.append(col(Todo.updated_at) >= wanted.updated_since)
    found += [_contains(word) for word in (wanted.search or "").split()]
    found += [_tagged([tag]) for tag in wanted.tags_all]
    if wanted.tags:
        found.append(_tagged(wanted.tags))
    if wanted.parent_id is not None:
        no_parent = wanted.parent_id == NO_PARENT
        found.append(col(Todo.parent_id).is_(None) if no_parent else col(Todo.parent_id) == wanted.parent_id)
    due = _due(actor, wanted)
    if due and not deleted and wanted.list_id is None and wanted.due is not DueWord.NONE:
        found.append(visibility.not_archived())
    return found + due


def _contains(word: str) -> ColumnElement[bool]:
    return col(Todo.title).icontains(word, autoescape=True) | col(Todo.description).icontains(word, autoescape=True)


def _tagged(tags: Sequence[str]) -> ColumnElement[bool]:
    return col(Todo.id).in_(
        select(TodoTag.todo_id).where(
            col(TodoTag.owner_id) == col(Todo.owner_id), col(TodoTag.tag_key).in_([fold(tag) for tag in tags])
        )
    )


def _due(actor: Actor, wanted: TodoFilter) -> list[ColumnElement[bool]]:
    until = col(Todo.due_until)
    today = datetime.now(ZoneInfo(actor.timezone)).date()
    conditions: list[ColumnElement[bool]] = []

    def within(first: date, last: date) -> list[ColumnElement[bool]]:
        return [until >= _midnight(first, actor), until < _midnight(last, actor, days_later=1)]

    match wanted.due:
        case DueWord.OVERDUE:
            conditions += [until < utc_now(), col(Todo.completed).is_(False)]
        case DueWord.TODAY:
            conditions += within(today, today)
        case DueWord.TOMORROW:
            conditions += within(today + timedelta(days=1), today + timedelta(days=1))
        case DueWord.WEEK:
            conditions += within(today, today + timedelta(days=6))
        case DueWord.NONE:
            conditions.append(until.is_(None))
        case None:
            pass
    if wanted.due_before is not None:
        conditions.append(until < _midnight(wanted.due_before, actor))
    if wanted.due_after is not None:
        conditions.append(until >= _midnight(wanted.due_after, actor, days_later=1))
    return conditions


def _midnight(day: date, actor: Actor, *, days_later: int = 0) -> datetime:
    try:
        return datetime.combine(day + timedelta(days=days_later), time(), ZoneInfo(actor.timezone)).astimezone(UTC)
    except OverflowError:  # before the first or after the last day that Python knows
        return _FIRST_MOMENT if day == date.min else _LAST_MOMENT


def _after(key: Any, descends: bool, last_key: Any, last_id: str) -> ColumnElement[bool]:
    """What comes after the last row of the page before, also when that row has changed or gone since."""
    ids = col(Todo.id) < last_id if descends else col(Todo.id) > last_id
    if last_key is None:
        return sa.and_(key.is_(None), ids)
    keys = key < last_key if descends else key > last_key
    return sa.or_(keys, sa.and_(key == last_key, ids), key.is_(None))
