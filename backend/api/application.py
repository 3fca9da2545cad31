"""The FastAPI application: routers, error rendering, documentation. The UI is mounted onto it by `backend.main`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from backend import database, signals, upkeep
from backend.api import (
    admin,
    auth,
    browsing,
    calendar,
    discretion,
    exchange,
    filters,
    gate,
    health,
    history,
    lists,
    login,
    overview,
    problems,
    stats,
    tags,
    todos,
    tokens,
    users,
)
from backend.api.documentation import document
from backend.api.express import Express
from backend.api.express_writes import ExpressWrites
from backend.api.paths import SlashTolerance
from backend.api.shield import Shield
from backend.api.sizes import BodyLimit
from backend.settings import VERSION, Settings, get_settings

logger = logging.getLogger(__name__)

PREFIX = "/api/v1"


class _Application(FastAPI):
    """FastAPI with the express lane before it: its own middlewares would come first, and cost what a query costs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._entrance = Express(ExpressWrites(super().__call__))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is plain; ask the framework for the rest."""
        await self._entrance(scope, receive, send)


def create_api(settings: Settings) -> FastAPI:
    """An application that answers REST, and only REST, in the one error shape."""
    app = _Application(
        title="Todos",
        version=VERSION,
        summary="The todo backend that never loses a todo.",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    # What has a word where others have an id comes first; then what is asked most, because routes are tried in turn.
    resources = (
        *(exchange, todos, lists, tags, filters, stats, overview, history, calendar, auth, tokens, users, admin),
    )
    for resource in resources:
        app.include_router(resource.router, prefix=PREFIX)
    app.include_router(health.router)
    app.include_router(login.router)
    app.include_router(calendar.feed)
    app.include_router(lists.accepting, prefix=PREFIX)
    browsing.add_pages(app)
    discretion.keep_secrets()
    gate.close(app)
    problems.install(app)
    document(app)
    app.add_middleware(SlashTolerance)
    app.add_middleware(BodyLimit)
    if settings.backend_cors_origins:
        # No cookies across origins: those callers send their token in a header.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.backend_cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["Content-Disposition", "ETag", "Location", "Retry-After"],
        )
    app.add_middleware(Shield)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Report what the import of the database found and did; it is long done."""
    database.take_up()
    report, home, keeper = database.report, database.home, database.make_keeper()
    logger.info("Database at start: %s, prepared in %.2f s", report.found, report.seconds)
    for action in report.actions:
        logger.info("Database at start: %s", action)
    if home is not None:
        logger.log(logging.INFO if home.survives_restart and not home.is_exclusive else logging.WARNING, home.sentence)
    if keeper is not None:
        keeper.start()
    app.state.keeper = keeper
    try:
        async with signals.carried(get_settings()), upkeep.kept_house():
            logger.info("Application startup complete")
            yield
    finally:  # also when the page cannot be built and the process ends by that
        if keeper is not None:
            # All requests are answered by now: what they wrote is in this last snapshot.
            await database.in_thread(keeper.stop)
        database.let_go()
