"""Something else lies where the database was."""

from __future__ import annotations

import random
from pathlib import Path

from .registry import fault


@fault("text-file")
def text_file(path: Path, rng: random.Random, n: int) -> None:
    path.write_text("This is not the database you are looking for.\n" * 200, encoding="utf-8")


@fault("lfs-pointer")
def lfs_pointer(path: Path, rng: random.Random, n: int) -> None:
    digest = rng.randbytes(32).hex()
    path.write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {path.stat().st_size}\n",
        encoding="utf-8",
    )


@fault("random-file")
def random_file(path: Path, rng: random.Random, n: int) -> None:
    path.write_bytes(rng.randbytes(100_000))


@fault("zero-file")
def zero_file(path: Path, rng: random.Random, n: int) -> None:
    path.write_bytes(b"")


@fault("missing")
def missing(path: Path, rng: random.Random, n: int) -> None:
    path.unlink()
