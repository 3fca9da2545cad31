"""Undo: taking operations back, with nothing overwritten that was changed later.

Entries are taken back from the newest to the oldest. A field goes back to what it was if it still says what the entry
made it say; otherwise somebody has changed it since, and it stays and is listed. The undoing is an operation itself,
so that undoing it does everything again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from backend.errors import AppError, NotFoundError
from backend.models.base import utc_now
from backend.models.history import UndoConflict, UndoRead, UndoRequest
from backend.models.operation import Action, Kind, Operation
from backend.models.todo import Todo
from backend.models.todo_list import Role, TodoList
from backend.models.token import Scope
from backend.services import list_rows, lists, log, rights, todo_rows, trees
from backend.services.actor import Actor

_CHANGED_SINCE = "It was changed later, so it stays as it is."
_GONE = "It is no longer there."


class _Undoing:
    """What one request takes back, and what it has to leave."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self.session = session
        self.actor = actor
        self.undone: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.conflicts: list[UndoConflict] = []

    def take_back(self, entry: Operation) -> None:
        if entry.kind == Kind.LIST:
            self._take_back_list(entry)
            return
        if entry.kind != Kind.TODO:
            self._leave(entry, None, "Only todos and lists can be taken back.")
            return
        todo = self.session.get(Todo, (entry.owner_id, entry.object_id))
        if todo is not None:
            try:
                rights.ensure_may_change(self.session, self.actor, todo)
            except AppError as refusal:
                self._leave(entry, None, refusal.detail)
                return
        with log.together(self.session, undoes=entry.operation_id):
            match entry.action:
                case Action.CREATE:
                    self._take_back_creation(entry, todo)
                case Action.PURGE:
                    self._bring_back(entry, todo)
                case _:
                    self._take_back_change(entry, todo)

    def _take_back_creation(self, entry: Operation, todo: Todo | None) -> None:
        if todo is None or todo.deleted_at is not None:
            return
        now, made = todo_rows.state_of(todo), entry.after or {}
        if changed := [name for name in made if name in now and now[name] != made[name]]:
            self._leave(entry, changed[0], _CHANGED_SINCE)
        elif trees.descendants(self.session, todo, lambda part: part.deleted_at is None):
            self._leave(entry, None, "It has got parts since.")
        else:
            self._set(entry, todo, Action.DELETE, {"deleted_at": utc_now()})

    def _bring_back(self, entry: Operation, todo: Todo | None) -> None:
        if todo is not None:
            return
        if rights.find_todo(self.session, self.actor, entry.object_id) is not None:
            self._leave(entry, None, "It stands in a list of another owner now.")
            return
        values = todo_rows.values_of(entry.before or {})
        todo = Todo(owner_id=entry.owner_id, id=entry.object_id, **values)
        todo.list_id = todo.list_id if self._list_is_there(entry.owner_id, todo.list_id) else None
        todo.parent_id = todo.parent_id if self._parent_fits(None, entry.owner_id, todo.parent_id) else None
        todo_rows.add(self.session, self.actor, todo)
        self._note(entry)

    def _take_back_change(self, entry: Operation, todo: Todo | None) -> None:
        if todo is None:
            self._leave(entry, None, _GONE)
            return
        before, after, now = entry.before or {}, entry.after or {}, todo_rows.state_of(todo)
        back: dict[str, Any] = {}
        for name in before.keys() & now.keys():
            if now[name] == before[name]:
                continue
            if now[name] != after.get(name):
                self._leave(entry, name, _CHANGED_SINCE)
            elif (name == "list_id" and not self._list_is_there(entry.owner_id, before[name])) or (
                name == "parent_id" and not self._parent_fits(todo, entry.owner_id, before[name])
            ):
                self._leave(entry, name, "Where it was is no longer there.")
            else:
                back[name] = before[name]
        if back:
            self._set(entry, todo, _opposite(entry.action), todo_rows.values_of(back))

    def _take_back_list(self, entry: Operation) -> None:
        found = rights.find_list(self.session, self.actor, entry.object_id, in_trash=True)
        if found is None or found[0].owner_id != entry.owner_id:
            self._leave(entry, None, _GONE)
            return
        one, role = found
        before, after, now = entry.before or {}, entry.after or {}, list_rows.state_of(one)
        if role is not Role.OWNER:
            self._leave(entry, None, "Only an owner of this list may do that.")
        elif "member" in {**before, **after}:
            self._leave(entry, None, "Who shares a list is not taken back; change its members instead.")
        elif entry.action == Action.CREATE:
            if any(todo.deleted_at is None for todo in lists.todos_of(self.session, one)):
                self._leave(entry, None, "There are todos in it.")
            elif one.deleted_at is None:
                self._set_list(entry, one, Action.DELETE, {"deleted_at": utc_now()})
        else:
            for name in before:
                if now.get(name) not in {before[name], after.get(name)}:
                    self._leave(entry, name, _CHANGED_SINCE)
            back = {name: before[name] for name in before if now.get(name) == after.get(name)}
            self._set_list(entry, one, _opposite(entry.action), list_rows.values_of(back))

    def _set_list(self, entry: Operation, one: TodoList, action: Action, changes: Mapping[str, Any]) -> None:
        self._ensure_may(changes)
        with log.together(self.session, undoes=entry.operation_id):
            if list_rows.change(self.session, self.actor, one, action, changes):
                self._note(entry)

    def _ensure_may(self, changes: Mapping[str, Any]) -> None:
        """Taking back what was added or restored moves it to the trash, and takes the scope for that."""
        if changes.get("deleted_at") is not None:
            self.actor.ensure(Scope.DELETE)

    def _set(self, entry: Operation, todo: Todo, action: Action, changes: Mapping[str, Any]) -> None:
        self._ensure_may(changes)
        if todo_rows.change(self.session, self.actor, todo, action, changes):
            self._note(entry)

    def _note(self, entry: Operation) -> None:
        self.undone[entry.operation_id] = None
        self.changed[entry.object_id] = None

    def _leave(self, entry: Operation, field: str | None, reason: str) -> None:
        said = {**(entry.before or {}), **(entry.after or {})}
        todo = self.session.get(Todo, (entry.owner_id, entry.object_id))
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
        found = rights.find_list(self.session, self.actor, list_id)
        return found is not None and found[0].owner_id == owner_id

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


def undo(session: Session, actor: Actor, request: UndoRequest) -> UndoRead:
    """Take back what was asked for, as far as nobody has changed it since; what was left is listed with its reason."""
    actor.ensure(Scope.WRITE)
    owners = sorted({actor.user_id, *(share.owner_id for share in rights.shares(session, actor))})
    for owner_id in owners:
        log.lock(session, owner_id)
    entries = list(_wanted(session, actor, owners, request))
    if request.operation_id is not None and not entries:
        raise NotFoundError("There is no operation with this id, or it is no longer kept.")
    undoing = _Undoing(session, actor)
    with log.together(session) as operation_id:
        for entry in entries:
            undoing.take_back(entry)
    return UndoRead(
        operation_id=operation_id if undoing.undone else None,
        undone=list(undoing.undone),
        changed=list(undoing.changed),
        conflicts=undoing.conflicts,
    )


def _wanted(session: Session, actor: Actor, owners: Sequence[str], request: UndoRequest) -> Iterator[Operation]:
    """The entries to take back, the newest first."""
    if request.operation_id is not None:
        rows = session.exec(
            select(Operation)
            .where(col(Operation.owner_id).in_(owners), Operation.operation_id == request.operation_id)
            .order_by(col(Operation.seq).desc())
        ).all()
        yield from (row for row in rows if _may_see(session, actor, row))
        return
    # What was undone already is not undone again; what was undone and done again is.
    taken_back: set[str] = set()
    chosen: dict[str, None] = {}
    for row in _newest_first(session, actor.user_id):
        if request.since is not None and row.at < request.since:
            break
        if row.operation_id in taken_back:
            continue
        if row.undoes is not None:
            taken_back.add(row.undoes)
            continue
        if request.token_id is not None and row.token_id != request.token_id:
            continue
        if request.last is not None:
            # A token takes back what it did itself, and never the person's own last step by mistake.
            if row.actor_id != actor.user_id or (actor.token_id is not None and row.token_id != actor.token_id):
                continue
            if row.operation_id not in chosen and len(chosen) == request.last:
                break
        chosen[row.operation_id] = None
        yield row


def _newest_first(session: Session, owner_id: str) -> Iterator[Operation]:
    """An account's entries, some at a time; those that are written meanwhile are not among them."""
    last: int | None = None
    while True:
        statement = select(Operation).where(Operation.owner_id == owner_id)
        if last is not None:
            statement = statement.where(col(Operation.seq) < last)
        rows = session.exec(statement.order_by(col(Operation.seq).desc()).limit(500)).all()
        yield from rows
        if not rows:
            return
        last = rows[-1].seq


def _may_see(session: Session, actor: Actor, entry: Operation) -> bool:
    return entry.owner_id == actor.user_id or (
        entry.list_id is not None and rights.find_list(session, actor, entry.list_id) is not None
    )


def _opposite(action: str) -> Action:
    opposites = {
        Action.COMPLETE: Action.REOPEN,
        Action.REOPEN: Action.COMPLETE,
        Action.DELETE: Action.RESTORE,
        Action.RESTORE: Action.DELETE,
    }
    return opposites.get(Action(action), Action.UPDATE)
