"""The committed part of a write-ahead log, read without SQLite.

SQLite replays a `-wal` the moment it opens the file beside it, and so turns a stranger's log into a destroyed database.
Here the log is only looked at: the frames are checked against their running checksum, everything after the last commit
is left out, and what remains is a map from page number to the place of its newest copy.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
# The head of its index, the -shm, in the order of the machine's bytes: https://sqlite.org/walformat.html#the_wal_index_header
_INDEX = struct.Struct("=3I2BH4I8s2I")
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
    """Whether a log is none, ends within a frame, or is broken before a commit.

    SQLite replays what stands before the break and lets go of the rest without a word. A process that is killed in the
    middle of a frame leaves it so as well, but then its index says that nothing after the break was committed.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        header = read_header(descriptor)
        if header is None:
            return size > 0
        return _lacks_what_was_committed(path, descriptor, header, size)
    finally:
        os.close(descriptor)


def _lacks_what_was_committed(path: Path, descriptor: int, header: Header, size: int) -> bool:
    end = _end_of(descriptor, header)
    is_broken = (size - 32) % (24 + header.page_size) or end < _last_commit(descriptor, header, size)
    if not is_broken:
        return False
    known = _known_end(path, descriptor, header)
    return known is None or end < known


def _known_end(path: Path, descriptor: int, header: Header) -> int | None:
    """Where the frames end that were committed for the processes that worked with it; None where nobody knows.

    What lay in memory when the machine went down is on no disk: an index from before that knows too little.
    """
    index = path.with_name(f"{path.name.removesuffix('-wal')}-shm")
    try:
        content = index.read_bytes()[: 2 * _INDEX.size]
        if index.stat().st_mtime < _booted_at():
            return None
    except OSError:
        return None
    if len(content) < 2 * _INDEX.size or content[: _INDEX.size] != content[_INDEX.size :]:
        return None
    _, _, _, is_there, _, _, frames, _, _, _, salts, *_ = _INDEX.unpack_from(content)
    if not is_there or salts != os.pread(descriptor, 8, 16):
        return None
    return int(32 + frames * (24 + header.page_size))


def _booted_at() -> float:
    """When the machine was started, in seconds since 1970; in no past that counts where it does not tell."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/stat").read_text().splitlines():
            if line.startswith("btime "):
                return float(line.split()[1])
    return math.inf


def _last_commit(descriptor: int, header: Header, size: int) -> int:
    """Where the newest frame ends that says it commits; what is left of an earlier round of the log has other salts."""
    last = 0
    for offset in range(32, size - 23, 24 + header.page_size):
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
