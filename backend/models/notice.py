"""Notice: what people must know of the app's storage before they rely on it."""

from typing import Literal

from pydantic import Field

from backend.models.base import Shape


class Situation(Shape):
    """How the storage is, as far as people are concerned. `home_sentence` says what becomes of the data, and why."""

    is_read_only: bool
    is_damaged: bool
    survives_restart: bool
    home_sentence: str
    unacknowledged: str | None
    actions: list[str]


class Notice(Shape):
    """One thing to be told, in plain sentences, a line each."""

    kind: Literal["damaged", "read_only", "losses", "ephemeral"]
    text: str
    details: list[str] = Field(default_factory=list)
    has_quarantine: bool = False
    can_be_acknowledged: bool = False


class Notices(Shape):
    """All of them, the most urgent first."""

    notices: list[Notice]


class Dwelling(Shape):
    """Where the data of this installation is, and what becomes of it at a restart: a sentence each."""

    place: str
    fate: str


class KeptFile(Shape):
    """A file of the quarantine, with its size in bytes; `is_readable` where it may be downloaded."""

    name: str
    size: int
    is_readable: bool


class KeptFolder(Shape):
    """What was put aside at one time: its name says when and why."""

    name: str
    files: list[KeptFile]


class KeptFolders(Shape):
    """Everything that was put aside since the administrator's account was made, the newest first."""

    quarantine: list[KeptFolder]


class FilePart(Shape):
    """A part of a file, in base64; `next_offset` is where the next one begins, null at the end."""

    content: str
    next_offset: int | None
