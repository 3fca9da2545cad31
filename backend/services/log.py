"""The log of operations, written in the transaction of the change that it tells of.

`lock` comes first in everything that writes: it makes the writers of one account wait for each other, so that numbers
are given in the order of the commits, counts are exact, and no two of them deadlock. `record` writes an entry. The
ledger itself is counted up in memory, and stored once, when the transaction ends or a part of it begins or ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy import event
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col, select

from backend import derived, news
from backend.models.base import new_id, utc_now
from backend.models.operation import Action, Kind, Ledger, Operation
from backend.models.todo import Todo
from backend.models.user import User
from backend.prepared import Prepared, Reader
from backend.services.actor import Actor

_PLAIN = frozenset((str, int, bool, type(None)))
_LEDGERS, _CHANGED, _GROUP = "ledgers", "changed_ledgers", "operation_group"
_LEDGER_COLUMNS = [column.key for column in sa.inspect(Ledger).columns]
_LEDGER = sa.select(*sa.inspect(Ledger).columns).where(col(Ledger.owner_id) == sa.bindparam("owner"))
_READ, _LOCK = Prepared(_LEDGER), Prepared(_LEDGER.with_for_update())
_SAVE = Prepared(
    sa.update(Ledger)
    .where(col(Ledger.owner_id) == sa.bindparam("new_owner_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _LEDGER_COLUMNS if name != "owner_id"})
)
_WRITE = Prepared(sa.insert(Operation), [column.key for column in sa.inspect(Operation).columns])


@dataclass
class Held:
    """A locked ledger: the columns of its row, counted up in memory."""

    owner_id: str
    epoch: str
    seq: int
    forgotten: int
    todos_open: int
    todos_done: int
    todos_trashed: int


@dataclass(frozen=True)
class Entry:
    """What happened to one object: what it said before and after, and the list where that is seen."""

    object_id: str
    list_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass
class _Group:
    """What is recorded together: under which operation, by whom, and which todos that has changed so far."""

    operation_id: str
    undoes: str | None
    actor: Actor | None = None
    touched: set[str] = field(default_factory=set)


@contextmanager
def together(session: Session, *, undoes: str | None = None, operation_id: str | None = None) -> Iterator[str]:
    """Everything recorded inside is one operation, which can be undone as one. Answers its id.

    With an `operation_id` it goes on with that operation, in another transaction. Raises LimitReachedError at its end
    where that has changed more todos than the actor's token may: here every change comes by, however it was asked for.
    """
    outer: _Group | None = session.info.get(_GROUP)
    with _group(session, operation_id, undoes) as group:
        yield group.operation_id
    # Not reached by what was refused, and is taken back.
    if outer is not None:
        outer.actor = group.actor or outer.actor
        outer.touched |= group.touched
    elif group.actor is not None:
        group.actor.ensure_may_touch(len(group.touched))


@contextmanager
def by_itself(session: Session) -> Iterator[None]:
    """What is recorded inside follows from a change without being asked for, and is not counted as one.

    Otherwise a token that may change one todo could not tick one that repeats.
    """
    with _group(session, None, None):
        yield


@contextmanager
def _group(session: Session, operation_id: str | None, undoes: str | None) -> Iterator[_Group]:
    outer: _Group | None = session.info.get(_GROUP)
    if outer is not None:
        operation_id, undoes = outer.operation_id, undoes or outer.undoes
    session.info[_GROUP] = group = _Group(operation_id or new_id(), undoes)
    try:
        yield group
    finally:
        session.info[_GROUP] = outer


def lock(session: Session, owner_id: str) -> Held:
    """The account's ledger, nobody else's to write until the transaction ends. Once for each transaction."""
    held: dict[str, Held] = session.info.setdefault(_LEDGERS, {})
    if owner_id not in held:
        row = _LOCK.first(session, owner=owner_id)
        held[owner_id] = Held(**row._asdict()) if row is not None else _open(session, owner_id)
        news.mark(session.info, owner_id)
    return held[owner_id]


def has_changed(session: Session, ledger: Held) -> None:
    """What was counted is stored before the transaction ends."""
    session.info.setdefault(_CHANGED, set()).add(ledger.owner_id)


@event.listens_for(Session, "before_commit")
def _settle(session: Session) -> None:
    """Store what was counted. Savepoints that are kept end here too."""
    changed: set[str] = session.info.pop(_CHANGED, set())
    if changed:
        ledgers = [session.info[_LEDGERS][owner_id] for owner_id in sorted(changed)]
        _SAVE.run(session, [{f"new_{name}": value for name, value in vars(one).items()} for one in ledgers])


def ledger_of(source: Reader | Session, owner_id: str) -> Any:
    """What the account's ledger says now, to look at; None where nobody has opened it yet."""
    return _READ.first(source, owner=owner_id)


def begin_part(session: Session) -> SessionTransaction:
    """A part of the transaction that can be taken back: a savepoint. `let_go` has to follow where it is."""
    _settle(session)
    return session.begin_nested()


def let_go(session: Session) -> None:
    """Forget what is locked and what is known, after a part of the transaction was rolled back."""
    session.info.pop(_LEDGERS, None)
    session.info.pop(_CHANGED, None)
    session.expire_all()


def record(
    session: Session,
    actor: Actor,
    owner_id: str,
    action: Action,
    kind: Kind,
    object_id: str,
    *,
    list_id: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down what was changed, by whom, and what was there before."""
    record_all(session, actor, owner_id, action, kind, [Entry(object_id, list_id, before, after)])


def record_all(
    session: Session,
    actor: Actor,
    owner_id: str,
    action: Action,
    kind: Kind,
    entries: Sequence[Entry],
    at: datetime | None = None,
) -> None:
    """Write down the same action on many objects, in one statement; `at` is when they say that it was done."""
    group: _Group | None = session.info.get(_GROUP)
    if group is None:
        with together(session):
            record_all(session, actor, owner_id, action, kind, entries, at)
        return
    ledger = lock(session, owner_id)
    group.actor = actor
    if kind is Kind.TODO:
        group.touched.update(entry.object_id for entry in entries)
    same = {
        "owner_id": owner_id,
        "operation_id": group.operation_id,
        "at": at or utc_now(),
        "actor_id": actor.user_id,
        "token_id": actor.token_id,
        "actor_name": actor.name,
        # As the driver takes them; it would first ask an enumeration how it wants to be stored.
        "door": actor.door.value,
        "action": action.value,
        "kind": kind.value,
        "undoes": group.undoes,
    }
    rows = [{**same, "seq": seq, **vars(entry)} for seq, entry in enumerate(entries, ledger.seq + 1)]
    ledger.seq += len(rows)
    _WRITE.run(session, rows)
    has_changed(session, ledger)


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields as the log holds them: instants in ISO 8601, the rest as JSON has it."""
    return {name: value if value.__class__ in _PLAIN else _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, str):  # of an enumeration
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else to_jsonable_python(value)


def count(ledger: Held, bucket: str, by: int) -> None:
    """Count todos that came into a bucket (`open`, `done` or `trashed`) or left it; stored with the next entry."""
    name = f"todos_{bucket}"
    setattr(ledger, name, getattr(ledger, name) + by)


def bucket_of(todo: Any) -> str:
    """Where a todo is counted."""
    if todo.deleted_at is not None:
        return "trashed"
    return "done" if todo.completed else "open"


def unopened(session: Session) -> list[str]:
    """The accounts without a ledger: new ones, and all of them after a heal, an adoption or the migration to it."""
    return list(session.exec(select(User.id).where(~select(Ledger).where(Ledger.owner_id == User.id).exists())))


def _open(session: Session, owner_id: str) -> Held:
    """A ledger for an account that has none: it is new, or its rows came by another way than ours."""
    derived.fill_words(session.connection(), owner_id)
    last = session.exec(select(sa.func.max(Operation.seq)).where(Operation.owner_id == owner_id)).one() or 0
    is_trashed = col(Todo.deleted_at).is_not(None)
    counts = {"open": 0, "done": 0, "trashed": 0}
    for trashed, completed, number in session.exec(
        select(is_trashed, Todo.completed, sa.func.count())
        .where(Todo.owner_id == owner_id)
        .group_by(is_trashed, col(Todo.completed))
    ):
        counts["trashed" if trashed else "done" if completed else "open"] += number
    ledger = Ledger(
        owner_id=owner_id,
        seq=last,
        forgotten=last,
        todos_open=counts["open"],
        todos_done=counts["done"],
        todos_trashed=counts["trashed"],
    )
    session.add(ledger)
    session.flush()
    return Held(**{name: getattr(ledger, name) for name in _LEDGER_COLUMNS})
