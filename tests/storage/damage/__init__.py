"""Seeded damage for any SQLite file.

    damage(path, "pages-random", seed=7, n=100)

Every fault is a function of its own and does the same to the same file for the same seed. The file is expected to be
healthy, closed and without sidecars; faults in SQL need at least one table with rows.
"""

from __future__ import annotations

import random
from pathlib import Path

from . import anatomy, file_faults, header_faults, log_faults, page_faults, row_faults, schema_faults
from .registry import FAULTS, Fault

__all__ = ["FAULTS", "Fault", "damage"]

_FAMILIES = (file_faults, header_faults, log_faults, page_faults, row_faults, schema_faults)


def damage(path: Path, name: str, seed: int, n: int | None = None, *, table: str | None = None) -> None:
    """Does `name` to the file at `path`. `n` is how often, where a fault has a number.

    What a fault does to the largest table it does to `table` where one is named.
    """
    fault = FAULTS[name]
    aimed = anatomy.aim.set(table)
    try:
        fault.inflict(path, random.Random(f"{name}/{seed}"), fault.usual if n is None else n)
    finally:
        anatomy.aim.reset(aimed)
