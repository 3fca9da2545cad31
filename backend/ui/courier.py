"""The courier: how an event of Gradio's answers the page's script.

What Gradio's own components show (plots, a progress bar) is filled by events, which answer into components and nowhere
else. The script triggers one with the account's token and a ticket; the envelope that it waits for becomes the
courier's value. Gradio draws the progress bar over the courier.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr

from backend.models.base import Shape
from backend.services.actor import Actor
from backend.ui.calls import Call, answered

_TELLING = 'watch("value", () => document.dispatchEvent(new CustomEvent("todos:answer", { detail: props.value })));'
_HEIGHT = 64


def courier() -> gr.HTML:
    """The component; the script moves it to where the progress bar is to be seen."""
    return gr.HTML(
        html_template="<p></p>", js_on_load=_TELLING, apply_default_css=False, elem_id="courier", min_height=_HEIGHT
    )


async def delivered(event: gr.EventData, work: Callable[[Actor, Call], Awaitable[Shape | None]]) -> dict[str, Any]:
    """The courier's next value: what the work comes to, with the ticket of the event; nothing is raised."""
    data = event._data  # noqa: SLF001 - Gradio's only way to all of an event's data
    if not isinstance(data, dict):
        return {"ticket": None, **await answered(work, data)}
    call = {name: value for name, value in data.items() if name != "ticket"}
    return {"ticket": data.get("ticket"), **await answered(work, call)}
