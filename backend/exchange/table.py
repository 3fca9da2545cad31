"""Tables of separated values (RFC 4180), read one bounded record at a time.

A line that is no text, a cell that is too large or a quote that never closes costs its own row and no other.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.exchange import intake

CELL_MAX = 131_072  # characters; also what the csv module takes by default
ROW_MAX_BYTES = 1_000_000
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a table, by column; or the sentence that says why there is none."""

    line: int
    cells: tuple[str, ...] = ()
    fault: str | None = None


class _FaultError(Exception):
    """A line that cannot be a part of a row."""


class _Feed:
    """Lines for the csv module. A class, because a generator would be over after the first exception."""

    def __init__(self, source: Iterable[bytes]) -> None:
        self._lines = intake.lines(source)
        self._held: str | None = None
        self.number = 0
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def hold(self, line: str) -> None:
        """Give this line once more."""
        self._held, self.number = line, self.number - 1

    def __next__(self) -> str:
        if self._held is not None:
            line, self._held, self.number = self._held, None, self.number + 1
            return line
        self.number, raw = next(self._lines)
        if raw is None:
            raise _FaultError(intake.TOO_LONG)
        self.size += len(raw)
        if self.size > ROW_MAX_BYTES:
            raise _FaultError(f"This row is larger than {ROW_MAX_BYTES:,} bytes; is a quote left open?")
        text = intake.decoded(raw)
        if text is None:
            raise _FaultError(intake.NOT_UTF8)
        return text


def rows(source: Iterable[bytes]) -> Iterator[Cells]:
    """Each row with the line it begins on; blank ones are left out. The first line says what separates the cells."""
    feed = _Feed(intake.text(source))
    try:
        first = next(feed)
    except StopIteration:
        return
    except _FaultError as fault:
        raise intake.refused(f"has no heading that can be read: {fault}") from None
    delimiter = ","
    if first[:4].lower() == "sep=" and len(first.strip("\r\n")) == len("sep=;"):  # Excel's way to say it
        delimiter = first[4]
    else:
        delimiter = max(DELIMITERS, key=first.count)
        feed.hold(first)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        line, feed.size = feed.number + 1, 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _FaultError as fault:
            yield Cells(line, fault=str(fault))
        except csv.Error as error:
            yield Cells(line, fault=f"This row is no CSV: {_plainly(str(error))}.")
        else:
            if any(cells):
                yield Cells(line, tuple(cells))


def _plainly(message: str) -> str:
    if "larger than field limit" in message:
        return f"a cell has more than {CELL_MAX:,} characters"
    if "unexpected end" in message:
        return "the file ends inside of a quoted cell"
    if "new-line character" in message:
        return "it has a line end of an old Macintosh outside of quotes"
    return "a quote stands where none belongs"
