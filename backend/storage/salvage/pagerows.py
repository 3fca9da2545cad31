"""The rows a table's leaf page holds, each decoded as far as its bytes reach."""

from __future__ import annotations

from .cells import CellReader, Payload
from .layouts import Table, Value
from .records import Shapes, cut_record, varint
from .rows import PageRow

_ERASED = 32
"""So many zero bytes at the end of a page are no record's end but an erased stretch."""


class PageRows:
    def __init__(self, reader: CellReader, table: Table) -> None:
        self._reader = reader
        self._table = table
        self._shapes = Shapes()
        self._fewest, self._most = table.fewest_fields, len(table.columns)
        self._defaults = [column.default for column in table.columns]

    def read(self, number: int) -> tuple[list[PageRow], bool]:
        """The rows of a page, and whether every cell of it could be read."""
        rows: list[PageRow] = []
        whole = True
        page = self._reader.pages.page(number)
        filled = len(page.rstrip(b"\x00"))
        erased_from = filled if self._reader.pages.usable - filled >= _ERASED else len(page)
        alias, most, shape_of = self._table.alias, self._most, self._shapes.of
        last = None
        for row in self._reader.rows(number):
            if row is None:
                whole = False
                continue
            rowid, _, payload = row
            # Rowids only rise on a sound page. Where they do not, a pointer or a rowid was hit, and a row is missing.
            whole = whole and (last is None or rowid > last)
            last = rowid
            data, start, end, size, complete = payload
            length = data[start]
            if length > 0x7F:
                length, _ = varint(data, start)
            shape = shape_of(data[start : start + length]) if complete else None
            if shape is None or not self._fewest <= shape.count <= most or length + shape.body != size:
                odd = self._read_odd(rowid, payload)
                whole = whole and odd is not None
                if odd is not None:
                    rows.append(odd)
                continue
            raw = shape.unpack(data, start + length)
            stored = list(raw)
            for i, constant in shape.constants:
                stored[i] = constant
            values = stored.copy()
            marks: tuple[str, ...] = ()
            try:
                for i in shape.texts:
                    values[i] = raw[i].decode()
                for i in shape.wide:
                    values[i] = int.from_bytes(raw[i], "big", signed=True)
                for i in shape.floats:
                    values[i] = raw[i] if raw[i] == raw[i] else None
            except UnicodeDecodeError:
                values, marks = self._replaced(shape.lenient(raw), raw, shape.texts)
            if shape.count < most:
                # From before a column was added to the table: SQLite reads the column's default.
                added = self._defaults[shape.count :]
                values += added
                stored += [value.encode() if isinstance(value, str) else value for value in added]
            if alias is not None:
                values[alias] = rowid
            if end > erased_from and data is page:
                marks += ("torn",)
            rows.append(PageRow(rowid, values, stored, marks, ()))
        return rows, whole

    def _replaced(
        self, values: list[Value], raw: tuple[object, ...], texts: list[int]
    ) -> tuple[list[Value], tuple[str, ...]]:
        changed = [i for i in texts if values[i].encode() != raw[i]]  # type: ignore[union-attr]
        return values, tuple(f"utf8:{self._table.columns[i].name}" for i in changed)

    def _read_odd(self, rowid: int, payload: Payload) -> PageRow | None:
        """A record whose overflow chain broke."""
        columns = self._table.columns
        found = cut_record(self._shapes, payload.data[payload.start : payload.end], payload.size)
        if found is None:
            return None
        values, intact, cut = found
        if not self._fewest <= len(values) <= self._most:
            return None
        marks: list[str] = []
        if cut:
            marks.append(f"cut:{columns[intact].name}")
        missing = tuple(range(intact + cut, len(values)))
        marks.extend(f"lost:{columns[i].name}" for i in missing)
        values.extend(column.default for column in columns[len(values) :])
        if self._table.alias is not None:
            values[self._table.alias] = rowid
            missing = tuple(i for i in missing if i != self._table.alias)
        return PageRow(rowid, values, None, tuple(marks), missing)
