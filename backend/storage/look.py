"""A look at a database file that cannot change it.

Opening is the dangerous act. With the -wal of another database beside it, a healthy file becomes the other database on
the first ordinary open, every check says "ok", and closing makes it final. So where a sidecar holds anything, the file
is seen twice before anybody opens it: view A ignores the sidecars, view B has them replayed.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from backend.storage import files
from backend.storage.quarantine import SIDECARS
from backend.storage.salvage.layouts import quoted
from backend.storage.salvage.wal import is_torn

CORRUPT, NOT_A_DATABASE = 11, 26  # https://www.sqlite.org/rescode.html: only these two mean damage
_PROBLEMS_SHOWN = 100
# https://www.sqlite.org/fileformat2.html#the_rollback_journal
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
_IMMUTABLE = "mode=ro&immutable=1"
_KEYS_COMPARED = 200
# An empty view B is another database's log where view A has at least this many rows; below, somebody may have deleted.
_ROWS_THAT_DO_NOT_VANISH = 10


class Sidecar(StrEnum):
    """What a -wal or -journal with content is to the file it lies beside.

    TORN and CURING are OWN too, but replaying them takes away what cannot be had again: a log of which a part is cut
    or garbage, or a file that is damaged without its log.
    """

    NONE = "none"
    OWN = "own"
    TORN = "torn"
    CURING = "curing"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class View:
    """What one way of reading the file shows. `problems` are SQLite's own words; damage is judged from them."""

    problems: tuple[str, ...] = ()
    is_database: bool = True
    rows: dict[str, int] = field(default_factory=dict)
    keys: dict[str, frozenset[tuple[object, ...]]] = field(default_factory=dict)

    @property
    def is_damaged(self) -> bool:
        """True for damaged pages. A row that breaks a rule, or an index that lacks an entry, is none."""
        return not self.is_database or any(is_structural(problem) for problem in self.problems)


def lines_of(told: str) -> list[str]:
    """The problems in one row of quick_check or integrity_check: of damaged pages it tells in one, under a heading."""
    return [line for line in told.splitlines() if line != "ok" and not line.startswith("*** in database ")]


def is_structural(problem: str) -> bool:
    """Whether a line of quick_check or integrity_check speaks of damaged pages."""
    return not is_of_a_row(problem) and not is_of_an_index(problem)


def is_of_a_row(problem: str) -> bool:
    """Whether it speaks of a row that breaks a rule."""
    return problem.startswith(("CHECK constraint failed", "NULL value in", "NUMERIC value in", "TEXT value in"))


def is_of_an_index(problem: str) -> bool:
    """Whether it speaks of an index that does not fit its table, which REINDEX cures."""
    return problem.startswith(("wrong # of entries in index", "non-unique entry in index")) or (
        problem.startswith("row ") and "missing from index" in problem
    )


def sidecar_of(database: Path) -> Path | None:
    """The -wal or -journal that holds anything."""
    sidecars = (database.with_name(database.name + suffix) for suffix in ("-wal", "-journal"))
    return next(filter(files.has_content, sidecars), None)


def judge(database: Path, watched: tuple[str, ...]) -> tuple[View, Sidecar]:
    """The view to work with, and what the sidecar is. `watched` tables tell two databases apart by their keys."""
    sidecar = sidecar_of(database)
    if sidecar is None:
        return see(database, (), options=ordinary(database)), Sidecar.NONE  # nothing to compare it with
    # Before anybody opens it with its log: that makes the log's index anew.
    was_torn = _is_torn(sidecar)
    alone = see(database, watched, options=_IMMUTABLE)
    with _replayed(database) as (path, uri_options):
        together = see(path, watched, options=uri_options)
    if not together.is_damaged and not _belongs_elsewhere(alone, together, watched):
        if alone.is_damaged:
            return together, Sidecar.CURING
        return together, Sidecar.TORN if was_torn else Sidecar.OWN
    if not alone.is_damaged and alone.rows:
        return alone, Sidecar.FOREIGN
    return (together if together.is_damaged else alone), Sidecar.DAMAGED


def ordinary(database: Path) -> str:
    """How to open a file that has no sidecar, or its own: nothing is written either way.

    Not read-only where it can be helped: SQLite 3.40 then leaves CHECK constraints out of quick_check (measured).
    """
    return "mode=rw" if files.is_writable(database) else _IMMUTABLE


def see(database: Path, watched: tuple[str, ...], *, options: str) -> View:
    """One view. Raises sqlite3.DatabaseError for what is neither readable nor damaged, such as a lock."""
    uri = f"{database.resolve().as_uri()}?{options}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            connection.text_factory = bytes
            rows = connection.execute(f"PRAGMA quick_check({_PROBLEMS_SHOWN})")
            problems = tuple(line for (text,) in rows for line in lines_of(text.decode(errors="replace")))
            connection.text_factory = lambda data: data.decode(errors="replace")
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            present = [table for table in watched if table in names]
            return View(
                problems,
                rows={table: _count(connection, table) for table in present},
                keys={table: _keys(connection, table) for table in present},
            )
    except UnicodeDecodeError:
        # Only SQLite's own messages are decoded strictly here, and they quote names from the file.
        return View(("the names in the schema are garbage",))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return View((str(error),), is_database=code_of(error) != NOT_A_DATABASE)


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where Python itself refused."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Locks, full disks and missing rights raise subclasses of the same exception: only the code tells."""
    return code_of(error) in {CORRUPT, NOT_A_DATABASE}


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0])  # noqa: S608 - quoted


def _keys(connection: sqlite3.Connection, table: str) -> frozenset[tuple[object, ...]]:
    """Some keys, the same ones in two states of one database unless they were deleted."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})") if row[5]] or ["rowid"]
    wanted = ", ".join(quoted(column) if column != "rowid" else column for column in columns)
    query = f"SELECT {wanted} FROM {quoted(table)} ORDER BY {wanted} LIMIT {_KEYS_COMPARED}"  # noqa: S608 - quoted
    return frozenset(connection.execute(query))


def _is_torn(sidecar: Path) -> bool:
    if sidecar.name.endswith("-wal"):
        return is_torn(sidecar)
    with sidecar.open("rb") as file:
        return file.read(len(_JOURNAL)) != _JOURNAL


def _belongs_elsewhere(alone: View, together: View, watched: tuple[str, ...]) -> bool:
    """Whether replaying would turn the file into another database."""
    if alone.is_damaged:
        # Nothing of the file can be compared with, but its log must at least make it one of ours.
        return not all(table in together.rows for table in watched)
    if not any(alone.rows.values()):
        return False
    if not together.rows:
        return True
    if not any(together.rows.values()):
        return sum(alone.rows.values()) >= _ROWS_THAT_DO_NOT_VANISH
    return not any(alone.keys[table] & together.keys.get(table, frozenset()) for table in alone.keys)


@contextmanager
def _replayed(database: Path) -> Iterator[tuple[Path, str]]:
    """Where view B can be seen. A -wal is read in place; a -journal is rolled back by opening, so on a private copy."""
    if not files.has_content(database.with_name(database.name + "-journal")):
        yield database, "mode=ro"
        return
    with private_copy(database) as copy:
        yield copy, "mode=rw"


@contextmanager
def private_copy(database: Path) -> Iterator[Path]:
    """A copy of a file and of what lies beside it, for who has to open them and may change none."""
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=f"{database.name}.look.") as folder:
        copy = Path(folder) / database.name
        for suffix in ("", *SIDECARS):
            with suppress(FileNotFoundError):
                # With its time, by which the index of a log is judged.
                shutil.copy2(database.with_name(database.name + suffix), copy.with_name(copy.name + suffix))
        yield copy
