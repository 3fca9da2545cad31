"""What the salvage has to say about single rows, one JSON object a line, beside the quarantined file.

Nothing that was read is thrown away unsaid: a row in `partial.jsonl` was kept with something lost or doubtful, a row in
`rejected.jsonl` could not be kept as it was, and stands there as it was. An administrator may download both, so what
proves who somebody is stands in neither: it is in the quarantined file alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .layouts import Value

_SECRET = re.compile(r"password|hash|digest|secret")


class Ledger:
    """Opens its files when there is something to write, so a clean salvage leaves none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}

    def partial(self, table: str, row: Mapping[str, Value], source: str, marks: Sequence[str]) -> None:
        self._write("partial.jsonl", {"table": table, "source": source, "marks": list(marks), "row": _plain(row)})

    def rejected(self, table: str, row: Mapping[str, Value], reason: str, kept: Mapping[str, Value] | None) -> None:
        """`kept` is the mended row that went into the candidate instead, None if none did."""
        entry = {"table": table, "reason": reason, "row": _plain(row), "kept": _plain(kept) if kept else None}
        self._write("rejected.jsonl", entry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _write(self, name: str, entry: Mapping[str, object]) -> None:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = (self._folder / name).open("w", encoding="utf-8")
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def lost_in(folder: Path) -> Iterator[tuple[str, dict[str, object], frozenset[str]]]:
    """The rows that a finished ledger says were kept without some of their values: table, row, and which."""
    path = folder / "partial.jsonl"
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            entry = json.loads(line)
            lost = frozenset(mark.removeprefix("lost:") for mark in entry["marks"] if mark.startswith("lost:"))
            if lost:
                yield entry["table"], entry["row"], lost


def _plain(row: Mapping[str, Value]) -> dict[str, object]:
    return {name: _shown(name, value) for name, value in row.items()}


def _shown(name: str, value: Value) -> object:
    if value is not None and _SECRET.search(name):
        return "(not shown)"
    return {"hex": value.hex()} if isinstance(value, bytes) else value
