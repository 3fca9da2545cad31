"""Overview and statistics: an account's todos in numbers."""

from datetime import date

from pydantic import Field

from backend.models.base import Shape
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
