"""Lists: a file names them by id or by name; they are found, or else made."""

import re
from collections import ChainMap
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlmodel import select

from backend.errors import FieldError, invalid
from backend.exchange import record
from backend.exchange.record import ListRecord, Record
from backend.models.base import new_id
from backend.models.field import NAME_MAX
from backend.models.operation import Action
from backend.models.todo_list import TodoList
from backend.models.user import fold
from backend.services import list_rows
from backend.services.imports import cleaning
from backend.services.imports.batch import Batch

LISTS_MAX = 1_000

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class Lists:
    """The actor's lists, and those of the file."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        done, before = batch.done, batch.plan.progress
        self._ids = ChainMap(done.list_ids, before.list_ids)
        self._names = ChainMap(done.list_names, before.list_names)

    def of(self, item: Record, notices: list[str]) -> str | None:
        """The list that a todo names: by its id, else by its name, else made."""
        if item.list_id is not None and item.list_id in self._ids:
            return self._ids[item.list_id]
        row = self._stored.get(item.list_id or "")
        if row is not None and (row.deleted_at is None or item.deleted_at is not None or not item.list_name):
            return row.id
        name = (item.list_name or "").strip()[:NAME_MAX].strip()
        if not name:
            if item.list_id is not None:
                notices.append("its list is not in the file; it stands in the inbox.")
            return None
        found = self._named(name)
        if found is None:
            if self._are_enough():
                notices.append(f"one import makes {LISTS_MAX:,} lists at most; it stands in the inbox.")
                return None
            found = self._make(name, item.list_id if row is None else None, {})
        if item.list_id is not None:
            self._ids[item.list_id] = found
        return found

    def take(self, line: int, item: ListRecord) -> None:
        """Make a list of the file, or change the one that it is here; raises InvalidInputError."""
        batch, name = self._batch, cleaning.name(item.name)
        says: dict[str, Any] = {"name": name, "is_archived": item.is_archived}
        if item.color is None or _COLOR.fullmatch(item.color):
            says["color"] = item.color and item.color.lower()
        else:
            batch.done.say(
                line, f"{record.about('list', item.name)}: its colour is not one such as #2563eb, and was left out."
            )
        if (position := cleaning.position(item.position)) is not None:
            says["position"] = position
        row = self._stored.get(item.id)
        if row is not None:
            self._ids[item.id] = item.id
            self._change(row, item, says)
        elif (same := self._named(name)) is not None and item.deleted_at is None:
            self._ids[item.id] = same
        elif self._are_enough():
            raise invalid([FieldError("lists", f"one import makes {LISTS_MAX:,} lists at most.")])
        else:
            times = {name: getattr(item, name) for name in ("created_at", "updated_at", "deleted_at")}
            self._make(name, item.id, says | times)

    @cached_property
    def _stored(self) -> dict[str, TodoList]:
        rows = self._batch.session.exec(select(TodoList).where(TodoList.owner_id == self._batch.actor.user_id))
        return {row.id: row for row in rows}

    def _named(self, name: str) -> str | None:
        """The list of that name; of two, the older one."""
        key = fold(name)
        if key in self._names:
            return self._names[key]
        found = [row for row in self._stored.values() if row.deleted_at is None and fold(row.name) == key]
        return min(found, key=lambda row: (row.created_at, row.id)).id if found else None

    def _are_enough(self) -> bool:
        return self._batch.count("lists_created") >= LISTS_MAX

    def _make(self, name: str, list_id: str | None, values: Mapping[str, Any]) -> str:
        batch = self._batch
        batch.done.lists_created += 1
        made = TodoList(
            owner_id=batch.actor.user_id,
            id=list_id or new_id(),
            **{
                "name": name,
                "position": batch.position(batch.count("lists_created")),
                "created_at": batch.plan.now,
                "updated_at": batch.plan.now,
                **{field: value for field, value in values.items() if value is not None},
            },
        )
        if not batch.plan.is_dry:
            list_rows.add(batch.session, batch.actor, made)
        if made.deleted_at is None:
            self._names[fold(name)] = made.id
        self._ids[made.id] = made.id
        return made.id

    def _change(self, row: TodoList, item: ListRecord, says: dict[str, Any]) -> None:
        if item.updated_at is not None and item.updated_at < row.updated_at:
            says = {}
        action = Action.UPDATE
        if row.deleted_at is not None and item.deleted_at is None:
            says["deleted_at"], action = None, Action.RESTORE
        if not self._batch.plan.is_dry:
            list_rows.change(self._batch.session, self._batch.actor, row, action, says)
