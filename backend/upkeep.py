"""Upkeep: what an installation does for itself while it runs. What was kept long enough goes, a little at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from anyio import CancelScope

from backend import database
from backend.errors import AppError
from backend.models.base import utc_now
from backend.services import log, trash

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 3_600
# Between two pieces of work, so that requests come first.
_PAUSE_SECONDS = 0.05


@asynccontextmanager
async def kept_house() -> AsyncIterator[None]:
    """Tidy up now and every hour, as long as this is open. What is being done when it closes is done to its end."""
    scope = CancelScope()
    task = asyncio.create_task(_keep_house(scope))
    try:
        yield
    finally:
        # The scope, not the task: cancelling that would leave a thread at work with a connection.
        scope.cancel()
        await asyncio.wait({task})


async def _keep_house(scope: CancelScope) -> None:
    with scope:
        while True:
            try:
                await tidy()
            except AppError as refusal:
                logger.warning("Tidying up was put off: %s", refusal.detail)
            await asyncio.sleep(_EVERY_SECONDS)


async def tidy() -> None:
    """Open the ledgers that are missing; let go of trash, log and stored answers that were kept long enough.

    Nothing where another process of the app is doing it at this moment.
    """
    async with database.alone("upkeep") as is_ours:
        if is_ours:
            await _tidy()


async def _tidy() -> None:
    now = utc_now()
    for owner_id in await database.read(log.unopened):
        await database.write(partial(log.lock, owner_id=owner_id))
        await asyncio.sleep(_PAUSE_SECONDS)
    for owner_id in await database.read(lambda session: trash.due_owners(session, now)):
        while await database.write(partial(trash.tidy, owner_id=owner_id, now=now)):  # noqa: ASYNC110 - a pause between two pieces of work
            await asyncio.sleep(_PAUSE_SECONDS)
    await database.write(lambda session: trash.forget_answers(session, now))
