"""Cleaning: what a row says that a todo, a list or a filter cannot is left out, and the rest is taken."""

import re
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from backend import quick
from backend.errors import AppError, FieldError, invalid
from backend.exchange import record
from backend.exchange.record import Record
from backend.models import recurrence
from backend.models.field import NAME_MAX
from backend.models.recurrence_text import parse
from backend.models.todo import POSITION_MAX
from backend.services.actor import Actor

_POSITION = re.compile(rf"[0-9A-Za-z]{{1,{POSITION_MAX}}}")


def name(said: str) -> str:
    """The name of a list or filter; raises InvalidInputError for one that none can have."""
    found = said.strip()
    if not 1 <= len(found) <= NAME_MAX:
        raise invalid([FieldError("name", f"must have 1 to {NAME_MAX} characters")])
    return found


def position(said: str | None) -> str | None:
    """A place in an order, or None where it is none of ours."""
    return said if said is not None and _POSITION.fullmatch(said) else None


def series_id(said: str | None) -> str | None:
    """The id of a series, whatever another program calls it."""
    return None if said is None else record.foreign_id(said)


def todo(item: Record, actor: Actor, now: datetime) -> tuple[Record, list[str]]:
    """A record that says only what a todo can, and what had to be left out for that."""
    notices: list[str] = []
    if item.due_text is not None:
        item = _in_words(item, actor, now, notices)
    is_series = item.series_id is not None and _is_wall(item.series_start) and _is_wall(item.occurrence)
    return replace(
        item,
        recurrence=_rule(item, notices),
        series_id=series_id(item.series_id) if is_series else None,
        series_start=item.series_start if is_series else None,
        occurrence=item.occurrence if is_series else None,
        position=position(item.position),
    ), notices


def _rule(item: Record, notices: list[str]) -> str | None:
    if item.recurrence is None:
        return None
    try:
        rule = parse(item.recurrence)
    except ValueError as error:
        notices.append(f"its recurrence was left out: {str(error).rstrip('.')}.")
        return None
    if item.due_date is None:
        notices.append("its recurrence was left out: what repeats needs a due.")
        return None
    return rule


def _is_wall(said: str | None) -> bool:
    if said is None:
        return False
    try:
        recurrence.wall(said)
    except ValueError:
        return False
    return True


def _in_words(item: Record, actor: Actor, now: datetime, notices: list[str]) -> Record:
    """A due that a file says in words, such as `every monday`, as quick add reads it."""
    try:
        # The word before it is the title, without which nothing can be read.
        reading = quick.read(
            f"x {item.due_text}", now=now.astimezone(ZoneInfo(actor.timezone)), timezone=actor.timezone
        )
    except AppError:
        reading = None
    if reading is None or reading.title != "x" or reading.tags or reading.list_name or reading.due_date is None:
        notices.append(f"its due {str(item.due_text)[:100]!r} could not be read, and stands in its description.")
        description = "\n\n".join(filter(None, (item.description, f"Due: {item.due_text}")))
        return replace(item, description=description)
    return replace(
        item,
        due_date=reading.due_date,
        due_time=reading.due_time,
        due_timezone=reading.due_timezone,
        recurrence=reading.recurrence,
        recurrence_from=reading.recurrence_from.value,
    )
