"""Homes: what becomes of the database's file when the machine restarts, and what is done about it.

- LASTING: a local disk that stays. The live file is in WAL, backups lie beside it.
- MOUNTED: something lasting is mounted beside a disk that is wiped, as on a Space with a bucket. SQLite on such a mount
  loses locks and commits, so the live file stays on the local disk, and snapshots go to the mount within seconds.
- EPHEMERAL: nothing stays. It runs, and says so.
"""

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from backend.storage import mounts

# Where Hugging Face mounts the bucket of a Space that has one.
SPACE_MOUNT = Path("/data")
BACKUPS = "backups"

_HOW_TO_ATTACH = (
    "Attach a storage bucket to this Space (Settings, Storage, mounted at /data), or set DATABASE_URL to a "
    "PostgreSQL or MySQL server."
)


class Kind(StrEnum):
    """What outlives a restart: the live file, its snapshots, or nothing."""

    LASTING = "lasting"
    MOUNTED = "mounted"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True)
class Home:
    """Where a SQLite database lives and how it must be opened; `sentence` is for the log, and names no path.

    `backups` is set in every kind: a damaged file is healed from it even where no restart is survived.
    """

    kind: Kind
    live: Path
    backups: Path
    journal_mode: Literal["WAL", "DELETE"]
    is_exclusive: bool
    survives_restart: bool
    sentence: str

    @property
    def drafts(self) -> Path:
        """The local folder where a snapshot is built and checked, before it goes to its place."""
        if self.is_exclusive:
            return Path(tempfile.gettempdir())
        return self.live.parent if self.kind is Kind.MOUNTED else self.backups


def find_home(
    database: Path, *, is_space: bool, data_dir: Path | None = None, table: Path = mounts.PROC_MOUNTS
) -> Home:
    """Tell the home of a SQLite file from what is mounted. `data_dir` names a lasting folder other than a Space's."""
    live = database.resolve()
    if mounts.is_shared(live, table):
        return Home(
            Kind.MOUNTED,
            live,
            live.parent / BACKUPS,
            "DELETE",
            is_exclusive=True,
            survives_restart=True,
            sentence="DATABASE_URL points into a network or FUSE mount: one process alone may use it, slowly, and a "
            "commit may be lost with the machine. Leave DATABASE_URL out: the live file is then on the local disk, and "
            "copies of it go to the mount.",
        )
    lasting = _lasting_folder(is_space=is_space, data_dir=data_dir, table=table)
    if lasting is not None and not live.is_relative_to(lasting):
        return Home(
            Kind.MOUNTED,
            live,
            lasting / BACKUPS,
            "WAL",
            is_exclusive=False,
            survives_restart=True,
            sentence="The database is on the local disk; verified copies go to the lasting storage within seconds of "
            "a change, and come back from there after a restart.",
        )
    if is_space and lasting is None:
        return Home(
            Kind.EPHEMERAL,
            live,
            live.parent / BACKUPS,
            "WAL",
            is_exclusive=False,
            survives_restart=False,
            sentence=f"A restart of this Space loses every todo: nothing that lasts is mounted. {_HOW_TO_ATTACH}",
        )
    return Home(
        Kind.LASTING,
        live,
        live.parent / BACKUPS,
        "WAL",
        is_exclusive=False,
        survives_restart=True,
        sentence="The database is on a disk that stays; its backups lie beside it.",
    )


def _lasting_folder(*, is_space: bool, data_dir: Path | None, table: Path) -> Path | None:
    """The folder that outlives the disk. On a Space only a mount does: a folder of that name is wiped with the rest."""
    if not is_space:
        return data_dir.resolve() if data_dir else None
    folder = (data_dir or SPACE_MOUNT).resolve()
    mount = mounts.mount_of(folder, table)
    return folder if mount is not None and mount.point != mount.point.parent else None
