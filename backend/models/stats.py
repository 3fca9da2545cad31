"""Statistics: how many todos an account has, and how it gets on with them."""

from datetime import date

from pydantic import Field

from backend.models.base import Id, Shape
from backend.models.field import Priority

DAYS_DEFAULT, DAYS_MAX = 30, 366
TAGS_SHOWN = 20
# A streak before that is no longer looked for.
STREAK_DAYS_MAX = 3_660


class UserStats(Shape):
    """How many todos an account has. The rate is a percentage from 0 to 100."""

    total_todos: int
    completed_todos: int
    pending_todos: int
    completion_rate: float
    priority_distribution: dict[Priority, int]


class StatsRequest(Shape):
    """What the statistics reach back to."""

    days: int = Field(DAYS_DEFAULT, ge=1, le=DAYS_MAX, description="How many days, today included.")


class DayStats(Shape):
    """One day in the account's timezone."""

    date: date
    completed: int = Field(description="Todos that were completed on this day, in the trash by now or not.")
    overdue: int = Field(description="Todos that were open and past their due when it ended; today: that are so now.")


class PriorityStats(Shape):
    """Todos of one priority."""

    priority: Priority
    open: int
    done: int


class ListStats(Shape):
    """Todos of one list."""

    list_id: Id | None = Field(description="null is the inbox.")
    name: str | None
    open: int
    done: int


class TagStats(Shape):
    """Todos with one tag."""

    tag: str
    open: int
    done: int


class StatsRead(Shape):
    """The account's own todos in numbers; without those in the trash, where nothing else is said."""

    timezone: str = Field(description="Where the days begin and end.")
    open: int
    done: int
    trashed: int
    overdue: int = Field(description="Open ones whose due has passed.")
    current_streak: int = Field(
        description="Days in a row, up to today, on each of which something was completed. Today still may come."
    )
    longest_streak: int = Field(description="The longest such row of days within the last ten years.")
    days: list[DayStats] = Field(description="The oldest first.")
    by_priority: list[PriorityStats] = Field(description="The most urgent first.")
    by_list: list[ListStats] = Field(description="The inbox, then the lists in their order.")
    by_tag: list[TagStats] = Field(description=f"The {TAGS_SHOWN} tags that most todos have.")
