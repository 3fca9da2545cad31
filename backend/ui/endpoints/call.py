"""What every published function does around its service: find out who calls, and say what goes wrong in one line."""

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from pydantic import BaseModel

from backend import access
from backend.errors import AppError, describe
from backend.models.operation import Door
from backend.services.actor import Actor

P = ParamSpec("P")
T = TypeVar("T")

# Where whoever sends the answer itself wants to know of a refusal, it is left here: Gradio gives it on as words alone.
refusals: ContextVar[list[AppError] | None] = ContextVar("refusals", default=None)


def refusing(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Turn any exception into one sentence with its code. Expected refusals leave no traceback in the log."""

    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - describe decides what the caller may see, and logs the rest
            refusal = describe(error)
            if (told := refusals.get()) is not None:
                told.append(refusal)
            raise gr.Error(refusal.line, print_exception=False) from None

    return call


async def caller(request: gr.Request) -> Actor:
    """Whose credentials the request carries."""
    return await access.identify(access.credential_of(request.headers, request.cookies), Door.GRADIO)


def address(request: gr.Request) -> str:
    """Where the request comes from, for what is counted."""
    return access.address_of(request.headers, request.client.host if request.client else None)


def plain(shape: BaseModel) -> dict[str, Any]:
    """An answer as JSON has it, which `pandas.DataFrame` takes as it is."""
    return shape.model_dump(mode="json")


def said(**values: Any) -> dict[str, Any]:
    """What was said: an argument left at None keeps the shape's default."""
    return {name: value for name, value in values.items() if value is not None}
