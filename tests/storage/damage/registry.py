"""The list of faults by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Inflict = Callable[[Path, random.Random, int], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`usual` is the number used when the caller names none."""

    name: str
    usual: int
    inflict: Inflict


FAULTS: dict[str, Fault] = {}


def fault(name: str, usual: int = 1) -> Callable[[Inflict], Inflict]:
    def register(inflict: Inflict) -> Inflict:
        FAULTS[name] = Fault(name, usual, inflict)
        return inflict

    return register
