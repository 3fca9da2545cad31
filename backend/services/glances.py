"""Glances: the reads that nearly every request asks, the short way, for accounts with whom nobody shares a list.

They answer what `todos.get` and `searches.search` answer, by the same statements and shapes; None where those have to
be asked, for a refusal too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel import col

from backend.models.base import Shape, as_id, utc_now
from backend.models.todo import Todo, TodoRead
from backend.models.todo_filter import TodoFilter, TodoPage
from backend.models.token import Scope
from backend.prepared import Prepared, Reader
from backend.services import log, searches, trees
from backend.services.actor import Actor

S = TypeVar("S", bound=Shape)

_FOREVER = datetime.max.replace(tzinfo=UTC)
_TODO = Prepared(
    sa.select(*sa.inspect(Todo).columns, *trees.part_counts()).where(
        col(Todo.owner_id) == sa.bindparam("owner"), col(Todo.id) == sa.bindparam("todo_id")
    )
)


@dataclass(frozen=True)
class Seen(Generic[S]):
    """What was seen, and until when that is true if nothing changes: then something of it is overdue."""

    shape: S
    good_until: datetime


def ledger(reader: Reader, actor: Actor) -> Any:
    """What moves on with each change of what the actor sees; None where there is no such thing, or no right to look.

    Whoever is a member of others' lists sees what other ledgers tell of.
    """
    if actor.has_shares or Scope.READ not in actor.scopes:
        return None
    return log.ledger_of(reader, actor.user_id)


def get(reader: Reader, actor: Actor, todo_id: str) -> Seen[TodoRead] | None:
    """One todo of the actor's own."""
    row = _TODO.first(reader, owner=actor.user_id, todo_id=as_id(todo_id))
    if row is None:
        return None
    now = utc_now()
    return Seen(TodoRead.of(row, timezone=actor.timezone, now=now, parts=_parts_of(row)), _turning([row], now))


def search(reader: Reader, actor: Actor, ledger: Any, wanted: TodoFilter) -> Seen[TodoPage] | None:
    """A page of the actor's own todos, if nothing else is wanted of them than what their ledger counts."""
    total = searches.counted(ledger, wanted)
    if total is None or not searches.is_plain(wanted):
        return None
    now = utc_now()
    rows = _prepared(actor.user_id, wanted.model_dump_json()).all(reader)
    return Seen(searches.page_of(actor, wanted, rows, total, _parts_of), _turning(rows, now))


@lru_cache(maxsize=1_000)
def _prepared(user_id: str, wanted: str) -> Prepared:
    actor = Actor(user_id=user_id, session_id="", timezone="UTC", is_admin=False)
    return Prepared(searches.plain_statement(actor, TodoFilter.model_validate_json(wanted)))


def _parts_of(row: Any) -> tuple[int, int]:
    return row.parts_open, row.parts_done


def _turning(rows: Iterable[Any], now: datetime) -> datetime:
    """When the first of them becomes overdue."""
    dues = (row.due_until for row in rows if row.due_until is not None and row.due_until >= now and not row.completed)
    return min(dues, default=_FOREVER)
