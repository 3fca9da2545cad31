"""Todos: creating, reading, changing, completing, trash. Searching them is services.searches' part."""

from collections.abc import Container
from typing import Any

from sqlmodel import Session, col, select

from backend.errors import FieldError, IdTakenError, NotFoundError, VersionConflictError, invalid
from backend.models import due
from backend.models.base import new_id, utc_now
from backend.models.operation import Action
from backend.models.todo import ApplyTo, Todo, TodoCreate, TodoRead, TodoUpdate, first_position
from backend.models.token import Scope
from backend.prepared import view
from backend.services import log, places, rights, series, todo_rows, trees
from backend.services.actor import Actor

_UNKNOWN = "There is no todo with this id."
_IN_TRASH = "This todo is in the trash; restore it first."


def create(session: Session, actor: Actor, data: TodoCreate) -> TodoRead:
    """Create a todo. With an id that exists: the same todo again if it says the same, else IdTakenError."""
    actor.ensure(Scope.ADD)
    place = places.lock_for_new(session, actor, data)
    values = vars(data) | {"list_id": place.list_id}
    del values["id"]
    if data.id is not None and (known := session.get(Todo, (place.owner_id, data.id))) is not None:
        if known.deleted_at is not None or any(getattr(known, name) != value for name, value in values.items()):
            raise IdTakenError(
                "A todo with this id exists and says something else; choose a new id, or change that one."
            )
        return read(session, known, actor)
    if data.id is not None and rights.find_todo(session, actor, data.id) is not None:
        raise IdTakenError("A todo with this id exists in another list that you share; choose a new id.")
    now = utc_now()
    begun = series.begin(data.recurrence, todo_rows.due_of(data))
    row = todo_rows.new(
        values
        | begun
        | {
            "owner_id": place.owner_id,
            "id": data.id or new_id(),
            "position": first_position(now),
            "completed_at": now if data.completed else None,
            "created_at": now,
            "updated_at": now,
        }
    )
    with log.together(session):
        todo_rows.add(session, actor, row)
        newest = series.advance(session, actor, row) if row.completed else row
        if newest is not None:
            open_parents(session, actor, newest)
    return TodoRead.of(row, timezone=actor.timezone, now=now)  # so new that nothing is a part of it


def get(session: Session, actor: Actor, todo_id: str) -> TodoRead:
    """One todo, also from the trash (then `deleted_at` says since when)."""
    actor.ensure(Scope.READ)
    todo = rights.find_todo(session, actor, todo_id)
    if todo is None:
        raise NotFoundError(_UNKNOWN)
    return read(session, todo, actor)


def update(
    session: Session, actor: Actor, todo_id: str, data: TodoUpdate, *, versions: Container[int] | None = None
) -> TodoRead:
    """Change what is named and nothing else. With `versions`: only if nobody has changed it since.

    Ticking a todo ticks its parts; an open part keeps what it is a part of open. A tree moves as a whole.
    """
    actor.ensure(Scope.WRITE)
    changes = data.changes
    places.lock_both(session, actor, todo_id, changes)
    todo = lock(session, actor, todo_id, versions=versions)
    if todo.deleted_at is not None:
        raise NotFoundError(_IN_TRASH)
    when = todo_rows.due_of(todo).merged(changes)
    changes |= {name: getattr(when, name) for name in due.FIELDS}
    place, others = places.for_change(session, actor, todo, changes)
    changes |= others
    changes |= series.follow(todo, changes, when)
    is_ticked = changes.get("completed", todo.completed)
    action = Action.UPDATE
    if is_ticked != todo.completed:
        action = Action.COMPLETE if is_ticked else Action.REOPEN
        changes["completed_at"] = utc_now() if is_ticked else None
    with log.together(session):
        match data.apply_to:
            case ApplyTo.THIS:
                series.leave(session, actor, todo)
                changes |= {"recurrence": None}
            case ApplyTo.FOLLOWING:
                changes |= series.move_following(todo, when)
        todo = _carried_over(session, actor, todo, place)
        moves = changes.get("list_id", todo.list_id) != todo.list_id
        todo_rows.change(session, actor, todo, action, changes)
        if moves:
            for part, carried in places.carried(session, place, trees.descendants(session, todo)):
                todo_rows.change(session, actor, part, Action.UPDATE, carried)
        if action is Action.COMPLETE:
            series.advance(session, actor, todo)
            _tick_parts(session, actor, todo)
        if action is Action.REOPEN:
            series.take_back(session, actor, todo)
        open_parents(session, actor, todo)
    return read(session, todo, actor)


def put(
    session: Session, actor: Actor, todo_id: str, data: TodoUpdate, *, versions: Container[int] | None = None
) -> tuple[TodoRead, bool]:
    """Change a known todo by the rules of a partial update; create an unknown one. True where it was created."""
    if rights.find_todo(session, actor, todo_id) is not None:
        return update(session, actor, todo_id, data, versions=versions), False
    if versions is not None:
        raise VersionConflictError("There is no todo with this id, so no version of it either.")
    # The whole shape is checked again, because a creation needs what an update may leave out.
    new = TodoCreate.model_validate(
        data.model_dump(mode="json", exclude_unset=True, exclude={"apply_to"}) | {"id": todo_id}
    )
    return create(session, actor, new), True


def delete(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> TodoRead:
    """Move a todo with its parts to the trash. One that is there already stays as it is."""
    actor.ensure(Scope.DELETE)
    todo = lock(session, actor, todo_id, versions=versions)
    if todo.deleted_at is None:
        now = utc_now()
        with log.together(session):
            for one in (todo, *trees.descendants(session, todo, lambda part: part.deleted_at is None)):
                todo_rows.change(session, actor, one, Action.DELETE, {"deleted_at": now})
    return read(session, todo, actor)


def restore(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> TodoRead:
    """Take a todo out of the trash, as it was, with the parts that went there with it.

    One that is not there stays as it is. One whose parent is still in the trash, or gone, comes back on its own; one
    whose list is, into the inbox.
    """
    actor.ensure(Scope.WRITE)
    todo = lock(session, actor, todo_id, versions=versions)
    if (since := todo.deleted_at) is not None:
        with log.together(session):
            changes: dict[str, Any] = {"deleted_at": None}
            if todo.parent_id is not None and not _is_there(session, todo.owner_id, todo.parent_id):
                changes["parent_id"] = None
            place = places.after_trash(session, todo)
            parts = trees.descendants(session, todo, lambda part: part.deleted_at == since)
            for one, carried in places.carried(session, place, [todo, *parts]):
                here = changes if one is todo else {"deleted_at": None}
                todo_rows.change(session, actor, one, Action.RESTORE, carried | here)
            open_parents(session, actor, todo)
    return read(session, todo, actor)


def complete(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> TodoRead:
    """Tick a todo. Ticking twice is ticking once."""
    return update(session, actor, todo_id, TodoUpdate(completed=True), versions=versions)


def skip(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> TodoRead:
    """Leave one occurrence of a recurring todo out: it goes to the trash, and the next one comes. Answers that one."""
    actor.ensure(Scope.WRITE)
    actor.ensure(Scope.DELETE)
    todo = lock(session, actor, todo_id, versions=versions)
    if todo.recurrence is None or todo.completed or todo.deleted_at is not None:
        raise invalid([FieldError("id", "Only an open todo that repeats can be skipped.")])
    with log.together(session):
        following = series.advance(session, actor, todo)
        now = utc_now()
        for one in (todo, *trees.descendants(session, todo, lambda part: part.deleted_at is None)):
            todo_rows.change(session, actor, one, Action.DELETE, {"deleted_at": now})
    shown = todo if following is None else session.get_one(Todo, (following.owner_id, following.id))
    return read(session, shown, actor)


def reopen(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> TodoRead:
    """Take the tick back. An open todo stays as it is."""
    return update(session, actor, todo_id, TodoUpdate(completed=False), versions=versions)


def follow_timezone(session: Session, actor: Actor, timezone: str) -> None:
    """Recompute the day's end and the instant of every due that has no zone of its own, after its owner moved."""
    todos = session.exec(
        select(Todo).where(
            Todo.owner_id == actor.user_id, col(Todo.due_date).is_not(None), col(Todo.due_timezone).is_(None)
        )
    )
    for todo in todos:
        todo.due_until = todo_rows.due_of(todo).until(timezone)
    session.flush()


def read(session: Session, todo: Todo, actor: Actor) -> TodoRead:
    """A todo as the actor sees it now."""
    return TodoRead.of(view(todo), timezone=actor.timezone, now=utc_now(), parts=trees.parts_of(session, todo))


def lock(session: Session, actor: Actor, todo_id: str, *, versions: Container[int] | None = None) -> Todo:
    """A todo that the actor may change, nobody else's to change until the transaction ends.

    Raises NotFoundError for what the actor may not see, PermissionDeniedError for what may only be looked at, and
    VersionConflictError where it has changed since.
    """
    if not actor.has_shares:
        log.lock(session, actor.user_id)
    todo = rights.find_todo(session, actor, todo_id)
    if todo is None:
        raise NotFoundError(_UNKNOWN)
    if actor.has_shares:
        # Whose ledger it is was not known before; by now somebody else may have changed the todo.
        log.lock(session, todo.owner_id)
        session.refresh(todo)
    rights.ensure_may_change(session, actor, todo)
    if versions is not None and todo.version not in versions:
        raise VersionConflictError(
            "This todo has changed since you read it; look at it as it is now and change it again.",
            current=read(session, todo, actor).model_dump(mode="json"),
        )
    return todo


def _carried_over(session: Session, actor: Actor, todo: Todo, place: places.Place) -> Todo:
    """The todo in the account where it goes, with its parts; itself where that is the one in which it is."""
    if place.owner_id == todo.owner_id:
        return todo
    tree = [todo, *trees.descendants(session, todo)]
    return todo_rows.transfer(session, actor, tree, place.owner_id, place.list_id)[0]


def _tick_parts(session: Session, actor: Actor, todo: Todo) -> None:
    for part in trees.descendants(session, todo, lambda part: not part.completed and part.deleted_at is None):
        todo_rows.change(session, actor, part, Action.COMPLETE, {"completed": True, "completed_at": todo.completed_at})


def open_parents(session: Session, actor: Actor, todo: Any) -> None:
    """Open whatever a todo is a part of, if it is open itself."""
    if todo.completed or todo.parent_id is None:
        return
    with log.by_itself(session):
        for parent in trees.ancestors(session, todo):
            if parent.completed:
                actor.ensure(Scope.WRITE)  # adding a part to what is done changes more than it adds
            todo_rows.change(session, actor, parent, Action.REOPEN, {"completed": False, "completed_at": None})


def _is_there(session: Session, owner_id: str, todo_id: str) -> bool:
    found = session.get(Todo, (owner_id, todo_id))
    return found is not None and found.deleted_at is None
