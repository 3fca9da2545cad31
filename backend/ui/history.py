"""Private handlers of the page: taking back what was done."""

from sqlmodel import Session

from backend import database
from backend.models.base import Id, Shape
from backend.models.history import UndoConflict, UndoRequest
from backend.models.todo import TodoRead
from backend.services import undo as undoing
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account
from backend.ui.changes import others


class Undone(Shape):
    """The todos as they are now, the operation of the undoing itself, and what had to stay as it is."""

    operation_id: Id | None
    todos: list[TodoRead]
    conflicts: list[UndoConflict]


@for_account
async def undo(actor: Actor, call: Call) -> Undone:
    """Take one operation back; undoing the undoing does it again."""
    wanted = UndoRequest.model_validate(call.body)

    def run(session: Session) -> Undone:
        done = undoing.undo(session, actor, wanted)
        return Undone.model_construct(
            operation_id=done.operation_id,
            todos=others(session, actor, [], dict.fromkeys(done.changed)),
            conflicts=done.conflicts,
        )

    return await database.write(run, is_slow=True)


HANDLERS = [undo]
