"""Todos: an old todo as ours. What a field of ours cannot hold is kept in the description, where its owner reads it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.adoption import tags, times
from backend.adoption.identity import Kind, id_of
from backend.adoption.report import RowNotes, What
from backend.adoption.texts import as_text, repaired, storable
from backend.adoption.users import TIMEZONE
from backend.models.due import Due
from backend.models.field import DESCRIPTION_MAX, TITLE_MAX, Priority, title_key
from backend.models.todo import first_position

UNTITLED = "Untitled"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_TRUTHS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def converted(row: Mapping[str, Any], owner_id: str, earlier: datetime, notes: RowNotes) -> dict[str, Any]:
    """An old todo as a row of ours."""
    created_at, updated_at = times.life(row["created_at"], row["updated_at"], earlier, notes)
    title, whole_title = _title(row["title"], notes)
    tag_list, other_tags = tags.read(row["tags"], notes)
    due, other_due = _due(row["due_date"], notes)
    recurrence = repaired(row["recurrence"], "recurrence", notes).strip()
    if recurrence:
        notes.add(What.RECURRENCE_IN_DESCRIPTION, recurrence)
    description = _description(
        (whole_title, repaired(row["description"], "description", notes)),
        {"Tags": other_tags, "Due": other_due, "Recurrence": recurrence},
    )
    if len(description) > DESCRIPTION_MAX:
        # The limit keeps new input reasonable; the column has none, and a text is worth more than the limit.
        notes.add(What.DESCRIPTION_OVER_LIMIT, became=f"{len(description)} characters")
    completed = _completed(row["completed"], notes)
    return {
        "owner_id": owner_id,
        "id": id_of(Kind.TODO, created_at, row["id"]),
        "title": title,
        "title_key": title_key(title),
        "description": description,
        "completed": completed,
        "priority": _priority(row["priority"], notes),
        "tags": tag_list,
        "due_date": due.due_date,
        "due_time": due.due_time,
        "due_timezone": due.due_timezone,
        "due_until": due.until(TIMEZONE),
        "completed_at": updated_at if completed else None,  # nothing there knew better when it was ticked
        "created_at": created_at,
        "updated_at": updated_at,
        "deleted_at": None,
        "version": 1,
        "position": first_position(created_at),
    }


def _title(value: object, notes: RowNotes) -> tuple[str, str]:
    """The title, and all of it where ours holds only its beginning."""
    title = repaired(value, "title", notes).strip()
    if not title:
        notes.add(What.TITLE_EMPTY, as_text(value), UNTITLED)
        return UNTITLED, ""
    if len(title) <= TITLE_MAX:
        return title, ""
    beginning = title[: TITLE_MAX - len(_ELLIPSIS)].rstrip() + _ELLIPSIS
    notes.add(What.TITLE_IN_DESCRIPTION, became=f"{len(title)} characters")
    return beginning, title


def _description(paragraphs: tuple[str, ...], lines: Mapping[str, str]) -> str:
    said = "\n".join(f"{name}: {text}" for name, text in lines.items() if text)
    return "\n\n".join(part for part in (*paragraphs, said) if part)


def _due(value: object, notes: RowNotes) -> tuple[Due, str]:
    """The due, and its text where that is no time that ours can hold."""
    due = times.due(value, notes)
    if due is not None:
        return due, ""
    notes.add(What.DUE_IN_DESCRIPTION, as_text(value))
    return Due(), storable(as_text(value)).strip()


def _priority(value: object, notes: RowNotes) -> Priority:
    try:
        return Priority(as_text(value).strip().lower())
    except ValueError:
        notes.add(What.PRIORITY_UNKNOWN, as_text(value), Priority.MEDIUM)
        return Priority.MEDIUM


def _completed(value: object, notes: RowNotes) -> bool:
    """Whether it was ticked. Where nobody can tell it is open: a todo seen twice is better than one never seen."""
    known = _TRUTHS.get(as_text(value).strip().lower())
    if known is None:
        notes.add(What.COMPLETED_UNKNOWN, as_text(value), "false")
        return False
    return known
