"""What one start remembers for the next: how it ended, how many rows there were, what nobody has read yet."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from backend.storage.salvage.layouts import quoted
from backend.storage.snapshots import TableCount

# Losses that nobody has read yet, a line each; the quarantine has them all.
_UNTOLD_KEPT = 3


@dataclass(frozen=True)
class Memory:
    """Kept beside the database, so that a file which lost its newest rows without a trace is noticed at all."""

    is_clean: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    unacknowledged: str | None = None
    acknowledged: str | None = None
    last_heal: dict[str, Any] | None = None
    checked_at: str | None = None
    suspicion: str | None = None
    put_back: str | None = None

    @property
    def is_in_order(self) -> bool:
        """Whether nothing speaks against the file. Otherwise the next start looks closely."""
        return self.is_clean and self.suspicion is None

    def is_unchecked_for(self, interval: timedelta) -> bool:
        """Whether the last close look was so long ago. The first week begins with the first start."""
        if self.checked_at is None:
            return False
        try:
            return datetime.now(UTC) - datetime.fromisoformat(self.checked_at) >= interval
        except (ValueError, TypeError):  # anybody can edit the note
            return True

    def checked(self, at: datetime, *, suspicion: str | None = None) -> Self:
        """The same, after a close look and what it found."""
        return replace(self, checked_at=at.isoformat(), suspicion=suspicion)

    def telling(self, loss: str) -> Self:
        """The same, with one more loss that nobody has read yet."""
        untold = [*(self.unacknowledged or "").splitlines(), loss]
        return replace(self, unacknowledged="\n".join(untold[-_UNTOLD_KEPT:]))


def recall(database: Path) -> Memory:
    """What is remembered; nothing where the note is missing or cannot be read, which is no harm."""
    try:
        stored = json.loads(_file_of(database).read_text())
        return Memory(
            bool(stored["is_clean"]),
            dict(stored["rows"]),
            stored["unacknowledged"],
            # Notes of earlier releases have none of these.
            stored.get("acknowledged"),
            stored.get("last_heal"),
            stored.get("checked_at"),
            stored.get("suspicion"),
            stored.get("put_back"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def write_down(database: Path, memory: Memory) -> None:
    """Remember; a folder that cannot be written to forgets, and nothing else."""
    draft = _file_of(database).with_suffix(".tmp")
    try:
        draft.write_text(json.dumps(asdict(memory), indent=1))
        draft.replace(_file_of(database))
    except OSError:
        draft.unlink(missing_ok=True)


def count(database: Path, watched: tuple[str, ...]) -> dict[str, int]:
    """How many rows the tables have now that only ever grow."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        return {
            table: int(connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0])  # noqa: S608 - quoted
            for table in watched
        }


def shortfall(before: Memory, now: dict[str, int]) -> str | None:
    """A sentence when tables have fewer rows than a clean stop left behind. Never acted upon: people are told."""
    if not before.is_clean:
        return None
    missing = {table: before.rows[table] - rows for table, rows in now.items() if before.rows.get(table, 0) > rows}
    if not missing:
        return None
    numbers = ", ".join(f"{count} of {before.rows[table]} {table}" for table, count in missing.items())
    return f"Since the last stop {numbers} have gone without the app's doing."


def missing(before: Memory) -> str | None:
    """A sentence when a file that is not there any more had something in it."""
    if not any(before.rows.values()):
        return None
    numbers = " and ".join(f"{rows} {table}" for table, rows in before.rows.items())
    return f"The database file is gone or empty without the app's doing; when it was looked at last, it had {numbers}."


def behind(database: Path, known: Mapping[str, TableCount], now: dict[str, int]) -> str | None:
    """A sentence when tables have fewer rows than were known once, and lack the newest of those."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        missing = [
            f"{once.rows - rows} of {once.rows} {table}"
            for table, rows in now.items()
            if (once := known.get(table)) and once.rows > rows and (once.max_rowid or 0) > _newest(connection, table)
        ]
    if not missing:
        return None
    return f"The newest snapshot has more than the database: {', '.join(missing)} have gone without the app's doing."


def _newest(connection: sqlite3.Connection, table: str) -> int:
    """The highest rowid, as a snapshot's manifest has it."""
    return int(connection.execute(f"SELECT max(rowid) FROM {quoted(table)}").fetchone()[0] or 0)  # noqa: S608 - quoted


def acknowledge(database: Path) -> None:
    """Somebody has read what was lost."""
    before = recall(database)
    write_down(database, replace(before, unacknowledged=None, acknowledged=before.unacknowledged))


def _file_of(database: Path) -> Path:
    return database.with_name(database.name + ".state.json")
