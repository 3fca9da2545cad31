"""Todoist's CSV template: sections and indents become parents, dates in words are handed on as words.

Its columns are described at
https://todoist.com/help/articles/format-a-csv-file-to-import-into-todoist-UVUXTmm6: TYPE is task, section or note,
PRIORITY goes from 1 (p1, the highest) to 4, INDENT from 1. A note belongs to the task above it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backend.errors import AppError
from backend.exchange import record
from backend.exchange.record import Identities, Problem, Record, Row
from backend.exchange.table import Cells
from backend.models.due import take_apart
from backend.models.user import as_timezone

DEPTH_MAX = 5

_PRIORITIES = {"1": "high", "2": "medium", "3": "medium", "4": "low", "": "medium"}
_LABEL = re.compile(r"(?<!\S)@(\S+)")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")


def is_template(names: Iterable[str]) -> bool:
    """Whether a heading is Todoist's."""
    return {"type", "content"} <= set(names)


@dataclass
class _Tree:
    """The tasks that the next row can lie under."""

    section: Record | None = None
    path: list[Record] = field(default_factory=list)

    def parent(self, indent: int) -> Record | None:
        """The task above this indent; what lies deeper than we go stays at the deepest."""
        top = [self.section] if self.section else []
        del self.path[max(0, indent - 1) :]
        above = [*top, *self.path][: DEPTH_MAX - 1]
        return above[-1] if above else None


def read(names: list[str], rows: Iterable[Cells], *, timezone: str = "UTC") -> Iterator[Row]:  # noqa: ARG001
    """A record or a problem for each row."""
    tree, identities = _Tree(), Identities()
    waiting: tuple[int, Record] | None = None  # until its notes have come
    for row in rows:
        if row.fault is None and len(row.cells) <= len(names):
            cells = dict(zip(names, [*row.cells, *[""] * (len(names) - len(row.cells))], strict=True))
            kind = cells["type"].strip().lower()
            if kind == "note" and waiting is not None:
                waiting = _with_note(waiting, cells["content"])
                continue
        else:
            cells, kind = {}, "fault"
        if waiting is not None:
            yield waiting
            waiting = None
        if kind in _READERS:
            made = _READERS[kind](cells, tree, identities)
            if isinstance(made, Record):
                waiting = row.line, made
            else:
                yield row.line, made
        elif kind != "meta" and (kind or cells.get("content", "").strip()):
            yield row.line, Problem(_refusal(row, kind, len(names)))
    if waiting is not None:
        yield waiting


def _refusal(row: Cells, kind: str, columns: int) -> str:
    if row.fault is not None:
        return row.fault
    if kind == "fault":
        return f"This row has {len(row.cells)} cells where the heading has {columns}; nothing was taken."
    if kind == "note":
        return "This note was not taken: no task stands above it."
    return f"This row was not taken: its TYPE is {kind[:50]!r}, not task, section or note."


def _with_note(waiting: tuple[int, Record], note: str) -> tuple[int, Record]:
    line, item = waiting
    return line, replace(item, description="\n\n".join(filter(None, (item.description, note))))


def _section(cells: Mapping[str, str], tree: _Tree, identities: Identities) -> Record | Problem:
    tree.section, tree.path = None, []
    name = cells["content"].strip()
    made = _checked({"id": identities.of("todoist", "section", name), "title": name})
    if isinstance(made, Record):
        tree.section = made
    return made


def _task(cells: Mapping[str, str], tree: _Tree, identities: Identities) -> Record | Problem:
    indent = cells.get("indent", "").strip()
    parent = tree.parent(int(indent) if indent.isascii() and indent.isdigit() and len(indent) == 1 else 1)
    content = cells["content"].strip()
    title = " ".join(_LABEL.sub("", content).split(" ")).strip().removeprefix("* ")  # "* ": cannot be ticked off
    priority = cells.get("priority", "").strip()
    if priority not in _PRIORITIES:
        return Problem(f"This todo was not taken: its PRIORITY is {priority[:20]!r}, not 1 to 4.")
    values: dict[str, Any] = {
        "id": identities.of("todoist", parent.id if parent else None, content),
        "title": re.sub(r"  +", " ", title) or content,
        "description": "\n\n".join(filter(None, (cells.get("description", "").strip(), _aside(cells)))),
        "priority": _PRIORITIES[priority],
        "tags": _LABEL.findall(content),
        "parent_id": parent.id if parent else None,
        **_due(cells),
    }
    made = _checked(values)
    if isinstance(made, Record):
        tree.path.append(made)
    return made


_READERS = {"task": _task, "section": _section}


def _checked(values: Mapping[str, Any]) -> Record | Problem:
    try:
        return record.unnamed(record.todo(values))
    except AppError as error:
        return record.problem(error)


def _due(cells: Mapping[str, str]) -> dict[str, Any]:
    """A date in figures as our due; one in words as words."""
    said = cells.get("date", "").strip()
    if not _TIMESTAMP.fullmatch(said):
        return {"due_text": said, "due_language": cells.get("date_lang", "").strip()} if said else {}
    values = take_apart({"due_date": said.replace(" ", "T")})
    if values.get("due_time") and not values.get("due_timezone"):
        try:
            values["due_timezone"] = as_timezone(cells.get("timezone", "").strip())
        except ValueError:
            values["due_timezone"] = None
    return values


def _aside(cells: Mapping[str, str]) -> str:
    """What we have no field for, in words: nothing is dropped without a trace."""
    length = " ".join(filter(None, (cells.get("duration", "").strip(), cells.get("duration_unit", "").strip())))
    found = {"Duration": length if cells.get("duration", "").strip() not in {"", "None"} else ""}
    found["Deadline"] = cells.get("deadline", "").strip()
    return "\n".join(f"{name}: {value}" for name, value in found.items() if value)
