"""The swap: a verified candidate takes the place of the live file, whatever moment the process is killed at.

The intent is written first, so that a swap that was begun is finished by whoever starts next; where it cannot be done,
it is taken back. The sidecars go aside before the file is replaced: an old -wal left beside the new file would be
replayed into it, and without it the old file lacks its newest changes.
"""

import glob
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from backend.storage.quarantine import SIDECARS


def candidate_of(database: Path) -> Path:
    """Where a candidate is built. Whatever lies there at a start without an intent is rubbish."""
    return database.with_name(database.name + ".heal.tmp")


def swap(database: Path, candidate: Path) -> None:
    """Put the candidate in place. The old file must lie safe elsewhere: its name is taken over here.

    Raises OSError, with everything as it was, where the file may not be replaced.
    """
    if database.exists():
        shutil.copymode(database, candidate)
    sync(candidate)
    intent = _intent_of(database)
    draft = intent.with_name(intent.name + ".tmp")
    draft.write_text(json.dumps({"candidate": candidate.name}))
    sync(draft)
    draft.replace(intent)
    sync(database.parent)
    _finish_or_take_back(database, candidate, intent)


def resume(database: Path) -> bool:
    """Finish an interrupted swap, and clear away a candidate that never got that far. True if it finished one."""
    intent = _intent_of(database)
    candidate = candidate_of(database)
    was_interrupted = intent.exists()
    if was_interrupted:
        _finish_or_take_back(database, candidate, intent)
    # The candidate, what it is made from, and the logs of all of them: they would be replayed into the next one.
    for leftover in candidate.parent.glob(f"{glob.escape(candidate.name)}*"):
        leftover.unlink(missing_ok=True)
    for leftover in (intent.with_name(intent.name + ".tmp"), *(aside for _, aside in _sidecars_of(database))):
        leftover.unlink(missing_ok=True)
    return was_interrupted


def sync(path: Path) -> None:
    """Have a file or a folder survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _finish_or_take_back(database: Path, candidate: Path, intent: Path) -> None:
    try:
        _finish(database, candidate, intent)
    except OSError:
        _take_back(database, candidate, intent)
        raise


def _finish(database: Path, candidate: Path, intent: Path) -> None:
    """Idempotent: each step is skipped where it has been done."""
    if candidate.exists():
        _rename(_sidecars_of(database))
        sync(database.parent)
        candidate.replace(database)
        sync(database.parent)
    for _, aside in _sidecars_of(database):
        aside.unlink(missing_ok=True)
    intent.unlink(missing_ok=True)
    sync(database.parent)


def _take_back(database: Path, candidate: Path, intent: Path) -> None:
    """The old file goes on with what belongs to it; killed in the middle of this, the swap is tried again."""
    if candidate.exists():
        _rename((aside, sidecar) for sidecar, aside in _sidecars_of(database))
        sync(database.parent)
    intent.unlink(missing_ok=True)
    sync(database.parent)


def _rename(pairs: Iterable[tuple[Path, Path]]) -> None:
    for here, there in pairs:
        if here.exists():
            here.replace(there)


def _sidecars_of(database: Path) -> list[tuple[Path, Path]]:
    """Each where it belongs, and where it waits until the new file is in place."""
    return [
        (database.with_name(database.name + suffix), database.with_name(f"{database.name}.heal.old{suffix}"))
        for suffix in SIDECARS
    ]


def _intent_of(database: Path) -> Path:
    return database.with_name(database.name + ".heal.json")
