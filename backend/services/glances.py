"""Glances: the reads that nearly every request asks, the short way, for accounts with whom nobody shares a list.

They answer what `todos.get` and `searches.search` answer, by the same statements and shapes; None where those have to
be asked, for a refusal too.

What a row says is remembered with the row, as it is stored: of a page that is read again after a change, all but one
of the todos are as they were, and to read the columns, to make the shape and to write its JSON takes ten times as long
as to find them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from cachetools import LRUCache
from sqlmodel import col

from backend.models.base import as_id, utc_now
from backend.models.todo import Todo, TodoRead
from backend.models.todo_filter import TodoFilter
from backend.models.token import Scope
from backend.prepared import Prepared, Reader
from backend.services import log, searches, trees
from backend.services.actor import Actor

_FOREVER = datetime.max.replace(tzinfo=UTC)
_TODO = Prepared(
    sa.select(*searches.READ_COLUMNS, *trees.part_counts()).where(
        col(Todo.owner_id) == sa.bindparam("owner"), col(Todo.id) == sa.bindparam("todo_id")
    )
)
_NO_TODOS = b'"todos":[]'
_KEPT_BYTES = 30 * 1024 * 1024
# The row stands there once more, as it is stored, and Python may take four bytes for each letter.
_KEPT_OVERHEAD_BYTES, _KEPT_PER_BYTE = 2_000, 5


@dataclass(frozen=True)
class Seen:
    """What was seen, as JSON, and until when that is true if nothing changes: then something of it is overdue."""

    json: bytes
    good_until: datetime


@dataclass(frozen=True)
class SeenTodo(Seen):
    """One todo, in one version."""

    version: int


# By the timezone and the stored row, whose columns are the same in each statement here.
_seen: LRUCache[tuple[str, tuple[Any, ...]], SeenTodo] = LRUCache(
    _KEPT_BYTES, lambda seen: _KEPT_OVERHEAD_BYTES + _KEPT_PER_BYTE * len(seen.json)
)


def ledger(reader: Reader, actor: Actor) -> Any:
    """What moves on with each change of what the actor sees; None where there is no such thing, or no right to look.

    Whoever is a member of others' lists sees what other ledgers tell of.
    """
    if actor.has_shares or Scope.READ not in actor.scopes:
        return None
    return log.ledger_of(reader, actor.user_id)


def get(reader: Reader, actor: Actor, todo_id: str) -> SeenTodo | None:
    """One todo of the actor's own."""
    stored = _TODO.stored(reader, owner=actor.user_id, todo_id=as_id(todo_id))
    return _see(reader, _TODO, actor, stored[0]) if stored else None


def search(reader: Reader, actor: Actor, ledger: Any, wanted: TodoFilter) -> Seen | None:
    """A page of the actor's own todos, if nothing else is wanted of them than what their ledger counts."""
    total = searches.counted(ledger, wanted)
    if total is None or not searches.is_plain(wanted):
        return None
    statement = _prepared(actor.user_id, wanted.model_dump_json())
    stored = statement.stored(reader)
    found = [_see(reader, statement, actor, one) for one in stored[: wanted.limit]]
    last = statement.read(reader, stored[wanted.limit - 1]) if len(stored) > wanted.limit else None
    frame = searches.page_of(wanted, [], total, last).model_dump_json().encode()
    todos = b",".join([one.json for one in found])
    json = frame.replace(_NO_TODOS, b'"todos":[%b]' % todos, 1)
    return Seen(json, min((one.good_until for one in found), default=_FOREVER))


@lru_cache(maxsize=1_000)
def _prepared(user_id: str, wanted: str) -> Prepared:
    actor = Actor(user_id=user_id, session_id="", timezone="UTC", is_admin=False)
    return Prepared(searches.plain_statement(actor, TodoFilter.model_validate_json(wanted)))


def _see(reader: Reader, statement: Prepared, actor: Actor, stored: tuple[Any, ...]) -> SeenTodo:
    now, timezone = utc_now(), actor.timezone
    known = _seen.get((timezone, stored))
    if known is None or known.good_until < now:
        row = statement.read(reader, stored)
        shape = TodoRead.of(row, timezone=timezone, now=now, parts=(row.parts_open, row.parts_done))
        is_turning = row.due_until is not None and row.due_until >= now and not row.completed
        known = SeenTodo(shape.model_dump_json().encode(), row.due_until if is_turning else _FOREVER, row.version)
        _seen[timezone, stored] = known
    return known
