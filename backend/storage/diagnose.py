"""Diagnosis: names the state of a SQLite file and changes nothing."""

import re
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from backend.storage import layout, look
from backend.storage.layout import Layouts
from backend.storage.look import Sidecar
from backend.storage.salvage.layouts import describe_tables, quoted

_PROBLEMS_SHOWN = 100
_MISSING = re.compile(r"row (\d+) missing from index (.+)")


class State(StrEnum):
    """What a database file is, as far as a start is concerned."""

    NEW = "new"
    HEALTHY = "healthy"
    STALE_SIDECAR = "stale_sidecar"
    INDEX_DAMAGED = "index_damaged"
    ROWS_INVALID = "rows_invalid"
    SCHEMA_OLD = "schema_old"
    SCHEMA_HALF = "schema_half"
    SCHEMA_NEWER = "schema_newer"
    UNKNOWN_LAYOUT = "unknown_layout"
    VERSION_ROW_WRONG = "version_row_wrong"
    CORRUPT = "corrupt"
    NOT_A_DATABASE = "not_a_database"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class Diagnosis:
    """A state, the revision that the layout has, and a sentence for the log."""

    state: State
    revision: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Check:
    """A look at the whole file: `quick`, or `full` with its indexes, references and texts."""

    kind: str
    at: datetime
    seconds: float
    result: State


def diagnose(  # noqa: PLR0911 - one return for each state
    database: Path,
    layouts: Layouts,
    *,
    watched: tuple[str, ...] = (),
    thorough: bool = False,
    is_fresh: bool = False,
    before_replay: Callable[[Sidecar], object] = lambda _: None,
) -> Diagnosis:
    """Look at a file. `thorough` also compares indexes, foreign keys and texts, at some six times the cost.

    `is_fresh`: SQLite has just made the whole file out of rows that came to it as Python's own texts. That its indexes
    fit its tables, and that its texts are UTF-8, is then its own doing, and is not proven again: looking up each row in
    each index and decoding each text is most of that cost.

    `before_replay` is called before a log is replayed that takes with it what cannot be had again: SQLite does that
    when it opens the file.
    """
    try:
        if not database.exists() or database.stat().st_size == 0:
            return Diagnosis(State.NEW)
        if not database.is_file():
            return Diagnosis(State.UNUSABLE, detail="the database's path is not a file")
        view, sidecar = look.judge(database, watched)
        if sidecar is Sidecar.FOREIGN:
            return Diagnosis(State.STALE_SIDECAR, detail="the log beside the file belongs to another database")
        if view.is_damaged:
            state = State.CORRUPT if view.is_database else State.NOT_A_DATABASE
            return Diagnosis(state, detail=view.problems[0])
        if sidecar in {Sidecar.TORN, Sidecar.CURING}:
            before_replay(sidecar)
        uri = f"{database.as_uri()}?{look.ordinary(database)}"
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            found = _layout(connection, layouts)
            if found.state in {State.UNKNOWN_LAYOUT, State.SCHEMA_NEWER, State.SCHEMA_HALF}:
                return found
            problems = [*view.problems, *(_thorough(connection, is_fresh) if thorough else ())]
    except sqlite3.DatabaseError as error:
        if look.is_damage(error):
            return Diagnosis(State.CORRUPT, detail=str(error))
        return Diagnosis(State.UNUSABLE, detail=str(error))
    except OSError as error:
        return Diagnosis(State.UNUSABLE, detail=error.strerror or "the file cannot be read")
    return _worst(problems) or found


def _worst(problems: list[str]) -> Diagnosis | None:
    for state, is_it in (
        (State.CORRUPT, look.is_structural),
        (State.ROWS_INVALID, look.is_of_a_row),
        (State.INDEX_DAMAGED, look.is_of_an_index),
    ):
        if matching := [problem for problem in problems if is_it(problem)]:
            return Diagnosis(state, detail=f"{matching[0]} ({len(matching)} such)")
    return None


def _layout(connection: sqlite3.Connection, layouts: Layouts) -> Diagnosis:
    tables = layout.table_names(connection)
    if not tables:
        return Diagnosis(State.NEW)
    claimed = layout.version_rows(connection)
    found = layouts.revision_of(layout.fingerprint(connection, layouts.tables))
    if found is None:
        if not tables & layouts.tables:
            return Diagnosis(State.UNKNOWN_LAYOUT, detail="none of its tables is ours")
        if any(revision not in layouts.fingerprints for revision in claimed):
            return Diagnosis(State.SCHEMA_NEWER, detail="a newer release has changed its tables")
        return Diagnosis(State.SCHEMA_HALF, detail="its tables are incomplete or half migrated")
    if claimed != [found]:
        said = ", ".join(claimed) or "nothing"
        return Diagnosis(State.VERSION_ROW_WRONG, found, f"its version row says {said}, its tables say {found}")
    return Diagnosis(State.HEALTHY if found == layouts.head else State.SCHEMA_OLD, found)


def _thorough(connection: sqlite3.Connection, is_fresh: bool) -> Iterator[str]:
    """What quick_check does not see: missing parents, texts that are no UTF-8, wrong entries in indexes not fresh."""
    # In SQLite's own 2 MiB: a cache of 64 MiB saves no CPU where each row is looked up in each index (140,000 todos in
    # 260 MiB: 10.6 s either way), and the process would often keep that memory for good.
    if not is_fresh:
        rows = connection.execute(f"PRAGMA integrity_check({_PROBLEMS_SHOWN})")
        found = [problem for (told,) in rows for problem in look.lines_of(told)]
        yield from found
        yield from _outvoted(connection, found)
    for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"CHECK constraint failed in {table}: row {rowid} has no {parent}"
    if is_fresh:
        return
    for table in describe_tables(connection):
        columns = ", ".join(quoted(column.name) for column in table.columns)
        query = f"SELECT {columns} FROM {quoted(table.name)}"  # noqa: S608 - quoted
        if _is_all_text(connection, query):
            continue
        connection.text_factory = bytes
        for row in connection.execute(query):
            if not all(_is_text(value) for value in row):
                yield f"CHECK constraint failed in {table.name}: a text is not UTF-8"


def _outvoted(connection: sqlite3.Connection, problems: list[str]) -> Iterator[str]:
    """Rows that several indexes know otherwise: it is the row that was hit, and REINDEX would make them all say so."""
    indexes = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"
    table_of: dict[str, str] = dict(connection.execute(indexes).fetchall())
    missing = (match for problem in problems if (match := _MISSING.fullmatch(problem)))
    for (table, row), count in Counter((table_of.get(match[2], ""), match[1]) for match in missing).items():
        if count > 1:
            yield f"{count} indexes of {table} do not know its row {row} as it is"


def _is_all_text(connection: sqlite3.Connection, query: str) -> bool:
    """Whether every text decodes: the driver's own decoder sees to that, many times as fast as a loop of ours."""
    connection.text_factory = str
    try:
        deque(connection.execute(query), maxlen=0)
    except sqlite3.OperationalError as error:
        if look.code_of(error):
            raise
        return False
    return True


def _is_text(value: object) -> bool:
    if not isinstance(value, bytes) or value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
