"""The FastAPI application: routers, error rendering, documentation. The UI is mounted onto it by `backend.main`."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from backend import database, upkeep
from backend.api import (
    admin,
    auth,
    browsing,
    calendar,
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
from backend.api.paths import SlashTolerance
from backend.api.shield import Shield
from backend.api.sizes import BodyLimit
from backend.settings import VERSION, Settings

logger = logging.getLogger(__name__)

PREFIX = "/api/v1"


def create_api(settings: Settings) -> FastAPI:
    """An application that answers REST, and only REST, in the one error shape."""
    app = FastAPI(
        title="Todos",
        version=VERSION,
        summary="The todo backend that never loses a todo.",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.include_router(health.router)
    app.include_router(login.router)
    app.include_router(calendar.feed)
    # What has a word where others have an id comes first.
    resources = (
        *(auth, tokens, users, exchange, todos, lists, tags, filters, stats, overview, history, calendar, admin),
    )
    for resource in resources:
        app.include_router(resource.router, prefix=PREFIX)
    app.include_router(lists.accepting, prefix=PREFIX)
    browsing.add_pages(app)
    calendar.keep_secrets()
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
    report, home, keeper = database.report, database.home, database.make_keeper()
    logger.info("Database at start: %s, prepared in %.2f s", report.found, report.seconds)
    for action in report.actions:
        logger.info("Database at start: %s", action)
    if home is not None:
        logger.log(logging.INFO if home.survives_restart and not home.is_exclusive else logging.WARNING, home.sentence)
    if keeper is not None:
        keeper.start()
    app.state.keeper = keeper
    housekeeping = asyncio.create_task(upkeep.keep_house())
    logger.info("Application startup complete")
    yield
    housekeeping.cancel()
    if keeper is not None:
        # All requests are answered by now: what they wrote is in this last snapshot.
        await database.in_thread(keeper.stop)
    database.engine.dispose()
