"""Transfers: files that todos leave and come in by, and what is said of an import."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field, StrictBool

from backend.models.base import Id, Shape

REPORT_MAX = 1_000
FILE_MAX_BYTES = 64 * 1024 * 1024
FILE_TOO_LARGE = "The file is larger than 64 MiB; split it and import its parts."


class Format(StrEnum):
    """How a file says what is to do."""

    JSON = "json"
    CSV = "csv"
    ICS = "ics"
    TODOTXT = "todotxt"


class ImportLine(Shape):
    """What is to say of a line: that nothing was taken of it, or (refused: false) what was left out or changed."""

    line: int = Field(description="Where it begins in the file, from 1; in JSON where it ends.")
    refused: bool
    message: str


class ImportRead(Shape):
    """What an import did, or in a dry run would do. The numbers count todos."""

    dry_run: StrictBool
    created: int
    updated: int = Field(description="Known by their id, and the file says something newer.")
    unchanged: int = Field(description="Known, and the same here; or newer here than in the file.")
    refused: int = Field(description="Lines of which nothing could be taken.")
    lists_created: int
    filters_created: int
    report: list[ImportLine] = Field(description=f"By line, at most {REPORT_MAX:,} of them.")
    report_total: int = Field(description="How many lines the report would have.")
    operation_id: Id | None = Field(description="Undo takes it back as one; null where nothing was changed.")


class CalendarRead(Shape):
    """Whether there is a secret address of the calendar feed."""

    exists: bool
    created_at: datetime | None


class CalendarCreated(Shape):
    """The secret address, shown this once. Who knows it can read the feed."""

    url: str = Field(examples=["https://example.com/calendar/secret.ics"])
    created_at: datetime
