"""Puts the page into the app that serves it."""

from typing import Any

from backend.settings import set_up_packages
from backend.ui import lean

with lean.importing():
    import gradio as gr

from backend.ui import assets, endpoints
from backend.ui.endpoints import waiting
from backend.ui.page import build_page
from backend.ui.theme import CalmTheme

_HEAD = """
<meta name="description" content="A todo list that never loses a todo.">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f7f6f4" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#161514" media="(prefers-color-scheme: dark)">
"""


def mount(app: Any) -> Any:
    """Mount the page at `/`, where gradio_client and the frame of a Space look for it; answers the same app."""
    set_up_packages()
    page = build_page()
    waiting.bound(page)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=CalmTheme(),
        head=_HEAD,
        favicon_path=str(assets.ICON),
        pwa=True,  # left out, it depends on where the app runs
        footer_links=[],
        run_history=False,  # on by default, it keeps every input in the browser, passwords too
        show_error=False,  # on by default, it shows the text of any exception
        ssr_mode=False,  # could be switched on from the environment, and needs Node
        mcp_server=False,
    )
    mounted = app.routes[-1]
    # Outside of Gradio's app, where a refusal still reaches what renders it; within, it would be a failure.
    mounted.app = endpoints.guard(mounted.app, page)
    return app
