"""The step before Gradio's routes for calls: what arrives is completed, or refused in the one error shape.

Left alone, Gradio raises for a call with too few values, prints them all, passwords too, and tells the caller nothing;
a function that is not there is a failure of the server.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio.data_classes import PredictBody
from pydantic import TypeAdapter
from pydantic_core import to_json

from backend import replay
from backend.errors import AppError, BadRequestError, FieldError, NotFoundError, invalid, missing, unknown
from backend.ui.endpoints import waiting
from backend.ui.endpoints.call import refusals

_CALLS = re.compile(r"/gradio_api/(?:(?P<route>run|api|call|call/v2)/(?P<name>[^/]+)|queue/join)/?$")
_FETCHES = re.compile(r"/gradio_api/(?:call/(?:v2/)?[^/]+/(?P<event>[^/]+)|queue/data)/?$")
_AT_ONCE = ("run", "api")  # the routes that answer with the result; the others give a stream of events
_NAMED = TypeAdapter(dict[str, Any])
_Send = Callable[[Any], Awaitable[None]]


class Intake:
    """Stands before Gradio's app and passes on only calls that fit the function they are for."""

    def __init__(self, app: Any, page: gr.Blocks, published: Sequence[Callable[..., Any]]) -> None:
        self._app = app
        self._page = page
        self._published = {function.__name__: _parameters(function) for function in published}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything on; a call with all its values, and a fetch of what waits to be fetched."""
        if scope["type"] == "http" and scope["method"] == "GET" and (fetch := _FETCHES.search(scope["path"])):
            asked = parse_qs(scope["query_string"].decode("latin-1"))
            waiting.ensure_there(self._page, event=fetch["event"], session=asked.get("session_hash", [None])[-1])
        call = _CALLS.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if call is None:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"json" not in headers.get(b"content-type", b""):
            raise BadRequestError("Send the values as JSON, with the header Content-Type: application/json.")
        body = self._completed(call["route"], call["name"], await replay.whole(receive))
        headers[b"content-length"] = str(len(body)).encode()
        if call["route"] in _AT_ONCE:
            send = _with_status(send)
        await self._app({**scope, "headers": list(headers.items())}, replay.of_body(body, receive), send)

    def _completed(self, route: str | None, name: str | None, body: bytes) -> bytes:
        if route == "call/v2":
            return to_json(_by_name(self._parameters_of(name), _NAMED.validate_json(body)))
        call = PredictBody.model_validate_json(body)
        waiting.ensure_short(call.session_hash)
        # The simple routes know no other function than the one that their address names.
        index = None if route == "call" else call.fn_index
        if index is None and name is None:
            raise missing("fn_index")
        if index is not None:
            if index not in self._page.fns:
                raise NotFoundError(f"There is no function {index}.")
            function = self._page.fns[index]
            name = str(function.api_name)
            if function.api_visibility != "public":
                if len(call.data) < len(function.inputs):
                    raise BadRequestError(f"This function takes {len(function.inputs)} values, not {len(call.data)}.")
                return body
        data = _in_order(self._parameters_of(name), call.data)
        return to_json({**call.model_dump(exclude_unset=True), "data": data})

    def _parameters_of(self, name: str | None) -> Mapping[str, Any]:
        if name not in self._published:
            raise NotFoundError(f"There is no function {str(name)[:100]}; there are {', '.join(self._published)}.")
        return self._published[name]


def _with_status(send: _Send) -> _Send:
    """Sends a refusal with the status and headers that it has over REST: Gradio answers 500 to each."""
    refused: list[AppError] = []
    refusals.set(refused)

    async def sent(message: Any) -> None:
        if refused and message["type"] == "http.response.start":
            more = [(name.lower().encode(), value.encode()) for name, value in refused[0].headers.items()]
            message = {**message, "status": refused[0].status, "headers": [*message["headers"], *more]}
        await send(message)

    return sent


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """What the caller gives, with its defaults; the request is Gradio's to give."""
    parameters = signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.annotation is not gr.Request}


def _in_order(parameters: Mapping[str, Any], values: Sequence[Any]) -> list[Any]:
    if len(values) > len(parameters):
        takes = f"takes {len(parameters)} values at most: {', '.join(parameters)}" if parameters else "takes no values"
        raise invalid([FieldError("data", f"has too many values: this function {takes}")])
    return list(_by_name(parameters, dict(zip(parameters, values, strict=False))).values())


def _by_name(parameters: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    strange = [name for name in values if name not in parameters]
    if strange:
        raise unknown(*strange)
    complete = {**parameters, **values}
    absent = [name for name, value in complete.items() if value is Parameter.empty]
    if absent:
        raise missing(*absent)
    return complete
