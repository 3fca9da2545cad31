"""Quick add: a todo from one line of text."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from backend import quick
from backend.models.quick import QuickCreate, QuickRead, Reading
from backend.models.todo import TodoCreate
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.models.user import fold
from backend.services import rights, todos
from backend.services.actor import Actor


def add(session: Session, actor: Actor, wanted: QuickCreate) -> QuickRead:
    """Read the text in the actor's timezone, and create what it says; in a dry run only say it."""
    actor.ensure(Scope.ADD)  # also in a dry run, which tells the names of lists
    reading, list_id = understand(session, actor, wanted.text)
    if wanted.dry_run:
        return QuickRead(todo=None, reading=reading)
    data = TodoCreate.model_validate({**reading.fields, "list_id": list_id})
    return QuickRead.model_construct(todo=todos.create(session, actor, data), reading=reading)


def understand(session: Session, actor: Actor, text: str) -> tuple[Reading, str | None]:
    """What the text says, and the list that it names. A name that no list has is a word of the title."""
    known = cache(lambda: _lists(session, actor))
    reading = quick.read(
        text,
        now=datetime.now(ZoneInfo(actor.timezone)),
        timezone=actor.timezone,
        has_list=lambda name: fold(name) in known(),
    )
    return reading, None if reading.list_name is None else known()[fold(reading.list_name)]


def _lists(session: Session, actor: Actor) -> dict[str, str]:
    """The lists that the actor can add to, by their folded names; of two with one name, the older."""
    own = session.exec(
        select(TodoList)
        .where(TodoList.owner_id == actor.user_id, col(TodoList.deleted_at).is_(None))
        .order_by(col(TodoList.created_at).desc())
    ).all()
    shared = [rights.find_list(session, actor, share.list_id) for share in rights.shares(session, actor)]
    found = [*(one[0] for one in shared if one), *own]
    return {fold(one.name): one.id for one in found}
