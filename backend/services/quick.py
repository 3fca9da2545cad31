"""Quick add: a todo from one line of text."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from backend import quick
from backend.models.quick import QuickCreate, QuickKind, QuickRead, Reading
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
    now = datetime.now(ZoneInfo(actor.timezone))
    reading = quick.read(text, now=now, timezone=actor.timezone)
    if reading.list_name is None:
        return reading, None
    list_id = _lists(session, actor).get(fold(reading.list_name))
    if list_id is not None:
        return reading, list_id
    span = next(span for span in reading.understood if span.kind is QuickKind.LIST)
    escaped = f"{text[: span.start]}\\{text[span.start :]}"
    return quick.read(escaped, now=now, timezone=actor.timezone), None


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
