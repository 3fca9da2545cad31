"""CSV: a row for each todo, in columns of our own, all of which are read back exactly. Also takes Todoist's template.

A spreadsheet runs a cell that begins with = + - @ or a tab; such a cell is written with an apostrophe before it, which
spreadsheets take for "this is text", and read back without.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from backend.errors import AppError
from backend.exchange import intake, moments, record, table, todoist
from backend.exchange.record import Identities, Problem, Record, Row
from backend.models import due

COLUMNS = tuple({"tags": "tags", "list_name": "list"}.get(name, name) for name in record.FIELDS)
_FIELDS = dict(zip(COLUMNS, record.FIELDS, strict=True))

# What is dangerous stays so behind blanks and apostrophes, and in the full width that East Asian spreadsheets fold.
# Each match still matches with one more apostrophe before it: that makes taking it back exact.
_RUNS = re.compile(r"[\s']*[=+\-@＝＋－＠]|'*[\t\r\n]")  # noqa: RUF001 - the full-width signs are meant

_BOM = "\ufeff"  # without it Excel takes UTF-8 for the code page of the machine


def neutralised(cell: str) -> str:
    """The cell so that no spreadsheet runs it."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def restored(cell: str) -> str:
    """The cell that `neutralised` was given."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell, 1) else cell


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """The table, piece by piece."""
    return intake.gathered(_rows(records))


def _rows(records: Iterable[Record]) -> Iterator[bytes]:
    row: Callable[[Iterable[str]], Any] = csv.writer(_Echo()).writerow
    yield (_BOM + row(COLUMNS)).encode()
    for item in records:
        yield row(neutralised(_cell(getattr(item, name))) for name in record.FIELDS).encode()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return _list_cell(value)
        case datetime():
            return moments.stamp(value) or ""
        case time():
            return due.clock(value)
        case _:
            return str(value)


def _list_cell(values: Iterable[str]) -> str:
    """`home,"a,b"`: a table in the cell, so that a tag can hold a comma."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(values)  # the line end also says that line ends are quoted
    return text.getvalue().removesuffix("\r\n")


def read(source: Iterable[bytes], *, timezone: str = "UTC") -> Iterator[Row]:
    """A record or a problem for each row. The heading decides whose columns these are."""
    rows = table.rows(source)
    heading = next(rows, None)
    if heading is None or heading.fault is not None:
        raise intake.refused("is empty" if heading is None else f"has no heading that can be read: {heading.fault}")
    names = [name.strip().lower() for name in heading.cells]
    if todoist.is_template(names):
        yield from todoist.read(names, rows, timezone=timezone)
    else:
        yield from _ours(heading.line, names, rows)


def _ours(line: int, names: list[str], rows: Iterable[table.Cells]) -> Iterator[Row]:
    if "title" not in names:
        raise intake.refused("has no column title; the first row names the columns, for example title,due_date,tags")
    if twice := {name for name in names if name in _FIELDS and names.count(name) > 1}:
        raise intake.refused(f"names the column {min(twice)} twice")
    for name in names:
        if name not in _FIELDS:
            yield line, Problem(f"The column {name[:50]!r} is not known and was left out.", refused=False)
    identities = Identities()
    for row in rows:
        if row.fault is not None:
            yield row.line, Problem(row.fault)
        elif len(row.cells) != len(names):
            yield (
                row.line,
                Problem(f"This row has {len(row.cells)} cells where the heading has {len(names)}; nothing was taken."),
            )
        else:
            yield row.line, _read_row(dict(zip(names, row.cells, strict=True)), identities)


def _read_row(cells: Mapping[str, str], identities: Identities) -> Record | Problem:
    values: dict[str, Any] = {
        _FIELDS[name]: restored(cell) for name, cell in cells.items() if name in _FIELDS and cell != ""
    }
    try:
        values["completed"] = _truth(values.get("completed", "false"))
        values["tags"] = _listed(values.get("tags", ""))
        values["priority"] = values.get("priority", "medium").strip().lower()
        values.setdefault("title", "")
        is_named = "id" in values
        if not is_named:
            values["id"] = identities.of("csv", *(str(values.get(name)) for name in _IDENTITY))
        # An empty cell says that there is nothing; a column that is absent says nothing.
        made = replace(record.todo(values), said=frozenset(_FIELDS[name] for name in cells if name in _FIELDS))
        return made if is_named else record.unnamed(made)
    except AppError as error:
        return record.problem(error)
    except csv.Error:
        return Problem("This todo was not taken: its tags cannot be read; write them as home,work.")


_IDENTITY = ("title", "description", "list_name", "due_date", "created_at")
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "1", "x", "done", "completed"), True),
    **dict.fromkeys(("", "false", "no", "0", "open"), False),
}


def _truth(cell: str) -> Any:
    return _TRUTHS.get(cell.strip().lower(), cell)


def _listed(cell: str) -> list[str]:
    return [tag for row in csv.reader(io.StringIO(cell, newline=""), strict=True) for tag in row if tag.strip()]
