"""Canonical rows: one digest for the same row on every database, and one sum for the same table.

Databases hand the same value out in their own ways; SQLAlchemy's types make Python values of them, and those are
written here in one way. The sum of a table is that of its rows' digests, so the order of the rows does not count, and a
row that is there twice does not cancel itself out.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any

_BYTES = 16
_MODULUS = 1 << (8 * _BYTES)


@dataclass(frozen=True)
class Sum:
    """How many rows a table has, and what they add up to."""

    rows: int = 0
    digest: int = 0

    def plus(self, digests: Iterable[bytes]) -> "Sum":
        """This sum with more rows in it."""
        numbers = [int.from_bytes(digest, "big") for digest in digests]
        return Sum(self.rows + len(numbers), (self.digest + sum(numbers)) % _MODULUS)

    def and_of(self, other: "Sum") -> "Sum":
        """The sum of two parts."""
        return Sum(self.rows + other.rows, (self.digest + other.digest) % _MODULUS)

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.digest:0{2 * _BYTES}x}"


def digest_of(values: Iterable[Any]) -> bytes:
    """The digest of a row's values, in the order of its table's columns."""
    return blake2b(_encode(list(values)).encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return ["moment", value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()]
        case date() | time():
            return [type(value).__name__, value.isoformat()]
        case Decimal():
            return ["number", str(value.normalize())]
        case bytes():
            return ["bytes", value.hex()]
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def _unwrapped(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _encode(values: list[Any]) -> str:
    return _ENCODER.encode([_unwrapped(value) for value in values])


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
