"""A Space, simulated: a local disk that is wiped at each restart, and a bucket on a real FUSE mount that is not.

The app is REST alone, in a process of its own, under load all the time, and is ended in turn by SIGTERM and by SIGKILL.
"""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from backend.storage.keeper import LOSS_SECONDS
from tests.storage.helpers import fuse, needs_fuse
from tests.support import PASSWORD, ROOT, free_port

SERVE = """
import logging, sys, uvicorn
logging.basicConfig(level="INFO", format="%(levelname)s: %(message)s")
from backend.api.application import create_api
from backend.settings import get_settings
uvicorn.run(create_api(get_settings()), port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=5)
"""
CREDENTIALS = {"email": "a@example.com", "username": "someone", "password": PASSWORD}


@dataclass
class Space:
    """One Space over its restarts. `acknowledged` holds the titles that were answered with 201, and when."""

    folder: Path
    mount: Path
    acknowledged: dict[str, float] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    number: int = 0
    database_url: str = "sqlite:///./todo_app.db"

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self) -> int:
        """Start on an empty disk; returns what /health answers."""
        shutil.rmtree(self.disk, ignore_errors=True)
        self.disk.mkdir()
        environment = {
            **os.environ,
            "SPACE_ID": "someone/todos",
            "DATA_DIR": str(self.mount),
            "DATABASE_URL": self.database_url,
            "PYTHONPATH": str(ROOT),
        }
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-c", SERVE, str(self.port)]
            self.process = subprocess.Popen(command, cwd=self.disk, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return httpx.get(f"{self.url}/health", timeout=5).status_code
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the Space did not come up:\n{self.log}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def register(self) -> None:
        httpx.post(f"{self.url}/api/v1/auth/register", json=CREDENTIALS).raise_for_status()
        tokens = httpx.post(f"{self.url}/api/v1/auth/login", json=CREDENTIALS).raise_for_status().json()
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def end(self, how: signal.Signals) -> float:
        """End it with a signal while the load goes on; returns when the signal was sent."""
        assert self.process is not None
        sent = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(40)
        self.process = None
        return sent

    def load(self, stop: threading.Event) -> None:
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=self.headers) as client:
            while not stop.is_set():
                self.number += 1
                title = f"todo {self.number}"
                try:
                    answer = client.post("/todos", json={"title": title, "description": "d" * 200})
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    self.acknowledged[title] = time.monotonic()
                time.sleep(0.005)

    def titles(self) -> set[str]:
        """What is there after a restart, and REST, asked with the old login, says the same."""
        connection = sqlite3.connect(self.disk / "todo_app.db")
        found = {title for (title,) in connection.execute("SELECT title FROM todos")}
        connection.close()
        answer = httpx.get(f"{self.url}/api/v1/todos", headers=self.headers).raise_for_status()
        assert answer.json()["total"] == len(found)
        return found


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    with fuse(tmp_path / "bucket", tmp_path / "mount") as mount:
        made = Space(tmp_path, mount)
        yield made
        if made.process is not None:
            made.end(signal.SIGKILL)


def run_round(space: Space, how: signal.Signals, seconds: float) -> float:
    """Load, end, wipe, start; returns how old the oldest acknowledged todo was that is gone, 0.0 if none is."""
    stop = threading.Event()
    load = threading.Thread(target=space.load, args=[stop])
    load.start()
    time.sleep(seconds)
    ended = space.end(how)
    stop.set()
    load.join()
    assert space.start() == 200, space.log
    there = space.titles()
    lost = [when for title, when in space.acknowledged.items() if title not in there]
    for title in set(space.acknowledged) - there:
        del space.acknowledged[title]
    return max((ended - when for when in lost), default=0.0) if how is signal.SIGKILL else float(len(lost))


def prove(space: Space, rounds: int) -> list[float]:
    chance = random.Random(rounds)  # noqa: S311 - the same moments in each run
    assert space.start() == 200
    space.register()
    time.sleep(LOSS_SECONDS / 2)
    losses = []
    for number in range(rounds):
        how = signal.SIGTERM if number % 2 == 0 else signal.SIGKILL
        loss = run_round(space, how, chance.uniform(2, 8))
        if how is signal.SIGTERM:
            assert loss == 0, f"{loss} todos were lost at SIGTERM"
        else:
            assert loss <= LOSS_SECONDS
            losses.append(loss)
    space.end(signal.SIGTERM)
    assert "Restored the database from the snapshot" in space.log
    assert "Traceback" not in space.log
    return losses


@needs_fuse
def test_two_restarts_lose_nothing_beyond_the_stated_seconds(space: Space) -> None:
    prove(space, rounds=2)


@needs_fuse
@pytest.mark.endurance
def test_twenty_restarts_lose_nothing_beyond_the_stated_seconds(
    space: Space, record_property: Callable[[str, object], None]
) -> None:
    losses = prove(space, rounds=20)
    record_property("seconds lost at each SIGKILL", losses)


@needs_fuse
def test_a_space_whose_bucket_is_out_of_reach_makes_no_new_database(space: Space) -> None:
    (space.mount / "backups").write_text("not a folder: nothing can be read from it")
    assert space.start() == 503
    assert not (space.disk / "todo_app.db").exists()
    (space.mount / "backups").unlink()
    space.end(signal.SIGTERM)
    assert space.start() == 200


@needs_fuse
def test_a_database_url_into_the_mount_is_honoured(space: Space) -> None:
    database = space.mount / "todo.db"
    space.database_url = f"sqlite:///{database}"
    assert space.start() == 200
    space.register()
    for how in (signal.SIGTERM, signal.SIGKILL):
        stop = threading.Event()
        load = threading.Thread(target=space.load, args=[stop])
        load.start()
        time.sleep(2)
        # A second process, beside the first: it is refused, and spoils nothing.
        if how is signal.SIGTERM:
            second = Space(space.folder / "second", space.mount, database_url=space.database_url)
            second.folder.mkdir()
            assert second.start() == 503
            second.end(signal.SIGTERM)
            assert "Traceback" not in second.log
            assert "locked" in second.log
        space.end(how)
        stop.set()
        load.join()
        assert not database.with_name("todo.db-wal").exists()
        assert space.start() == 200, space.log
        answer = httpx.get(f"{space.url}/api/v1/todos", headers=space.headers).raise_for_status()
        assert answer.json()["total"] >= len(space.acknowledged) > 0
    assert "WARNING: DATABASE_URL points into a network or FUSE mount" in space.log
    assert "Traceback" not in space.log


def test_a_space_without_a_mount_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    space = Space(tmp_path, tmp_path / "data")
    assert space.start() == 200
    space.end(signal.SIGTERM)
    assert "WARNING: A restart of this Space loses every todo" in space.log
    assert space.start() == 200
    space.end(signal.SIGKILL)
