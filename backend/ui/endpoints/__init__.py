"""The public endpoints for `gradio_client`: typed, documented for their callers, thin.

Gradio does not check the types of what arrives, so each function builds the same shape as REST does, and refuses with
the same words. The account comes from the request's credentials, never from an argument that could name another user.
"""

from typing import Any

import gradio as gr
from gradio.events import api

from backend.ui.endpoints.accounts import login, register, whoami
from backend.ui.endpoints.adding import add_todo, add_todos, quick_add
from backend.ui.endpoints.history import overview, stats, undo
from backend.ui.endpoints.intake import Intake
from backend.ui.endpoints.todos import (
    complete_todo,
    delete_todo,
    get_todo,
    list_todos,
    reopen_todo,
    restore_todo,
    update_todo,
)

_PUBLIC = (
    register,
    login,
    whoami,
    add_todo,
    add_todos,
    quick_add,
    list_todos,
    get_todo,
    update_todo,
    complete_todo,
    reopen_todo,
    delete_todo,
    restore_todo,
    undo,
    overview,
    stats,
)


def publish() -> None:
    """Add the endpoints to the Blocks that are being built."""
    for function in _PUBLIC:
        # Without the queue a call is one round trip; the services take their own turns at the database.
        api(function, api_name=function.__name__, queue=False, concurrency_limit=None)


def guard(app: Any, page: gr.Blocks) -> Intake:
    """Gradio's app with a step before it that lets only calls pass that fit their function."""
    return Intake(app, page, _PUBLIC)
