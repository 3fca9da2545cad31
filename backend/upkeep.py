"""Upkeep: what an installation does for itself while it runs. What was kept long enough goes, a little at a time."""

import asyncio
import logging
from functools import partial

from backend import database
from backend.errors import AppError
from backend.models.base import utc_now
from backend.services import log, trash

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 3_600
# Between two pieces of work, so that requests come first.
_PAUSE_SECONDS = 0.05


async def keep_house() -> None:
    """Tidy up now and every hour, until cancelled."""
    while True:
        try:
            await tidy()
        except AppError as refusal:
            logger.warning("Tidying up was put off: %s", refusal.detail)
        await asyncio.sleep(_EVERY_SECONDS)


async def tidy() -> None:
    """Open the ledgers that are missing; let go of trash, log and stored answers that were kept long enough."""
    now = utc_now()
    for owner_id in await database.read(log.unopened):
        await database.write(partial(log.lock, owner_id=owner_id))
        await asyncio.sleep(_PAUSE_SECONDS)
    for owner_id in await database.read(lambda session: trash.due_owners(session, now)):
        while await database.write(partial(trash.tidy, owner_id=owner_id, now=now)):  # noqa: ASYNC110 - a pause between two pieces of work
            await asyncio.sleep(_PAUSE_SECONDS)
    await database.write(lambda session: trash.forget_answers(session, now))
