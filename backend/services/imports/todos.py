"""Todos: each of a batch gets its place, below its parent or in its list; new ones are created."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import col, select

from backend.exchange import record
from backend.exchange.record import Record
from backend.models.todo import Todo
from backend.services import series, todo_rows, trees
from backend.services.imports import cleaning, formats
from backend.services.imports.batch import Batch, Occurrence
from backend.services.imports.changes import COMPARED, Changes
from backend.services.imports.lists import Lists
from backend.services.imports.plan import Place, place


class Todos:
    """The todos of a batch, with what is known here of them."""

    def __init__(self, batch: Batch, lists: Lists, items: Sequence[Record]) -> None:
        self._batch, self._lists = batch, lists
        asked = {item.id for item in items}
        self._known = self._rows(asked | {item.parent_id for item in items})
        self._occurrences = self._occurrences_of({cleaning.series_id(item.series_id) for item in items})
        known = [todo for todo in self._known.values() if todo.id in asked]
        ours = formats.as_said(batch.plan.format, known, batch.actor.timezone)
        self._changes = Changes(batch, lists, ours)

    def take(self, number: int, line: int, item: Record) -> None:
        """Take one, or let it wait for its parent; raises InvalidInputError."""
        batch, todo_id = self._batch, str(item.id)
        if batch.place(todo_id) is not None:
            self._refuse(line, item, "another one before it in the file has the same id")
            return
        item, notices = cleaning.todo(item, batch.actor, batch.plan.now)
        known = self._known.get(todo_id)
        parent = None
        if item.parent_id is not None and (known is None or {"list_id", "list_name", "parent_id"} & item.said):
            parent = self._parent(item)
            if parent is None and not batch.plan.is_last_round:
                batch.done.waiting.add(number)
                return
            if parent is None or parent.depth >= trees.LEVELS_MAX:
                notices.append(
                    "its parent is not in the file; it was taken on its own."
                    if parent is None
                    else f"todos are nested {trees.LEVELS_MAX} levels deep at most; it was taken on its own."
                )
                item, parent = replace(item, parent_id=None), None
        occurrence = (item.series_id, item.occurrence)
        is_one = None not in occurrence
        if is_one and (self._occurrences.get(occurrence, todo_id) != todo_id or batch.has(occurrence)):
            self._refuse(line, item, "another one is the same occurrence of its series")
            return
        batch.put(
            todo_id,
            self._create(item, parent, notices) if known is None else self._changes.take(item, known, parent, notices),
        )
        if is_one:
            batch.done.occurrences.add(hash(occurrence))
        for notice in notices:
            batch.done.say(line, f"{record.about('todo', item.title)}: {notice}")

    def _refuse(self, line: int, item: Record, reason: str) -> None:
        about = record.about("todo", item.title)
        self._batch.done.say(line, f"{about} was not taken: {reason}.", refused=True)

    def _parent(self, item: Record) -> Place | None:
        """Where the parent stands; None where there is none, or not yet."""
        if item.parent_id is None or item.parent_id == item.id:
            return None
        if (found := self._batch.place(item.parent_id)) is not None:
            return found
        row = self._known.get(item.parent_id)
        if row is None or (row.deleted_at is not None and item.deleted_at is None):
            return None
        return place(len(trees.ancestors(self._batch.session, row)) + 1, row.list_id)

    def _create(self, item: Record, parent: Place | None, notices: list[str]) -> Place:
        batch, now = self._batch, self._batch.plan.now
        list_id = parent.list_id if parent else self._lists.of(item, notices)
        created_at = item.created_at or now
        values: dict[str, Any] = (
            {name: getattr(item, name) for name in (*COMPARED, "id", "parent_id")}
            | _begun(item)
            | {
                "owner_id": batch.actor.user_id,
                "list_id": list_id,
                "tags": list(item.tags),
                "position": item.position or batch.position(batch.count("created")),
                "completed_at": (item.completed_at or item.updated_at or now) if item.completed else None,
                "created_at": created_at,
                "updated_at": item.updated_at or max(now, created_at),
            }
        )
        batch.done.created += 1
        if not batch.plan.is_dry:
            batch.add(todo_rows.new(values))
        return place(parent.depth + 1 if parent else 1, list_id)

    def _rows(self, ids: set[str | None]) -> dict[str, Todo]:
        wanted = sorted(one for one in ids if one is not None)
        rows = self._batch.session.exec(
            select(Todo).where(Todo.owner_id == self._batch.actor.user_id, col(Todo.id).in_(wanted))
        )
        return {row.id: row for row in rows}

    def _occurrences_of(self, series_ids: set[str | None]) -> dict[Occurrence, str]:
        """The ids of the todos of these series, by which occurrence they are."""
        wanted = sorted(one for one in series_ids if one is not None)
        if not wanted:
            return {}
        rows = self._batch.session.exec(
            select(Todo.series_id, Todo.occurrence, Todo.id).where(
                Todo.owner_id == self._batch.actor.user_id, col(Todo.series_id).in_(wanted)
            )
        )
        return {(series_id, occurrence): todo_id for series_id, occurrence, todo_id in rows}


def _begun(item: Record) -> dict[str, Any]:
    """The series of a todo that repeats and is in none yet."""
    if item.recurrence is None or item.series_id is not None:
        return {}
    return series.begin(item.recurrence, todo_rows.due_of(item))
