"""Adoption, as storage sees it: somebody else's tables become ours. What they mean, only the adopter knows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from backend.storage import lock, look, quarantine, swap
from backend.storage.engine import make_engine, make_reader
from backend.storage.salvage.caretaker import Caretaker
from backend.storage.salvage.layouts import Layout


class RefusedError(Exception):
    """The adopter will not take a database over; the text is a sentence that says why. Nothing was changed."""


@dataclass(frozen=True)
class Adopted:
    """What came along, as a sentence, and a line of JSON for each thing that could not come as it was."""

    sentence: str
    findings: str


class Adopter(Protocol):
    """Knows one kind of foreign database."""

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """What its tables may look like on disk, for reading a damaged file."""

    @property
    def caretaker(self) -> Caretaker:
        """Answers for rows of a damaged file that are not whole."""

    def create_bare(self, path: Path) -> None:
        """Make a file with its tables, empty and without rules, for what is saved of a damaged one."""

    def recognises(self, connection: Connection) -> bool:
        """Whether these tables are of that kind; reads the catalogue only."""

    def is_whole(self, connection: Connection) -> bool:
        """Whether all of its tables are there; asked of what it recognises, and reads the catalogue only."""

    def adopt(self, source: Connection, target: Connection) -> Adopted:
        """Copy everything into an empty database of ours, and verify it. Raises RefusedError."""

    def adopt_in_place(self, connection: Connection, create_tables: Callable[[Connection], object]) -> Adopted:
        """Put the old tables aside, create ours, and copy everything, in the caller's transaction."""


def is_foreign(engine: Engine, adopter: Adopter | None) -> bool:
    """Whether the database is one to adopt."""
    if adopter is None:
        return False
    with engine.connect() as connection:
        return adopter.recognises(connection)


def is_foreign_file(database: Path, adopter: Adopter) -> bool:
    """The same for a file, of which nothing is changed by asking."""
    with _reading(database) as connection:
        return adopter.recognises(connection)


def is_cut_short(database: Path, adopter: Adopter) -> bool:
    """Whether a file to adopt was left in the middle of something, so that rows of it may lie outside of its tables.

    A migration that was killed leaves rows in its copy of a table; a table that is gone leaves them in free pages.
    """
    with _reading(database) as connection:
        copies = connection.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE '\\_alembic\\_tmp\\_%' ESCAPE '\\'"
        )
        if copies.scalar_one():
            return True
        return not adopter.is_whole(connection) and connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() > 0


def adopt_file(database: Path, adopter: Adopter) -> str:
    """Replace a foreign file by one of ours that holds the same; the old one is kept. Answers a sentence.

    Raises RefusedError, sqlite3.Error or OSError with the file in place.
    """
    candidate = swap.candidate_of(database)
    adopted = fill(candidate, database, adopter)
    folder = quarantine.keep(database, "adopted")
    (folder / "adoption.jsonl").write_text(adopted.findings)
    swap.swap(database, candidate)
    return f"{adopted.sentence} The old file is kept in {folder.parent.name}/{folder.name}."


def fill(candidate: Path, foreign: Path, adopter: Adopter) -> Adopted:
    """Make a file of ours out of a foreign one, which is only read."""
    from backend.storage import migrate  # noqa: PLC0415 - only who adopts pays for Alembic

    migrate.create(candidate)
    target = make_engine(make_url(f"sqlite:///{candidate}"))
    try:
        with _reading(foreign) as source, target.begin() as connection:
            adopted = adopter.adopt(source, connection)
    finally:
        target.dispose()
    migrate.as_one_file(candidate)
    return adopted


@contextmanager
def _reading(database: Path) -> Iterator[Connection]:
    """A connection that changes nothing. What SQLite refuses is told as SQLite says it, here as everywhere else."""
    engine = make_reader(database, look.ordinary(database))
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise error.orig from error
        raise
    finally:
        engine.dispose()


def adopt_server(engine: Engine, adopter: Adopter) -> str:
    """Turn the foreign tables of a database server into ours, in one transaction; the old ones stay beside them."""
    from backend.storage import migrate  # noqa: PLC0415 - the same

    with lock.server_lock(engine), engine.begin() as connection:
        return adopter.adopt_in_place(connection, migrate.within).sentence
