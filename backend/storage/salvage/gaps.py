"""The stretches of a b-tree's key range that cannot be read.

Outside them a tree is complete, and its silence is proof: a row it does not name has been deleted. Inside them its
silence means nothing. All the care about rows that must not rise from the dead comes down to this difference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .layouts import Value

Key = tuple[Any, ...]


def key_part(value: Value, nocase: bool = False) -> tuple[int, Any]:
    """Sorts as SQLite does: NULL, numbers, text, blobs."""
    if value is None:
        return (0, 0)
    if isinstance(value, str):
        return (2, value.lower() if nocase else value)
    return (3, value) if isinstance(value, bytes) else (1, value)


class Gaps:
    """Closed intervals of keys. An open end is None."""

    def __init__(self, intervals: Iterable[tuple[Key | None, Key | None]]) -> None:
        self.everything = False
        self.from_start: Key | None = None
        self.to_end: Key | None = None
        inner: list[tuple[Key, Key]] = []
        for low, high in intervals:
            if low is None and high is None:
                self.everything = True
            elif low is None:
                self.from_start = max(filter(None, (self.from_start, high)))
            elif high is None:
                self.to_end = min(filter(None, (self.to_end, low)))
            else:
                inner.append((min(low, high), max(low, high)))
        self._lows: list[Key] = []
        self._highs: list[Key] = []
        for low, high in sorted(inner):
            if self._highs and low <= self._highs[-1]:
                self._highs[-1] = max(high, self._highs[-1])
            else:
                self._lows.append(low)
                self._highs.append(high)

    def __bool__(self) -> bool:
        return self.everything or self.from_start is not None or self.to_end is not None or bool(self._lows)

    def __contains__(self, key: Key) -> bool:
        if self.everything:
            return True
        if self.from_start is not None and key <= self.from_start:
            return True
        if self.to_end is not None and key >= self.to_end:
            return True
        at = bisect_right(self._lows, key) - 1
        return at >= 0 and key <= self._highs[at]


def find_gaps(
    places: Sequence[int],
    damaged: Iterable[int],
    ends: Callable[[int], tuple[Key, Key] | None],
) -> Gaps:
    """The gaps around the places numbered `damaged`.

    `ends` tells the lowest and highest key of a place, None if it has none. Each gap reaches over both neighbours
    entirely: a single flipped bit in the neighbour's outermost key must not narrow it.
    """
    intervals = []
    marked = set(damaged)
    for position in sorted(marked):
        low = _next_ends(places, range(position - 1, -1, -1), marked, ends)
        high = _next_ends(places, range(position + 1, len(places)), marked, ends)
        intervals.append((low and min(low), high and max(high)))
    return Gaps(intervals)


def _next_ends(
    places: Sequence[int], order: range, marked: set[int], ends: Callable[[int], tuple[Key, Key] | None]
) -> tuple[Key, Key] | None:
    for position in order:
        if position not in marked:
            found = ends(places[position])
            if found is not None:
                return found
    return None
