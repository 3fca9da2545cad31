"""The Redis that tests use: the one that is there anyway, or one of a test's own that it may kill.

Where it is found is said by TEST_REDIS_URL; by default on this machine, without a password.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import redis

from tests.support import free_port

SECRET = "never-in-a-log-5c1d"


def url() -> str:
    """Where tests find Redis. A database of its own keeps their counts apart from others'."""
    return os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/15"


@cache
def unreachable() -> str | None:
    """Why tests cannot use Redis; None where they can."""
    try:
        with redis.Redis.from_url(url(), socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        return f"no Redis: {type(error).__name__} (set TEST_REDIS_URL)"
    return None


def missing() -> str | None:
    """Why no Redis can be started here; None where it can."""
    return None if shutil.which("redis-server") else "no Redis can be started here: redis-server missing"


@dataclass
class OwnRedis:
    """A Redis that is a test's own, with a password."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{SECRET}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return when it answers."""
        options = {"port": self.port, "bind": "127.0.0.1", "requirepass": SECRET, "dir": self.folder, "save": ""}
        command = ["redis-server", *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    assert time.monotonic() < deadline, "redis-server does not start"
                    time.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None
