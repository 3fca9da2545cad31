"""SQLite's record format: a header of serial types, then the values.

Rows of one table have few different headers (and index entries fewer still), so each header met is turned once into a
`Shape` that unpacks such a record in one call. That, rather than a loop over columns, is what makes a scan of a million
records in plain Python bearable.

Raw values come out of `struct`: text and blobs as bytes, and an empty string of bytes where the header alone holds the
value (NULL, 0, 1). `Shape.finish` turns them into what SQLite would have answered.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .layouts import Value

_FORMATS = {0: "0s", 1: "b", 2: "h", 3: "3s", 4: "i", 5: "6s", 6: "q", 7: "d", 8: "0s", 9: "0s"}
_CONSTANTS: dict[int, Value] = {0: None, 8: 0, 9: 1}
_SHAPES_KEPT = 4096
_BLOB, _TEXT = 12, 13
_USUAL_KINDS = 4096
"""Text of some two thousand bytes: what is longer is formatted when it is met."""


def _usual_kinds() -> list[int]:
    return [kind for kind in range(_USUAL_KINDS) if kind not in {10, 11}]


class _Formats(dict[int, str]):
    def __missing__(self, kind: int) -> str:
        return f"{(kind - 12) >> 1}s"


class _Classes(dict[int, int]):
    def __missing__(self, kind: int) -> int:
        return _TEXT if kind & 1 else _BLOB


# Tables with a long text in each row have nearly as many headers as rows: to make a shape has to be cheap as well.
_FORMAT_OF = _Formats({kind: _FORMATS[kind] if kind < 12 else f"{(kind - 12) >> 1}s" for kind in _usual_kinds()})
_CLASS_OF = _Classes({kind: kind if kind < 12 else _BLOB + (kind & 1) for kind in _usual_kinds()})


class _Plan:
    """Which values of a record need a second look, whatever their length."""

    __slots__ = ("constants", "floats", "texts", "wide")

    def __init__(self, classes: bytes) -> None:
        places = list(enumerate(classes))
        self.constants = [(i, _CONSTANTS[kind]) for i, kind in places if kind in _CONSTANTS]
        self.texts = [i for i, kind in places if kind == _TEXT]
        self.wide = [i for i, kind in places if kind in {3, 5}]
        self.floats = [i for i, kind in places if kind == 7]


_plan = lru_cache(_SHAPES_KEPT)(_Plan)


class Shape:
    """How records with one particular header are laid out."""

    __slots__ = ("body", "constants", "count", "floats", "texts", "types", "unpack", "wide")

    def __init__(self, types: list[int]) -> None:
        self.types = types
        self.count = len(types)
        plan = _plan(bytes(map(_CLASS_OF.__getitem__, types)))
        self.constants: list[tuple[int, Value]] = plan.constants
        self.texts: list[int] = plan.texts
        self.wide: list[int] = plan.wide
        self.floats: list[int] = plan.floats
        layout = struct.Struct(">" + "".join(map(_FORMAT_OF.__getitem__, types)))
        self.body = layout.size
        self.unpack: Callable[[bytes, int], tuple[Any, ...]] = layout.unpack_from

    def exact(self, raw: tuple[Any, ...]) -> list[Value]:
        """The values. Raises UnicodeDecodeError when a text is none."""
        values: list[Value] = list(raw)
        for i, value in self.constants:
            values[i] = value
        for i in self.texts:
            values[i] = raw[i].decode()
        for i in self.wide:
            values[i] = int.from_bytes(raw[i], "big", signed=True)
        for i in self.floats:
            # SQLite has no NaN; one on disk is read as NULL.
            values[i] = raw[i] if raw[i] == raw[i] else None
        return values

    def lenient(self, raw: tuple[Any, ...]) -> list[Value]:
        """The values, with U+FFFD for bytes that are no UTF-8."""
        try:
            return self.exact(raw)
        except UnicodeDecodeError:
            return self._replaced(raw)

    def _replaced(self, raw: tuple[Any, ...]) -> list[Value]:
        clean = tuple(
            value.decode(errors="replace").encode() if i in self.texts else value for i, value in enumerate(raw)
        )
        return self.exact(clean)


class Shapes:
    """The shapes met so far. Bounded, because a table of long texts has a new header for nearly every row."""

    def __init__(self) -> None:
        self._known: dict[bytes, Shape] = {}

    def of(self, header: bytes) -> Shape | None:
        """`header` includes its own leading length. None when it is no record header."""
        shape = self._known.get(header)
        if shape is None:
            types = serial_types(header)
            if types is None:
                return None
            shape = Shape(types)
            if len(self._known) < _SHAPES_KEPT:
                self._known[header] = shape
        return shape


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The value and the place after it. Raises IndexError at the end of the data."""
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    return value << 8 | data[at], at + 1


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def serial_types(header: bytes) -> list[int] | None:
    if max(header, default=0x80) < 0x80:
        types = list(header[1:])
    else:
        try:
            _, at = varint(header, 0)
        except IndexError:
            return None
        types = []
        kind = 0
        for byte in header[at:]:
            if byte < 0x80:
                types.append(kind << 7 | byte)
                kind = 0
            else:
                kind = kind << 7 | byte & 0x7F
                if not 0 < kind < 1 << 31:
                    # SQLite writes no leading zeros, and no value is so long.
                    return None
        if kind:
            return None
    return types if types and 10 not in types and 11 not in types and max(types) < 1 << 31 else None


def cut_record(shapes: Shapes, data: bytes, size: int) -> tuple[list[Value], int, bool] | None:
    """What is left of a record of `size` bytes of which only the beginning, `data`, survived.

    Returns the values, how many columns are there in full, and whether one more was cut (its beginning is kept).
    The rest are None.
    """
    try:
        length, _ = varint(data, 0)
    except IndexError:
        return None
    if not 1 < length <= len(data):
        return None
    shape = shapes.of(data[:length])
    if shape is None or length + shape.body != size:
        return None
    values: list[Value] = []
    at = length
    for position, kind in enumerate(shape.types):
        part = Shape([kind])
        if at + part.body > len(data):
            cut = kind > 11 and kind & 1 == 1 and at < len(data)
            if cut:
                values.append(data[at:].decode(errors="ignore"))
            values.extend([None] * (shape.count - len(values)))
            return values, position, cut
        values.append(part.lenient(part.unpack(data, at))[0])
        at += part.body
    return values, shape.count, False
