"""Lists: creating, reading, changing, ordering, trash. Who shares them is services.members' part."""

import base64
from collections import Counter
from collections.abc import Container, Sequence
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field, TypeAdapter
from pydantic_core import to_json
from sqlmodel import Session, col, select

from backend.errors import FieldError, IdTakenError, NotFoundError, VersionConflictError, invalid
from backend.models.base import new_id, utc_now
from backend.models.operation import Action
from backend.models.todo import Todo, first_position
from backend.models.todo_list import (
    ListCreate,
    ListFilter,
    ListMember,
    ListMove,
    ListPage,
    ListRead,
    ListUpdate,
    Role,
    TodoList,
)
from backend.models.token import Scope
from backend.models.user import User
from backend.services import list_rows, log, orders, rights, todo_rows
from backend.services.actor import Actor

UNKNOWN = "There is no list with this id."
_IN_TRASH = "This list is in the trash; restore it first."
_CURSOR = TypeAdapter(tuple[bool, Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=64)]])


def search(session: Session, actor: Actor, wanted: ListFilter) -> ListPage:
    """One page of the lists that the actor may see: their own in their order, then those that others share."""
    actor.ensure(Scope.READ)
    own = select(TodoList).where(
        TodoList.owner_id == actor.user_id,
        col(TodoList.deleted_at).is_not(None) if wanted.deleted else col(TodoList.deleted_at).is_(None),
    )
    found = [(one, Role.OWNER) for one in session.exec(own)]
    if actor.has_shares and not wanted.deleted:
        found += [
            (one, Role(role))
            for one, role in session.exec(
                select(TodoList, ListMember.role)
                .join(
                    ListMember,
                    (col(ListMember.owner_id) == TodoList.owner_id) & (col(ListMember.list_id) == TodoList.id),
                )
                .where(ListMember.user_id == actor.user_id, col(TodoList.deleted_at).is_(None))
            )
        ]
    if wanted.is_archived is not None:
        found = [(one, role) for one, role in found if one.is_archived == wanted.is_archived]

    def place(entry: tuple[TodoList, Role]) -> tuple[bool, str, str]:
        return entry[0].owner_id != actor.user_id, entry[0].position, entry[0].id

    found.sort(key=place)
    total = len(found)
    if wanted.cursor is not None:
        last = _read_cursor(wanted.cursor)
        found = [entry for entry in found if place(entry) > last]
    page = found[: wanted.limit]
    return ListPage(
        lists=_read(session, page),
        total=total,
        next_cursor=_write_cursor(place(page[-1])) if len(found) > wanted.limit else None,
    )


def create(session: Session, actor: Actor, data: ListCreate) -> ListRead:
    """Create a list. With an id that exists: the same list again if it says the same, else IdTakenError."""
    actor.ensure(Scope.ADD)
    log.lock(session, actor.user_id)
    values = data.model_dump(exclude={"id"})
    if data.id is not None and (known := session.get(TodoList, (actor.user_id, data.id))) is not None:
        if known.deleted_at is not None or any(getattr(known, name) != value for name, value in values.items()):
            raise IdTakenError(
                "A list with this id exists and says something else; choose a new id, or change that one."
            )
        return read(session, known, Role.OWNER)
    if data.id is not None and rights.find_list(session, actor, data.id) is not None:
        raise IdTakenError("A list with this id is shared with you; choose a new id.")
    now = utc_now()
    new = TodoList(
        **values,
        owner_id=actor.user_id,
        id=data.id or new_id(),
        position=first_position(now),
        created_at=now,
        updated_at=now,
    )
    list_rows.add(session, actor, new)
    return read(session, new, Role.OWNER)


def get(session: Session, actor: Actor, list_id: str) -> ListRead:
    """One list; one's own also from the trash (then `deleted_at` says since when)."""
    actor.ensure(Scope.READ)
    found = rights.find_list(session, actor, list_id, in_trash=True)
    if found is None:
        raise NotFoundError(UNKNOWN)
    return read(session, *found)


def update(
    session: Session, actor: Actor, list_id: str, data: ListUpdate, *, versions: Container[int] | None = None
) -> ListRead:
    """Change what is named and nothing else. With `versions`: only if nobody has changed it since."""
    actor.ensure(Scope.WRITE)
    found, role = lock(session, actor, list_id, versions=versions)
    _ensure_not_in_trash(found)
    list_rows.change(session, actor, found, Action.UPDATE, data.changes)
    return read(session, found, role)


def move(session: Session, actor: Actor, list_id: str, data: ListMove) -> ListRead:
    """Give a list another place in its owner's order."""
    actor.ensure(Scope.WRITE)
    ensure_one_side(data)
    found, role = lock(session, actor, list_id)
    _ensure_not_in_trash(found)
    rows = session.exec(
        select(TodoList)
        .where(TodoList.owner_id == found.owner_id, col(TodoList.deleted_at).is_(None))
        .order_by(col(TodoList.position), col(TodoList.id))
    ).all()
    others = [one for one in rows if one.id != found.id]
    neighbour_id = data.after_id if "after_id" in data.model_fields_set else data.before_id
    if neighbour_id == found.id:
        return read(session, found, role)
    if neighbour_id is None:
        at = 0 if "after_id" in data.model_fields_set else len(others)
    else:
        known = [one.id for one in others]
        # An owner by another's leave sees no other list of that account.
        if neighbour_id not in known or (found.owner_id != actor.user_id):
            side = "after_id" if data.after_id is not None else "before_id"
            raise invalid([FieldError(side, "There is no list with this id in the same order.")])
        at = known.index(neighbour_id) + (1 if data.after_id is not None else 0)
    position, renewed = orders.fit(
        lambda count: others[max(0, at - count) : at][::-1],
        lambda count: others[at : at + count],
    )
    with log.together(session):
        for one, key in renewed:
            list_rows.change(session, actor, one, Action.UPDATE, {"position": key})
        list_rows.change(session, actor, found, Action.UPDATE, {"position": position})
    return read(session, found, role)


def delete(session: Session, actor: Actor, list_id: str, *, versions: Container[int] | None = None) -> ListRead:
    """Move a list with its todos to the trash, as one operation. One that is there already stays as it is."""
    actor.ensure(Scope.DELETE)
    found, role = lock(session, actor, list_id, versions=versions)
    if found.deleted_at is None:
        now = utc_now()
        with log.together(session):
            list_rows.change(session, actor, found, Action.DELETE, {"deleted_at": now})
            going = [(todo, {"deleted_at": now}) for todo in todos_of(session, found) if todo.deleted_at is None]
            todo_rows.change_all(session, actor, found.owner_id, Action.DELETE, going)
    return read(session, found, role)


def restore(session: Session, actor: Actor, list_id: str) -> ListRead:
    """Take a list out of the trash, with the todos that went there with it. One that is not there stays as it is."""
    actor.ensure(Scope.WRITE)
    found, role = lock(session, actor, list_id)
    if (since := found.deleted_at) is not None:
        with log.together(session):
            list_rows.change(session, actor, found, Action.RESTORE, {"deleted_at": None})
            coming = [(todo, {"deleted_at": None}) for todo in todos_of(session, found) if todo.deleted_at == since]
            todo_rows.change_all(session, actor, found.owner_id, Action.RESTORE, coming)
    return read(session, found, role)


def read(session: Session, found: TodoList, role: Role) -> ListRead:
    """A list as somebody with this role sees it now."""
    return _read(session, [(found, role)])[0]


def lock(
    session: Session, actor: Actor, list_id: str, *, versions: Container[int] | None = None
) -> tuple[TodoList, Role]:
    """A list that the actor owns, or is an owner of, nobody else's to change until the transaction ends.

    Raises NotFoundError for what the actor may not see, PermissionDeniedError for whoever is no owner, and
    VersionConflictError where it has changed since.
    """
    found, role = lock_visible(session, actor, list_id)
    rights.ensure_owner(role)
    if versions is not None and found.version not in versions:
        raise VersionConflictError(
            "This list has changed since you read it; look at it as it is now and change it again.",
            current=read(session, found, role).model_dump(mode="json"),
        )
    return found, role


def lock_visible(session: Session, actor: Actor, list_id: str) -> tuple[TodoList, Role]:
    """A list that the actor may see, nobody else's to change until the transaction ends."""
    if not actor.has_shares:
        log.lock(session, actor.user_id)
    entry = rights.find_list(session, actor, list_id, in_trash=True)
    if entry is not None and actor.has_shares:
        # Whose ledger it is was not known before; by now somebody else may have changed the list, or its members.
        log.lock(session, entry[0].owner_id)
        session.refresh(entry[0])
        entry = rights.find_list(session, actor, list_id, in_trash=True)
    if entry is None:
        raise NotFoundError(UNKNOWN)
    return entry


def todos_of(session: Session, found: TodoList) -> Sequence[Todo]:
    """All todos of a list, those in the trash too, the oldest first."""
    return session.exec(
        select(Todo).where(Todo.owner_id == found.owner_id, Todo.list_id == found.id).order_by(col(Todo.id))
    ).all()


def ensure_one_side(data: ListMove) -> None:
    """Raise InvalidInputError where it is not said where to move something, or said twice."""
    match len(data.model_fields_set & {"before_id", "after_id"}):
        case 0:
            raise invalid([FieldError("before_id", "Name before_id or after_id; null is the end, or the start.")])
        case 2:
            raise invalid([FieldError("after_id", "Name before_id or after_id, not both.")])


def _ensure_not_in_trash(found: TodoList) -> None:
    if found.deleted_at is not None:
        raise NotFoundError(_IN_TRASH)


def _read(session: Session, entries: Sequence[tuple[TodoList, Role]]) -> list[ListRead]:
    """Lists with what is counted for them: three queries for a page, however long it is."""
    if not entries:
        return []
    ids_of: dict[str, list[str]] = {}
    for one, _ in entries:
        ids_of.setdefault(one.owner_id, []).append(one.id)
    open_counts: Counter[tuple[str, str | None]] = Counter()
    for owner_id, list_id, number in session.exec(
        select(Todo.owner_id, Todo.list_id, sa.func.count())
        .where(
            sa.or_(
                *((col(Todo.owner_id) == owner_id) & col(Todo.list_id).in_(ids) for owner_id, ids in ids_of.items())
            ),
            col(Todo.deleted_at).is_(None),
            ~col(Todo.completed),
        )
        .group_by(col(Todo.owner_id), col(Todo.list_id))
    ):
        open_counts[owner_id, list_id] = number
    members: Counter[tuple[str, str]] = Counter()
    for owner_id, list_id, number in session.exec(
        select(ListMember.owner_id, ListMember.list_id, sa.func.count())
        .where(
            sa.or_(
                *(
                    (col(ListMember.owner_id) == owner_id) & col(ListMember.list_id).in_(ids)
                    for owner_id, ids in ids_of.items()
                )
            )
        )
        .group_by(col(ListMember.owner_id), col(ListMember.list_id))
    ):
        members[owner_id, list_id] = number
    names = dict(session.exec(select(User.id, User.username).where(col(User.id).in_(ids_of))).all())
    return [
        ListRead.model_construct(
            id=one.id,
            name=one.name,
            color=one.color,
            is_archived=one.is_archived,
            position=one.position,
            role=role,
            owner_id=one.owner_id,
            owner_name=names[one.owner_id],
            open_count=open_counts[one.owner_id, one.id],
            members_count=members[one.owner_id, one.id],
            created_at=one.created_at,
            updated_at=one.updated_at,
            deleted_at=one.deleted_at,
            version=one.version,
        )
        for one, role in entries
    ]


def _write_cursor(place: tuple[bool, str, str]) -> str:
    return base64.urlsafe_b64encode(to_json(place)).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[bool, str, str]:
    try:
        return _CURSOR.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:  # pydantic's and base64's errors are both ValueErrors
        raise invalid([FieldError("cursor", "is not a next_cursor of this list; start from the first page")]) from None
