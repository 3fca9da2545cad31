"""Quarantine: a damaged database moves aside whole, and waits there for as long as anybody may want it."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

# They belong together: without its -wal a database lacks the newest commits, and a -wal left behind is replayed into
# whatever file takes the old one's name.
SIDECARS = ("-wal", "-shm", "-journal")


def move_aside(database: Path, reason: str) -> Path:
    """Move a database and its sidecars into a folder of their own beside it; returns the folder. Deletes nothing."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{reason}-{secrets.token_hex(4)}"
    folder = database.with_name(database.name + ".quarantine") / stamp
    folder.mkdir(parents=True)
    # The sidecars first: killed half way, a database without its -wal is put right by moving the rest, not the reverse.
    for suffix in (*SIDECARS, ""):
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.rename(folder / part.name)
    return folder
