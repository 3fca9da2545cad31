"""Stretches: a table as runs of keys, a batch each, that are compared and carried over by themselves.

Of each one is kept up to which key it goes, what its rows add up to on every database (`Sum`), and a mark of how the
source's driver hands them out. The mark costs a fraction of the sum, and while it is the same the stretch has not
changed, so neither its sum nor the other side has to be looked at again. A million rows are a thousand stretches, and
no more than one of them is in memory at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from sqlalchemy import Connection, Table

from backend.storage import rows
from backend.storage.canonical import Sum, digest_of
from backend.storage.rows import EVERYTHING, Key, Range

_MARK_BYTES = 16


@dataclass(frozen=True)
class Stretch:
    """The rows after the stretch before, up to a key, as they were in the source; the last one has no end."""

    upto: Key | None
    sum: Sum
    mark: bytes
    has_arrived: bool = False

    def arrived(self) -> "Stretch":
        """This stretch, read back from the target and found the same."""
        return replace(self, has_arrived=True)


def cut(connection: Connection, table: Table, within: Range = EVERYTHING) -> list[Stretch]:
    """The rows of a range as stretches; the last of them ends where the range ends."""
    _, end = within
    sums = [
        (rows.key_of(table, batch[-1]), sum_of_rows(batch)) for batch in rows.batches(connection, table, within=within)
    ]
    if sums and end is not None:
        sums[-1] = (end, sums[-1][1])
    bounds: list[tuple[Key | None, Sum]] = list(sums)
    if not sums or end is None:
        bounds.append((end, Sum()))
    found = marks(connection, table, [bound for bound, _ in sums if bound != end], within)
    return [Stretch(upto, total, mark) for (upto, total), mark in zip(bounds, found, strict=True)]


def marks(connection: Connection, table: Table, bounds: Sequence[Key], within: Range = EVERYTHING) -> list[bytes]:
    """The marks of the stretches that these keys cut a range into: one more than there are keys."""
    width = len(table.primary_key.columns)
    found, ahead = [], iter(bounds)
    bound, digest = next(ahead, None), blake2b(digest_size=_MARK_BYTES)
    for page in rows.raw(connection, table, within):
        for row in page:
            while bound is not None and tuple(row[:width]) > bound:
                found.append(digest.digest())
                bound, digest = next(ahead, None), blake2b(digest_size=_MARK_BYTES)
            digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
    while len(found) < len(bounds):
        found.append(digest.digest())
        digest = blake2b(digest_size=_MARK_BYTES)
    return [*found, digest.digest()]


def sum_of(connection: Connection, table: Table, within: Range = EVERYTHING) -> Sum:
    """What the rows of a range add up to."""
    total = Sum()
    for batch in rows.batches(connection, table, within=within):
        total = total.plus(digest_of(row.values()) for row in batch)
    return total


def sum_of_rows(batch: list[rows.Row]) -> Sum:
    """What rows at hand add up to."""
    return Sum().plus(digest_of(row.values()) for row in batch)


def ranges(stretches: Sequence[Stretch]) -> Iterator[tuple[Stretch, Range]]:
    """Each stretch with the range of its keys."""
    before: Key | None = None
    for stretch in stretches:
        yield stretch, (before, stretch.upto)
        before = stretch.upto
