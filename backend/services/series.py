"""Series: recurring todos. One row for each occurrence, at most one of them open.

Completing an occurrence makes the next one, exactly once: the account's ledger is locked, and (series, occurrence) is a
unique key. Its due is reckoned in wall-clock time where the todo lives (models.recurrence). What was edited on the open
occurrence holds for those that follow; a due that was moved is this one's alone, and the series does not drift.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models import recurrence, recurrence_text
from backend.models.base import new_id, utc_now
from backend.models.due import Due
from backend.models.operation import Action
from backend.models.recurrence import Series, Wall
from backend.models.todo import Todo
from backend.services import log, todo_rows, trees
from backend.services.actor import Actor

_COPIED = ("title", "description", "priority", "tags", "list_id", "parent_id", "position", "assignee_id")
_SERIES = ("recurrence", "recurrence_from", "series_id", "series_start")


def begin(rule: str | None, when: Due) -> dict[str, Any]:
    """The fields of the first occurrence of a series; raises InvalidInputError where it has no day to begin on."""
    if rule is None:
        return {}
    if when.due_date is None:
        raise invalid([FieldError("recurrence", "What repeats needs a due_date: the day of its first occurrence.")])
    start = recurrence.written(_wall(when))
    return {"series_id": new_id(), "series_start": start, "occurrence": start}


def follow(todo: Todo, changes: Mapping[str, Any], when: Due) -> dict[str, Any]:
    """What else changes when a todo begins to repeat, repeats otherwise, or stops.

    A new rule holds for this occurrence and those that follow, and is counted from here.
    """
    rule = changes.get("recurrence", todo.recurrence)
    if rule is None:
        return {}
    if when.due_date is None:
        raise invalid([FieldError("due_date", "What repeats needs a due_date; set recurrence to null as well.")])
    is_new = rule != todo.recurrence or changes.get("recurrence_from", todo.recurrence_from) != todo.recurrence_from
    if not is_new and (when.due_time is None) == (todo.due_time is None):
        return {}
    begun = begin(rule, when)
    return begun if todo.series_id is None else {**begun, "series_id": todo.series_id}


def move_following(todo: Todo, when: Due) -> dict[str, Any]:
    """The series from this occurrence on, with its new due as the first: what is left of it moves along."""
    if todo.recurrence is None or todo.occurrence is None:
        raise invalid([FieldError("apply_to", "This todo does not repeat.")])
    rest = _of(todo, "UTC").following(recurrence.wall(todo.occurrence))
    # The rule as it was said, with what is left of its count: a day that it took from its first due moves along.
    rule = replace(recurrence_text.read(todo.recurrence), count=recurrence_text.read(rest.rule).count)
    start = recurrence.written(_wall(when))
    return {"recurrence": str(rule), "series_id": new_id(), "series_start": start, "occurrence": start}


def leave(session: Session, actor: Actor, todo: Todo) -> None:
    """Make this occurrence a todo of its own; the series goes on with its next one."""
    if todo.recurrence is None:
        raise invalid([FieldError("apply_to", "This todo does not repeat.")])
    advance(session, actor, todo)
    todo_rows.change(session, actor, todo, Action.UPDATE, {"recurrence": None})


def advance(session: Session, actor: Actor, todo: Any) -> Any:
    """The occurrence that follows one, to look at, made if it is not there; None where the series has ended."""
    if todo.recurrence is None or todo.occurrence is None:
        return None
    zone = todo.due_timezone or todo_rows.timezone_of(session, actor, todo.owner_id)
    now = utc_now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    following = recurrence.advance(
        _of(todo, zone), recurrence.wall(todo.occurrence), now, now, number=_number(session, todo)
    )
    if following is None:
        return None
    occurrence = recurrence.written(following.due)
    known = session.exec(
        select(Todo).where(
            Todo.owner_id == todo.owner_id, Todo.series_id == todo.series_id, Todo.occurrence == occurrence
        )
    ).first()
    with log.by_itself(session):
        if known is None:
            return _make(session, actor, todo, following.due, following.missed)
        if known.deleted_at is not None and not known.completed:
            # Taken back when the completion before was undone; now it is wanted again.
            todo_rows.change(session, actor, known, Action.RESTORE, {"deleted_at": None})
    return known


def take_back(session: Session, actor: Actor, todo: Todo) -> None:
    """After an occurrence was reopened: the ones that its completion made go to the trash, if nobody touched them."""
    if todo.series_id is None:
        return
    later = session.exec(
        select(Todo).where(
            Todo.owner_id == todo.owner_id,
            Todo.series_id == todo.series_id,
            col(Todo.occurrence) > todo.occurrence,
            ~col(Todo.completed),
            col(Todo.deleted_at).is_(None),
            Todo.version == 1,
        )
    ).all()
    now = utc_now()
    with log.by_itself(session):
        for one in later:
            for part in (one, *trees.descendants(session, one, lambda part: part.deleted_at is None)):
                todo_rows.change(session, actor, part, Action.DELETE, {"deleted_at": now})


def _make(session: Session, actor: Actor, todo: Any, when: Wall, missed: int) -> Any:
    """The next occurrence, with parts of its own that are open again."""
    due = _due(when, todo.due_timezone)
    made = todo_rows.new(
        {name: getattr(todo, name) for name in (*_COPIED, *_SERIES)}
        | {
            "owner_id": todo.owner_id,
            "due_date": due.due_date,
            "due_time": due.due_time,
            "due_timezone": due.due_timezone,
            "occurrence": recurrence.written(when),
            "occurrences_missed": missed,
            "remind_at": _reminder(session, actor, todo, due),
        }
    )
    todo_rows.add(session, actor, made)
    ids = {todo.id: made.id}
    for part in trees.descendants(session, todo, lambda part: part.deleted_at is None):
        copy = todo_rows.new(
            {name: getattr(part, name) for name in _COPIED}
            | {"owner_id": part.owner_id, "parent_id": ids.get(part.parent_id or "", made.id)}
        )
        ids[part.id] = copy.id
        todo_rows.add(session, actor, copy)
    return made


def _reminder(session: Session, actor: Actor, todo: Todo, due: Due) -> datetime | None:
    """As long before the next due as it was before this one."""
    if todo.remind_at is None or todo.due_until is None:
        return None
    until = due.until(todo_rows.timezone_of(session, actor, todo.owner_id))
    return None if until is None else until - (todo.due_until - todo.remind_at)


def _number(session: Session, todo: Todo) -> int:
    """Which occurrence of its series this is, the first being 1."""
    return session.exec(
        select(sa.func.count())
        .select_from(Todo)
        .where(
            Todo.owner_id == todo.owner_id,
            Todo.series_id == todo.series_id,
            col(Todo.occurrence) <= todo.occurrence,
        )
    ).one()


def _of(todo: Todo, zone: str) -> Series:
    return Series(str(todo.recurrence), recurrence.wall(str(todo.series_start)), todo.recurrence_from, zone)


def _wall(when: Due) -> Wall:
    assert when.due_date is not None  # noqa: S101 - callers have made sure
    return when.due_date if when.due_time is None else datetime.combine(when.due_date, when.due_time)


def _due(when: Wall, timezone: str | None) -> Due:
    if isinstance(when, datetime):
        return Due(when.date(), when.time(), timezone)
    return Due(when)
