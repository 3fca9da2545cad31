"""The swap: a verified candidate takes the place of the live file, whatever moment the process is killed at.

The intent is written first, so that a swap that was begun is finished by whoever starts next. The sidecars go before
the file is replaced: an old -wal left beside the new file would be replayed into it.
"""

import glob
import json
import os
import shutil
from pathlib import Path

from backend.storage.quarantine import SIDECARS


def candidate_of(database: Path) -> Path:
    """Where a candidate is built. Whatever lies there at a start without an intent is rubbish."""
    return database.with_name(database.name + ".heal.tmp")


def swap(database: Path, candidate: Path) -> None:
    """Put the candidate in place. The old file must lie safe elsewhere: its name is taken over here."""
    if database.exists():
        shutil.copymode(database, candidate)
    sync(candidate)
    intent = _intent_of(database)
    draft = intent.with_name(intent.name + ".tmp")
    draft.write_text(json.dumps({"candidate": candidate.name}))
    sync(draft)
    draft.replace(intent)
    sync(database.parent)
    _finish(database, candidate, intent)


def resume(database: Path) -> bool:
    """Finish an interrupted swap, and clear away a candidate that never got that far. True if it finished one."""
    intent = _intent_of(database)
    candidate = candidate_of(database)
    was_interrupted = intent.exists()
    if was_interrupted:
        _finish(database, candidate, intent)
    # The candidate, what it is made from, and the logs of all of them: they would be replayed into the next one.
    for leftover in candidate.parent.glob(f"{glob.escape(candidate.name)}*"):
        leftover.unlink(missing_ok=True)
    intent.with_name(intent.name + ".tmp").unlink(missing_ok=True)
    return was_interrupted


def sync(path: Path) -> None:
    """Have a file or a folder survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _finish(database: Path, candidate: Path, intent: Path) -> None:
    """Idempotent: each step is skipped where it has been done."""
    if candidate.exists():
        for suffix in SIDECARS:
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        sync(database.parent)
        candidate.replace(database)
        sync(database.parent)
    intent.unlink(missing_ok=True)
    sync(database.parent)


def _intent_of(database: Path) -> Path:
    return database.with_name(database.name + ".heal.json")
