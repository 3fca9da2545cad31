"""A few rows or entries of a page, to tell what the page is made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from .cells import CellReader, Payload
from .fits import Suitability
from .layouts import Index, Table, Value
from .records import Shapes

GOOD_FIT = 0.45
_SAMPLED_CELLS = 5


class Sampler:
    def __init__(self, reader: CellReader) -> None:
        self.reader = reader
        self.pages = reader.pages
        self._shapes = Shapes()
        self._suits: dict[int, Suitability] = {}

    def rows(self, number: int, everything: bool = False) -> Iterator[tuple[int, list[Value]]]:
        cells = len(self.reader.offsets(self.pages.page(number), 0))
        step = 1 if everything else max(1, cells // _SAMPLED_CELLS)
        for row in islice(self.reader.rows(number), 0, None, step):
            values = self._values(row.payload) if row is not None else None
            if row is not None and values is not None:
                yield row.rowid, values

    def row(self, number: int, rowid: int) -> list[Value] | None:
        """One row of a page, None if it is not there or not whole."""
        found = next((row for row in self.reader.rows(number) if row is not None and row.rowid == rowid), None)
        return self._values(found.payload) if found is not None else None

    def entries(self, number: int) -> Iterator[list[Value]]:
        page = self.pages.page(number)
        offsets = self.reader.offsets(page, 0)
        for offset in offsets[:: max(1, len(offsets) // _SAMPLED_CELLS)]:
            payload = self.reader.entry(page, offset)
            values = self._values(payload) if payload is not None else None
            if values is not None:
                yield values

    def _values(self, payload: Payload) -> list[Value] | None:
        data, start, _, size, whole = payload
        length = data[start]
        shape = self._shapes.of(data[start : start + length])
        if shape is None or not whole or length + shape.body != size:
            return None
        return shape.lenient(shape.unpack(data, start + length))

    def score(self, table: Table, rows: list[tuple[int, list[Value]]]) -> float:
        """How well rows fit a table, from 0 to 1."""
        suit = self.suit(table)
        return sum(suit.score(values) for _, values in rows) / len(rows) if rows else 0.0

    def holds_rows(self, number: int, table: Table) -> bool:
        suit = self.suit(table)
        empty = True
        for _, values in self.rows(number, everything=True):
            if suit.score(values) >= GOOD_FIT:
                return True
            empty = False
        return empty and not self.reader.offsets(self.pages.page(number), 0)

    def holds_entries(self, number: int, table: Table, index: Index) -> bool:
        empty = True
        for values in self.entries(number):
            if self.entry_fits(values, table, index):
                return True
            empty = False
        return empty and not self.reader.offsets(self.pages.page(number), 0)

    def entry_fits(self, values: list[Value], table: Table, index: Index) -> bool:
        if len(values) != len(index.columns) + 1 or not isinstance(values[-1], int):
            return False
        suit = self.suit(table)
        return all(
            suit.sound(column, value) for column, value in zip(index.columns, values[:-1], strict=True) if column >= 0
        )

    def suit(self, table: Table) -> Suitability:
        suit = self._suits.get(id(table))
        if suit is None:
            suit = self._suits[id(table)] = Suitability(table)
        return suit
