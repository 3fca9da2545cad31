"""JSON: the whole account, without loss. One record on each line of one valid document.

    {"format": "todos-export", "format_version": 1,
     "account": {...}, "lists": [...], "saved_filters": [...], "todos": [...]}

The parts may come in any order, but `format` and `format_version` stand before lists and todos; they do so as well when
another program has sorted the keys.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import ijson
from pydantic import ValidationError

from backend.errors import AppError, describe
from backend.exchange import intake, moments, record
from backend.exchange.record import AccountRecord, Anything, FilterRecord, Identities, ListRecord, Problem, Record, Row
from backend.models import due

FORMAT, VERSION = "todos-export", 1

RECORD_MAX_BYTES = 1_000_000
DEPTH_MAX = 32
_CHUNK_BYTES = 65_536


def write(
    records: Iterable[Record],
    *,
    account: AccountRecord,
    exported_at: datetime,
    lists: Iterable[ListRecord] = (),
    saved_filters: Iterable[FilterRecord] = (),
) -> Iterator[bytes]:
    """The document, piece by piece."""
    return intake.gathered(_parts(records, account, exported_at, lists, saved_filters))


def _parts(
    records: Iterable[Record],
    account: AccountRecord,
    exported_at: datetime,
    lists: Iterable[ListRecord],
    saved_filters: Iterable[FilterRecord],
) -> Iterator[bytes]:
    yield f'{{"format": "{FORMAT}", "format_version": {VERSION},\n'.encode()
    yield f'"exported_at": "{moments.stamp(exported_at)}",\n"account": '.encode() + _dumped(account.model_dump())
    yield from _array("lists", map(_shape, lists))
    yield from _array("saved_filters", map(_shape, saved_filters))
    yield from _array("todos", map(_plain, records))
    yield b"\n}\n"


def _array(name: str, items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    yield f',\n"{name}": ['.encode()
    between = b"\n"
    for item in items:
        yield between + _dumped(item)
        between = b",\n"
    yield b"\n]"


def _dumped(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _shape(item: ListRecord | FilterRecord) -> dict[str, Any]:
    values = item.model_dump()
    return {name: moments.stamp(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _plain(item: Record) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(item, name) for name in record.FIELDS}
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = moments.stamp(value)
    values["due_date"] = item.due_date and item.due_date.isoformat()
    values["due_time"] = None if item.due_time is None else due.clock(item.due_time)
    return values


def read(source: Iterable[bytes], *, timezone: str = "UTC") -> Iterator[Row]:  # noqa: ARG001 - one signature for all
    """Every part of the document with the line it ends on; raises InvalidInputError where it is no export of ours."""
    walk, line, since = _Walk(), 1, 0
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    try:
        for piece in _pieces(intake.text(source)):
            try:
                parser.send(piece)
            except SystemError:
                # An integer of more digits than Python reads: the parser leaves half an event, and the process ends
                # where anybody looks at its value.
                del events[-1]
                raise
            finally:  # also what stands before the place that is no JSON
                for item in walk.over(events):
                    yield line, item
                    since = 0
                events.clear()
            since += len(piece)
            _bound(since)
            line += piece.endswith(b"\n")
        parser.close()
    except _TooLargeError:
        yield (
            line,
            Problem(f"A record here is larger than {RECORD_MAX_BYTES:,} bytes or nested too deeply.", stops=True),
        )
    except (ijson.JSONError, ValueError, ArithmeticError, SystemError):
        if not walk.is_ours:
            raise intake.refused("is not JSON, or ends early") from None
        yield line, Problem("The file ends early, or is not JSON from here on. What stood before was read.", stops=True)
    if not walk.is_ours:
        raise intake.refused(_NOT_OURS)


def _bound(size: int) -> None:
    if size > RECORD_MAX_BYTES:
        raise _TooLargeError


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces that end where a line ends or are short, so that lines can be counted beside the parser."""
    for chunk in chunks:
        for line in chunk.splitlines(keepends=True) if b"\r" not in chunk else _by_newline(chunk):
            for start in range(0, len(line), _CHUNK_BYTES):
                yield line[start : start + _CHUNK_BYTES]


def _by_newline(chunk: bytes) -> Iterator[bytes]:
    *whole, rest = chunk.split(b"\n")
    yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


class _TooLargeError(Exception):
    """A record that would fill the memory."""


_NOT_OURS = f'is not an export of this app: it does not begin with "format": "{FORMAT}" and a "format_version"'
_ITEMS = 2  # the depth that the items of an array at the top stand at
_LISTED = frozenset({"lists", "saved_filters", "todos"})
_OPENING, _CLOSING = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})


@dataclass
class _Walk:
    """Where in the document the parser is, and the record that it is in the middle of."""

    depth: int = 0
    key: str = ""
    format: Any = None
    is_ours: bool = False
    builder: ijson.ObjectBuilder | None = None
    root: int = field(default=0)  # the depth that the record began at
    numbers: Counter[str] = field(default_factory=Counter)
    identities: Identities = field(default_factory=Identities)

    def over(self, events: Iterable[tuple[str, Any]]) -> Iterator[Anything]:
        """What these events complete."""
        for event, value in events:
            if self.builder is not None:
                # Decimals would not go back into JSON.
                self._within(event, float(value) if isinstance(value, Decimal) else value)
                if self.depth == self.root:
                    made, self.builder = self.builder.value, None
                    yield self._made(made)
            elif self.depth == _ITEMS and self.key in _LISTED and event not in _OPENING | _CLOSING:
                yield self._made(value)
            else:
                self._between(event, value)

    def _made(self, value: Any) -> Anything:
        self.numbers[self.key] += 1
        return _made(self.key, value, self.numbers[self.key] if self.key in _LISTED else None, self.identities)

    def _between(self, event: str, value: Any) -> None:
        if self.depth == 1 and event == "map_key":
            self.key = value
        elif self.depth == 1 and event not in _OPENING | _CLOSING:
            self._heading(value)
        elif event in _OPENING:
            if self.depth == 0 and event != "start_map":
                raise intake.refused(_NOT_OURS)
            if self.depth == 1 and self.key in _LISTED and (not self.is_ours or event != "start_array"):
                raise intake.refused(_NOT_OURS)
            if self.depth == (_ITEMS if self.key in _LISTED else 1 if self.key == "account" else DEPTH_MAX):
                self.builder, self.root = ijson.ObjectBuilder(), self.depth
                self.builder.event(event, value)
            self._deeper()
        elif event in _CLOSING:
            self.depth -= 1

    def _within(self, event: str, value: Any) -> None:
        if event in _OPENING:
            self._deeper()
        elif event in _CLOSING:
            self.depth -= 1
        if self.builder is not None:
            self.builder.event(event, value)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise _TooLargeError

    def _heading(self, value: Any) -> None:
        if self.key == "format":
            self.format = value
        elif self.key == "format_version" and self.format == FORMAT:
            if value != VERSION:
                raise intake.refused(f"has the format_version {value!s:.20}; this app reads {VERSION}")
            self.is_ours = True


_MAKERS: dict[str, Callable[[Any], Anything]] = {
    "account": AccountRecord.model_validate,
    "lists": ListRecord.model_validate,
    "saved_filters": FilterRecord.model_validate,
    "todos": record.todo,
}
_KINDS = {"account": "account", "lists": "list", "saved_filters": "filter", "todos": "todo"}
_NAMES = {"account": "username", "lists": "name", "saved_filters": "name", "todos": "title"}


def _made(key: str, value: Any, number: int | None, identities: Identities) -> Anything:
    if not isinstance(value, dict):
        return Problem(f"{record.about(_KINDS[key], None, number)} was not taken: it is no object with named fields.")
    is_nameless = key == "todos" and value.get("id") is None
    if is_nameless:  # written by hand
        value["id"] = identities.of("json", json.dumps(value, sort_keys=True))
    try:
        made = _MAKERS[key](value)
        return record.unnamed(made) if is_nameless and isinstance(made, Record) else made
    except (ValidationError, AppError) as error:
        return record.problem(describe(error), record.about(_KINDS[key], value.get(_NAMES[key]), number))
