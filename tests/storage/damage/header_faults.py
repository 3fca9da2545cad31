"""The first page, the file header, the freelist; and files cut short."""

from __future__ import annotations

import os
import random
import struct
from contextlib import closing
from pathlib import Path

from .anatomy import Anatomy, connect, varint
from .page_faults import overwrite
from .registry import fault


@fault("bad-magic")
def bad_magic(path: Path, rng: random.Random, n: int) -> None:
    overwrite(path, 0, rng.randbytes(16))


@fault("zero-header")
def zero_header(path: Path, rng: random.Random, n: int) -> None:
    overwrite(path, 0, bytes(100))


@fault("zero-page1")
def zero_page1(path: Path, rng: random.Random, n: int) -> None:
    overwrite(path, 0, bytes(Anatomy(path).page_size))


@fault("random-page1")
def random_page1(path: Path, rng: random.Random, n: int) -> None:
    overwrite(path, 0, rng.randbytes(Anatomy(path).page_size))


@fault("bad-page-size")
def bad_page_size(path: Path, rng: random.Random, n: int) -> None:
    true = Anatomy(path).page_size
    overwrite(path, 16, struct.pack(">H", rng.choice([size for size in (512, 1024, 8192, 32768, 777) if size != true])))


@fault("schema-garbage")
def schema_garbage(path: Path, rng: random.Random, n: int) -> None:
    """The definitions of all tables no longer parse; their names and roots are still there."""
    _spoil_definitions(path, rng, names=False)


@fault("schema-names-garbage")
def schema_names_garbage(path: Path, rng: random.Random, n: int) -> None:
    """Nothing of sqlite_master's rows is legible."""
    _spoil_definitions(path, rng, names=True)


def _spoil_definitions(path: Path, rng: random.Random, names: bool) -> None:
    anatomy = Anatomy(path)
    pages, found = [1], []
    while pages:
        number = pages.pop()
        head = 100 if number == 1 else 0
        page = anatomy.page(number)
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        interior = page[head] == 5
        offsets = struct.unpack_from(f">{count}H", page, head + (12 if interior else 8))
        if interior:
            pages += [int.from_bytes(page[at : at + 4], "big") for at in offsets]
            pages.append(int.from_bytes(page[head + 8 : head + 12], "big"))
        else:
            found += [(number, offset) for offset in offsets]
    for number, offset in found:
        page = anatomy.page(number)
        size, at = varint(page, offset)
        _, at = varint(page, at)
        end = min(at + size, anatomy.page_size)
        text = page.find(b"CREATE ", at, end)
        start = at + page[at] if names else text
        if start > 0:
            length = 40 if not names else end - start
            overwrite(path, (number - 1) * anatomy.page_size + start, rng.randbytes(min(length, end - start)))


@fault("freelist-bad")
def freelist_bad(path: Path, rng: random.Random, n: int) -> None:
    overwrite(path, 32, struct.pack(">2I", rng.randrange(1 << 31, 1 << 32), 77))


@fault("freelist-living")
def freelist_living(path: Path, rng: random.Random, n: int) -> None:
    """The freelist claims pages that are in use."""
    anatomy = Anatomy(path)
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE damage_scratch (x)")
        connection.execute("INSERT INTO damage_scratch VALUES (zeroblob(20000))")
        connection.execute("DROP TABLE damage_scratch")
    leaves = anatomy.largest_table.leaves
    claimed = rng.sample(leaves, min(5, len(leaves)))
    trunk = struct.unpack_from(">I", path.read_bytes(), 32)[0]
    body = struct.pack(f">{2 + len(claimed)}I", 0, len(claimed), *claimed)
    overwrite(path, (trunk - 1) * anatomy.page_size, body)


@fault("truncate-tail", 10)
def truncate_tail(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    os.truncate(path, max(0, len(anatomy.data) - n * anatomy.page_size))


@fault("truncate-midpage")
def truncate_midpage(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    at = int(len(anatomy.data) * 0.7) // anatomy.page_size * anatomy.page_size
    os.truncate(path, at + anatomy.page_size // 3)


@fault("truncate-half")
def truncate_half(path: Path, rng: random.Random, n: int) -> None:
    os.truncate(path, path.stat().st_size // 2)


@fault("truncate-header")
def truncate_header(path: Path, rng: random.Random, n: int) -> None:
    os.truncate(path, 512)
