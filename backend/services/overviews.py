"""The overview: where an account's todos stand, on one page."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from backend.models import due
from backend.models.overview import OverviewRead
from backend.models.todo_filter import DueWord, SortBy, SortOrder, TodoFilter
from backend.models.todo_list import ListFilter
from backend.models.token import Scope
from backend.services import lists, searches
from backend.services.actor import Actor

_NEXT_MAX = 5
_LISTS_MAX = 100


def read(session: Session, actor: Actor) -> OverviewRead:
    """Counts, what is due next, and the lists, as the actor sees them now."""
    actor.ensure(Scope.READ)
    today = datetime.now(ZoneInfo(actor.timezone)).date()

    def count(**wanted: Any) -> int:
        return searches.search(session, actor, TodoFilter(limit=1, **wanted)).total

    coming = TodoFilter(
        completed=False,
        due_after=today - timedelta(days=1),
        sort_by=SortBy.DUE_DATE,
        sort_order=SortOrder.ASC,
        limit=_NEXT_MAX,
    )
    return OverviewRead.model_construct(
        today=today,
        weekday=due.WEEKDAYS[today.weekday()],
        timezone=actor.timezone,
        open=count(completed=False),
        done=count(completed=True),
        overdue=count(due=DueWord.OVERDUE),
        due_today=count(due=DueWord.TODAY, completed=False),
        next_due=searches.search(session, actor, coming).todos,
        lists=lists.search(session, actor, ListFilter(is_archived=False, limit=_LISTS_MAX)).lists,
    )
