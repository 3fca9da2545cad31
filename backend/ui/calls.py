"""How the page's script calls the server: one envelope in, one envelope out, and no exception in between.

The script calls private server functions of the board. Each gets the account's token with the call, because cookies may
be blocked where the page is framed by another site, and answers `{"ok": true, "data": ...}` or `{"ok": false, "error":
{...}}` with the words of `errors.describe`.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
from pydantic import Field

from backend import access
from backend.errors import AppError, FieldError, describe, invalid
from backend.models.base import Id, Shape
from backend.models.operation import Door
from backend.services import upkeep
from backend.services.actor import Actor

Handler = Callable[[Any, gr.Request], Awaitable[dict[str, Any]]]


class Call(Shape):
    """What the script sends: who asks, about what, and the input of the action, checked by its own shape."""

    token: str = Field("", max_length=4_096)
    id: Id | None = None
    version: int | None = None
    body: dict[str, Any] = Field(default_factory=dict)

    @property
    def object_id(self) -> str:
        """What the call is about."""
        if self.id is None:
            raise invalid([FieldError("id", "names what is meant, and is missing")])
        return self.id

    @property
    def versions(self) -> set[int] | None:
        """The version that the change was made for; None where it may go on top of any."""
        return None if self.version is None else {self.version}


def for_anyone(work: Callable[[Call, str], Awaitable[Shape | None]]) -> Handler:
    """A handler for those who are not logged in: the work gets the call and the address that it came from."""

    async def handle(payload: Any, request: gr.Request) -> dict[str, Any]:
        try:
            return _answer(await work(Call.model_validate(payload), _address(request)))
        except Exception as error:  # noqa: BLE001 - `describe` turns every exception into words, and logs what is unexpected
            return _refusal(describe(error))

    return _named(handle, work)


def for_account(work: Callable[[Actor, Call], Awaitable[Shape | None]]) -> Handler:
    """A handler for an account: the work gets who asks and the call."""

    async def handle(payload: Any, _request: gr.Request) -> dict[str, Any]:
        return await answered(work, payload)

    return _named(handle, work)


def for_person(work: Callable[[Actor, Call, str], Awaitable[Shape | None]]) -> Handler:
    """A handler for an account whose attempts are counted: the work also gets the address that they come from."""

    async def handle(payload: Any, request: gr.Request) -> dict[str, Any]:
        async def addressed(actor: Actor, call: Call) -> Shape | None:
            return await work(actor, call, _address(request))

        return await answered(addressed, payload)

    return _named(handle, work)


async def answered(work: Callable[[Actor, Call], Awaitable[Shape | None]], payload: Any) -> dict[str, Any]:
    """What an account's call comes to, as an envelope; nothing is raised."""
    try:
        call = Call.model_validate(payload)
        return _answer(await work(await access.identify(call.token, Door.UI), call))
    except Exception as error:  # noqa: BLE001 - `describe` turns every exception into words, and logs what is unexpected
        return _refusal(describe(error))


def for_admin(work: Callable[[Actor, Call], Awaitable[Shape | None]]) -> Handler:
    """A handler for an administrator alone."""

    async def checked(actor: Actor, call: Call) -> Shape | None:
        upkeep.ensure_admin(actor)
        return await work(actor, call)

    return _named(for_account(checked), work)


def _answer(data: Shape | None) -> dict[str, Any]:
    return {"ok": True, "data": None if data is None else data.model_dump(mode="json")}


def _refusal(error: AppError) -> dict[str, Any]:
    return {
        "ok": False,
        "error": {
            "code": error.code,
            "detail": error.detail,
            "errors": [{"field": fault.field, "message": fault.message} for fault in error.errors],
            "retry_after_seconds": error.retry_after_seconds,
            "current": error.current,
        },
    }


def _address(request: gr.Request) -> str:
    return access.address_of(request.headers, request.client.host if request.client else None)


def _named(handle: Handler, work: Callable[..., Any]) -> Handler:
    # Not functools.wraps: Gradio injects the request by the signature, and would follow `__wrapped__` to the wrong one.
    handle.__name__ = work.__name__
    handle.__doc__ = work.__doc__
    return handle
