"""Changes: what a file says of a known todo otherwise than it is here, and all that follows from that."""

from collections.abc import Mapping
from typing import Any

from backend.errors import FieldError, invalid
from backend.exchange.record import Record
from backend.models import due
from backend.models.operation import Action
from backend.models.todo import Todo
from backend.services import series, todo_rows, trees
from backend.services.imports import formats
from backend.services.imports.batch import Batch
from backend.services.imports.lists import Lists
from backend.services.imports.plan import Place, place

_SERIES = ("series_id", "series_start", "occurrence", "occurrences_missed")
COMPARED = (
    *("title", "description", "completed", "completed_at", "priority", "tags"),
    *due.FIELDS,
    *("remind_at", "recurrence", "recurrence_from", *_SERIES, "position", "deleted_at"),
)
_NEWER_HERE = "it was changed here after this file was written, and stays as it is."
_NO_ID = "it is here already and says something else; only a row with an id of its own changes a todo."


class Changes:
    """What a batch changes, knowing what a file of its format would say of each todo as it is here."""

    def __init__(self, batch: Batch, lists: Lists, ours: Mapping[str, Record]) -> None:
        self._batch, self._lists, self._ours = batch, lists, ours

    def take(self, item: Record, known: Todo, parent: Place | None, notices: list[str]) -> Place:
        """Change a todo as the file says, unless it is newer here; raises InvalidInputError."""
        batch = self._batch
        changes = self._differences(item, known, parent, notices)
        ours = self._ours[known.id]
        is_older = item.updated_at is not None and ours.updated_at is not None and item.updated_at < ours.updated_at
        if known.deleted_at is not None and item.deleted_at is None:
            changes["deleted_at"] = None  # as after the trash was emptied, when it would be created
        elif changes and ("id" not in item.said or is_older):
            notices.append(_NEWER_HERE if "id" in item.said else _NO_ID)
            changes = {}
        if changes:
            changes = self._consequences(known, changes)
            batch.done.updated += 1
        else:
            batch.done.unchanged += 1
        if changes.get("parent_id", known.parent_id) is None:
            depth = 1
        else:
            depth = parent.depth + 1 if parent else len(trees.ancestors(batch.session, known)) + 1
        if changes and not batch.plan.is_dry:
            self._apply(known, changes)
        return place(depth, changes.get("list_id", known.list_id))

    def _differences(self, item: Record, known: Todo, parent: Place | None, notices: list[str]) -> dict[str, Any]:
        """What the file says otherwise than we do, of what it speaks of."""
        ours = self._ours[known.id]
        changes = {
            name: getattr(item, name)
            for name in COMPARED
            if name in item.said and getattr(item, name) != getattr(ours, name)
        }
        if item.series_id is None or not changes.keys() & {"recurrence", *_SERIES}:
            changes = {name: value for name, value in changes.items() if name not in _SERIES}
        if item.position is None or self._batch.plan.format in formats.LOSSY:
            changes.pop("position", None)
        if "tags" in changes:
            changes["tags"] = list(item.tags)
        if not item.completed or item.completed_at is None:
            changes.pop("completed_at", None)
        if "parent_id" in item.said and item.parent_id != known.parent_id:
            changes["parent_id"] = item.parent_id
        if {"list_id", "list_name"} & item.said or parent is not None:
            list_id = parent.list_id if parent else self._lists.of(item, notices)
            if list_id != known.list_id:
                changes["list_id"] = list_id
                if parent is None and known.parent_id is not None:
                    changes["parent_id"] = None  # moved to another list, it is a part no longer
        return changes

    def _consequences(self, known: Todo, changes: dict[str, Any]) -> dict[str, Any]:
        """The changes with what follows from them; raises InvalidInputError where they cannot be."""
        batch = self._batch
        when = todo_rows.due_of(known).merged(changes)
        changes |= {name: getattr(when, name) for name in due.FIELDS}
        if not changes.keys() & {"series_id", "occurrence"}:
            changes |= series.follow(known, changes, when)
        if changes.get("completed", known.completed) and not known.completed:
            changes.setdefault("completed_at", batch.plan.now)
        if changes.get("completed") is False:
            changes["completed_at"] = None
        if changes.get("deleted_at", known.deleted_at) is None and known.deleted_at is not None:
            above = changes.get("parent_id", known.parent_id)
            if above is not None and batch.place(above) is None and not self._is_live(above):
                changes["parent_id"] = None
        if changes.get("parent_id") is not None and not batch.plan.is_dry:
            batch.store()
            parent = self._row(changes["parent_id"])
            if parent is None:
                raise invalid([FieldError("parent_id", "There is no todo with this id.")])
            trees.ensure_fits(batch.session, known, parent)
        return changes

    def _apply(self, known: Todo, changes: Mapping[str, Any]) -> None:
        session, actor = self._batch.session, self._batch.actor
        was_done, list_id = known.completed, known.list_id
        action = Action.UPDATE
        if "deleted_at" in changes:
            action = Action.RESTORE if changes["deleted_at"] is None else Action.DELETE
        elif changes.get("completed", was_done) != was_done:
            action = Action.REOPEN if was_done else Action.COMPLETE
        todo_rows.change(session, actor, known, action, changes)
        if known.list_id != list_id:
            for part in trees.descendants(session, known):  # a tree moves as a whole
                todo_rows.change(session, actor, part, Action.UPDATE, {"list_id": known.list_id})
        if known.completed and not was_done and known.recurrence is not None:
            self._batch.done.ticked.append(known.id)

    def _row(self, todo_id: str) -> Todo | None:
        return self._batch.session.get(Todo, (self._batch.actor.user_id, todo_id))

    def _is_live(self, todo_id: str) -> bool:
        row = self._row(todo_id)
        return row is not None and row.deleted_at is None
