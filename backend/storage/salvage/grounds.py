"""Where in the file everything lies: the words in which the chart is written."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from .layouts import Index, Kind, Table
from .walks import HOLE


class _Tree:
    """`rooted` is False when the places are only what was found lying about.

    `partial`: they hang together, and are not or may not be all of the tree.
    """

    __slots__ = ()
    places: array[int]
    rooted: bool
    partial: bool

    @property
    def bounded(self) -> bool:
        """Whether the tree says where its own holes are: anywhere else its silence is proof."""
        return self.rooted and not self.partial

    @property
    def whole(self) -> bool:
        return self.bounded and HOLE not in self.places


@dataclass(slots=True)
class IndexGround(_Tree):
    """Where an index lies."""

    index: Index
    places: array[int] = field(default_factory=lambda: array("q"))
    rooted: bool = False
    partial: bool = False
    strays: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stray:
    """A leaf nothing known points at. `parented`: a page that is lost itself does. `free`: SQLite had given it up."""

    page: int
    parented: bool
    free: bool


@dataclass(slots=True)
class TableGround(_Tree):
    """Where a table lies. `vanished`: the file says nothing of a table that its layout has; it was dropped."""

    table: Table
    vanished: bool = False
    places: array[int] = field(default_factory=lambda: array("q"))
    rooted: bool = False
    partial: bool = False
    strays: list[Stray] = field(default_factory=list)
    indexes: list[IndexGround] = field(default_factory=list)

    @property
    def unproven(self) -> bool:
        """Whether rows may be lost of which nothing speaks: neither the table nor one of its indexes is whole."""
        return not self.whole and not any(part.whole for part in self.indexes)

    @property
    def has_trace(self) -> bool:
        """Whether anything of it was found."""
        return self.rooted or bool(self.strays) or any(part.rooted or part.strays for part in self.indexes)


@dataclass(slots=True)
class Chart:
    """`revision` names the known layout that fits best, "" if none does. `schema_read`: the file named its tables.

    `empty` counts the pages nothing points at that are tables without a row; only where it did not.
    """

    tables: list[TableGround]
    revision: str
    schema_read: bool
    empty: int

    @property
    def may_lack_a_table(self) -> bool:
        """Whether a table of which nothing was found has no empty page that may be it, so that it must be lost.

        Pages of two tables of the same kinds of columns are all given to one of them.
        """
        found = {_kinds(ground.table) for ground in self.tables if ground.has_trace}
        nowhere = [ground for ground in self.tables if not ground.has_trace and _kinds(ground.table) not in found]
        return len(nowhere) > self.empty


def _kinds(table: Table) -> tuple[Kind, ...]:
    return tuple(column.kind for column in table.columns)


def unwalked(table: Table) -> TableGround:
    return TableGround(table, indexes=[IndexGround(index) for index in table.indexes])
