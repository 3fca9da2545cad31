"""An empty Gradio app with two buttons: what a click costs before anybody has done anything with it."""

import gradio as gr
from fastapi import FastAPI

with gr.Blocks(analytics_enabled=False) as page:
    number = gr.Number(0, label="Count")
    gr.Button("Queued").click(lambda count: count + 1, number, number, show_progress="hidden")
    gr.Button("At once").click(lambda count: count + 1, number, number, show_progress="hidden", queue=False)

app = gr.mount_gradio_app(FastAPI(), page, path="/", ssr_mode=False)
