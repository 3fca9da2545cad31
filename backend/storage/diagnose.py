"""Diagnosis: names the state of a SQLite file and changes nothing."""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from backend.storage import layout
from backend.storage.layout import Layouts

_CORRUPT, _NOT_A_DATABASE = 11, 26  # https://www.sqlite.org/rescode.html
_PROBLEMS_SHOWN = 100


class State(StrEnum):
    """What a database file is, as far as a start is concerned."""

    NEW = "new"
    HEALTHY = "healthy"
    SCHEMA_OLD = "schema_old"
    VERSION_ROW_WRONG = "version_row_wrong"
    UNKNOWN_LAYOUT = "unknown_layout"
    CORRUPT = "corrupt"
    NOT_A_DATABASE = "not_a_database"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class Diagnosis:
    """A state, the revision that the layout has, and a sentence for the log."""

    state: State
    revision: str | None = None
    detail: str = ""


def diagnose(database: Path, layouts: Layouts) -> Diagnosis:  # noqa: PLR0911 - one return for each state
    """Look at a file. Only what SQLite itself calls damage is damage; everything else it refuses is UNUSABLE."""
    try:
        if not database.exists() or database.stat().st_size == 0:
            return Diagnosis(State.NEW)
        if not database.is_file():
            return Diagnosis(State.UNUSABLE, detail="the database's path is not a file")
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            return _look(connection, layouts)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        # Its subclasses are raised for locks, full disks and missing rights as well: the class says nothing.
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case code if code == _CORRUPT:
                return Diagnosis(State.CORRUPT, detail=str(error))
            case code if code == _NOT_A_DATABASE:
                return Diagnosis(State.NOT_A_DATABASE, detail=str(error))
            case _:
                return Diagnosis(State.UNUSABLE, detail=str(error))
    except OSError as error:
        return Diagnosis(State.UNUSABLE, detail=error.strerror or "the file cannot be read")


def _look(connection: sqlite3.Connection, layouts: Layouts) -> Diagnosis:
    problems = [row[0] for row in connection.execute(f"PRAGMA quick_check({_PROBLEMS_SHOWN})")]
    if problems != ["ok"] and any(_is_structural(problem) for problem in problems):
        return Diagnosis(State.CORRUPT, detail=problems[0])
    if not layout.table_names(connection):
        return Diagnosis(State.NEW)
    claimed = layout.version_rows(connection)
    found = layouts.revision_of(layout.fingerprint(connection))
    if found is None:
        return Diagnosis(State.UNKNOWN_LAYOUT, detail="its tables are of no release that this one knows")
    if claimed != [found]:
        return Diagnosis(
            State.VERSION_ROW_WRONG, found, f"its version row says {claimed or 'nothing'}, its tables say {found}"
        )
    return Diagnosis(State.HEALTHY if found == layouts.head else State.SCHEMA_OLD, found)


def _is_structural(problem: str) -> bool:
    """A row that breaks a rule, or an index that lacks an entry, is no damaged page."""
    return not problem.startswith(
        ("CHECK constraint failed", "NULL value in", "row ", "wrong # of entries", "non-unique")
    )
