"""The cells of b-tree pages, with every length and offset checked before it is believed.

Any bytes may stand on a damaged page. A cell that does not add up is reported as None, so that whoever reads in key
order knows that something was there; nothing in here raises for what it reads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_INTERIOR, PageFile, page_kind
from .records import signed, varint

_POINTERS = [struct.Struct(f">{n}H") for n in range(600)]


class Payload(NamedTuple):
    """A record's bytes, `data[start:end]`. When its overflow chain is broken `whole` is False: a part is missing."""

    data: bytes
    start: int
    end: int
    size: int
    whole: bool


class Row(NamedTuple):
    rowid: int
    offset: int
    payload: Payload


class CellReader:
    """Takes pages apart. `owned` marks the pages known to be part of a b-tree: no overflow chain runs through them."""

    def __init__(self, pages: PageFile) -> None:
        self.pages = pages
        self.owned = bytearray(pages.count + 1)
        usable = pages.usable
        self.inline_row = usable - 35
        self.inline_entry = (usable - 12) * 64 // 255 - 23
        self._least = (usable - 12) * 32 // 255 - 23

    def offsets(self, page: bytes, head: int) -> tuple[int, ...]:
        """Where the cells of a page start, as the page says it."""
        kind = page_kind(page, head)
        if not kind:
            return ()
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        start = head + (12 if kind in (TABLE_INTERIOR, INDEX_INTERIOR) else 8)
        # A cell takes a pointer and at least two bytes: a larger count is damage, and what fits is looked at.
        count = min(count, (self.pages.usable - start) // 4)
        pointers = _POINTERS[count] if count < len(_POINTERS) else struct.Struct(f">{count}H")
        return pointers.unpack_from(page, start) if count > 0 else ()

    def children(self, number: int) -> list[int]:
        """The pages an interior page names, left to right; 0 for a name that cannot be."""
        page = self.pages.page(number)
        head = 100 if number == 1 else 0
        found = [self._pointer(page, offset) for offset in self.offsets(page, head)]
        found.append(self._pointer(page, head + 8))
        return found

    def _pointer(self, page: bytes, offset: int) -> int:
        child = int.from_bytes(page[offset : offset + 4], "big")
        return child if 2 <= child <= self.pages.count and offset + 4 <= len(page) else 0

    def rows(self, number: int) -> Iterator[Row | None]:
        """The rows of a table leaf, in the order of its pointers; None for a cell that does not add up."""
        page = self.pages.page(number)
        head = 100 if number == 1 else 0
        usable, inline = self.pages.usable, self.inline_row
        for offset in self.offsets(page, head):
            try:
                size = page[offset]
                at = offset + 1
                if size > 0x7F:
                    size, at = varint(page, offset)
                rowid = page[at]
                at += 1
                if rowid > 0x7F:
                    rowid, at = varint(page, at - 1)
                    rowid = signed(rowid)
            except IndexError:
                yield None
                continue
            if size < 2:
                yield None
            elif size <= inline:
                end = at + size
                yield Row(rowid, offset, Payload(page, at, end, size, True)) if end <= usable else None
            else:
                payload = self._spilled(page, at, size, inline)
                yield None if payload is None else Row(rowid, offset, payload)

    def entry(self, page: bytes, offset: int) -> Payload | None:
        """The payload of the index cell at `offset`, of a leaf or an interior page."""
        head = 0
        kind = page_kind(page, head)
        if kind not in (INDEX_LEAF, INDEX_INTERIOR):
            return None
        try:
            size, at = varint(page, offset + (4 if kind == INDEX_INTERIOR else 0))
        except IndexError:
            return None
        if size < 2:
            return None
        if size <= self.inline_entry:
            end = at + size
            return Payload(page, at, end, size, True) if end <= self.pages.usable else None
        return self._spilled(page, at, size, self.inline_entry)

    def _spilled(self, page: bytes, at: int, size: int, inline: int) -> Payload | None:
        room = self.pages.usable - 4
        if size > self.pages.count * room:
            return None
        local = self._least + (size - self._least) % room
        if local > inline:
            local = self._least
        if at + local + 4 > self.pages.usable:
            return None
        parts = [page[at : at + local]]
        missing = size - local
        number = int.from_bytes(page[at + local : at + local + 4], "big")
        visited: set[int] = set()
        while missing > 0:
            link = (
                self.pages.page(number)
                if number >= 2 and number not in visited and not self.owned[min(number, self.pages.count)]
                else b""
            )
            if not link:
                break
            visited.add(number)
            number = int.from_bytes(link[:4], "big")
            last = missing <= room
            # The last page of a chain says 0, any other names a page: an overwritten one almost surely does neither.
            if (number != 0) if last else not 2 <= number <= self.pages.count:
                break
            parts.append(link[4 : 4 + min(room, missing)])
            missing -= len(parts[-1])
        data = b"".join(parts)
        return Payload(data, 0, len(data), size, missing == 0)
