"""Two agents and a person at work on one account: each by a door of its own, over a connection that breaks."""

import random
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal
from gradio_client import Client
from gradio_client.exceptions import AppError as CallError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.doors.agents import said

TRIES_MAX = 30
# Codes of refusals that are right when others are at work: gone to the trash, changed since, or still being done.
_FOR_NOW, _FOR_GOOD = {"request_in_progress", "storage_unavailable"}, {"not_found", "version_conflict"}


class RefusedError(Exception):
    """The server said no, in its words."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.code = line.rpartition("[")[2].rstrip("]")


class BrokenError(Exception):
    """No answer came: nobody knows whether it was done."""


# A call by its published name.
Call = Callable[[str, dict[str, Any]], Any]


def over_rest(url: str, headers: dict[str, str]) -> Call:
    """As a person's page does it."""

    def call(name: str, arguments: dict[str, Any]) -> Any:
        arguments = dict(arguments)
        path = f"/todos/{arguments.pop('todo_id', '')}".rstrip("/")
        key = arguments.pop("idempotency_key", None)
        method, path, body = {
            "add_todo": ("POST", path, arguments),
            "update_todo": ("PATCH", path, arguments.get("changes")),
            "complete_todo": ("POST", f"{path}/complete", None),
            "reopen_todo": ("POST", f"{path}/reopen", None),
            "delete_todo": ("DELETE", path, None),
        }[name]
        sent = {**headers, **({"Idempotency-Key": key} if key else {})}
        try:
            answer = httpx.request(method, f"{url}/api/v1{path}", json=body, headers=sent, timeout=120)
        except httpx.TransportError as error:
            raise BrokenError from error
        if answer.is_error:
            problem = answer.json()
            raise RefusedError(f"{problem['detail']} [{problem['code']}]")
        return answer.json() if answer.content else None

    return call


def by_gradio_client(url: str, headers: dict[str, str]) -> Call:
    """As a notebook does it."""
    client = Client(url, headers=headers, verbose=False, httpx_kwargs={"timeout": 120})

    def call(name: str, arguments: dict[str, Any]) -> Any:
        try:
            return client.predict(**arguments, api_name=f"/{name}")
        except CallError as error:
            raise RefusedError(str(error)) from error
        except httpx.TransportError as error:
            raise BrokenError from error

    return call


class Connection:
    """An agent's connection, which is made anew after it broke."""

    def __init__(self, url: str, headers: dict[str, str], portal: BlockingPortal) -> None:
        self._url, self._headers, self._portal = f"{url}/gradio_api/mcp/", headers, portal
        self._open = ExitStack()
        self._session: ClientSession | None = None

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """As an agent does it."""
        try:
            if self._session is None:
                connected = self._portal.wrap_async_context_manager(self._connect())
                self._session = self._open.enter_context(connected)
            result = self._portal.call(self._session.call_tool, name, arguments)
        except Exception as error:
            self.close()
            raise BrokenError from error
        if result.isError:
            raise RefusedError(said(result))
        return result.structuredContent

    def close(self) -> None:
        """Hang up."""
        self._session = None
        with suppress(Exception):  # of a connection that is broken already
            self._open.close()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[ClientSession]:
        async with (
            httpx.AsyncClient(headers=self._headers, timeout=120, verify=False) as http,  # noqa: S501 - plain http
            streamable_http_client(self._url, http_client=http) as (incoming, outgoing, _),
            ClientSession(incoming, outgoing, read_timeout_seconds=timedelta(seconds=10)) as session,
        ):
            await session.initialize()
            yield session


@dataclass
class Known:
    """The ids that everybody has heard of."""

    ids: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, todo_id: str) -> None:
        with self.lock:
            self.ids.append(todo_id)

    def one_of(self, chance: random.Random, most: int = 1) -> list[str]:
        with self.lock:
            return chance.sample(self.ids, min(most, len(self.ids)))


@dataclass
class Worker:
    """Somebody at work, and what was acknowledged."""

    name: str
    call: Call
    known: Known
    chance: random.Random
    operations: int
    plans: bool = False
    added: dict[str, str] = field(default_factory=dict)
    written: list[tuple[str, str, str]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    failed: Exception | None = None

    def work(self) -> None:
        """Do so many operations, each until it is done or refused."""
        try:
            for number in range(self.operations):
                self._operate(f"{self.name} {number}")
        except Exception as error:  # noqa: BLE001 - a thread's end is told by whoever waits for it
            self.failed = error

    def _operate(self, text: str) -> None:
        if not (targets := self.known.one_of(self.chance)) or self.chance.random() < 0.3:
            todo = self._send("add_todo", {"title": text, "idempotency_key": text})
            self.added[text] = todo["id"]
            self.known.add(todo["id"])
            return
        [todo_id] = targets
        match self.chance.choices(["text", "priority", "complete", "reopen", "delete", "plan"], [8, 4, 4, 3, 1, 2])[0]:
            case "text":
                name = self.chance.choice(["title", "description"])
                if self._send("update_todo", {"todo_id": todo_id, "changes": {name: text}}) is not None:
                    self.written.append((todo_id, name, text))
            case "priority":
                priority = self.chance.choice(["low", "medium", "high"])
                self._send("update_todo", {"todo_id": todo_id, "changes": {"priority": priority}})
            case "plan" if self.plans:
                self._plan(text)
            case "delete":
                self._send("delete_todo", {"todo_id": todo_id})
            case "reopen":
                self._send("reopen_todo", {"todo_id": todo_id})
            case _:
                self._send("complete_todo", {"todo_id": todo_id})

    def _plan(self, text: str) -> None:
        wanted = {
            "action": "update",
            "where": {"ids": self.known.one_of(self.chance, 3)},
            "changes": {"tags": [text]},
        }
        answer = self._send("change_todos", wanted)
        if answer is not None and "plan_id" in answer["plan"]:
            self._send("change_todos", {**wanted, "plan_id": answer["plan"]["plan_id"]})

    def _send(self, name: str, arguments: dict[str, Any]) -> Any:
        """The answer, asked for again where none came; None for a refusal that others at work explain."""
        for _ in range(TRIES_MAX):
            try:
                answer = self.call(name, arguments)
            except BrokenError:
                self.outcomes["broken"] += 1
            except RefusedError as refusal:
                self.outcomes[refusal.code] += 1
                if refusal.code in _FOR_GOOD:
                    return None
                if refusal.code not in _FOR_NOW:
                    raise
            else:
                self.outcomes["done"] += 1
                return answer or {}
        raise AssertionError(f"{name} was tried {TRIES_MAX} times: {self.outcomes}")
