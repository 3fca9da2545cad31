"""Import and export of the page: files come and go in parts, and Gradio shows how far the work has come.

The work itself is an event in Gradio's queue, because only those have a progress bar.
"""

import base64
import binascii
from typing import Any

import gradio as gr
from pydantic import Field

from backend import database, transfers
from backend.errors import FieldError, invalid
from backend.models.base import Shape, utc_now
from backend.models.notice import FilePart
from backend.models.transfer import Format
from backend.services.actor import Actor
from backend.ui import staging
from backend.ui.calls import Call, for_account
from backend.ui.courier import delivered

# In base64 it still fits into a request of the size that any request may have.
PART_BYTES = 512 * 1024
_PART_LETTERS = PART_BYTES * 4 // 3 + 4

# More would only slow each other down, and everybody else.
_AT_ONCE = 4


class _Part(Shape):
    """A part of a file that comes in, in base64."""

    offset: int = Field(ge=0)
    content: str = Field(max_length=_PART_LETTERS)


class _Place(Shape):
    """Where a part of a file that goes out begins."""

    offset: int = Field(ge=0)


class _Transfer(Shape):
    """What is to be done."""

    format: Format
    dry_run: bool = False


class Exported(Shape):
    """A file that waits to be fetched."""

    name: str
    media_type: str


@for_account
async def stage_part(actor: Actor, call: Call) -> None:
    """Take a part of the file that is to be imported; the first one begins another file."""
    part = _Part.model_validate(call.body)
    try:
        content = base64.b64decode(part.content, validate=True)
    except binascii.Error:
        raise invalid([FieldError("content", "must be base64")]) from None
    await database.in_thread(lambda: staging.append(actor.user_id, part.offset, content))


@for_account
async def fetch_part(actor: Actor, call: Call) -> FilePart:
    """A part of the file that was exported. After its last part it is deleted."""
    offset = _Place.model_validate(call.body).offset
    return await database.in_thread(lambda: _part(actor, offset))


def add_to(board: gr.HTML, courier: gr.HTML) -> None:
    """The two events, which answer by the courier, over which Gradio shows the progress bar."""
    shared: dict[str, Any] = {
        "outputs": courier,
        "api_visibility": "private",
        "concurrency_limit": _AT_ONCE,
        "concurrency_id": "transfers",
    }
    board.import_file(_import, **shared)
    board.export_file(_export, **shared)


async def _import(event: gr.EventData, progress: gr.Progress = gr.Progress()) -> dict[str, Any]:  # noqa: B008 - Gradio finds it there
    async def work(actor: Actor, call: Call) -> Shape:
        wanted = _Transfer.model_validate(call.body)
        words = "Looking through the file" if wanted.dry_run else "Importing"
        with staging.taken(actor.user_id) as file:
            return await transfers.take(
                actor, file, wanted.format, is_dry=wanted.dry_run, told=_telling(progress, words)
            )

    return await delivered(event, work)


async def _export(event: gr.EventData, progress: gr.Progress = gr.Progress()) -> dict[str, Any]:  # noqa: B008 - the same
    async def work(actor: Actor, call: Call) -> Shape:
        wanted = _Transfer.model_validate(call.body).format
        told = _telling(progress, "Writing the file")
        await database.in_thread(lambda: _write(actor, wanted, told))
        kind = transfers.KINDS[wanted]
        return Exported(name=f"todos-{utc_now():%Y-%m-%d}.{kind.ending}", media_type=kind.media_type)

    return await delivered(event, work)


def _telling(progress: gr.Progress, words: str) -> transfers.Told:
    return lambda fraction: progress(fraction, desc=words)


def _write(actor: Actor, wanted: Format, told: transfers.Told) -> None:
    file = staging.begin(actor.user_id).file
    try:
        for piece in transfers.written(actor, wanted, told):
            file.write(piece)
    except BaseException:
        staging.drop(actor.user_id)
        raise


def _part(actor: Actor, offset: int) -> FilePart:
    file = staging.find(actor.user_id).file
    file.seek(offset)
    content = file.read(PART_BYTES)
    is_last = not file.read(1)
    if is_last:
        staging.drop(actor.user_id)
    return FilePart(content=base64.b64encode(content).decode(), next_offset=None if is_last else offset + len(content))


HANDLERS = [stage_part, fetch_part]
