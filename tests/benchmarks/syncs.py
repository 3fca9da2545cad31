"""How often a server makes the disk sync for each todo that it creates, as strace sees it."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.benchmarks import work
from tests.benchmarks.load import Replay
from tests.benchmarks.peer import Peer

_CONNECTIONS, _SECONDS = 32, 2
_ATTACH_SECONDS = 10
# A call that another thread interrupted is told twice: as unfinished, and as resumed.
_CALL = re.compile(rb"\bf(?:data)?sync\(")


def per_create(peer: Peer, folder: Path) -> float | None:
    """Syncs for each create while 32 connections create. None where strace is not here, or may not look."""
    if not shutil.which("strace"):
        return None
    seen = folder / f"{peer.name}.syncs"
    replay = Replay(peer, work.ALL["A"], folder)
    command = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(seen), "-p", str(peer.server.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        try:
            if not _is_attached(peer.server.pid, strace):
                return None
            done = replay.run(_CONNECTIONS, _SECONDS)
        finally:
            strace.terminate()
    return len(_CALL.findall(seen.read_bytes())) / done.requests if done.requests else None


def _is_attached(pid: int, strace: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + _ATTACH_SECONDS
    while time.monotonic() < deadline and strace.poll() is None:
        if "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text():
            return True
        time.sleep(0.05)
    return False
