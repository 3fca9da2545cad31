"""The least that a Gradio app can do: answer what it was sent. `python -m tests.benchmarks.echo PORT`."""

import sys

import gradio as gr
from gradio.events import api


def echo(text: str) -> str:
    """Answer the same."""
    return text


if __name__ == "__main__":
    with gr.Blocks(analytics_enabled=False) as page:
        api(echo, api_name="echo", queue=False)
    page.launch(server_port=int(sys.argv[1]), quiet=True)
