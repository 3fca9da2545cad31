"""The bytes of a database file, one page at a time.

Pages are read with `pread`, not through a memory map: a map counts towards the memory of a small server for as long as
the scan lasts, and touching one past the end of a file that somebody just cut kills the process.

Two views exist of a file with a `-wal` beside it: the main file alone, and the main file with the committed frames laid
over it. Neither is changed by looking. Never open a *live* database this way: closing any descriptor of it drops the
POSIX locks SQLite holds in the same process. Work on the copy in quarantine.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from .wal import Log, read_log

MAGIC = b"SQLite format 3\x00"
TABLE_INTERIOR, TABLE_LEAF, INDEX_INTERIOR, INDEX_LEAF = 5, 13, 2, 10
_KINDS = frozenset((TABLE_INTERIOR, TABLE_LEAF, INDEX_INTERIOR, INDEX_LEAF))
_SIZES = tuple(512 << i for i in range(8))
_SAMPLES = 200
_PAGES_KEPT = 8


class PageFile:
    """A read-only view. Pages are numbered from 1, as SQLite does; a page that is not there is `b""`."""

    def __init__(self, path: Path, log: Path | None = None) -> None:
        self._main = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._log = -1
        self._frames = Log()
        # Whoever has looked what a page is reads it next.
        self.page: Callable[[int], bytes] = lru_cache(_PAGES_KEPT)(self._read)
        try:
            if log is not None and log.exists():
                self._log = os.open(log, os.O_RDONLY | getattr(os, "O_BINARY", 0))
                self._frames = read_log(self._log)
            self._bytes = os.fstat(self._main).st_size
            self.page_size = self._find_page_size()
        except OSError:
            self.close()
            raise
        self.count = self._frames.pages or -(-self._bytes // self.page_size)
        self.usable = self.page_size - self._reserved()

    @property
    def has_log(self) -> bool:
        """Whether a committed frame of the log is part of this view."""
        return bool(self._frames.places)

    @property
    def is_cut(self) -> bool:
        """Whether pages are missing at the end, by what the header says. It counts them since SQLite 3.7."""
        header = self.page(1)[:100]
        changed, (named,), counted = header[24:28], struct.unpack_from(">I", header.ljust(32, b"\0"), 28), header[92:96]
        return header.startswith(MAGIC) and changed == counted and named > self.count

    def close(self) -> None:
        for descriptor in (self._main, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._main = self._log = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(self, number: int) -> bytes:
        if not 1 <= number <= self.count:
            return b""
        place = self._frames.places.get(number)
        if place is not None:
            return os.pread(self._log, self.page_size, place)
        data = os.pread(self._main, self.page_size, (number - 1) * self.page_size)
        # A file cut in the middle of a page: its cells are looked at as those of a torn page are.
        return data if len(data) == self.page_size or not data else data.ljust(self.page_size, b"\x00")

    def freelist(self) -> set[int]:
        """The pages SQLite has given up. Empty when the header is not to be trusted."""
        header = self.page(1)[:100]
        free: set[int] = set()
        if not header.startswith(MAGIC):
            return free
        (trunk,) = struct.unpack_from(">I", header, 32)
        while 2 <= trunk <= self.count and trunk not in free:
            page = self.page(trunk)
            if len(page) < 8:
                break
            following, entries = struct.unpack_from(">2I", page)
            if entries > self.usable // 4 - 2:
                break
            free.add(trunk)
            leaves = struct.unpack_from(f">{entries}I", page, 8)
            free.update(number for number in leaves if 2 <= number <= self.count)
            trunk = following
        return free

    def _reserved(self) -> int:
        header = self.page(1)[:24]
        believable = header.startswith(MAGIC) and header[21:24] == b"\x40\x20\x20"
        return header[20] if believable and self.page_size - header[20] >= 480 else 0

    def _find_page_size(self) -> int:
        """The size the header names if the content bears it out, else the size that explains most of the content."""
        if self._frames.page_size:
            return self._frames.page_size
        named = int.from_bytes(os.pread(self._main, 2, 16), "big")
        named = 65536 if named == 1 else named
        scores = {size: self._plausible_share(size) for size in _SIZES}
        best = max(scores, key=lambda size: (scores[size], size == 4096))
        if named in scores and scores[named] >= 0.9 * scores[best]:
            return named
        return best if scores[best] > 0 else 4096

    def _plausible_share(self, size: int) -> float:
        pages = self._bytes // size
        step = max(1, pages // _SAMPLES)
        looked = good = 0
        for number in range(0, pages, step):
            looked += 1
            good += _is_plausible(os.pread(self._main, size, number * size), 100 if number == 0 else 0)
        return good / looked if looked else 0.0


def page_kind(page: bytes, head: int) -> int:
    """The b-tree kind of a page, or 0. `head` is 100 on page 1, where the file header comes first, else 0."""
    kind = page[head] if len(page) > head else 0
    return kind if kind in _KINDS else 0


def _is_plausible(page: bytes, head: int) -> bool:
    """A well-formed b-tree page with cells in its last quarter: pages of another size fail one or the other."""
    kind = page_kind(page, head)
    if not kind or len(page) < 480:
        return False
    cells = int.from_bytes(page[head + 3 : head + 5], "big")
    start = head + (12 if kind in (TABLE_INTERIOR, INDEX_INTERIOR) else 8)
    if not cells or start + 2 * cells > len(page):
        return False
    pointers: tuple[int, ...] = struct.unpack_from(f">{cells}H", page, start)
    return min(pointers) >= start + 2 * cells and 3 * len(page) // 4 <= max(pointers) < len(page)
