"""Examples: three todos that show an empty list what it can do, made on request."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from backend.models.batch import BatchCreate, BatchRead
from backend.services import batches
from backend.services.actor import Actor

_TICK = "Tick me: the circle on the left does it, and Undo takes it back"
_PLAN = "Write a todo as you say it: Water the plants every 3 days 9am #home"
_LOOK = "Open me for notes, subtasks, a reminder and a list"
_NOTES = "Everything saves as you go. What you delete waits in the trash for 30 days, and every change can be undone."


def add(session: Session, actor: Actor) -> BatchRead:
    """Three ordinary todos, all or none, and one operation for undo. Days are counted where the actor lives."""
    today = datetime.now(ZoneInfo(actor.timezone)).date()
    todos = [
        {"title": _LOOK, "description": _NOTES, "tags": ["example"], "priority": "low"},
        {"title": _PLAN, "tags": ["example"], "due_date": f"{today + timedelta(days=1)}"},
        {"title": _TICK, "tags": ["example"], "due_date": f"{today}", "priority": "high"},
    ]
    request = BatchCreate(todos=todos).request
    return batches.run(session, actor, request.model_copy(update={"atomic": True}))
