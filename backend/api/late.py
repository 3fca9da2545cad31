"""What joins REST late: parts that take seconds to import, while somebody waits for a host that wakes up.

They are imported and put onto the app in a thread, from the moment that the app serves. Who asks for them earlier waits
until they are there; a request that REST knows is never held up, as its routes come first.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from backend.errors import InternalError

logger = logging.getLogger(__name__)

Build = Callable[[FastAPI], Any]


def join(app: FastAPI, build: Build) -> FastAPI:
    """Let `build` add its routes, and its part of the lifespan, once the app serves; answers the same app."""
    late, before = _Late(app, build), app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[Any]:
        async with before(running) as state, late.opening():
            yield state

    app.router.lifespan_context = lifespan
    app.router.routes.append(late)
    return app


class _Late(BaseRoute):
    """Takes every request that no earlier route takes, and sends it round again when the late routes are there."""

    def __init__(self, app: FastAPI, build: Build) -> None:
        self._app = app
        self._build = build
        self._lifespan: Callable[[FastAPI], Any] | None = None
        self._is_open: asyncio.Event | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:  # noqa: ARG002 - the protocol's signature
        return (Match.NONE if self._is_open is not None and self._is_open.is_set() else Match.FULL), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_open is None:
            raise InternalError("The page is not there: the server that runs this app does not start its lifespan.")
        await self._is_open.wait()
        await self._app.router(scope, receive, send)

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """Build, and serve what was built as long as this lasts."""
        self._is_open, closing = asyncio.Event(), asyncio.Event()
        # What is entered must be left in the same task, and the lifespan of the app goes on without it meanwhile.
        serving = asyncio.create_task(self._serve(self._is_open, closing))
        try:
            yield
        finally:
            closing.set()
            await serving

    async def _serve(self, is_open: asyncio.Event, closing: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            try:
                if self._lifespan is None:
                    self._lifespan = await asyncio.to_thread(self._built)
                await stack.enter_async_context(self._lifespan(self._app))
            except Exception:
                logger.critical("The page could not be built, so the app ends.", exc_info=True)
                # From outside of any task: nobody can mistake it for a failure of their own, and the process ends.
                asyncio.get_running_loop().call_soon(sys.exit, 1)
                return
            is_open.set()
            await closing.wait()

    def _built(self) -> Callable[[FastAPI], Any]:
        """Build, and answer the lifespan of what was built: what serves already has begun its own long ago."""
        router = self._app.router
        own, router.lifespan_context = router.lifespan_context, lambda _: nullcontext()
        try:
            # Where no loop runs, Gradio opens one for each of its locks and never closes it.
            asyncio.run(_in_a_loop(self._build, self._app))
            return router.lifespan_context
        finally:
            router.lifespan_context = own


async def _in_a_loop(build: Build, app: FastAPI) -> None:
    build(app)
