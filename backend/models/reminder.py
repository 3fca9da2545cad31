"""Reminders: what an open page rings for, in a browser that was allowed to."""

from datetime import datetime

from pydantic import Field

from backend.models.base import Id, Instant, Shape


class ReminderRequest(Shape):
    """A stretch of time; `after` itself is not in it, `until` is."""

    after: Instant
    until: Instant


class Reminder(Shape):
    """A todo, and when to remind of it."""

    id: Id
    title: str
    remind_at: datetime


class ReminderPage(Shape):
    """Those of a stretch, the earliest first."""

    reminders: list[Reminder]
    is_cut: bool = Field(description="Whether there are more; ask again from the last one.")
