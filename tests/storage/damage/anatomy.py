"""Which page of a healthy file is what. Written apart from the salvage, so that they cannot share a mistake."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

# The table that is to be hurt, where it is not just the largest.
aim: ContextVar[str | None] = ContextVar("aim", default=None)


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


@dataclass(slots=True)
class Tree:
    name: str
    kind: str
    root: int
    table: str = ""
    interior: list[int] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    overflow: list[int] = field(default_factory=list)


class Anatomy:
    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        (size,) = struct.unpack_from(">H", self.data, 16)
        self.page_size = 65536 if size == 1 else size
        self.count = len(self.data) // self.page_size
        with closing(connect(path)) as connection:
            rows = connection.execute(
                "SELECT name, type, rootpage, tbl_name FROM sqlite_master WHERE rootpage > 0 ORDER BY rowid"
            ).fetchall()
        self.trees = [Tree(*row) for row in rows]
        for tree in self.trees:
            self._walk(tree, tree.root)

    def page(self, number: int) -> bytes:
        return self.data[(number - 1) * self.page_size : number * self.page_size]

    @property
    def largest_table(self) -> Tree:
        """The table that faults aim at: the one that was asked for, else the largest."""
        tables = [tree for tree in self.trees if tree.kind == "table"]
        aimed_at = [tree for tree in tables if tree.name == aim.get()]
        return max(aimed_at or tables, key=lambda tree: len(tree.leaves))

    @property
    def largest_index(self) -> Tree:
        indexes = [tree for tree in self.trees if tree.kind == "index"]
        aimed_at = [tree for tree in indexes if tree.table == aim.get()]
        return max(aimed_at or indexes, key=lambda tree: len(tree.leaves))

    def cells(self, number: int) -> list[int]:
        page = self.page(number)
        count = int.from_bytes(page[3:5], "big")
        return list(struct.unpack_from(f">{count}H", page, 12 if page[0] in (2, 5) else 8))

    def _walk(self, tree: Tree, number: int) -> None:
        page = self.page(number)
        (tree.interior if page[0] in (2, 5) else tree.leaves).append(number)
        for offset in self.cells(number):
            if page[0] in (2, 5):
                self._walk(tree, int.from_bytes(page[offset : offset + 4], "big"))
            if page[0] == 13:
                self._follow(tree, page, offset)
        if page[0] in (2, 5):
            self._walk(tree, int.from_bytes(page[8:12], "big"))

    def _follow(self, tree: Tree, page: bytes, offset: int) -> None:
        size, at = varint(page, offset)
        _, at = varint(page, at)
        room = self.page_size
        if size <= room - 35:
            return
        least = (room - 12) * 32 // 255 - 23
        local = least + (size - least) % (room - 4)
        at += local if local <= room - 35 else least
        number = int.from_bytes(page[at : at + 4], "big")
        while number:
            tree.overflow.append(number)
            number = int.from_bytes(self.page(number)[:4], "big")


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = data[at + step]
        if step == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at + step + 1
