"""The page that people open, and the functions that programs call, in one Blocks."""

import gradio as gr

from backend.ui import endpoints
from backend.ui.board import todo_board

TITLE = "Todos"


def build_page() -> gr.Blocks:
    """The Blocks: the board for people, the published endpoints for gradio_client and MCP."""
    # Analytics would tell a foreign host that somebody runs this.
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        todo_board()
        endpoints.publish()
    return page
