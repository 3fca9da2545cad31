"""Private handlers of the page: what people must know of the storage, and what an administrator does about it."""

import base64
from datetime import datetime

from pydantic import Field

from backend import access, database
from backend.errors import NotFoundError
from backend.models.base import Shape
from backend.models.notice import FilePart, KeptFile, KeptFolder, KeptFolders, Notices, Situation
from backend.models.operation import Door
from backend.services import upkeep
from backend.services.actor import Actor
from backend.ui.calls import Call, for_admin, for_anyone

# A damaged database can leave a long list of rejected rows; it comes in parts, so that no answer is huge.
_PART_BYTES = 1024 * 1024


class _Wanted(Shape):
    """A part of a file of the quarantine."""

    folder: str = Field(max_length=255)
    file: str = Field(max_length=255)
    offset: int = Field(0, ge=0)


@for_anyone
async def notices(call: Call, _address: str) -> Notices:
    """What must be told before somebody relies on the page. A stranger is told less."""
    actor = await access.identify(call.token, Door.UI) if call.token else None
    return Notices(notices=upkeep.notices(actor, _situation()))


@for_admin
async def list_quarantine(actor: Actor, _call: Call) -> KeptFolders:
    """What was put aside when the database was healed, since this account was made."""
    since = await _since(actor)
    kept = await database.in_thread(lambda: database.quarantined(since))
    return KeptFolders(
        quarantine=[
            KeptFolder(
                name=one.name,
                files=[
                    KeptFile(name=name, size=size, is_readable=database.is_readable(name))
                    for name, size in one.files.items()
                ],
            )
            for one in kept
        ]
    )


@for_admin
async def read_quarantine(actor: Actor, call: Call) -> FilePart:
    """A part of a report, or of the rows that were rejected or kept in part."""
    wanted = _Wanted.model_validate(call.body)
    since = await _since(actor)
    return await database.in_thread(lambda: _part(wanted, since))


@for_admin
async def acknowledge(_actor: Actor, _call: Call) -> None:
    """Say that the losses of a heal have been read."""
    await database.in_thread(database.acknowledge)


def _situation() -> Situation:
    report, home = database.report, database.home
    return Situation(
        is_read_only=report.is_read_only,
        is_damaged=report.is_damaged,
        survives_restart=database.survives_restart(),
        home_sentence=home.sentence if home is not None else "",
        unacknowledged=database.unacknowledged(),
        actions=list(report.actions),
    )


async def _since(actor: Actor) -> datetime:
    return await database.read(lambda session: upkeep.quarantine_since(session, actor))


def _part(wanted: _Wanted, since: datetime) -> FilePart:
    path = database.quarantined_file(wanted.folder, wanted.file, since)
    if path is None:
        raise NotFoundError("There is no such file in the quarantine any more.")
    with path.open("rb") as file:
        file.seek(wanted.offset)
        content = file.read(_PART_BYTES)
        after = wanted.offset + len(content)
        is_last = after >= path.stat().st_size
    return FilePart(content=base64.b64encode(content).decode(), next_offset=None if is_last else after)


HANDLERS = [notices, list_quarantine, read_quarantine, acknowledge]
