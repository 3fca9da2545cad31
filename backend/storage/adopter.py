"""Adoption, as storage sees it: somebody else's tables become ours. What they mean, only the adopter knows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, make_url

from backend.storage import lock, quarantine, swap
from backend.storage.engine import looking, make_engine


@dataclass(frozen=True)
class Adopted:
    """What came along, as a sentence, and a line of JSON for each thing that could not come as it was."""

    sentence: str
    findings: str


class Adopter(Protocol):
    """Knows one kind of foreign database."""

    def recognises(self, connection: Connection) -> bool:
        """Whether these tables are of that kind; reads the catalogue only."""

    def adopt(self, source: Connection, target: Connection) -> Adopted:
        """Copy everything into an empty database of ours, and verify it."""

    def adopt_in_place(self, connection: Connection, create_tables: Callable[[Connection], object]) -> Adopted:
        """Put the old tables aside, create ours, and copy everything, in the caller's transaction."""


def is_foreign(engine: Engine, adopter: Adopter | None) -> bool:
    """Whether the database is one to adopt."""
    if adopter is None:
        return False
    with looking(engine) as connection:
        return adopter.recognises(connection)


def adopt_file(database: Path, engine: Engine, adopter: Adopter) -> str:
    """Replace a foreign file by one of ours that holds the same; the old one is kept. Answers a sentence."""
    from backend.storage import migrate  # noqa: PLC0415 - only who adopts pays for Alembic

    candidate = swap.candidate_of(database)
    migrate.create(candidate)
    target = make_engine(make_url(f"sqlite:///{candidate}"))
    try:
        with looking(engine) as source, target.begin() as connection:
            adopted = adopter.adopt(source, connection)
    finally:
        target.dispose()
        engine.dispose()
    migrate.as_one_file(candidate)
    folder = quarantine.keep(database, "adopted")
    (folder / "adoption.jsonl").write_text(adopted.findings)
    swap.swap(database, candidate)
    return f"{adopted.sentence} The old file is kept in {folder.parent.name}/{folder.name}."


def adopt_server(engine: Engine, adopter: Adopter) -> str:
    """Turn the foreign tables of a database server into ours, in one transaction; the old ones stay beside them."""
    from backend.storage import migrate  # noqa: PLC0415 - the same

    with lock.server_lock(engine), engine.begin() as connection:
        return adopter.adopt_in_place(connection, migrate.within).sentence
