"""A row brought back, and everything there is to say against it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .layouts import Value

Source = Literal["page", "index", "backup"]


class SavedRow(NamedTuple):
    """`marks` are words of the form `what` or `what:column`; a row without any is beyond doubt.

    cut         only the beginning of the text survived
    lost        the value is gone; None stands in its place (the positions are in `missing` too)
    older       taken from a backup although the row has changed since
    doubt       the value looks overwritten, and nothing better is known
    disagrees   an index says otherwise, and nothing tells which is right
    utf8        bytes that are no text were replaced by U+FFFD
    torn        the row lies on the edge of an erased stretch of its page
    unproven    no index that could name the row survived
    index       the value (or the whole row) was taken from the indexes
    backup      the value (or the whole row) was taken from a backup
    """

    rowid: int
    values: list[Value]
    source: Source
    marks: tuple[str, ...]
    missing: tuple[int, ...]


class PageRow(NamedTuple):
    """A row as a page holds it. `stored` has texts still as bytes, for comparison with index entries."""

    rowid: int
    values: list[Value]
    stored: list[object] | None
    marks: tuple[str, ...]
    missing: tuple[int, ...]
