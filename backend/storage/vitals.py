"""Vitals: what is known of a database's health without opening it.

Whoever watches the app asks every few seconds, so nothing here reads the database: what the start found and what the
keeper did is remembered, and only the sizes are asked of the file system.
"""

import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from backend.storage import diagnose
from backend.storage.home import Home, Kind
from backend.storage.keeper import Status
from backend.storage.prepare import Report

# Two connections that write and checkpoint at the same instant: https://www.sqlite.org/wal.html#walresetbug
_WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))


class Schema(BaseModel):
    """Whose tables these are: `revision` is null where no release that this one knows made them."""

    revision: str | None
    head: str
    match: bool


class Check(BaseModel):
    """The last look at the whole file: `quick`, or `full` with indexes, references and texts.

    The one that the start ended with, or the weekly one of a snapshot.
    """

    kind: str
    at: str
    took_s: float
    result: str


class Disk(BaseModel):
    """Room and sizes in bytes; null where the storage does not tell."""

    free_bytes: int | None
    db_bytes: int | None
    wal_bytes: int | None
    writable: bool


class Backup(BaseModel):
    """The snapshots. `verified`: the newest was checked when it was taken. `unsaved_s`: age of what none has."""

    newest: str | None
    age_s: int | None
    verified: bool
    count: int
    unsaved_s: int | None
    last_error: str | None


class Heal(BaseModel):
    """The last heal, in rows; `quarantine` names the folder where the damaged file lies."""

    last: str
    state: str
    saved: int
    partial: int
    from_index: int
    from_backup: int
    lost: int
    quarantine: str
    acknowledged: bool


class Vitals(BaseModel):
    """What the start found and did, and how the storage is now. Nothing in it holds the path of a folder.

    On a database server there is no file to look at: what is about files is null.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    found: str
    did: list[str]
    is_read_only: bool
    is_damaged: bool
    dialect: str
    sqlite: str | None
    wal_reset_bug: bool | None
    journal_mode: str | None
    data_dir: str | None = Field(
        description="`local`: a disk that stays. `persistent`: a local disk, with snapshots on storage that stays. "
        "`fuse`: inside of a network or FUSE mount. `ephemeral`: a disk that a restart wipes."
    )
    # pydantic has a method of that name.
    tables: Schema = Field(alias="schema")
    check: Check | None
    disk: Disk | None
    backup: Backup | None
    heal: Heal | None
    rolled_back: str | None
    unacknowledged: str | None
    prepared_in_s: float


def measure(dialect: str, report: Report, home: Home | None, status: Status | None) -> Vitals:
    """The vitals now. `status` is the keeper's, None where nothing keeps."""
    is_file = home is not None
    checked = status.check if status is not None else None
    return Vitals(
        found=report.found,
        did=list(report.actions),
        is_read_only=report.is_read_only,
        is_damaged=report.is_damaged or (checked is not None and checked.result is not diagnose.State.HEALTHY),
        dialect=dialect,
        sqlite=sqlite3.sqlite_version if is_file else None,
        wal_reset_bug=_WAL_RESET_BUG[0] <= sqlite3.sqlite_version_info <= _WAL_RESET_BUG[1] if is_file else None,
        journal_mode=home.journal_mode.lower() if home is not None else None,
        data_dir=_kind_of(home) if home is not None else None,
        tables=Schema(revision=report.head if report.is_at_head else None, head=report.head, match=report.is_at_head),
        check=_check(checked or report.check),
        disk=_disk(home, report) if home is not None else None,
        backup=_backup(status) if status is not None else None,
        heal=_heal(report),
        rolled_back=report.rolled_back,
        unacknowledged=report.unacknowledged,
        prepared_in_s=report.seconds,
    )


def _kind_of(home: Home) -> str:
    if home.is_exclusive:
        return "fuse"
    return {Kind.LASTING: "local", Kind.MOUNTED: "persistent", Kind.EPHEMERAL: "ephemeral"}[home.kind]


def _check(done: diagnose.Check | None) -> Check | None:
    if done is None:
        return None
    result = "ok" if done.result == "healthy" else done.result
    return Check(kind=done.kind, at=_stamp(done.at), took_s=done.seconds, result=result)


def _disk(home: Home, report: Report) -> Disk:
    try:
        free = shutil.disk_usage(home.live.parent).free
    except OSError:
        free = None
    return Disk(
        free_bytes=free,
        db_bytes=_size(home.live),
        wal_bytes=_size(home.live.with_name(home.live.name + "-wal")),
        writable=report.is_usable and not report.is_read_only,
    )


def _size(path: Path) -> int | None:
    # Not opened: closing any descriptor of the file would drop the locks that SQLite holds on it.
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
    except OSError:
        return None


def _backup(status: Status) -> Backup:
    return Backup(
        newest=_stamp(status.newest_at) if status.newest_at is not None else None,
        age_s=int(status.age_seconds) if status.age_seconds is not None else None,
        verified=status.newest_at is not None,
        count=status.count,
        unsaved_s=int(status.unsaved_seconds) if status.unsaved_seconds is not None else None,
        last_error=status.last_error,
    )


def _heal(report: Report) -> Heal | None:
    if report.last_heal is None:
        return None
    told: dict[str, Any] = report.last_heal
    try:
        return Heal(
            last=str(told["at"]),
            state=str(told["state"]),
            **{name: int(told[name]) for name in ("saved", "partial", "from_index", "from_backup", "lost")},
            quarantine=str(told["quarantine"]).rpartition("/")[2],
            acknowledged=report.unacknowledged is None,
        )
    except (KeyError, TypeError, ValueError):  # it comes from a note beside the database, which anybody can edit
        return None


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
