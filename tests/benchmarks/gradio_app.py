"""The least that an app with REST and a Gradio page can be: an empty Blocks, mounted onto one route."""

import gradio as gr
from fastapi import FastAPI

api = FastAPI()


@api.get("/health/live")
async def live() -> dict[str, str]:
    """What answers first."""
    return {"status": "alive"}


app = gr.mount_gradio_app(api, gr.Blocks(), path="/")
