"""Quarantine: what is damaged is put aside whole, and waits there for as long as anybody may want it."""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# They belong together: without its -wal a database lacks the newest commits, and a -wal left behind is replayed into
# whatever file takes the old one's name.
SIDECARS = ("-wal", "-shm", "-journal")


def folder_of(database: Path) -> Path:
    """Where everything that was ever put aside for this database lies."""
    return database.with_name(database.name + ".quarantine")


def keep(database: Path, reason: str) -> Path:
    """Keep the database with its sidecars in a folder of their own; returns the folder.

    Links where the file system can: the live name may then be given to another file without a byte being copied. A
    folder that was begun for this very file, by a process that was killed, is finished instead of making another one.
    Raises OSError, with nothing left behind, when there is no room.
    """
    folder = _begun_for(database, reason) or _new_folder(database, reason)
    try:
        for suffix in ("", *SIDECARS):
            part = database.with_name(database.name + suffix)
            if part.exists():
                _link_or_copy(part, folder / part.name)
    except OSError:
        # Links and copies only: the originals are where they were.
        shutil.rmtree(folder)
        raise
    return folder


def keep_copy(database: Path, reason: str, suffixes: tuple[str, ...] = ("", *SIDECARS)) -> Path:
    """Keep the files as they are now, where the live ones are about to be written to; returns their folder."""
    folder = _new_folder(database, reason)
    try:
        for suffix in suffixes:
            part = database.with_name(database.name + suffix)
            if part.exists():
                shutil.copyfile(part, folder / part.name)
    except OSError:
        shutil.rmtree(folder)
        raise
    return folder


def put_away(database: Path, reason: str) -> Path:
    """Move the sidecars out of the way, where they belong to another database; returns their folder."""
    folder = _new_folder(database, reason)
    for suffix in SIDECARS:
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.rename(folder / part.name)
    return folder


@dataclass(frozen=True)
class Kept:
    """One folder of the quarantine: when and why, and the files in it with their sizes in bytes."""

    name: str
    files: dict[str, int]


def listing(database: Path, since: datetime) -> list[Kept]:
    """Everything that was put aside since then, the newest first."""
    folders = sorted(folder_of(database).glob("*/"), reverse=True) if folder_of(database).exists() else []
    return [
        Kept(folder.name, {path.name: path.stat().st_size for path in sorted(folder.iterdir())})
        for folder in folders
        if folder.name >= _stamp(since)
    ]


def file_in(database: Path, name: str, file: str, since: datetime) -> Path | None:
    """A file of what was put aside since then, None where there is none; names with a path in them name nothing."""
    known = next((kept for kept in listing(database, since) if kept.name == name), None)
    return folder_of(database) / name / file if known is not None and file in known.files else None


def _new_folder(database: Path, reason: str) -> Path:
    folder = folder_of(database) / f"{_stamp(datetime.now(UTC))}-{reason}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    return folder


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _begun_for(database: Path, reason: str) -> Path | None:
    """The folder that was made for the live file, if nothing lies in it yet or that file; the rest is made anew."""
    folders = folder_of(database).glob(f"*-{reason}-*/") if folder_of(database).exists() else []
    begun = next((folder for folder in folders if _is_begun(folder, database)), None)
    for leftover in begun.iterdir() if begun is not None else []:
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    return begun


def _is_begun(folder: Path, database: Path) -> bool:
    kept = folder / database.name
    return not any(folder.iterdir()) or (kept.exists() and database.exists() and kept.samefile(database))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
