"""The committed part of a write-ahead log, read without SQLite.

SQLite replays a `-wal` the moment it opens the file beside it, and so turns a stranger's log into a destroyed database.
Here the log is only looked at: the frames are checked against their running checksum, everything after the last commit
is left out, and what remains is a map from page number to the place of its newest copy.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Log:
    """`places` maps a page number to the offset of its newest committed copy; `pages` is the size of the file then."""

    page_size: int = 0
    pages: int = 0
    places: dict[int, int] = field(default_factory=dict)


class Header(NamedTuple):
    page_size: int
    order: str
    salts: tuple[int, int]
    sums: tuple[int, int]


def read_header(descriptor: int) -> Header | None:
    """The first 32 bytes of a log, None where they are not those of one."""
    header = os.pread(descriptor, 32, 0)
    if len(header) < 32:
        return None
    magic, _, page_size, _, salt1, salt2, sum1, sum2 = _HEADER.unpack(header)
    if magic & ~1 != _MAGIC or page_size not in {512 << i for i in range(8)}:
        return None
    order = ">" if magic & 1 else "<"
    if _checksum(order, header[:24], 0, 0) != (sum1, sum2):
        return None
    return Header(page_size, order, (salt1, salt2), (sum1, sum2))


def is_torn(path: Path) -> bool:
    """Whether a log is none, ends within a frame, or is broken before a commit: no end of a process leaves it so.

    SQLite replays what stands before the break and lets go of the rest without a word.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        header = read_header(descriptor)
        if header is None or (size - 32) % (24 + header.page_size):
            return size > 0
        return _end_of(descriptor, header) < _last_commit(descriptor, header, size)
    finally:
        os.close(descriptor)


def _last_commit(descriptor: int, header: Header, size: int) -> int:
    """Where the newest frame ends that says it commits; what is left of an earlier round of the log has other salts."""
    last = 0
    for offset in range(32, size, 24 + header.page_size):
        _, pages, *salts, _, _ = _FRAME.unpack(os.pread(descriptor, 24, offset))
        if tuple(salts) == header.salts and pages:
            last = offset + 24 + header.page_size
    return last


def _end_of(descriptor: int, header: Header) -> int:
    """Where the last frame ends up to which all are as they were written."""
    return max((offset + 24 + header.page_size for offset, _, _ in _frames(descriptor, header)), default=32)


def read_log(descriptor: int) -> Log:
    header = read_header(descriptor)
    if header is None:
        return Log()
    committed: dict[int, int] = {}
    pending: dict[int, int] = {}
    pages = 0
    for offset, number, size in _frames(descriptor, header):
        pending[number] = offset + 24
        if size:
            committed.update(pending)
            pending.clear()
            pages = size
    return Log(header.page_size, pages, committed) if pages else Log()


def _frames(descriptor: int, header: Header) -> Iterator[tuple[int, int, int]]:
    """The frames up to the first that is not as it was written: offset, page, and the file's size where it commits."""
    page_size, order, salts, running = header
    words = struct.Struct(f"{order}{page_size // 4}I")
    offset = 32
    while len(frame := os.pread(descriptor, 24 + page_size, offset)) == 24 + page_size:
        number, size, salt1, salt2, sum1, sum2 = _FRAME.unpack_from(frame)
        if (salt1, salt2) != salts or number == 0:
            return
        running = _checksum(order, frame[:8], *running)
        running = _add(words.unpack_from(frame, 24), *running)
        if running != (sum1, sum2):
            return
        yield offset, number, size
        offset += 24 + page_size


def _checksum(order: str, data: bytes, first: int, second: int) -> tuple[int, int]:
    return _add(struct.unpack(f"{order}{len(data) // 4}I", data), first, second)


def _add(words: tuple[int, ...], first: int, second: int) -> tuple[int, int]:
    pairs = iter(words)
    for even, odd in zip(pairs, pairs, strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
