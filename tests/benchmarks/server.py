"""A server in a process of its own, and what that process used."""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.benchmarks.calls import Call
from tests.support import free_port

_START_SECONDS = 180
_STOP_SECONDS = 30
_SETTLE_SECONDS, _LOOK_SECONDS, _IDLE_SHARE = 5, 0.1, 0.2
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A command that serves HTTP on a port, with its files in a folder."""

    folder: Path
    command: list[str]
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self, probe: Call) -> float:
        """Start it. Answers the seconds until it answered the probe."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [part.format(port=self.port) for part in self.command],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        while time.monotonic() - began < _START_SECONDS and self.process.poll() is None:
            try:
                if probe.send(self.url).is_success:
                    return time.monotonic() - began
            except httpx.TransportError:
                pass
            time.sleep(0.005)
        raise RuntimeError(f"The server does not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Stop it as a host does, and by force if it does not end."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def cpu_seconds(self) -> float:
        """CPU that the process has used since it started, in user and kernel mode."""
        return cpu_seconds(self.pid)

    def settle(self) -> None:
        """Wait until it is done with what nobody waits for any more, so that it takes no CPU from the next server."""
        deadline, before = time.monotonic() + _SETTLE_SECONDS, self.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            now = self.cpu_seconds()
            if now - before < _IDLE_SHARE * _LOOK_SECONDS:
                return
            before = now

    def memory_bytes(self) -> int:
        """What the process holds in memory now."""
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return int(lines["VmRSS"].split()[0]) * 1024

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        if self.process is None:
            raise RuntimeError("The server does not run.")
        return self.process.pid


def cpu_seconds(pid: int) -> float:
    """CPU that a process has used since it started, in user and kernel mode; nothing where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return (int(fields[11]) + int(fields[12])) / _TICKS
