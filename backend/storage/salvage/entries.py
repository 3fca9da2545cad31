"""The entries of an index page, many at a time.

Neighbours mostly have one size and one header, so what was found out about the one is known of the other: without that,
a million entries would take twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .cells import CellReader
from .pages import INDEX_LEAF, page_kind
from .records import Shapes

_NOTHING = bytes(1 << 17)
"""Longer than any page, so that no page has it anywhere."""


class Entries:
    """Reads the entries of an index of so many fields, the rowid included."""

    def __init__(self, reader: CellReader, fields: int) -> None:
        self.shapes = Shapes()
        self._reader = reader
        self._fields = fields

    def read(self, page: bytes, offsets: Sequence[int]) -> Iterator[tuple[int, int | None, tuple[Any, ...]]]:
        """Where each entry stands, the row it names, and its values as they are stored; None for one that is broken."""
        fields, shape_of, entry = self._fields, self.shapes.of, self._reader.entry
        usable, inline = self._reader.pages.usable, self._reader.inline_entry
        leaf = page_kind(page, 0) == INDEX_LEAF
        alike, last, values_at = _NOTHING, 0, 0
        for offset in offsets:
            data = page
            if offset <= last and page.startswith(alike, offset):
                at = offset + values_at
            else:
                alike = _NOTHING
                at, size = offset + 1, page[offset] if offset < usable else 0
                if not leaf or size > 0x7F:
                    payload = entry(page, offset)
                    if payload is None or not payload.whole:
                        yield offset, None, ()
                        continue
                    data, at, _, size, _ = payload
                elif not 2 <= size <= inline or at + size > usable:
                    yield offset, None, ()
                    continue
                length = data[at]
                shape = shape_of(data[at : at + length])
                if shape is None or shape.count != fields or length + shape.body != size:
                    yield offset, None, ()
                    continue
                at += length
                unpack, constants, is_wide = shape.unpack, shape.constants, shape.types[-1] in {3, 5}
                if data is page and leaf:
                    values_at = at - offset
                    alike, last = page[offset:at], usable - values_at - shape.body
            values = unpack(data, at)
            if constants:
                filled: list[Any] = list(values)
                for i, constant in constants:
                    filled[i] = constant
                rowid: Any = filled.pop()
                values = tuple(filled)
            else:
                rowid = values[-1]
                values = values[:-1]
            if is_wide:
                rowid = int.from_bytes(rowid, "big", signed=True)
            yield offset, rowid if rowid.__class__ is int else None, values
