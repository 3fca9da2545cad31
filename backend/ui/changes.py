"""What a change answers: the todos that it changed, and the operation by which it can be taken back.

A tick can change more than one todo: parts are ticked with what they are parts of, and what repeats comes again. The
answer holds them all, and never a whole list.
"""

from collections.abc import Callable

from sqlmodel import Session

from backend import database
from backend.errors import NotFoundError
from backend.models.base import Id, Shape
from backend.models.history import OperationFilter
from backend.models.operation import Kind
from backend.models.todo import TodoRead
from backend.services import log, operations, todos
from backend.services.actor import Actor

# What changes more is shown by the next load of the list.
_MOST = 100


class Changed(Shape):
    """What one operation changed. `todos` begins with those that were asked about."""

    operation_id: Id
    todos: list[TodoRead]


async def change(actor: Actor, work: Callable[[Session], object], *, operation_id: str | None = None) -> Changed:
    """Do the work as one operation, or as more of one that began with another call."""

    def run(session: Session) -> Changed:
        with log.together(session, operation_id=operation_id) as operation:
            found = work(session)
        main = [found] if isinstance(found, TodoRead) else found if isinstance(found, list) else []
        wanted = OperationFilter(operation_id=operation, limit=_MOST)
        entries = operations.search(session, actor, wanted).operations
        ids = {one.object_id: None for one in entries if one.kind is Kind.TODO}
        return Changed.model_construct(operation_id=operation, todos=[*main, *others(session, actor, main, ids)])

    return await database.write(run)


def others(session: Session, actor: Actor, main: list[TodoRead], ids: dict[str, None]) -> list[TodoRead]:
    """The todos of these ids that are there, beside the main ones, and what those are parts of: it counts its parts."""
    parents = {one.parent_id: None for one in main if one.parent_id is not None}
    found = []
    for todo_id in (ids | parents).keys() - {one.id for one in main}:
        try:
            found.append(todos.get(session, actor, todo_id))
        except NotFoundError:  # nobody can see it any more
            continue
    return found
