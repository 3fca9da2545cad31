"""The MCP inspector's command line, which people use to look at a server: it lists and calls everything.

It is installed from npm into a temporary folder, and skipped where there is no npm or no way to its registry.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backend.agents.catalog import TOOLS
from tests.doors.agents import token_of
from tests.support import LiveServer

PACKAGE = "@modelcontextprotocol/inspector@2.12.0"
INSTALL_SECONDS, CALL_SECONDS = 600, 120
TOOL_REFUSED = 5  # the exit code of a call that the tool has refused


@dataclass
class Inspector:
    """The command line, with an account's token."""

    program: Path
    url: str
    token: str

    def run(self, method: str, *options: str, code: int = 0) -> tuple[Any, str]:
        """What it prints as JSON, and what it complains of."""
        done = subprocess.run(
            [
                *("node", str(self.program), "--cli", self.url, "--transport", "http"),
                *("--header", f"X-API-Key: {self.token}", "--method", method, *options),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=CALL_SECONDS,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout), done.stderr

    def call(self, name: str, **arguments: Any) -> Any:
        given = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in arguments.items()]
        result, _ = self.run("tools/call", "--tool-name", name, *(("--tool-arg", *given) if given else ()))
        assert not result.get("isError"), result
        return result["structuredContent"]


@pytest.fixture(scope="module")
def inspector(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspector]:
    folder = tmp_path_factory.mktemp("inspector")
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("the MCP inspector needs npm and node, which are not here")
    options = ("--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    try:
        subprocess.run(
            [npm, "install", *options, PACKAGE], capture_output=True, text=True, check=True, timeout=INSTALL_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("the MCP inspector could not be installed: npm's registry is out of reach")
    token = token_of(live_server, live_server.register("inspected"), "read", "add", "write", "delete")
    program = folder / "node_modules" / ".bin" / "mcp-inspector"
    yield Inspector(program, f"{live_server.url}/gradio_api/mcp/", token)
    shutil.rmtree(folder, ignore_errors=True)


def test_it_lists_everything_and_finds_no_fault_with_it(inspector: Inspector) -> None:
    listed, complaints = inspector.run("tools/list", "--strict")
    assert {tool["name"] for tool in listed["tools"]} == TOOLS.keys()
    assert "tool" not in complaints, complaints
    resources, _ = inspector.run("resources/list")
    assert {one["uri"] for one in resources["resources"]} == {"todo://today", "todo://overview"}
    templates, _ = inspector.run("resources/templates/list")
    assert templates["resourceTemplates"] == []
    prompts, _ = inspector.run("prompts/list")
    assert [one["name"] for one in prompts["prompts"]] == ["plan_day"]


def test_it_calls_every_tool_and_each_schema_holds(inspector: Inspector) -> None:
    listed, _ = inspector.run("tools/list")
    schemas = {tool["name"]: tool["outputSchema"] for tool in listed["tools"]}
    called = set()

    def call(name: str, **arguments: Any) -> Any:
        answer = inspector.call(name, **arguments)
        jsonschema.validate(answer, schemas[name], format_checker=jsonschema.FormatChecker())
        called.add(name)
        return answer

    one = {"todo_id": call("add_todo", title="Buy milk", tags=["x"], due_date="2027-03-01T09:00")["id"]}
    task = {"task_id": call("add_task", title="Call")["id"]}
    assert call("add_todos", todos=[{"title": "a"}, {"title": ""}])["failed"] == 1
    assert call("quick_add", text="Pay rent every 1st #home !high")["todo"]["tags"] == ["home"]
    assert call("update_todo", **one, changes={"priority": "high"})["priority"] == "high"
    call("update_task", **task, title="Call her")
    for name in ("complete_todo", "reopen_todo", "delete_todo", "restore_todo", "get_todo"):
        call(name, **one)
    for name in ("complete_task", "delete_task"):
        call(name, **task)
    wanted = {"action": "update", "where": {"tags": ["x"]}, "changes": {"tags": ["y"], "due_date": None}}
    plan = call("change_todos", **wanted)["plan"]
    assert call("change_todos", **wanted, plan_id=plan["plan_id"])["done"]
    for name in ("list_todos", "list_tasks", "overview", "stats", "whoami"):
        call(name)
    assert call("undo", last=1)["changed"]
    since = call("get_todo", **one)["created_at"]
    assert call("undo", since=since)["plan"]["count"] >= 2
    assert called == TOOLS.keys()


def test_a_refusal_reaches_it_as_one_sentence(inspector: Inspector) -> None:
    refused, _ = inspector.run(
        "tools/call", "--tool-name", "get_todo", "--tool-arg", "todo_id=nothing", code=TOOL_REFUSED
    )
    [content] = refused["content"]
    assert content["text"] == "There is no todo with this id. [not_found]"
