"""People at the doors beside plain REST: gradio_client, MCP, imports, exports and streams of events, until a stop.

Each keeps count of what it did, how long that took, and what went wrong. Times are as these Python clients see them.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.benchmarks.seeds import PASSWORD

_TODOS = "/api/v1/todos"
_TIMEOUT_SECONDS = 60
# Between two calls of one person: the load comes from the many, and Python is not to be what is measured.
_PAUSE_SECONDS = 0.05
_TRANSFER_PAUSE_SECONDS = 2
_IMPORTED = 500
_FORMATS = ("json", "csv", "ics", "todotxt")


@dataclass
class Door:
    """What the people at one door did."""

    name: str
    people: int
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    added: int = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """One call: its time is kept, and why it failed where it did."""
        began = time.perf_counter()
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
            self.failures.append(f"{self.name}: {type(error).__name__}: {error}")
            time.sleep(1)
        else:
            self.seconds.append(time.perf_counter() - began)


@dataclass
class Visit:
    """Where people go, and until when."""

    url: str
    stopping: threading.Event = field(default_factory=threading.Event)

    def enter(self, name: str) -> dict[str, str]:
        """A new account's headers."""
        data = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        httpx.post(f"{self.url}/api/v1/auth/register", json=data, timeout=_TIMEOUT_SECONDS).raise_for_status()
        login = httpx.post(
            f"{self.url}/api/v1/auth/login",
            json={"username": name, "password": PASSWORD},
            timeout=_TIMEOUT_SECONDS,
        )
        return {"Authorization": f"Bearer {login.raise_for_status().json()['access_token']}"}

    def client(self, headers: dict[str, str]) -> httpx.Client:
        """A connection that is kept."""
        return httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT_SECONDS)

    def total(self, headers: dict[str, str]) -> int:
        """How many todos an account has."""
        with self.client(headers) as client:
            found: int = client.get(f"{_TODOS}?limit=1").raise_for_status().json()["total"]
            return found


def at_notebook(visit: Visit, door: Door, headers: dict[str, str]) -> None:
    """Somebody in a notebook: adds, lists, ticks, and deletes every third."""
    client = Client(visit.url, headers=headers, verbose=False, httpx_kwargs={"timeout": _TIMEOUT_SECONDS})
    for number in itertools.count():
        if visit.stopping.wait(_PAUSE_SECONDS):
            return
        with door.timed():
            todo = client.predict(f"From a notebook {number}", api_name="/add_todo")
            door.added += 1
        with door.timed():
            client.predict(completed=False, limit=25, api_name="/list_todos")
        with door.timed():
            client.predict(todo["id"], api_name="/complete_todo")
        if number % 3 == 0:
            with door.timed():
                client.predict(todo["id"], api_name="/delete_todo")
                door.added -= 1


def agents(visit: Visit, door: Door, headers: dict[str, str]) -> None:
    """All agents, each with a session of its own: they add, list, tick, look around, and delete every third."""

    async def one() -> None:
        async with (
            httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_SECONDS) as http,
            streamable_http_client(f"{visit.url}/gradio_api/mcp/", http_client=http) as (incoming, outgoing, _),
            ClientSession(incoming, outgoing) as session,
        ):
            await session.initialize()
            for number in itertools.count():
                if visit.stopping.is_set():
                    return
                await anyio.sleep(_PAUSE_SECONDS)
                todo = await _call(door, session, "add_todo", title=f"From an agent {number}")
                door.added += bool(todo)
                await _call(door, session, "list_todos", completed=False)
                await _call(door, session, "overview")
                if todo:
                    await _call(door, session, "complete_todo", todo_id=todo["id"])
                # Counted after the call: what is read before it has changed by then.
                if todo and number % 3 == 0 and await _call(door, session, "delete_todo", todo_id=todo["id"]):
                    door.added -= 1

    async def every() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(door.people):
                group.start_soon(one)

    anyio.run(every)


async def _call(door: Door, session: ClientSession, name: str, **arguments: Any) -> dict[str, Any]:
    """The answer of a tool; nothing where it failed."""
    with door.timed():
        result = await session.call_tool(name, arguments)
        if result.isError or result.structuredContent is None:
            raise RuntimeError(f"{name} was refused: {result.content}")
        return result.structuredContent
    return {}


def importer(visit: Visit, door: Door, headers: dict[str, str]) -> None:
    """Somebody who brings the same todos again and again, always changed since."""
    with visit.client(headers) as client:
        for number in itertools.count():
            if visit.stopping.wait(_TRANSFER_PAUSE_SECONDS):
                return
            changed = {"updated_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", "created_at": "2026-01-01T00:00:00Z"}
            todos = [
                {"id": f"01900000-0000-7000-8000-{one:012}", "title": f"Brought {one}, time {number}", **changed}
                for one in range(_IMPORTED)
            ]
            with door.timed():
                answer = client.post(
                    f"{_TODOS}/import?format=json", json={"format": "todos-export", "format_version": 1, "todos": todos}
                )
                done = answer.raise_for_status().json()
                if (done["created"] + done["updated"], done["refused"]) != (_IMPORTED, 0):
                    raise RuntimeError(f"the import took other than all: {done}")
                door.added = _IMPORTED


def exporter(visit: Visit, door: Door, headers: dict[str, str]) -> None:
    """Somebody who takes everything along, in each format."""
    with visit.client(headers) as client:
        for wanted in itertools.cycle(_FORMATS):
            if visit.stopping.wait(_TRANSFER_PAUSE_SECONDS):
                return
            with door.timed():
                client.get(f"{_TODOS}/export?format={wanted}").raise_for_status()


def follower(visit: Visit, door: Door, headers: dict[str, str]) -> None:
    """Somebody whose page is open. The stream says something at least every fifteen seconds."""
    with visit.client(headers) as client:
        while not visit.stopping.is_set():
            with door.timed(), client.stream("GET", "/api/v1/events") as stream:
                stream.raise_for_status()
                for _ in stream.iter_lines():
                    if visit.stopping.is_set():
                        return
                raise RuntimeError("the stream ended")


def started(work: Callable[[], None], door: Door) -> threading.Thread:
    """A thread; what ends it early is a failure of its door."""

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the same: it is reported
            door.failures.append(f"{door.name} ended: {type(error).__name__}: {error}")

    thread = threading.Thread(target=run)
    thread.start()
    return thread
