"""Damage that nobody designed: one to three injuries drawn by chance, from a bit to the whole set of files."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.storage.damage import damage

PAGE = 4096


@dataclass
class Injuries:
    """What was done. `invisible` is how many values may have become others of their kind, which nothing can tell."""

    rng: random.Random
    database: Path
    names: list[str] = field(default_factory=list)
    invisible: int = 0
    has_own_log: bool = False
    has_siblings_log: bool = False
    has_garbage_log: bool = False

    def inflict(self) -> Injuries:
        # A log that goes with the file must be made while the file is whole.
        if self.rng.random() < 0.3:
            self._run(self.rng.choice([self._hot_log, self._foreign_log, self._garbage_log, self._garbage_memory]))
        for _ in range(self.rng.choice((0, 1, 1, 2, 3)) if self.names else self.rng.choice((1, 1, 2, 3))):
            self._run(self.rng.choice(_TO_THE_FILE)(self))
        return self

    def _run(self, injure: Callable[[], None]) -> None:
        self.names.append(injure.__name__.strip("_"))
        injure()

    # -- the file --

    def _bit_flips(self) -> None:
        data = bytearray(self.database.read_bytes())
        count = self.rng.choice((1, 3, 10, 40))
        for _ in range(count):
            if data:
                data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        self.invisible += count
        self.database.write_bytes(data)

    def _pages_overwritten(self) -> None:
        self._write_pages(lambda: self.rng.randbytes(PAGE))

    def _pages_zeroed(self) -> None:
        self._write_pages(lambda: bytes(PAGE))

    def _write_pages(self, content: Callable[[], bytes]) -> None:
        data = bytearray(self.database.read_bytes())
        for _ in range(self.rng.choice((1, 2, 5, 20))):
            start = self.rng.randrange(max(1, len(data) // PAGE)) * PAGE
            data[start : start + PAGE] = content()[: len(data) - start]
        self.database.write_bytes(data)

    def _pages_swapped(self) -> None:
        data = bytearray(self.database.read_bytes())
        for _ in range(self.rng.choice((1, 2, 5))):
            one, other = (self.rng.randrange(max(1, len(data) // PAGE)) * PAGE for _ in range(2))
            data[one : one + PAGE], data[other : other + PAGE] = data[other : other + PAGE], data[one : one + PAGE]
            # Two pages of long texts in each other's place are two long texts.
            self.invisible += 2
        self.database.write_bytes(data)

    def _page_twice(self) -> None:
        data = bytearray(self.database.read_bytes())
        one, other = (self.rng.randrange(max(1, len(data) // PAGE)) * PAGE for _ in range(2))
        data[one : one + PAGE] = data[other : other + PAGE]
        self.invisible += 1
        self.database.write_bytes(data)

    def _stretch_overwritten(self) -> None:
        self._write_stretch(self.rng.randbytes(self.rng.randrange(64, 12_000)))

    def _stretch_zeroed(self) -> None:
        self._write_stretch(bytes(self.rng.randrange(64, 12_000)))

    def _write_stretch(self, content: bytes) -> None:
        data = bytearray(self.database.read_bytes())
        start = self.rng.randrange(max(1, len(data)))
        data[start : start + len(content)] = content[: len(data) - start]
        # Inside a long text it breaks no structure, and where nothing else is wrong nobody reads that text.
        self.invisible += 4
        self.database.write_bytes(data)

    def _cut(self) -> None:
        data = self.database.read_bytes()
        self.database.write_bytes(data[: self.rng.randrange(1, max(2, len(data)))])

    def _grown(self) -> None:
        with self.database.open("ab") as file:
            file.write(self.rng.randbytes(self.rng.randrange(1, 20_000)))

    # -- what lies beside it --

    def _hot_log(self) -> None:
        damage(self.database, "wal-hot", self.rng.randrange(10**6), 30, table="todos")
        self.has_own_log = True
        log = self.database.with_name(self.database.name + "-wal")
        data = bytearray(log.read_bytes())
        match self.rng.randrange(4):
            case 0:
                data = data[: self.rng.randrange(len(data))]
            case 1:
                data[self.rng.randrange(len(data))] ^= 0x10
            case 2:
                start = self.rng.randrange(len(data))
                data[start : start + 500] = self.rng.randbytes(min(500, len(data) - start))
        log.write_bytes(data)

    def _foreign_log(self) -> None:
        fault = self.rng.choice(("stale-wal", "stale-wal-sibling", "stale-journal"))
        damage(self.database, fault, self.rng.randrange(10**6), table="todos")
        # It holds every page of so small a file, and says that some rows were deleted: nothing tells it from our own.
        self.has_siblings_log = fault == "stale-wal-sibling"

    def _garbage_log(self) -> None:
        suffix = self.rng.choice(("-wal", "-journal"))
        content = self.rng.randbytes(self.rng.choice((10, 500, 40_000)))
        self.database.with_name(self.database.name + suffix).write_bytes(content)
        self.has_garbage_log = True

    def _garbage_memory(self) -> None:
        self.database.with_name(self.database.name + "-shm").write_bytes(self.rng.randbytes(32_768))


_TO_THE_FILE: list[Callable[[Injuries], Callable[[], None]]] = [
    lambda injuries: injuries._bit_flips,
    lambda injuries: injuries._pages_overwritten,
    lambda injuries: injuries._pages_zeroed,
    lambda injuries: injuries._pages_swapped,
    lambda injuries: injuries._page_twice,
    lambda injuries: injuries._stretch_overwritten,
    lambda injuries: injuries._stretch_zeroed,
    lambda injuries: injuries._cut,
    lambda injuries: injuries._grown,
]
