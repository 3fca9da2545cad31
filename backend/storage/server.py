"""Preparation of a database server: waits for it, then brings its tables to the newest revision behind a lock.

What its tables are decides, not what its version row claims: a row can be missing, or of another application, while the
tables are ours, and the other way round. On PostgreSQL a migration is one transaction. MySQL commits each step by
itself, so a migration that was killed there is recognised by its half-made tables, and taken up again.

Nothing is ever dropped here. Tables that are of no known release are left as they are, and the app says so.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from backend.storage import lock, shape, waiting
from backend.storage.diagnose import State
from backend.storage.faults import words_of
from backend.storage.shape import VERSION_TABLE, Facts, Shapes

logger = logging.getLogger(__name__)

_MISSING_SHOWN = 3


@dataclass(frozen=True)
class Outcome:
    """What was found and done; the fields of a Report."""

    found: State
    actions: tuple[str, ...] = ()
    is_usable: bool = True


@dataclass(frozen=True)
class _Look:
    """What stands in the database: facts about our tables, what the version row claims, others' tables, encoding."""

    facts: Facts
    claimed: tuple[str, ...]
    has_others: bool
    encoding: str


def prepare(engine: Engine, *, wait_seconds: float) -> Outcome:
    """Wait for the server, then migrate what is behind, once, whoever else tries at the same time."""
    try:
        waiting.until_up(engine, wait_seconds)
        with lock.server_lock(engine):
            return _correct(engine, shape.released())
    except waiting.OutOfReachError as error:
        detail = f"{error} The app goes on trying."
    except TimeoutError as error:
        detail = str(error)
    except DBAPIError as error:
        detail = f"The database cannot be prepared: {words_of(error)}. Nothing was lost."
    except SQLAlchemyError as error:
        detail = f"The database cannot be prepared: {type(error).__name__}. Nothing was lost."
    return Outcome(State.UNUSABLE, (detail,), is_usable=False)


def _correct(engine: Engine, known: Shapes) -> Outcome:
    seen = _look(engine, known)
    if seen.encoding not in {"", "UTF8"}:
        return _refuse(State.UNUSABLE, f"its encoding is {seen.encoding}, and todos need UTF8")
    revision = known.revision_of(seen.facts, seen.claimed)
    if revision == known.head and seen.claimed == (revision,):
        return Outcome(State.HEALTHY)
    if not seen.facts:
        if seen.has_others and seen.claimed and not set(seen.claimed) <= set(known.digests):
            return _refuse(State.UNKNOWN_LAYOUT, "another application keeps its tables there; give this one its own")
        return _bring_up(engine, known, State.NEW, None, "Created the tables.")
    if revision is not None:
        state = State.SCHEMA_OLD if seen.claimed == (revision,) else State.VERSION_ROW_WRONG
        return _bring_up(engine, known, state, revision, f"Its tables are of revision {revision}.")
    return _correct_unknown(engine, known, seen)


def _correct_unknown(engine: Engine, known: Shapes, seen: _Look) -> Outcome:
    """No revision has exactly these tables: something was added by hand, or a migration was killed half way."""
    every = shape.every_revision()
    claimed = seen.claimed[0] if len(seen.claimed) == 1 and seen.claimed[0] in every else None
    if claimed is not None and not (missing := every[claimed] - seen.facts):
        if claimed == known.head:
            extra = ", ".join(sorted(seen.facts - every[claimed])[:_MISSING_SHOWN])
            return Outcome(State.HEALTHY, (f"The tables have more than this release knows ({extra}); left as it is.",))
        return _bring_up(engine, known, State.SCHEMA_OLD, claimed, f"Its tables are of revision {claimed} or later.")
    if claimed == known.head and all(fact.startswith("index ") for fact in missing):
        return Outcome(State.HEALTHY, (f"Indexes are missing, so some lists are slow: {', '.join(sorted(missing))}.",))
    if engine.dialect.name != "postgresql":
        before: str | None = None
        for revision, facts in every.items():
            start = every[before] if before else frozenset()
            if start & facts <= seen.facts <= start | facts and seen.claimed in {(before,), ()}:
                return _bring_up(engine, known, State.SCHEMA_OLD, before, f"A migration to {revision} was cut short.")
            before = revision
    wanted = every[claimed or known.head]
    if claimed is not None and (gone := _tables_in(wanted) - _tables_in(seen.facts)):
        named = ", ".join(sorted(gone))
        told = (
            f"The database is left as it is: tables of it are gone: {named}. Put back a backup of the database server."
        )
        return Outcome(State.UNKNOWN_LAYOUT, (told,), is_usable=False)
    return _refuse(
        State.UNKNOWN_LAYOUT, f"its tables are of no release that this one knows{_missing(wanted - seen.facts)}"
    )


def _bring_up(engine: Engine, known: Shapes, found: State, revision: str | None, words: str) -> Outcome:
    """Make the version row say what the tables are, migrate from there, and look again: only a look decides."""
    logger.info("%s Bringing it to %s.", words, known.head)
    with engine.begin() as connection:
        _stamp(connection, revision)
    if revision != known.head:
        from backend.storage import migrate  # noqa: PLC0415 - a healthy start does not pay for Alembic

        migrate.upgrade(engine)
    again = _look(engine, known)
    if again.claimed == (known.head,) and (
        known.revision_of(again.facts, again.claimed) == known.head or shape.every_revision()[known.head] <= again.facts
    ):
        return Outcome(found, (f"{words} Brought it to {known.head}.",))
    return _refuse(State.UNKNOWN_LAYOUT, "its tables are not what the migrations make")


def _look(engine: Engine, known: Shapes) -> _Look:
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
        claimed = tuple(connection.scalars(query)) if VERSION_TABLE in there else ()
        is_postgresql = engine.dialect.name == "postgresql"
        encoding = str(connection.scalar(text("SHOW server_encoding"))) if is_postgresql else ""
        others = there - set(known.tables) - {VERSION_TABLE}
        return _Look(shape.facts_of(connection, known.tables), claimed, bool(others), encoding)


def _stamp(connection: Connection, revision: str | None) -> None:
    if not inspect(connection).has_table(VERSION_TABLE):
        if revision is None:
            return
        connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    if revision is not None:
        connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:revision)"), {"revision": revision})  # noqa: S608 - a constant


def _refuse(state: State, detail: str) -> Outcome:
    told = f"The database is left as it is: {detail}."
    if state is State.UNKNOWN_LAYOUT:
        told += " Name a database of this app's own in DATABASE_URL, or deploy the release that made these tables."
    return Outcome(state, (told,), is_usable=False)


def _tables_in(facts: Facts) -> set[str]:
    columns = (fact.split()[1] for fact in facts if fact.startswith("column "))
    return {column.partition(".")[0] for column in columns}


def _missing(facts: Iterable[str]) -> str:
    shown = sorted(facts)[:_MISSING_SHOWN]
    return f" (missing: {'; '.join(shown)})" if shown else ""
