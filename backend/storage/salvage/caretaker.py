"""What to do about rows the schema refuses.

The library knows columns and constraints, not what a row means. Whoever does know passes a `Caretaker`; this one's own
answers are the neutral ones: a value of the declared kind for a NOT NULL column, a number clamped into the list its
CHECK allows. It invents no parents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import ClassVar, NamedTuple

from .layouts import Kind, Table, Value

Row = dict[str, Value]

_VALUES: dict[Kind, Value] = {
    Kind.BOOLEAN: 0,
    Kind.INTEGER: 0,
    Kind.NUMBER: 0,
    Kind.TEXT: "",
    Kind.JSON: "[]",
    Kind.DATE: "1970-01-01",
    Kind.DATETIME: "1970-01-01T00:00:00.000000Z",
    Kind.ANY: "",
}


class Reference(NamedTuple):
    """Columns of a child that name a row of the parent by its columns `targets`."""

    child: str
    parent: str
    columns: tuple[str, ...]
    targets: tuple[str, ...]


class Caretaker:
    """Override what you know better. Every method gets a fresh dict and may change and return it."""

    references: ClassVar[tuple[Reference, ...]] = ()
    """Those that hold although no foreign key says so."""

    def complete(self, table: str, row: Row, lost: Collection[str], doubted: Collection[str]) -> Row:
        """A row some of whose values are lost (None now) or look overwritten. Fill in what can be told."""
        return row

    def choose(self, table: str, column: str, choices: tuple[Value, ...]) -> Value:
        """One of what a CHECK constraint lists, for a text that is none of it."""
        return choices[0]

    def mend(self, table: str, row: Row, error: str) -> Row | None:
        """A row a CHECK, NOT NULL or UNIQUE constraint refused even after `neutral`. None gives it up."""
        return None

    def finish(self, connection: sqlite3.Connection) -> None:
        """Put right in the candidate what its rows tell together, now that all of them are in."""

    def parent(self, child: str, parent: str, key: Row, row: Row) -> Row | None:
        """The row that a child's reference misses (`row` is the child). None: the child is rejected instead."""
        return None


NEUTRAL = Caretaker()
"""Knows nothing better."""


def neutral(table: Table, row: Mapping[str, Value]) -> Row:
    """The row with its NULLs in NOT NULL columns filled and its booleans made 0 or 1."""
    mended = dict(row)
    for column in table.columns:
        value = mended.get(column.name)
        if value is None:
            if not column.nullable:
                mended[column.name] = column.default if column.has_default else _VALUES[column.kind]
        elif column.kind is Kind.BOOLEAN and value not in (0, 1):
            mended[column.name] = int(bool(value)) if isinstance(value, int | float) else 0
    return mended


def clamped(
    table: Table, row: Mapping[str, Value], allowed: Mapping[str, tuple[Value, ...]], caretaker: Caretaker
) -> Row:
    """The row with each value that `allowed` does not list moved to the nearest one, or to the default or a choice."""
    mended = dict(row)
    for column in table.columns:
        choices = allowed.get(column.name)
        value = mended.get(column.name)
        if not choices or value in choices or (value is None and column.nullable):
            continue
        numbers = [choice for choice in choices if isinstance(choice, int | float)]
        if isinstance(value, int | float) and len(numbers) == len(choices):
            mended[column.name] = min(numbers, key=lambda choice: abs(choice - value))
        else:
            is_default_listed = column.default in choices
            mended[column.name] = (
                column.default if is_default_listed else caretaker.choose(table.name, column.name, choices)
            )
    return mended
