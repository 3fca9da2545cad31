"""Pages overwritten, erased, torn, exchanged."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from .anatomy import Anatomy
from .registry import fault


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def _randomize(path: Path, anatomy: Anatomy, rng: random.Random, pages: Iterable[int]) -> None:
    for number in pages:
        overwrite(path, (number - 1) * anatomy.page_size, rng.randbytes(anatomy.page_size))


def _some(rng: random.Random, pages: Iterable[int], n: int) -> list[int]:
    pages = sorted(pages)
    return rng.sample(pages, min(n, len(pages)))


@fault("pages-random", 10)
def pages_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    _randomize(path, anatomy, rng, _some(rng, range(2, anatomy.count + 1), n))


@fault("pages-zero", 100)
def pages_zero(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    for number in _some(rng, range(2, anatomy.count + 1), n):
        overwrite(path, (number - 1) * anatomy.page_size, bytes(anatomy.page_size))


@fault("leaf-random", 50)
def leaf_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    _randomize(path, anatomy, rng, _some(rng, anatomy.largest_table.leaves, n))


@fault("interior-random", 3)
def interior_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    pages = [p for tree in anatomy.trees if tree.kind == "table" for p in tree.interior if p != tree.root]
    if not pages:
        pages = anatomy.largest_table.interior
    _randomize(path, anatomy, rng, _some(rng, pages, n))


@fault("root-random")
def root_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    _randomize(path, anatomy, rng, [anatomy.largest_table.root])


@fault("pages-swap", 1)
def pages_swap(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    size = anatomy.page_size
    for _ in range(n):
        one, other = _some(rng, anatomy.largest_table.leaves, 2)
        overwrite(path, (one - 1) * size, anatomy.page(other))
        overwrite(path, (other - 1) * size, anatomy.page(one))


@fault("pages-swap-tables", 1)
def pages_swap_tables(path: Path, rng: random.Random, n: int) -> None:
    """Leaves of two different tables change places."""
    anatomy = Anatomy(path)
    tables = sorted((t for t in anatomy.trees if t.kind == "table"), key=lambda t: -len(t.leaves))[:2]
    size = anatomy.page_size
    one, other = (rng.choice(tree.leaves) for tree in tables)
    overwrite(path, (one - 1) * size, anatomy.page(other))
    overwrite(path, (other - 1) * size, anatomy.page(one))


@fault("overflow-random", 10)
def overflow_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    _randomize(path, anatomy, rng, _some(rng, [p for tree in anatomy.trees for p in tree.overflow], n))


@fault("torn-pages", 10)
def torn_pages(path: Path, rng: random.Random, n: int) -> None:
    """Only the first half of the page reached the disk."""
    anatomy = Anatomy(path)
    half = anatomy.page_size // 2
    for number in _some(rng, range(2, anatomy.count + 1), n):
        overwrite(path, (number - 1) * anatomy.page_size + half, bytes(half))


@fault("bit-flips", 100)
def bit_flips(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    data = bytearray(anatomy.data)
    for _ in range(n):
        data[rng.randrange(anatomy.page_size, len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


@fault("leaf-bit-flips", 10)
def leaf_bit_flips(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    data = bytearray(anatomy.data)
    for number in rng.choices(sorted(anatomy.largest_table.leaves), k=n):
        data[(number - 1) * anatomy.page_size + rng.randrange(anatomy.page_size)] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


@fault("index-random", 1)
def index_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    pages = [p for tree in anatomy.trees if tree.kind == "index" for p in tree.leaves + tree.interior]
    _randomize(path, anatomy, rng, _some(rng, pages, n))


@fault("index-root-random", 1)
def index_root_random(path: Path, rng: random.Random, n: int) -> None:
    anatomy = Anatomy(path)
    _randomize(path, anatomy, rng, [anatomy.largest_index.root])


@fault("index-payload", 10)
def index_payload(path: Path, rng: random.Random, n: int) -> None:
    """Entries say something else than their rows; no structure is broken. A digit or letter changes its lowest bit."""
    anatomy = Anatomy(path)
    data = bytearray(anatomy.data)
    for number in rng.choices(sorted(anatomy.largest_index.leaves), k=n):
        offset = rng.choice(anatomy.cells(number))
        base = (number - 1) * anatomy.page_size + offset
        places = [base + i for i in range(12, 40) if data[base + i : base + i + 1].isalnum()]
        if places:
            data[rng.choice(places)] ^= 1
    path.write_bytes(data)
