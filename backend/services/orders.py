"""The manual order: keys between keys. It is total by key and id, and a move rewrites what moves and nothing else.

Only where two neighbours have the same key, or keys have grown as long as they may be, those around the gap get new
ones.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from fractional_indexing import FIError, generate_n_keys_between

from backend.models.todo import POSITION_MAX

# New keys for those around a gap leave room for many more moves.
_RENEWED_MAX = POSITION_MAX // 2
_WIDER = 4


class Placed(Protocol):
    """Something that has a place in a manual order."""

    position: str


T = TypeVar("T", bound=Placed)
# The rows that lie on one side of a gap, the nearest first: at most as many as asked for.
Side = Callable[[int], Sequence[T]]


def fit(before: Side[T], after: Side[T]) -> tuple[str, list[tuple[T, str]]]:
    """The key of what goes into a gap, and the new keys of those around it that have to make room."""
    keys = _between(_edge(before(1), 0), _edge(after(1), 0), 1, POSITION_MAX)
    count = 1
    renewed: list[T] = []
    left = 0
    while keys is None:
        earlier, later = before(count + 1), after(count + 1)
        left = len(earlier[:count])
        renewed = [*reversed(earlier[:count]), *later[:count]]
        # Wide enough, it has no edges: then there are always keys.
        keys = _between(_edge(earlier, count), _edge(later, count), len(renewed) + 1, _RENEWED_MAX)
        count *= _WIDER
    return keys[left], list(zip(renewed, keys[:left] + keys[left + 1 :], strict=True))


def _edge(rows: Sequence[Placed], number: int) -> str | None:
    return rows[number].position if len(rows) > number else None


def _between(low: str | None, high: str | None, number: int, length: int) -> list[str] | None:
    """Rising keys between two, None where there are none of this length."""
    try:
        keys = generate_n_keys_between(low, high, number)
    except (FIError, IndexError, ValueError):  # the same key twice, or one that was not made here
        return None
    return keys if max(map(len, keys)) <= length else None
