"""Formats: how each is read, and what a file of one would say of the todos as they are here."""

from collections.abc import Sequence
from dataclasses import replace

from backend.exchange import csv_file, ics, json_file, todotxt
from backend.exchange.record import Record
from backend.models.todo import Todo
from backend.models.transfer import Format
from backend.services import exports

READERS = {Format.JSON: json_file.read, Format.CSV: csv_file.read, Format.ICS: ics.read, Format.TODOTXT: todotxt.read}
# Formats that lose something: what they say is compared with what they would say of the todo as it is here.
LOSSY = {Format.ICS: ics.write, Format.TODOTXT: todotxt.write}


def as_said(wanted: Format, todos: Sequence[Todo], timezone: str) -> dict[str, Record]:
    """Todos as a file of this format would say them, by their ids."""
    records = {todo.id: exports.record_of(todo, {}) for todo in todos}
    if records and wanted in LOSSY:
        # What lies in the trash is not written; here it is only compared.
        file = LOSSY[wanted](replace(item, deleted_at=None) for item in records.values())
        said = (item for _, item in READERS[wanted](file, timezone=timezone) if isinstance(item, Record))
        records |= {str(item.id): replace(item, deleted_at=records[str(item.id)].deleted_at) for item in said}
    return records
