"""Saved filters: creating, reading, changing, deleting. What they find is found by services.searches."""

import base64
from collections.abc import Container, Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field, TypeAdapter
from pydantic_core import to_json
from sqlmodel import Session, col, select

from backend.errors import ConflictError, FieldError, IdTakenError, NotFoundError, VersionConflictError, invalid
from backend.models.base import as_id, new_id, utc_now
from backend.models.operation import Action, Kind
from backend.models.saved_filter import (
    FilterCreate,
    FilterPage,
    FilterRead,
    FilterRequest,
    FilterUpdate,
    SavedFilter,
    said,
)
from backend.models.todo import POSITION_MAX, first_position
from backend.models.token import Scope
from backend.services import log
from backend.services.actor import Actor

# Far more than a menu can show.
FILTERS_MAX = 1_000

_UNKNOWN = "There is no filter with this id."
_CURSOR = TypeAdapter(
    tuple[
        Annotated[str, Field(max_length=POSITION_MAX, pattern=r"^[!-~]*$")],
        Annotated[str, Field(max_length=64, pattern=r"^[!-~]*$")],
    ]
)
# What a filter says, as the log keeps it.
_LOGGED = ("name", "query", "position")


def search(session: Session, actor: Actor, wanted: FilterRequest) -> FilterPage:
    """One page of the actor's filters, in their order."""
    actor.ensure(Scope.READ)
    own = SavedFilter.owner_id == actor.user_id
    statement = select(SavedFilter).where(own).order_by(col(SavedFilter.position), col(SavedFilter.id))
    if wanted.cursor is not None:
        position, last_id = _read_cursor(wanted.cursor)
        place = col(SavedFilter.position)
        statement = statement.where((place > position) | ((place == position) & (col(SavedFilter.id) > last_id)))
    rows = session.exec(statement.limit(wanted.limit + 1)).all()
    page = rows[: wanted.limit]
    return FilterPage(
        filters=[FilterRead.of(row) for row in page],
        total=_count(session, actor),
        next_cursor=_write_cursor(page[-1]) if len(rows) > wanted.limit else None,
    )


def create(session: Session, actor: Actor, data: FilterCreate) -> FilterRead:
    """Save a filter. With an id that exists: the same filter again if it says the same, else IdTakenError."""
    actor.ensure(Scope.ADD)
    log.lock(session, actor.user_id)
    query = said(data.query)
    known = session.get(SavedFilter, (actor.user_id, data.id)) if data.id is not None else None
    if known is not None:
        if (known.name, known.query) != (data.name, query) or data.position not in {None, known.position}:
            raise IdTakenError(
                "A filter with this id exists and says something else; choose a new id, or change that one."
            )
        return FilterRead.of(known)
    if _count(session, actor) >= FILTERS_MAX:
        raise ConflictError(f"You have {FILTERS_MAX:,} saved filters, which is as many as there can be; delete one.")
    now = utc_now()
    new = SavedFilter(
        owner_id=actor.user_id,
        id=data.id or new_id(),
        name=data.name,
        query=query,
        position=data.position or first_position(now),
        created_at=now,
        updated_at=now,
    )
    session.add(new)
    session.flush()
    _record(session, actor, new, Action.CREATE, None, _state_of(new))
    return FilterRead.of(new)


def get(session: Session, actor: Actor, filter_id: str) -> FilterRead:
    """One filter."""
    actor.ensure(Scope.READ)
    return FilterRead.of(_find(session, actor, filter_id))


def update(
    session: Session, actor: Actor, filter_id: str, data: FilterUpdate, *, versions: Container[int] | None = None
) -> FilterRead:
    """Change what is named and nothing else. With `versions`: only if nobody has changed it since."""
    actor.ensure(Scope.WRITE)
    found = _lock(session, actor, filter_id, versions)
    changes = {name: value for name, value in data.changes.items() if getattr(found, name) != value}
    if changes:
        before = {name: getattr(found, name) for name in changes}
        for name, value in changes.items():
            setattr(found, name, value)
        found.version += 1
        found.updated_at = utc_now()
        session.flush()
        _record(session, actor, found, Action.UPDATE, before, changes)
    return FilterRead.of(found)


def delete(session: Session, actor: Actor, filter_id: str, *, versions: Container[int] | None = None) -> None:
    """Take a filter away for good; the log keeps what it said. The todos that it found stay."""
    actor.ensure(Scope.DELETE)
    found = _lock(session, actor, filter_id, versions)
    _record(session, actor, found, Action.PURGE, _state_of(found), None)
    session.delete(found)
    session.flush()


def _find(session: Session, actor: Actor, filter_id: str) -> SavedFilter:
    try:
        key = as_id(filter_id)
    except ValueError:
        raise NotFoundError(_UNKNOWN) from None
    found = session.get(SavedFilter, (actor.user_id, key))
    if found is None:
        raise NotFoundError(_UNKNOWN)
    return found


def _lock(session: Session, actor: Actor, filter_id: str, versions: Container[int] | None) -> SavedFilter:
    log.lock(session, actor.user_id)
    found = _find(session, actor, filter_id)
    if versions is not None and found.version not in versions:
        raise VersionConflictError(
            "This filter has changed since you read it; look at it as it is now and change it again.",
            current=FilterRead.of(found).model_dump(mode="json"),
        )
    return found


def _state_of(found: SavedFilter) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _LOGGED}


def _record(
    session: Session,
    actor: Actor,
    found: SavedFilter,
    action: Action,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    log.record(
        session,
        actor,
        found.owner_id,
        action,
        Kind.FILTER,
        found.id,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
    )


def _count(session: Session, actor: Actor) -> int:
    return session.exec(
        select(sa.func.count()).select_from(SavedFilter).where(SavedFilter.owner_id == actor.user_id)
    ).one()


def _write_cursor(last: SavedFilter) -> str:
    return base64.urlsafe_b64encode(to_json([last.position, last.id])).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str]:
    try:
        return _CURSOR.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:  # pydantic's and base64's errors are both ValueErrors
        raise invalid([FieldError("cursor", "is not a next_cursor of this list; start from the first page")]) from None
