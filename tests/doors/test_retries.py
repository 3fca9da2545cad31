"""What is sent again has its effect once: fifty at the same moment with one key, through each door."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gradio_client import Client
from mcp import ClientSession

from backend.agents.catalog import TOOLS
from backend.errors import IdempotencyMismatchError, InProgressError
from backend.services.actor import Actor
from tests.doors.agents import Agent, said
from tests.support import LiveServer

RETRIES = 50
IN_PROGRESS = "request_in_progress"

# What each of so many calls at once came to: the todo's id, or why it was refused.
Crowd = Callable[[LiveServer, dict[str, str], int], list[str]]


def over_rest(server: LiveServer, headers: dict[str, str], count: int) -> list[str]:
    def once(_: int) -> str:
        sent = {**headers, "Idempotency-Key": "one"}
        answer = httpx.post(f"{server.url}/api/v1/todos", json={"title": "One"}, headers=sent, timeout=120)
        return str(answer.json()["id"] if answer.is_success else answer.json()["code"])

    with ThreadPoolExecutor(count) as people:
        return list(people.map(once, range(count)))


def by_gradio_client(server: LiveServer, headers: dict[str, str], count: int) -> list[str]:
    client = Client(server.url, headers=headers, verbose=False, max_workers=count, httpx_kwargs={"timeout": 240})
    jobs = [client.submit(title="One", idempotency_key="one", api_name="/add_todo") for _ in range(count)]
    return [str(job.exception(timeout=240) or job.result()["id"]) for job in jobs]


def by_agents(server: LiveServer, headers: dict[str, str], count: int) -> list[str]:
    async def all_at_once(session: ClientSession) -> list[str]:
        async def once() -> str:
            result = await session.call_tool("add_todo", {"title": "One", "idempotency_key": "one"})
            return said(result) if result.isError else str((result.structuredContent or {})["id"])

        return await asyncio.gather(*(once() for _ in range(count)))

    return Agent(server.url, headers).run(all_at_once)


@pytest.mark.parametrize("crowd", [over_rest, by_gradio_client, by_agents])
def test_fifty_retries_at_once_make_one(live_server: LiveServer, crowd: Crowd) -> None:
    headers = live_server.register(crowd.__name__.replace("_", "-"))
    outcomes = crowd(live_server, headers, RETRIES)
    made = {one for one in outcomes if IN_PROGRESS not in one}
    assert len(outcomes) == RETRIES
    assert len(made) == 1, made
    # Who was told to wait, and comes once more, gets the same answer.
    assert set(crowd(live_server, headers, 1)) == made
    listed: dict[str, Any] = httpx.get(f"{live_server.url}/api/v1/todos", headers=headers).json()
    assert [todo["id"] for todo in listed["todos"]] == list(made)
    logged = httpx.get(f"{live_server.url}/api/v1/operations", headers=headers).json()
    assert [entry["action"] for entry in logged["operations"]] == ["create"]


def test_a_plan_that_is_sent_again_too_early_is_spoken_of_as_a_plan(actor: Actor) -> None:
    """Its sender chose no key. Both begin in one thread, so the second always finds the first at work."""
    wanted: dict[str, Any] = {"action": "complete", "where": {"completed": False}}
    change_todos = TOOLS["change_todos"]

    async def commit_twice() -> list[Any]:
        await TOOLS["add_todo"].call(actor, {"title": "One"})
        plan = (await change_todos.call(actor, wanted))["plan"]
        committed = {**wanted, "plan_id": plan["plan_id"]}
        both = await asyncio.gather(*(change_todos.call(actor, committed) for _ in range(2)), return_exceptions=True)
        with pytest.raises(IdempotencyMismatchError, match=r"^This plan was carried out already, for another call\."):
            await change_todos.call(actor, {**committed, "action": "delete"})
        return [*both, await change_todos.call(actor, committed)]

    done, refusal, again = asyncio.run(commit_twice())
    assert isinstance(refusal, InProgressError)
    assert str(refusal).startswith("This plan is being carried out.")
    assert len(done["done"]) == 1
    assert again == done
