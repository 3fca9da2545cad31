"""Gradio's queue keeps what strangers make it keep within bounds."""

import asyncio

import gradio as gr
import httpx
from fastapi import FastAPI
from gradio.events import api

from backend.settings import set_up_packages
from backend.ui.endpoints import waiting

SESSIONS = 300


def test_sessions_that_nobody_fetches_push_each_other_out() -> None:
    set_up_packages()  # without it, Gradio sums up all calls after each
    asyncio.run(_call_in_many_sessions())  # where no loop runs, Gradio opens one for each lock and never closes it


async def _call_in_many_sessions() -> None:
    heard: list[str] = []
    all_heard, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear(word: str) -> None:
        heard.append(word)
        if len(heard) == SESSIONS:
            loop.call_soon_threadsafe(all_heard.set)

    with gr.Blocks(analytics_enabled=False) as page:
        api(hear, api_name="hear", concurrency_limit=None)
    waiting.bound(page)
    app = gr.mount_gradio_app(FastAPI(), page, path="/", ssr_mode=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        for number in range(SESSIONS):
            body = {"data": [str(number)], "fn_index": 0, "session_hash": f"session-{number}"}
            assert (await client.post("/gradio_api/queue/join", json=body)).status_code == 200
        await asyncio.wait_for(all_heard.wait(), 30)
    queue = page._queue
    for kept in (queue.pending_messages_per_session, queue.pending_event_ids_session, page.state_holder.session_data):
        assert 0 < len(kept) <= 200
