"""The database file loses its name while the app runs: what was answered as saved is there, at once and later."""

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.storage.helpers import until
from tests.support import ROOT, LiveServer

BACK = "The database file or its log was removed while the app ran; it is back, whole."


class Writer(threading.Thread):
    """Creates todos one after another, and remembers which were acknowledged, and what else was answered."""

    def __init__(self, server: LiveServer, headers: dict[str, str], name: str) -> None:
        super().__init__(name=name)
        self.saved: list[str] = []
        self.refused: list[httpx.Response] = []
        self._server, self._headers = server, headers
        self._stopping = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._server.url, headers=self._headers, timeout=30) as client:
            number = 0
            while not self._stopping.is_set():
                number += 1
                title = f"{self.name} {number}"
                answer = client.post("/api/v1/todos", json={"title": title})
                if answer.status_code == 201:
                    self.saved.append(title)
                else:
                    self.refused.append(answer)
                    time.sleep(0.01)

    def stop(self) -> None:
        self._stopping.set()
        self.join()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[[], LiveServer]]:
    made: list[LiveServer] = []
    data = tmp_path / "data"

    def make() -> LiveServer:
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        environment = {"DATABASE_URL": f"sqlite:///{data / 'todo.db'}"}
        made.append(LiveServer(folder, environment, probe="/health"))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.stop()


def create(server: LiveServer, headers: dict[str, str], title: str) -> int:
    return httpx.post(f"{server.url}/api/v1/todos", json={"title": title}, headers=headers).status_code


def with_a_todo(make_server: Callable[[], LiveServer]) -> tuple[LiveServer, dict[str, str]]:
    server = make_server()
    headers = server.register("ada")
    assert create(server, headers, "Buy milk") == 201
    return server, headers


@pytest.fixture
def live(tmp_path: Path) -> Path:
    return tmp_path / "data" / "todo.db"


def titles(server: LiveServer, headers: dict[str, str]) -> set[str]:
    found: set[str] = set()
    page = {"limit": "500"}
    while True:
        body = httpx.get(f"{server.url}/api/v1/todos", params=page, headers=headers).raise_for_status().json()
        found |= {todo["title"] for todo in body["todos"]}
        if not body["next_cursor"]:
            return found
        page["cursor"] = body["next_cursor"]


def command(live: Path, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "backend", *arguments],
        check=False,
        cwd=ROOT,
        env={"DATABASE_URL": f"sqlite:///{live}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done


def wait_for_more(writer: Writer) -> None:
    before = len(writer.saved)
    until(lambda: len(writer.saved) > before + 20)


def remove_files(live: Path) -> None:
    for path in live.parent.glob(f"{live.name}*"):
        path.unlink() if path.is_file() else shutil.rmtree(path)


def remove_database_alone(live: Path) -> None:
    live.unlink()


def remove_folder(live: Path) -> None:
    shutil.rmtree(live.parent)


def remove_log(live: Path) -> None:
    live.with_name(f"{live.name}-wal").unlink()


def remove_log_and_index(live: Path) -> None:
    remove_log(live)
    live.with_name(f"{live.name}-shm").unlink()


def empty_a_new_one(live: Path) -> None:
    live.unlink()
    live.touch()


def is_ready(server: LiveServer) -> bool:
    return httpx.get(f"{server.url}/health/ready").status_code == 200


REMOVALS = (remove_database_alone, remove_files, remove_folder, remove_log, remove_log_and_index, empty_a_new_one)


def test_whatever_is_removed_is_put_back_with_all_that_was_acknowledged(
    make_server: Callable[[], LiveServer], live: Path
) -> None:
    server = make_server()
    headers = server.register("ada")
    writer = Writer(server, headers, "todo")
    writer.start()
    for times, remove in enumerate((*REMOVALS, remove_database_alone), 1):
        wait_for_more(writer)
        remove(live)
        until(lambda times=times: server.log.count(BACK) == times)  # type: ignore[misc]
        until(lambda: is_ready(server))
    writer.stop()
    assert all(answer.status_code == 503 for answer in writer.refused), writer.refused
    assert all("othing was changed" in answer.text for answer in writer.refused), writer.refused
    assert set(writer.saved) == titles(server, headers)
    assert "Traceback" not in server.log
    # A command that looks at the file sees what the app sees.
    assert f"todos: {len(writer.saved)}" in command(live, "doctor").stdout
    server.stop()
    assert "Another running copy" not in server.log
    server.start()
    assert set(writer.saved) == titles(server, headers)
    assert httpx.get(f"{server.url}/health").json()["status"] == "healthy"


def remove_with_something_in_the_way(server: LiveServer, live: Path) -> Path:
    """What is there when the file is put back is put aside, and that cannot be done."""
    obstacle = live.with_name(f"{live.name}.quarantine")
    obstacle.touch()
    live.unlink()
    until(lambda: "could not be put back: " in server.log)
    return obstacle


def test_what_cannot_be_put_back_can_be_read_and_is_put_back_as_soon_as_it_can(
    make_server: Callable[[], LiveServer], live: Path
) -> None:
    server, headers = with_a_todo(make_server)
    obstacle = remove_with_something_in_the_way(server, live)
    assert "Do not stop the app before that" in server.log
    assert not is_ready(server)
    assert create(server, headers, "Too late") == 503
    told = httpx.get(f"{server.url}/health", headers=headers).json()
    assert told["status"] == "degraded"
    assert "could not be put back" in told["did"][-1]
    assert titles(server, headers) == {"Buy milk"}
    # Nobody else puts something in its place meanwhile.
    assert "puts it back. Try again" in command(live, "heal", exit_code=1).stdout
    assert not live.exists()
    obstacle.unlink()
    until(lambda: is_ready(server))
    assert create(server, headers, "Buy bread") == 201
    assert titles(server, headers) == {"Buy milk", "Buy bread"}


def test_what_was_not_put_back_when_the_app_stops_is_in_a_snapshot(
    make_server: Callable[[], LiveServer], live: Path
) -> None:
    server, headers = with_a_todo(make_server)
    obstacle = remove_with_something_in_the_way(server, live)
    server.stop()
    obstacle.unlink()
    server.start()
    assert titles(server, headers) == {"Buy milk"}


def test_without_its_backups_it_is_put_back_all_the_same(make_server: Callable[[], LiveServer], live: Path) -> None:
    server, headers = with_a_todo(make_server)
    backups = live.parent / "backups"
    until(lambda: any(backups.glob("*.json")))
    shutil.rmtree(backups)
    backups.touch()
    remove_files(live)
    until(lambda: BACK in server.log)
    assert titles(server, headers) == {"Buy milk"}


def test_what_is_removed_in_the_last_moment_is_back_at_the_next_start(
    make_server: Callable[[], LiveServer], live: Path
) -> None:
    server, headers = with_a_todo(make_server)
    remove_files(live)
    server.stop()
    server.start()
    assert titles(server, headers) == {"Buy milk"}


def test_two_processes_of_the_app_lose_nothing_of_each_other(make_server: Callable[[], LiveServer], live: Path) -> None:
    one, other = make_server(), make_server()
    headers = one.register("ada")
    writers = [Writer(one, headers, "one"), Writer(other, headers, "other")]
    for writer in writers:
        writer.start()
    for writer in writers:
        wait_for_more(writer)
    remove_files(live)
    until(lambda: all("put the database file back" in server.log or BACK in server.log for server in (one, other)))
    until(lambda: is_ready(one) and is_ready(other))
    for writer in writers:
        wait_for_more(writer)
        writer.stop()
    saved = {title for writer in writers for title in writer.saved}
    assert saved == titles(one, headers) == titles(other, headers)


def test_a_replaced_file_is_not_written_over_and_both_are_kept(
    make_server: Callable[[], LiveServer], live: Path, tmp_path: Path
) -> None:
    server, headers = with_a_todo(make_server)
    copy = tmp_path / "copy.db"
    source, target = sqlite3.connect(live), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()
    assert create(server, headers, "Buy bread") == 201
    copy.rename(live)
    until(lambda: httpx.get(f"{server.url}/health/ready").status_code == 503)
    assert create(server, headers, "Too late") == 503
    assert titles(server, headers) == {"Buy milk", "Buy bread"}
    until(lambda: "Another file took the place" in server.log)
    told = httpx.get(f"{server.url}/health", headers=headers).json()
    assert told["status"] == "degraded"
    assert "Another file took the place of the database" in told["unacknowledged"]
    server.stop()
    server.start()
    assert titles(server, headers) == {"Buy milk"}
    told = httpx.get(f"{server.url}/health", headers=headers).json()
    name = told["unacknowledged"].partition("the snapshot ")[2].partition(",")[0]
    server.stop()
    restored = command(live, "restore", name, "--yes")
    assert f"Restored {name}" in restored.stdout
    server.start()
    assert titles(server, headers) == {"Buy milk", "Buy bread"}
