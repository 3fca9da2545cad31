"""The feed of changes, in the order in which they were committed.

There is one stream for the actor's own todos and one for each list that others share. A stream begins with everything
that is there, by id, and goes on with the log from where it stood when it began; so whoever follows it to its end has
what the database has. A change is answered as the thing is now, once a page, or as a tombstone.

A cursor says how far each stream was read. It expires (410) when the log before it is no longer kept, or when the
database was put back to an earlier state: then the reader starts again without one.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from sqlmodel import Session, col, select

from backend.errors import CursorExpiredError, FieldError, invalid
from backend.models.base import utc_now
from backend.models.feed import ChangeRead, FeedPage, FeedRequest
from backend.models.operation import Kind, Ledger, Operation
from backend.models.saved_filter import SavedFilter
from backend.models.todo import Todo, TodoRead
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.services import rights, trees
from backend.services.actor import Actor

# Before the log of an account begins, in a ledger that nobody has opened yet.
_UNOPENED = ""
_TABLES = {Kind.TODO: Todo, Kind.LIST: TodoList, Kind.FILTER: SavedFilter}


@dataclass(frozen=True)
class _Stream:
    """How far one account's changes, or those of one list of it, were read."""

    owner_id: str
    list_id: str | None
    epoch: str
    seq: int
    # While it begins: the last id that was answered; None once the log is being followed.
    last_id: str | None


_STREAMS = TypeAdapter(list[_Stream])


def read(session: Session, actor: Actor, wanted: FeedRequest) -> FeedPage:
    """What changed after the cursor; without one, everything, and from there on what changes."""
    actor.ensure(Scope.READ)
    known = {(one.owner_id, one.list_id): one for one in _decoded(wanted.cursor)} if wanted.cursor else {}
    wanted_streams = [(actor.user_id, None), *((one.owner_id, one.list_id) for one in rights.shares(session, actor))]
    ledgers = _ledgers(session, {owner_id for owner_id, _ in wanted_streams})
    changes: dict[tuple[Kind, str], ChangeRead] = {}
    # A list that was shared and is no longer: whatever was known of it is to be forgotten.
    for owner_id, list_id in known.keys() - set(wanted_streams):
        if owner_id != actor.user_id and list_id is not None:
            changes[Kind.LIST, list_id] = ChangeRead(
                kind=Kind.LIST, id=list_id, deleted=True, changed_at=utc_now(), todo=None
            )
    streams, has_more = [], False
    for key in wanted_streams:
        ledger = ledgers.get(key[0])
        stream = known.get(key) or _Stream(*key, ledger.epoch if ledger else _UNOPENED, ledger.seq if ledger else 0, "")
        room = wanted.limit - len(changes)
        if room > 0:
            stream, found, is_more = _follow(session, actor, stream, ledger, room)
            for change in found:
                changes.pop((change.kind, change.id), None)
                changes[change.kind, change.id] = change
        else:
            is_more = True
        has_more |= is_more
        streams.append(stream)
    return FeedPage(changes=list(changes.values()), next_cursor=_encoded(streams), has_more=has_more)


def followed(session: Session, actor: Actor) -> set[str]:
    """The accounts whose changes the actor may see: news of them is a reason to read."""
    return set(rights.owners(session, actor))


def now(session: Session, actor: Actor) -> str:
    """The cursor of this moment: what changes after it is answered, and nothing of what is there already."""
    actor.ensure(Scope.READ)
    keys = [(actor.user_id, None), *((one.owner_id, one.list_id) for one in rights.shares(session, actor))]
    ledgers = _ledgers(session, {owner_id for owner_id, _ in keys})
    stands = {owner_id: (one.epoch, one.seq) for owner_id, one in ledgers.items()}
    return _encoded([_Stream(*key, *stands.get(key[0], (_UNOPENED, 0)), None) for key in keys])


def _ledgers(session: Session, owners: Iterable[str]) -> dict[str, Ledger]:
    return {one.owner_id: one for one in session.exec(select(Ledger).where(col(Ledger.owner_id).in_(sorted(owners))))}


def _follow(
    session: Session, actor: Actor, stream: _Stream, ledger: Ledger | None, limit: int
) -> tuple[_Stream, list[ChangeRead], bool]:
    """The stream after up to `limit` more changes, those changes, and whether there are more."""
    if ledger is not None and stream.epoch == _UNOPENED:
        # Its first change has come since; nothing before it was ever forgotten.
        stream = replace(stream, epoch=ledger.epoch) if ledger.forgotten == 0 else stream
    if ledger is None and stream.epoch == _UNOPENED:
        ledger = Ledger.model_construct(epoch=_UNOPENED, seq=0, forgotten=0)
    if ledger is None or stream.epoch != ledger.epoch or not ledger.forgotten <= stream.seq <= ledger.seq:
        raise CursorExpiredError("This cursor is too old. Start again without one: you get everything that is there.")
    if stream.last_id is not None:
        stream, found, is_more = _begin(session, actor, stream, limit)
        return stream, found, is_more or stream.seq < ledger.seq
    rows = session.exec(
        select(Operation)
        .where(Operation.owner_id == stream.owner_id, col(Operation.seq) > stream.seq)
        .order_by(col(Operation.seq))
        .limit(limit)
    ).all()
    if not rows:
        return stream, [], False
    # The last one wins: a thing is answered once, as it is now, where it was changed last.
    latest: dict[tuple[Kind, str], datetime] = {}
    for row in rows:
        if stream.list_id is None or stream.list_id in {row.list_id, (row.before or {}).get("list_id")}:
            key = Kind(row.kind), row.object_id
            latest.pop(key, None)
            latest[key] = row.at
    todos = _todos(session, stream, [object_id for kind, object_id in latest if kind is Kind.TODO])
    parts = trees.count_parts(session, {stream.owner_id}, list(todos))
    found = [_change(session, actor, kind, key, at, todos.get(key), parts) for (kind, key), at in latest.items()]
    return replace(stream, seq=rows[-1].seq), found, rows[-1].seq < ledger.seq


def _begin(session: Session, actor: Actor, stream: _Stream, limit: int) -> tuple[_Stream, list[ChangeRead], bool]:
    """Everything that is there, by id, also what is in the trash."""
    keys = sorted(key for kind in Kind for key in _ids_after(session, stream, kind, limit + 1))
    page = keys[:limit]
    is_more = len(keys) > limit
    if is_more and keys[limit][0] == page[-1][0]:
        # A list or a filter of the same id, which its maker chose; a cursor says the id alone.
        page = [key for key in keys if key[0] <= page[-1][0]]
    todos = _todos(session, stream, [object_id for object_id, kind in page if kind is Kind.TODO])
    parts = trees.count_parts(session, {stream.owner_id}, list(todos))
    found = [_change(session, actor, kind, key, None, todos.get(key), parts) for key, kind in page]
    return replace(stream, last_id=page[-1][0] if is_more else None), found, is_more


def _ids_after(session: Session, stream: _Stream, kind: Kind, limit: int) -> list[tuple[str, Kind]]:
    """The next ones of a kind, by id. Saved filters are the account's own; of a shared list there is the list."""
    if stream.list_id is not None and kind is not Kind.TODO:
        return [(stream.list_id, kind)] if kind is Kind.LIST and stream.list_id > (stream.last_id or "") else []
    table: Any = _TABLES[kind]
    statement = select(table.id).where(table.owner_id == stream.owner_id, table.id > (stream.last_id or ""))
    if stream.list_id is not None:
        statement = statement.where(table.list_id == stream.list_id)
    return [(one, kind) for one in session.exec(statement.order_by(table.id).limit(limit))]


def _todos(session: Session, stream: _Stream, ids: list[str]) -> dict[str, Todo]:
    rows = session.exec(select(Todo).where(Todo.owner_id == stream.owner_id, col(Todo.id).in_(ids))).all()
    return {row.id: row for row in rows if stream.list_id is None or row.list_id == stream.list_id}


def _change(
    session: Session,
    actor: Actor,
    kind: Kind,
    object_id: str,
    at: datetime | None,
    todo: Todo | None,
    parts: Mapping[tuple[str, str], tuple[int, int]],
) -> ChangeRead:
    if kind is Kind.TODO and todo is None:
        # It left this stream; another one may have it.
        todo = rights.find_todo(session, actor, object_id)
        parts = trees.count_parts(session, {todo.owner_id}, [todo.id]) if todo is not None else {}
    is_gone = todo is None if kind is Kind.TODO else not _is_there(session, actor, kind, object_id)
    counted = parts.get((todo.owner_id, todo.id), trees.NO_PARTS) if todo is not None else trees.NO_PARTS
    return ChangeRead(
        kind=kind,
        id=object_id,
        deleted=is_gone,
        changed_at=at,
        todo=TodoRead.of(todo, timezone=actor.timezone, now=utc_now(), parts=counted) if todo is not None else None,
    )


def _is_there(session: Session, actor: Actor, kind: Kind, object_id: str) -> bool:
    if kind is Kind.LIST:
        return rights.find_list(session, actor, object_id, in_trash=True) is not None
    return session.get(SavedFilter, (actor.user_id, object_id)) is not None


def _encoded(streams: list[_Stream]) -> str:
    return base64.urlsafe_b64encode(to_json(streams)).decode().rstrip("=")


def _decoded(cursor: str) -> list[_Stream]:
    try:
        return _STREAMS.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValidationError, binascii.Error, ValueError):
        raise invalid([FieldError("cursor", "is not a next_cursor of this feed; start without one")]) from None
