"""Mounts: which kind of file system a path lies on, told by the kernel's own table."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC_MOUNTS = Path("/proc/mounts")

# File systems that another machine or another program answers for. On them locks may be missing or local, a -shm file
# is not shared, and a write that was confirmed may reach its disk half a minute later: WAL must not live there.
_SHARED = re.compile(
    r"fuse(\..+|blk)?|nfs\d*|cifs|smb\w*|9p|ceph|glusterfs|lustre|afs|gpfs|beegfs\w*|virtiofs|vboxsf|prl_fs|davfs2?"
)
_ESCAPED = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """Where something is mounted, and the type of its file system."""

    point: Path
    kind: str

    @property
    def is_shared(self) -> bool:
        """Whether SQLite cannot trust it.

        What is mounted at the root is the machine's own disk, whatever it is called: sandboxes name theirs 9p.
        """
        return self.point != self.point.parent and _SHARED.fullmatch(self.kind) is not None


def mount_of(path: Path, table: Path = PROC_MOUNTS) -> Mount | None:
    """The mount that a path lies on, existing or not; None where the system keeps no such table."""
    place = path.resolve()
    best: Mount | None = None
    for mount in _listed(table):
        # The longest prefix; of two at the same point the later hides the earlier.
        if place.is_relative_to(mount.point) and (best is None or len(mount.point.parts) >= len(best.point.parts)):
            best = mount
    return best


def is_shared(path: Path, table: Path = PROC_MOUNTS) -> bool:
    """Whether a path lies on a network or FUSE file system."""
    mount = mount_of(path, table)
    return mount is not None and mount.is_shared


def _listed(table: Path) -> list[Mount]:
    try:
        lines = table.read_bytes().splitlines()
    except FileNotFoundError:  # not Linux: nothing can be said, and a local disk is what nearly everybody has
        return []
    fields = (line.split(b" ") for line in lines)
    return [Mount(Path(_unescaped(parts[1])), parts[2].decode()) for parts in fields if len(parts) > 2]  # noqa: PLR2004 - device, point, type


def _unescaped(name: bytes) -> str:
    r"""A blank in a mount's name stands as \040 in the table; the digits are bytes, of UTF-8 for example."""
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), name))
