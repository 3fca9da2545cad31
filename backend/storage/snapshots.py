"""Snapshots: finished copies of the database in one folder, each with a manifest that says what is in it.

The manifest is written last, so a copy without one is not finished. Only `taking` makes snapshots, only `ring` removes
them, only `comeback` puts them back.
"""

import logging
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.storage import files
from backend.storage.look import is_structural, lines_of

logger = logging.getLogger(__name__)

_NAME = re.compile(r"(?P<stem>.+)-\d{8}T\d{6}\.\d{6}Z-\w+-[a-z]+-[0-9a-f]{6}\.(json|db)")
_PROBLEMS_READ = 10_000


class DamagedError(Exception):
    """A copy is not what it should be; the message is a sentence without paths."""


class TableCount(BaseModel):
    """How much a table held: tells later whether a database has gone back in time."""

    model_config = ConfigDict(frozen=True)

    rows: int
    max_rowid: int | None
    max_id: str | None = None


class Manifest(BaseModel):
    """What is in a snapshot, and how to tell that it still is. `run` names the live file it was taken of."""

    model_config = ConfigDict(frozen=True)

    taken_at: datetime
    reason: str
    revision: str | None
    fingerprint: str
    sha256: str
    bytes: int
    tables: dict[str, TableCount]
    run: str
    sqlite: str

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True)
class Snapshot:
    """A finished copy: its file, and its manifest beside it."""

    path: Path
    manifest: Manifest


def listed(folder: Path, stem: str | None = None) -> list[Snapshot]:
    """The finished snapshots of a database, newest first; their content is not read.

    A folder that does not exist holds none. One that cannot be read raises: taken for empty, it would be the reason to
    begin anew while every todo is in there.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    found = [
        snapshot
        for name in names
        if name.endswith(".json") and (of := stem_of(name)) is not None and stem in {None, of}
        if (snapshot := _read(folder / name)) is not None
    ]
    return sorted(found, key=lambda snapshot: snapshot.manifest.taken_at, reverse=True)


def stem_of(name: str) -> str | None:
    """Which database a snapshot's file is of; None for a file that is none."""
    match = _NAME.fullmatch(name)
    return match["stem"] if match else None


def newest_good(
    folder: Path, stem: str | None = None, is_wanted: Callable[[Manifest], bool] = lambda _: True
) -> Snapshot | None:
    """The newest snapshot that still is what its manifest says and that SQLite finds whole."""
    for snapshot in listed(folder, stem):
        if not is_wanted(snapshot.manifest):
            continue
        try:
            verify(snapshot)
        except DamagedError as error:
            logger.warning("The snapshot %s is passed over: %s", snapshot.path.name, error)
        else:
            return snapshot
    return None


def verify(snapshot: Snapshot) -> None:
    """Raise DamagedError unless the bytes are those that were written, and whole."""
    if not has_its_bytes(snapshot):
        raise DamagedError("its bytes are not those that were written.")
    check(snapshot.path)


def has_its_bytes(snapshot: Snapshot) -> bool:
    """Whether the file still holds what was written."""
    return files.sha256(snapshot.path) == snapshot.manifest.sha256


def check(copy: Path) -> None:
    """Raise DamagedError if SQLite finds a copy damaged. Rows that break a rule are no damage: they are saved too."""
    # Immutable: no lock is asked for, which a mount may not grant, and nothing is written beside the copy.
    try:
        connection = sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            check_connection(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DamagedError(f"SQLite cannot read it ({error}).") from error


def check_connection(connection: sqlite3.Connection) -> None:
    """The same over an open connection to the copy."""
    for (told,) in connection.execute(f"PRAGMA quick_check({_PROBLEMS_READ})"):
        for problem in lines_of(told):
            if is_structural(problem):
                raise DamagedError(f"it is damaged ({problem}).")


def _read(manifest_file: Path) -> Snapshot | None:
    """A snapshot with a manifest that can be understood and a file of the right size, else None."""
    try:
        manifest = Manifest.model_validate_json(manifest_file.read_bytes())
        path = manifest_file.with_suffix(".db")
        if path.stat().st_size == manifest.bytes:
            return Snapshot(path, manifest)
    except (ValidationError, FileNotFoundError):
        # Half written, or being removed right now.
        pass
    return None
