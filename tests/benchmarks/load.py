"""Load from wrk, which replays prebuilt requests and is not the bottleneck: LuaJIT builds nothing while it runs."""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.peer import Peer
from tests.benchmarks.work import Work

_SCRIPT = Path(__file__).with_name("replay.lua")
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Sample:
    """One round: what one server did with one piece of work from so many connections."""

    server: str
    work: str
    connections: int
    requests: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float
    bytes_each: float
    failures: int


@dataclass
class Replay:
    """The requests of one piece of work for one server, and how far they have been sent."""

    peer: Peer
    work: Work
    folder: Path
    sent: int = 0
    file: Path = field(init=False)

    def __post_init__(self) -> None:
        self.file = self.folder / f"{self.peer.name}-{self.work.letter}.requests"
        host = self.peer.server.url.removeprefix("http://")
        raw = [call.raw(host) for call in self.work.calls(self.peer)]
        self.file.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in raw))

    def run(self, connections: int, seconds: int) -> Sample:
        """Send from where the last round ended, for so many seconds."""
        before = self.peer.server.cpu_seconds()
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{_PATIENCE_SECONDS}s"]
        done = subprocess.run(
            ["wrk", *options, "-s", str(_SCRIPT), self.peer.server.url, "--", str(self.file), str(self.sent)],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + _PATIENCE_SECONDS,
        )
        cpu = self.peer.server.cpu_seconds() - before
        self.peer.server.settle()
        seen = json.loads(done.stdout.splitlines()[-1])
        self.sent += seen["requests"]
        return Sample(
            server=self.peer.name,
            work=self.work.letter,
            connections=connections,
            requests=seen["requests"],
            seconds=seen["microseconds"] / 1e6,
            cpu_seconds=cpu,
            p50_ms=seen["p50"] / 1e3,
            p99_ms=seen["p99"] / 1e3,
            bytes_each=seen["bytes"] / max(1, seen["requests"]),
            failures=seen["refused"] + seen["broken"],
        )


def missing() -> str | None:
    """Why no load can be made here; None where it can."""
    return None if shutil.which("wrk") else "wrk makes the load, and is not here: apt-get install wrk"
