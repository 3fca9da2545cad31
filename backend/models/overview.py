"""Overview and statistics: an account's todos in numbers."""

from datetime import date

from pydantic import Field

from backend.models.base import Shape
from backend.models.field import Priority
from backend.models.todo import TodoRead
from backend.models.todo_list import ListRead


class OverviewRead(Shape):
    """Where things stand: counts of the todos that the account can see, what is due next, and its lists."""

    today: date = Field(description="The day that it is in the account's timezone.")
    weekday: str
    timezone: str
    open: int
    done: int
    overdue: int
    due_today: int = Field(description="Open ones.")
    next_due: list[TodoRead] = Field(description="Open ones that are due today or later, the soonest first.")
    lists: list[ListRead] = Field(description="Without those that are archived.")


class DayRead(Shape):
    """How many todos were done on a day."""

    day: date
    completed: int


class StatsRead(Shape):
    """The account's own todos in numbers, without those in the trash."""

    total: int
    open: int
    done: int
    completion_rate: float = Field(description="Done ones in percent of all, from 0 to 100.")
    by_priority: dict[Priority, int]
    completed_by_day: list[DayRead] = Field(
        description="The last 30 days in the account's timezone, the oldest first; those on which nothing was done too."
    )
