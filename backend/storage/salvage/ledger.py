"""What the salvage has to say about single rows, one JSON object a line, beside the quarantined file.

Nothing that was read is thrown away unsaid: a row in `partial.jsonl` was kept with something lost or doubtful, a row in
`rejected.jsonl` could not be kept as it was, and stands there as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .layouts import Value


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


def _plain(row: Mapping[str, Value]) -> dict[str, object]:
    return {name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in row.items()}
