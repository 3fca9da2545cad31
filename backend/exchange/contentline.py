"""Content lines of iCalendar (RFC 5545, 3.1): unfolded and taken apart one at a time, in bounded memory.

The library parses whole calendars, and expands the recurrence of each VTIMEZONE that a file brings along; a file of a
few lines could keep it busy for hours. So lines are taken here, and their values by the library.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from icalendar.parser import Contentline

from backend.exchange import intake

PROPERTY_MAX_BYTES = 262_144
COMPONENT_MAX_BYTES = 1_000_000
DEPTH_MAX = 8

# Attachments are pictures in base64 more often than not, and we have no place for them.
_SKIPPED = re.compile(rb"(?:ATTACH|IMAGE|STYLED-DESCRIPTION|X-ALT-DESC)[;:]", re.IGNORECASE)
_PLAIN = re.compile(r"([A-Za-z0-9-]+):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Property:
    """A line taken apart; the value still escaped."""

    name: str
    parameters: Mapping[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """A component with its properties by name, or with the sentence that says why it cannot be read."""

    name: str
    line: int
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list["Component"] = field(default_factory=list)
    size: int = 0
    fault: str | None = None

    def all(self, name: str) -> list[Property]:
        """Every property of this name."""
        return self.properties.get(name, [])

    def first(self, name: str) -> Property | None:
        """The first property of this name."""
        return next(iter(self.all(name)), None)


def _unfolded(source: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Whole lines with the number they begin on; None for one that is too long."""
    began, parts, size = 0, [], 0
    for number, raw in intake.lines(intake.text(source)):
        line = None if raw is None else raw.rstrip(b"\r\n")
        if line and line[:1] in {b" ", b"\t"} and began:
            size += len(line)
            if size <= PROPERTY_MAX_BYTES:  # joined before decoding: a fold may cut through a character
                parts.append(line[1:])
            continue
        if began:
            yield began, b"".join(parts) if size <= PROPERTY_MAX_BYTES else None
        began, parts, size = 0, [], 0
        if line is None:
            began, size = number, PROPERTY_MAX_BYTES + 1
        elif line:
            began, parts, size = number, [line], len(line)
    if began:
        yield began, b"".join(parts) if size <= PROPERTY_MAX_BYTES else None


def _apart(text: str) -> Property | None:
    if plain := _PLAIN.fullmatch(text):
        return Property(plain[1].upper(), {}, plain[2])
    try:
        name, parameters, value = Contentline(text).raw_parts()  # type: ignore[no-untyped-call]
    except ValueError:
        return None
    return Property(
        name.upper(),
        {key.upper(): value if isinstance(value, str) else ",".join(value) for key, value in parameters.items()},
        value,
    )


def folded(text: str) -> bytes:
    """A whole line as it is written: no part of it longer than 75 bytes."""
    written: bytes = Contentline(text).to_ical()  # type: ignore[no-untyped-call]
    return written + b"\r\n"


def components(source: Iterable[bytes], wanted: frozenset[str]) -> Iterator[Component]:
    """Each component of the wanted names, with what lies in it; of every other one the name and the line alone."""
    walk = _Walk(wanted)
    for number, raw in _unfolded(source):
        if walk.is_first and (raw is None or not raw[:6].upper() == b"BEGIN:"):
            raise intake.refused("is no iCalendar file: it does not begin with BEGIN:VCALENDAR")
        walk.is_first = False
        if (done := walk.over(number, raw)) is not None:
            yield done
    if walk.is_first:
        raise intake.refused("is empty")
    if walk.stack:
        # What is inside of a wanted component when the file ends is half of it.
        half = next((component for component in walk.stack if component.name in wanted), walk.stack[0])
        half.fault = "The file ends early: its last component is not complete."
        yield half


class _Walk:
    """Which components the reader stands in."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.stack: list[Component] = []
        self.is_first = True
        self.too_deep = 0

    def over(self, number: int, raw: bytes | None) -> Component | None:
        """The component that this line completes."""
        marker = b"" if raw is None else raw[:6].upper()
        if marker == b"BEGIN:":
            self._begin(number, intake.decoded(raw[6:]) if raw else "")
        elif marker.startswith(b"END:"):
            return self._end()
        else:
            self._inside(number, raw)
        return None

    def _begin(self, number: int, name: str | None) -> None:
        if len(self.stack) >= DEPTH_MAX:
            self.too_deep += 1
            return
        component = Component((name or "?").strip().upper()[:50], number)
        if self.stack and self._reads(self.stack[-1]):
            self.stack[-1].parts.append(component)
            if len(self.stack[-1].parts) > DEPTH_MAX * 8:
                self._wanted().fault = "It has too many parts."
                self.stack[-1].parts.clear()
        self.stack.append(component)

    def _end(self) -> Component | None:
        if self.too_deep:
            self.too_deep -= 1
            return None
        if not self.stack:
            return None
        done = self.stack.pop()
        return done if done.name in self.wanted or len(self.stack) == 1 else None

    def _reads(self, component: Component) -> bool:
        return component.name in self.wanted or any(outer.name in self.wanted for outer in self.stack)

    def _wanted(self) -> Component:
        return next(component for component in self.stack if component.name in self.wanted)

    def _inside(self, number: int, raw: bytes | None) -> None:
        if not self.stack or self.too_deep or not self._reads(self.stack[-1]) or (raw and _SKIPPED.match(raw)):
            return
        here, whole = self.stack[-1], self._wanted()
        if whole.fault is not None:
            return
        if raw is None:
            whole.fault = f"Line {number} is longer than {PROPERTY_MAX_BYTES:,} bytes."
            return
        whole.size += len(raw) + 100  # what it costs beside its text
        text = intake.decoded(raw)
        if whole.size > COMPONENT_MAX_BYTES:
            whole.fault = f"It is larger than {COMPONENT_MAX_BYTES:,} bytes."
        elif text is None:
            whole.fault = f"Line {number} is not UTF-8 text."
        elif (found := _apart(text)) is None:
            whole.fault = f"Line {number} is no line of iCalendar."
        else:
            here.properties.setdefault(found.name, []).append(found)
        if whole.fault is not None:
            whole.properties.clear()
            whole.parts.clear()
