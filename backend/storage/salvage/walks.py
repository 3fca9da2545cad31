"""From a root to every page under it, in key order, with a mark wherever something is missing.

The order matters as much as the pages: two neighbours that both survive tell between which keys the lost page between
them stood, and so which rows can be missing at all.

A walk yields *places*: `page << 16` for a leaf, `page << 16 | offset` for an index entry kept on an interior page, and
HOLE for a page or a cell that should be there and cannot be read.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

from .cells import CellReader
from .pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_INTERIOR, TABLE_LEAF, page_kind

HOLE = 0

Belongs = Callable[[int], bool]
"""Whether the leaf page of this number holds what the tree is made of. Pages get swapped, pointers get overwritten."""


def walk_table(reader: CellReader, root: int, belongs: Belongs) -> array[int]:
    places = array("q")
    stack = [root]
    while stack:
        number = stack.pop()
        kind = _kind(reader, number)
        if kind == TABLE_INTERIOR:
            reader.owned[number] = 1
            stack.extend(reversed(reader.children(number)))
        elif kind == TABLE_LEAF and belongs(number):
            reader.owned[number] = 1
            places.append(number << 16)
        else:
            places.append(HOLE)
    return places


def walk_index(reader: CellReader, root: int, belongs: Belongs) -> array[int]:
    places = array("q")
    stack = [root << 16]
    while stack:
        place = stack.pop()
        number = place >> 16
        if place & 0xFFFF:
            places.append(place)
            continue
        kind = _kind(reader, number)
        if kind == INDEX_INTERIOR:
            reader.owned[number] = 1
            children = reader.children(number)
            entries = reader.offsets(reader.pages.page(number), 0)
            stack.append(children[-1] << 16)
            for child, offset in zip(reversed(children[:-1]), reversed(entries), strict=True):
                stack.append(number << 16 | offset)
                stack.append(child << 16)
        elif kind == INDEX_LEAF and belongs(number):
            reader.owned[number] = 1
            places.append(place)
        else:
            places.append(HOLE)
    return places


def count_cells(reader: CellReader, places: array[int]) -> int:
    """How many rows or entries stand in all places of a walk."""
    return sum(
        1 if place & 0xFFFF else len(reader.offsets(reader.pages.page(place >> 16), 0))
        for place in places
        if place != HOLE
    )


def _kind(reader: CellReader, number: int) -> int:
    if number < 1 or number > reader.pages.count or reader.owned[number]:
        return 0
    return page_kind(reader.pages.page(number), 100 if number == 1 else 0)
