"""The page that people open, and the functions that programs call, in one Blocks."""

import gradio as gr

from backend.ui import endpoints, exchange, figures
from backend.ui.board import todo_board
from backend.ui.courier import courier

TITLE = "Todos"


def build_page() -> gr.Blocks:
    """The Blocks: the board for people, the published endpoints for gradio_client and MCP."""
    # Analytics would tell a foreign host that somebody runs this.
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        board = todo_board()
        messenger = courier()
        figures.add_to(board, messenger)
        exchange.add_to(board, messenger)
        endpoints.publish()
    return page
