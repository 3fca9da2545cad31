"""A start of the whole app: REST first, page and agents soon after, and an end that says why if they cannot come."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.support import ROOT, LiveServer

LINES = (
    "Starting application...",
    "Starting database initialization...",
    "Database is healthy, no reset needed",
    "Database initialization complete",
    "Application startup complete",
)
_MCP = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
_LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.fixture
def waking(own_server: LiveServer) -> LiveServer:
    """A server that was just started: REST answers, and nothing is known of the rest."""
    own_server.probe = "/health/live"
    return own_server


def test_rest_answers_while_page_and_agents_are_still_built_and_those_who_wait_are_served(waking: LiveServer) -> None:
    waking.start()
    with ThreadPoolExecutor() as threads, httpx.Client(base_url=waking.url, timeout=120) as client:
        early = [
            threads.submit(client.get, "/"),
            threads.submit(client.get, "/config"),
            threads.submit(client.post, "/gradio_api/mcp/", json=_LIST_TOOLS, headers=_MCP),
        ]
        answered = 0
        while not any(answer.done() for answer in early):
            assert client.get("/api/v1/todos").status_code == 401
            answered += 1
        page, config, tools = (answer.result() for answer in early)
    assert answered > 1
    assert "window.gradio_config" in page.text
    assert config.json()["mode"] == "blocks"
    assert {"overview", "add_todo"} <= {tool["name"] for tool in tools.json()["result"]["tools"]}


def test_the_log_of_a_start_has_its_five_lines_in_order(waking: LiveServer) -> None:
    waking.start()
    assert httpx.get(f"{waking.url}/", timeout=120).status_code == 200
    places = [waking.log.index(f"INFO: {line}") for line in LINES]
    assert places == sorted(places)


def test_who_follows_changes_is_let_go_at_the_end_and_the_log_has_nothing_to_complain_of(waking: LiveServer) -> None:
    waking.start()
    headers = waking.register("follower")
    with httpx.stream("GET", f"{waking.url}/api/v1/events", headers=headers, timeout=30) as events:
        lines = events.iter_lines()
        assert next(lines).startswith("id: ")
        waking.stop()
        assert "event: cursor" in list(lines)  # to its end, and not cut off
    assert "ERROR" not in waking.log


def test_a_page_that_cannot_be_built_ends_the_process_and_keeps_what_rest_has_taken(
    waking: LiveServer, tmp_path: Path
) -> None:
    fails = break_gradio(tmp_path / "broken", waking)
    waking.start()
    headers = waking.register("early")
    todo = httpx.post(f"{waking.url}/api/v1/todos", json={"title": "taken early"}, headers=headers)
    assert todo.status_code == 201
    fails()
    assert waking.process is not None
    assert waking.process.wait(60) == 1
    assert "The page could not be built, so the app ends." in waking.log
    assert "this installation is broken" in waking.log
    with closing(sqlite3.connect(waking.database)) as database:
        assert database.execute("SELECT title FROM todos").fetchall() == [("taken early",)]
    [snapshot] = sorted((waking.folder / "backups").glob("*.db"))[-1:]
    with closing(sqlite3.connect(snapshot)) as database:
        assert database.execute("SELECT title FROM todos").fetchall() == [("taken early",)]


def break_gradio(folder: Path, server: LiveServer) -> Callable[[], None]:
    """Lay a Gradio that cannot be imported before the real one; answers what makes the import fail."""
    package, signal = folder / "gradio", folder / "now"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import time, pathlib\n"
        f"while not pathlib.Path({str(signal)!r}).exists():\n    time.sleep(0.01)\n"
        "raise ImportError('this installation is broken')\n"
    )
    server.environment["PYTHONPATH"] = f"{folder}:{ROOT}"
    return signal.touch
