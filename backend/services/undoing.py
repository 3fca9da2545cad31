"""Taking entries of the log back, some at a time, with nothing overwritten that was changed later.

A field goes back to what it was if it still says what the entry made it say; otherwise somebody has changed it since,
and it stays and is listed. Entries alike are taken back together, in a statement for each table: an operation on ten
thousand todos goes back as fast as it came.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from sqlmodel import Session, col, select

from backend.errors import AppError
from backend.models.base import utc_now
from backend.models.history import UndoConflict
from backend.models.operation import Action, Kind, Operation
from backend.models.todo import Todo
from backend.models.todo_list import Role, TodoList
from backend.models.token import Scope
from backend.services import list_rows, lists, log, rights, todo_rows, todos, trees
from backend.services.actor import Actor
from backend.services.later import Later

_CHANGED_SINCE = "It was changed later, so it stays as it is."
_GONE = "It is no longer there."
_OPPOSITES = {
    Action.COMPLETE: Action.REOPEN,
    Action.REOPEN: Action.COMPLETE,
    Action.CREATE: Action.DELETE,
    Action.DELETE: Action.RESTORE,
    Action.RESTORE: Action.DELETE,
}


class Undoing:
    """What one request takes back, and what it has to leave."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self.session = session
        self.actor = actor
        self.undone: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.conflicts: list[UndoConflict] = []
        self._parts: list[Todo] = []
        self._later = Later(session)
        self._refusals: dict[tuple[str, str | None], str | None] = {}
        self._lists_there: dict[tuple[str, str], bool] = {}

    def take_back(self, entries: Iterable[Operation]) -> None:
        """Take entries back, in the order in which they come: the newest first."""
        for alike in _alike(entries):
            match alike[0].kind:
                case Kind.TODO:
                    self._take_back_todos(alike)
                case Kind.LIST:
                    self._take_back_list(alike[0])
                case _:
                    self._leave(alike[0], None, None, "Only todos and lists can be taken back.")
        # At last, because what was taken back after a part may have ticked it, or opened what it is a part of.
        is_open = (part for part in self._parts if not part.completed and part.deleted_at is None)
        for part in {(part.owner_id, part.parent_id): part for part in is_open}.values():
            todos.open_parents(self.session, self.actor, part)

    def _take_back_todos(self, entries: Sequence[Operation]) -> None:
        owner_id, action = entries[0].owner_id, Action(entries[0].action)
        ids = [entry.object_id for entry in entries]
        known = {todo.id: todo for todo in next(todo_rows.some_at_a_time(self.session, owner_id, ids))}
        self._later.look(owner_id, ids)
        pairs = []
        for entry in entries:
            todo = known.get(entry.object_id)
            if todo is not None and (refusal := self._refusal(todo)) is not None:
                self._leave(entry, todo, None, refusal)
            else:
                pairs.append((entry, todo))
        with log.together(self.session, undoes=entries[0].operation_id):
            if action is Action.PURGE:
                self._bring_back(owner_id, [entry for entry, todo in pairs if todo is None])
                return
            changes = self._creations(owner_id, pairs) if action is Action.CREATE else self._changes(pairs)
            if any(one.get("deleted_at") is not None for _, one in changes):
                self._ensure_may_delete()
            opposite = _OPPOSITES.get(action, Action.UPDATE)
            changed = todo_rows.change_all(self.session, self.actor, owner_id, opposite, changes)
        fields = {todo.id: values for todo, values in changes}
        by_id = {entry.object_id: entry for entry in entries}
        for todo in changed:
            self._note(by_id[todo.id], fields[todo.id])
        self._parts += [todo for todo in changed if todo.parent_id is not None]

    def _refusal(self, todo: Todo) -> str | None:
        """Why the actor may not change a todo: the same for all of a list."""
        key = todo.owner_id, todo.list_id
        if key not in self._refusals:
            try:
                rights.ensure_may_change(self.session, self.actor, todo)
                self._refusals[key] = None
            except AppError as refusal:
                self._refusals[key] = refusal.detail
        return self._refusals[key]

    def _creations(
        self, owner_id: str, pairs: Sequence[tuple[Operation, Todo | None]]
    ) -> list[tuple[Todo, Mapping[str, Any]]]:
        """What was made goes to the trash."""
        going: dict[str, tuple[Todo, Mapping[str, Any]]] = {}
        with_parts = trees.having_parts(self.session, owner_id, [entry.object_id for entry, _ in pairs])
        now = utc_now()

        def stays(part: Todo) -> bool:
            return part.deleted_at is None and part.id not in going

        for entry, todo in pairs:
            if todo is None or todo.deleted_at is not None:
                continue
            state, made, later = todo_rows.state_of(todo), entry.after or {}, self._later.stands(entry)
            if changed := [name for name in made if name in state and (state[name] != made[name] or name in later)]:
                self._leave(entry, todo, changed[0], _CHANGED_SINCE)
            elif todo.id in with_parts and trees.descendants(self.session, todo, stays):
                self._leave(entry, todo, None, "It has got parts since.")
            else:
                going[todo.id] = todo, {"deleted_at": now}
        return list(going.values())

    def _bring_back(self, owner_id: str, entries: Sequence[Operation]) -> None:
        """What went for good is made anew, as it was."""
        coming: dict[str, SimpleNamespace] = {}

        def store() -> None:
            todo_rows.add_all(self.session, self.actor, owner_id, list(coming.values()))
            coming.clear()

        elsewhere = self._elsewhere(owner_id, entries)
        for entry in entries:
            if entry.object_id in elsewhere:
                self._leave(entry, None, None, "It is in another account now.")
                continue
            key = {"owner_id": owner_id, "id": entry.object_id}
            row = todo_rows.new(todo_rows.values_of(entry.before or {}) | key)
            if row.parent_id in coming:
                store()
            row.list_id = row.list_id if self._list_is_there(owner_id, row.list_id) else None
            row.parent_id = row.parent_id if self._parent_fits(None, owner_id, row.parent_id) else None
            coming[row.id] = row
            self._note(entry, entry.before or {})
        store()

    def _elsewhere(self, owner_id: str, entries: Sequence[Operation]) -> set[str]:
        """Those of an account that were carried over into another partition and are not gone.

        Whoever shares a list there may have taken them further, to where the actor sees nothing of them.
        """
        others = self._companions - {owner_id}
        if not others:
            return set()
        carried = select(Operation.object_id).where(
            col(Operation.owner_id).in_(others),
            col(Operation.operation_id).in_({entry.operation_id for entry in entries}),
            Operation.action == Action.CREATE,
            col(Operation.object_id).in_([entry.object_id for entry in entries]),
        )
        there = select(Todo.id).where(col(Todo.owner_id).in_(others), col(Todo.id).in_(carried))
        return set(self.session.exec(there))

    @cached_property
    def _companions(self) -> set[str]:
        return rights.companions(self.session, self.actor)

    def _changes(self, pairs: Sequence[tuple[Operation, Todo | None]]) -> list[tuple[Todo, Mapping[str, Any]]]:
        """What was changed goes back to what it was."""
        found: list[tuple[Todo, Mapping[str, Any]]] = []
        for entry, todo in pairs:
            if todo is None:
                self._leave(entry, None, None, _GONE)
                continue
            before, after, now = entry.before or {}, entry.after or {}, todo_rows.state_of(todo)
            later = self._later.stands(entry)
            back: dict[str, Any] = {}
            for name in before.keys() & now.keys():
                if now[name] == before[name]:
                    self._later.take_back(entry, [name])
                    continue
                if now[name] != after.get(name) or name in later:
                    self._leave(entry, todo, name, _CHANGED_SINCE)
                elif (name == "list_id" and not self._list_is_there(entry.owner_id, before[name])) or (
                    name == "parent_id" and not self._parent_fits(todo, entry.owner_id, before[name])
                ):
                    self._leave(entry, todo, name, "Where it was is no longer there.")
                else:
                    back[name] = before[name]
            if back:
                found.append((todo, todo_rows.values_of(back)))
        return found

    def _take_back_list(self, entry: Operation) -> None:
        found = rights.find_list(self.session, self.actor, entry.object_id, in_trash=True)
        if found is None or found[0].owner_id != entry.owner_id:
            self._leave(entry, None, None, _GONE)
            return
        one, role = found
        before, after, now = entry.before or {}, entry.after or {}, list_rows.state_of(one)
        if role is not Role.OWNER:
            self._leave(entry, None, None, "Only an owner of this list may do that.")
        elif "member" in {**before, **after}:
            self._leave(entry, None, None, "Who shares a list is not taken back; change its members instead.")
        elif entry.action == Action.CREATE:
            if any(todo.deleted_at is None for todo in lists.todos_of(self.session, one)):
                self._leave(entry, None, None, "There are todos in it.")
            elif one.deleted_at is None:
                self._set_list(entry, one, Action.DELETE, {"deleted_at": utc_now()})
        else:
            later, back = self._later.stands(entry), {}
            for name in before:
                if now.get(name) == before[name]:
                    continue
                if now.get(name) != after.get(name) or name in later:
                    self._leave(entry, None, name, _CHANGED_SINCE)
                else:
                    back[name] = before[name]
            self._set_list(entry, one, _OPPOSITES.get(Action(entry.action), Action.UPDATE), list_rows.values_of(back))

    def _set_list(self, entry: Operation, one: TodoList, action: Action, changes: Mapping[str, Any]) -> None:
        if changes.get("deleted_at") is not None:
            self._ensure_may_delete()
        with log.together(self.session, undoes=entry.operation_id):
            if list_rows.change(self.session, self.actor, one, action, changes):
                self._lists_there.clear()
                self._note(entry, changes)

    def _ensure_may_delete(self) -> None:
        """Taking back what was added or restored moves it to the trash, and takes the scope for that."""
        self.actor.ensure(Scope.DELETE)

    def _note(self, entry: Operation, fields: Iterable[str]) -> None:
        self._later.take_back(entry, fields)
        self.undone[entry.operation_id] = None
        self.changed[entry.object_id] = None

    def _leave(self, entry: Operation, todo: Todo | None, field: str | None, reason: str) -> None:
        said = {**(entry.before or {}), **(entry.after or {})}
        self.conflicts.append(
            UndoConflict(
                operation_id=entry.operation_id,
                kind=Kind(entry.kind),
                object_id=entry.object_id,
                title=todo.title if todo is not None else said.get("title"),
                field=field,
                reason=reason,
            )
        )

    def _list_is_there(self, owner_id: str, list_id: str | None) -> bool:
        if list_id is None:
            return owner_id == self.actor.user_id
        key = owner_id, list_id
        if key not in self._lists_there:
            found = rights.find_list(self.session, self.actor, list_id)
            self._lists_there[key] = found is not None and found[0].owner_id == owner_id
        return self._lists_there[key]

    def _parent_fits(self, todo: Todo | None, owner_id: str, parent_id: str | None) -> bool:
        if parent_id is None:
            return True
        parent = self.session.get(Todo, (owner_id, parent_id))
        if parent is None:
            return False
        try:
            trees.ensure_fits(self.session, todo, parent)
        except AppError:
            return False
        return True


def _alike(entries: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Entries that can be taken back together: of one operation, doing the same to one todo each."""
    found: dict[str, Operation] = {}
    sort = None
    for entry in entries:
        if found and (
            sort is None or sort != _sort_of(entry) or entry.object_id in found or len(found) == todo_rows.AT_ONCE
        ):
            yield list(found.values())
            found = {}
        sort = _sort_of(entry)
        found[entry.object_id] = entry
    if found:
        yield list(found.values())


def _sort_of(entry: Operation) -> tuple[str, ...] | None:
    """What entries have in common that are taken back together; None for what is taken back alone."""
    if entry.kind != Kind.TODO:
        return None
    # Where a todo fits depends on where the others are by then.
    moves = entry.action not in {Action.CREATE, Action.PURGE} and "parent_id" in (entry.before or {})
    return None if moves else (entry.owner_id, entry.operation_id, entry.action)
