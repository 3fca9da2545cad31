"""Snapshots: verified copies of a SQLite database, taken while it is in use."""

import os
import secrets
import sqlite3
from datetime import UTC, datetime
from pathlib import Path


def take(database: Path, reason: str) -> Path:
    """Copy a database into `backups/` beside it and check the copy; returns the copy's path.

    The copy is one step: copied page by page under load it would begin again with each write, and never end.
    """
    folder = database.parent / "backups"
    folder.mkdir(exist_ok=True)
    target = folder / f"{database.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{reason}-{secrets.token_hex(3)}.db"
    draft = target.with_suffix(".tmp")
    source, copy = sqlite3.connect(database, timeout=30), sqlite3.connect(draft)
    try:
        source.backup(copy, pages=-1)
        # A backup copies damage without a word, so the copy is asked.
        verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {verdict}")
    except sqlite3.Error:
        copy.close()
        draft.unlink(missing_ok=True)
        raise
    finally:
        copy.close()
        source.close()
    descriptor = os.open(draft, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return draft.rename(target)
