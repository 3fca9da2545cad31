"""How well values suit the columns they are said to come from, and which of them look damaged.

Two questions, one table of answers. *Which table does this page belong to?* is asked of pages that nothing points to;
*was this value overwritten?* of each row that is kept. A value that merely breaks a rule of the application is no
damage: only what the application could never have stored is held against a row.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Callable, Container, Sequence

from .layouts import Column, Kind, Table, Value

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_DATE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_DATETIME = re.compile(_DATE.pattern + r"[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-][01]\d:?[0-5]\d)?")
# What the application writes, on any day but a 31st and a leap day: sound without a look at the calendar.
_USUAL_DAY = r"[12]\d{3}-(?:(?:0[13-9]|1[0-2])-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
_is_usual_datetime = re.compile(_USUAL_DAY + r"[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z?").fullmatch
_JSON_SEEN_LIMIT = 2000

Check = Callable[[Value], bool]
"""True when the value looks sound."""


def _sound_text(value: Value) -> bool:
    return value.__class__ is str and _CONTROL.search(value) is None


def _sound_date(value: Value, form: re.Pattern[str] = _DATE) -> bool:
    if value.__class__ is not str:
        return value.__class__ is int or value.__class__ is float
    match = form.fullmatch(value)
    if match is None:
        return False
    day = int(match[3])
    return day <= 28 or (match[1] != "0000" and day <= monthrange(int(match[1]), int(match[2]))[1])


def _sound_datetime(value: Value) -> bool:
    if value.__class__ is str and _is_usual_datetime(value):
        return True
    # A date alone is what a DATETIME column may hold after a hand-made import.
    return _sound_date(value, _DATETIME) or _sound_date(value)


def _sound_boolean(value: Value) -> bool:
    return value.__class__ is int and (value in {0, 1})


def _sound_integer(value: Value) -> bool:
    return value.__class__ is int


def _sound_number(value: Value) -> bool:
    return value.__class__ is int or value.__class__ is float


def _sound_any(value: Value) -> bool:
    return True


class _SoundJson:
    """Parsing is dear and most rows hold one of a few values, so those found sound are remembered."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, value: Value) -> bool:
        if not isinstance(value, str):
            return isinstance(value, int | float)
        if value in self._seen:
            return True
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            return False
        if _CONTROL.search(value) is not None:
            return False
        if len(self._seen) < _JSON_SEEN_LIMIT:
            self._seen.add(value)
        return True


_CHECKS: dict[Kind, Check] = {
    Kind.BOOLEAN: _sound_boolean,
    Kind.INTEGER: _sound_integer,
    Kind.NUMBER: _sound_number,
    Kind.TEXT: _sound_text,
    Kind.DATE: _sound_date,
    Kind.DATETIME: _sound_datetime,
    Kind.ANY: _sound_any,
}


def check_of(column: Column) -> Check:
    """The check for values that are not NULL."""
    return _SoundJson() if column.kind is Kind.JSON else _CHECKS[column.kind]


class Suitability:
    """The checks of one table's columns, ready to be run over many rows."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._checks = [check_of(column) for column in table.columns]
        self._nullable = [column.nullable or i == table.alias for i, column in enumerate(table.columns)]

    def sound(self, position: int, value: Value) -> bool:
        return self._nullable[position] if value is None else self._checks[position](value)

    def soundness(self, sure: Container[int] = ()) -> Callable[[Sequence[Value]], bool]:
        """What tells whether nothing of a whole row looks damaged, the columns that are `sure` left aside.

        Nearly always nothing does, and it is asked of each row, so it has to be quick.
        """
        kinds = [(i, column.kind) for i, column in enumerate(self.table.columns) if i not in sure]
        texts = [i for i, kind in kinds if kind is Kind.TEXT]
        required = [i for i, _ in kinds if not self._nullable[i]]
        others = [(i, self._checks[i]) for i, kind in kinds if kind not in {Kind.TEXT, Kind.ANY}]

        def is_sound(values: Sequence[Value]) -> bool:
            for i in required:
                if values[i] is None:
                    return False
            try:
                # All texts are searched in one go; what stands between them is no letter that is searched for.
                if _CONTROL.search("\n".join([value for i in texts if (value := values[i]) is not None])):  # type: ignore[misc]
                    return False
            except TypeError:
                return False
            for i, check in others:
                value = values[i]
                if value is not None and not check(value):
                    return False
            return True

        return is_sound

    def doubts(self, values: Sequence[Value]) -> list[int]:
        """The positions whose values look damaged."""
        return [
            i
            for i, (value, check) in enumerate(zip(values, self._checks, strict=False))
            if not (self._nullable[i] if value is None else check(value))
        ]

    def fields_fit(self, count: int) -> bool:
        return self.table.fewest_fields <= count <= len(self.table.columns)

    def score(self, values: Sequence[Value]) -> float:
        """From 0 (another table's row) to 1. Records shorter than the table may be older rows, but count for less."""
        if not self.fields_fit(len(values)):
            return 0.0
        share = 1.0 - len(self.doubts(values)) / len(values)
        return share if share >= 0.7 and len(values) == len(self.table.columns) else share / 2
