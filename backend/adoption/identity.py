"""Ids: the UUIDv7 that an old row has for ever, so that adopting the same database again makes the same rows.

RFC 9562 gives version 7 the milliseconds (48 bits) and 74 bits of our choice. Those hold the kind of row and the old
id, so that rows of one millisecond keep their order and no two rows can meet.
"""

import uuid
from datetime import UTC, datetime, timedelta
from enum import IntEnum

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_OLD_ID_BITS, _RANDOM_B_BITS = 64, 62
_LOWEST_OLD_ID = -(2**63)  # SQLite's row ids are signed


class Kind(IntEnum):
    """What a row is; part of its id, so that a user and a todo with the same number differ."""

    USER = 1
    TODO = 2
    RECOVERED_OWNER = 3
    UNKNOWN_OWNER = 4


def id_of(kind: Kind, created_at: datetime, old_id: int) -> str:
    """The id of an old row. It sorts by time, then by old id."""
    milliseconds = max((created_at - _EPOCH) // _MILLISECOND, 0)  # nothing before 1970 fits; the old id still differs
    free_bits = kind << _OLD_ID_BITS | (old_id - _LOWEST_OLD_ID)
    random_a, random_b = free_bits >> _RANDOM_B_BITS, free_bits & (1 << _RANDOM_B_BITS) - 1
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b))
