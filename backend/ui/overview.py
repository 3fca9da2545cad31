"""Private handlers of the page: what the sidebar shows, in one answer."""

from sqlmodel import Session

from backend import database
from backend.models.base import Shape
from backend.models.saved_filter import FILTERS_LIMIT_MAX, FilterRead, FilterRequest
from backend.models.tag import TagFilter, TagRead
from backend.models.todo_filter import INBOX, NO_PARENT, TodoFilter
from backend.models.todo_list import ListRead
from backend.services import feed, overviews, saved_filters, searches, tags
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account


class Sidebar(Shape):
    """How many open todos wait where, and the lists, tags and filters that lead to them."""

    inbox: int
    due_today: int
    upcoming: int
    overdue: int
    lists: list[ListRead]
    tags: list[TagRead]
    filters: list[FilterRead]


class Cursor(Shape):
    """Where the feed of changes stands."""

    cursor: str


@for_account
async def overview(actor: Actor, _call: Call) -> Sidebar:
    """What the sidebar shows."""
    return await database.read(lambda session: _read(session, actor))


@for_account
async def feed_cursor(actor: Actor, _call: Call) -> Cursor:
    """Where to begin to follow what changes."""
    return Cursor(cursor=await database.read(lambda session: feed.now(session, actor)))


def _read(session: Session, actor: Actor) -> Sidebar:
    known = overviews.read(session, actor)
    inbox = TodoFilter(completed=False, list_id=INBOX, parent_id=NO_PARENT, limit=1)
    upcoming = TodoFilter(completed=False, due_after=known.today, limit=1)
    return Sidebar.model_construct(
        inbox=searches.search(session, actor, inbox).total,
        due_today=known.due_today,
        upcoming=searches.search(session, actor, upcoming).total,
        overdue=known.overdue,
        lists=known.lists,
        tags=tags.search(session, actor, TagFilter()).tags,
        filters=saved_filters.search(session, actor, FilterRequest(limit=FILTERS_LIMIT_MAX)).filters,
    )


HANDLERS = [overview, feed_cursor]
