"""Staging: files on their way between a browser and the server, in parts, for whoever is logged in.

Gradio's own uploads are open to strangers and keep what they get; here each part comes with the account's token, and a
file is deleted when it was used, when its owner begins another, and when nobody came back for it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from backend.errors import LimitReachedError, NotFoundError, PayloadTooLargeError
from backend.models.transfer import FILE_MAX_BYTES, FILE_TOO_LARGE

FILES_MAX = 32
# A smaller file stays in memory.
_IN_MEMORY_BYTES = 1024 * 1024
_KEPT_SECONDS = 15 * 60

_GONE = "The file is no longer here. Choose it again."
_CROWDED = "Too many files are being moved right now. Try again in a few minutes."


@dataclass
class Staged:
    """One file. Its owner has no other."""

    file: BinaryIO = field(default_factory=lambda: cast("BinaryIO", SpooledTemporaryFile(_IN_MEMORY_BYTES)))  # noqa: SIM115 - `drop` and `taken` close it
    touched: float = field(default_factory=time.monotonic)


_staged: dict[str, Staged] = {}


def begin(user_id: str) -> Staged:
    """A new empty file; one that the account had before is deleted."""
    drop(user_id)
    for owner in [owner for owner, one in _staged.items() if time.monotonic() - one.touched > _KEPT_SECONDS]:
        drop(owner)
    if len(_staged) >= FILES_MAX:
        raise LimitReachedError(_CROWDED)
    _staged[user_id] = Staged()
    return _staged[user_id]


def find(user_id: str) -> Staged:
    """The account's file; raises NotFoundError where it has none any more."""
    one = _staged.get(user_id)
    if one is None:
        raise NotFoundError(_GONE)
    one.touched = time.monotonic()
    return one


def append(user_id: str, offset: int, content: bytes) -> None:
    """Add a part. A part that comes twice is written twice to the same place."""
    one = begin(user_id) if offset == 0 else find(user_id)
    if offset + len(content) > FILE_MAX_BYTES:
        drop(user_id)
        raise PayloadTooLargeError(FILE_TOO_LARGE)
    if offset > one.file.seek(0, SEEK_END):
        drop(user_id)
        raise NotFoundError(_GONE)
    one.file.seek(offset)
    one.file.write(content)


@contextmanager
def taken(user_id: str) -> Iterator[BinaryIO]:
    """The account's file, for one use: it is deleted after it, whatever happened."""
    one = find(user_id)
    del _staged[user_id]
    with one.file as file:
        yield file


def drop(user_id: str) -> None:
    """Delete the account's file, if there is one."""
    one = _staged.pop(user_id, None)
    if one is not None:
        one.file.close()
