"""The board: one component of our own, whose script draws the page and calls private server functions.

The browser holds the list, shows a change at once and takes it back when the server refuses. Gradio carries the calls:
each is one POST to the component, outside of the queue, and none of them is in the public API.
"""

import gradio as gr

from backend.models.field import TITLE_MAX
from backend.models.transfer import FILE_MAX_BYTES
from backend.models.user import PASSWORD_MIN
from backend.ui import (
    accounts,
    assets,
    exchange,
    filters,
    history,
    lists,
    members,
    overview,
    profile,
    tags,
    todos,
    upkeep,
    welcome,
)

_MODULES = (accounts, exchange, filters, history, lists, members, overview, profile, tags, todos, upkeep, welcome)

# What stands there until the script runs. It holds no data, and neither does any template of ours: a template
# interprets what is put into it, while the script writes user text with `textContent` only.
_SKELETON = '<div class="todos" aria-busy="true"></div>'


def todo_board() -> gr.HTML:
    """The whole page: signing in, the list, the trash, the dialogs."""
    # Not a subclass: Gradio would write a stub file of it beside this one.
    return gr.HTML(
        html_template=_SKELETON,
        js_on_load=assets.script(),
        apply_default_css=False,
        server_functions=[*(handler for module in _MODULES for handler in module.HANDLERS)],
        elem_id="todo-board",
        limits={"title": TITLE_MAX, "password": PASSWORD_MIN, "file": FILE_MAX_BYTES, "part": exchange.PART_BYTES},
    )
