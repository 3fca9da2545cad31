"""Published: taking back what was done, and looking at it from above."""

from typing import Any

import gradio as gr

from backend import database
from backend.models.history import UndoRequest
from backend.models.stats import StatsRequest
from backend.services import overviews
from backend.services import stats as statistics
from backend.services import undo as undoing
from backend.ui.endpoints import call


@call.refusing
async def undo(
    request: gr.Request,
    operation_id: str | None = None,
    last: int | None = None,
    since: str | None = None,
    token_id: str | None = None,
    tokens: list[str] | None = None,
) -> dict[str, Any]:
    """Take back what was done. Give exactly one of operation_id, last and since. Newer changes stay, and are listed.

    Args:
        operation_id: One operation.
        last: Your own newest operations, this many, up to 100; with a personal token, those of that token.
        since: An instant such as 2027-03-01T14:00:00Z: whatever was done then or later.
        token_id: With since: only what was done with this personal token of yours.
        tokens: The same for several, each by its name, such as claude-laptop, or its id; also for revoked ones.

    Returns:
        operation_id of the undoing (undo it to do everything again; null where there was nothing to take back),
        undone (operations), changed (ids of todos and lists), and conflicts: what was left as it is, and why.
    """
    actor = await call.caller(request)
    data = UndoRequest.model_validate(
        call.said(operation_id=operation_id, last=last, since=since, token_id=token_id, tokens=tokens)
    )
    return call.plain(await database.write(lambda session: undoing.undo(session, actor, data), is_slow=True))


@call.refusing
async def overview(request: gr.Request) -> dict[str, Any]:
    """Show where things stand today.

    Returns:
        today, weekday and timezone; open, done, overdue and due_today (how many); next_due (todos) and lists.
    """
    actor = await call.caller(request)
    return call.plain(await database.read(lambda session: overviews.read(session, actor)))


@call.refusing
async def stats(request: gr.Request, days: int = 30) -> dict[str, Any]:
    """Your own todos in numbers, and the last days one by one.

    Args:
        days: How many days, today included; 1 to 366.

    Returns:
        open, done, trashed and overdue (how many), current_streak and longest_streak in days; days, by_priority,
        by_list and by_tag as lists of rows, which `pandas.DataFrame` takes as they are.
    """
    actor = await call.caller(request)
    wanted = StatsRequest.model_validate({"days": days})
    return call.plain(await database.read(lambda session: statistics.read(session, actor, wanted), is_slow=True))
