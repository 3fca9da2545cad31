"""Shapes: the layout of a server's tables as facts that are the same on every kind of database.

Types are spelled differently everywhere; the names of tables and columns, what may be null, keys, unique columns,
indexes and references are not. So one list, made from the migrations on SQLite, recognises a revision on PostgreSQL and
MySQL. `shapes.json` holds the digest of each revision, made by `python -m backend.storage.shape`; a test fails when it
is old. The facts themselves are needed only when no digest fits, and are then made anew.
"""

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, make_url

SHAPES_FILE = Path(__file__).with_name("shapes.json")
VERSION_TABLE = "alembic_version"

Facts = frozenset[str]


@dataclass(frozen=True)
class Shapes:
    """The newest revision, every table that any revision has, and the digest of each revision, oldest first."""

    head: str
    tables: tuple[str, ...]
    digests: dict[str, str]

    def revision_of(self, facts: Facts, claimed: Collection[str]) -> str | None:
        """The revision with these facts. Of several that differ only in their rows: the one claimed, or the oldest."""
        found = [revision for revision, known in self.digests.items() if known == digest(facts)]
        return next((revision for revision in found if revision in claimed), found[0] if found else None)


@cache
def released() -> Shapes:
    """What this release knows."""
    stored = json.loads(SHAPES_FILE.read_text())
    return Shapes(head=stored["head"], tables=tuple(stored["tables"]), digests=stored["digests"])


def digest(facts: Facts) -> str:
    """A short name for a set of facts."""
    return hashlib.sha256("\n".join(sorted(facts)).encode()).hexdigest()[:16]


def facts_of(connection: Connection, tables: Collection[str]) -> Facts:
    """The facts about those of the tables that exist."""
    look = inspect(connection)
    there = sorted(set(look.get_table_names()) & set(tables))
    return frozenset(_facts(look, there)) if there else frozenset()


def _facts(look: Inspector, tables: list[str]) -> Iterator[str]:
    def of(found: Any) -> dict[str, Any]:
        return {name: value for (_, name), value in found.items()}

    columns, keys = (
        of(look.get_multi_columns(filter_names=tables)),
        of(look.get_multi_pk_constraint(filter_names=tables)),
    )
    indexes = of(look.get_multi_indexes(filter_names=tables))
    uniques = of(look.get_multi_unique_constraints(filter_names=tables))
    references = of(look.get_multi_foreign_keys(filter_names=tables))
    for table in tables:
        for column in columns[table]:
            yield f"column {table}.{column['name']} {'null' if column['nullable'] else 'not null'}"
        yield f"key {table}({_names(keys[table]['constrained_columns'])})"
        for reference in references[table]:
            yield (
                f"reference {table}({_names(reference['constrained_columns'])}) {reference['referred_table']}"
                f"({_names(reference['referred_columns'])}) {reference['options'].get('ondelete', 'NO ACTION')}"
            )
        # A unique constraint is an index as well, to PostgreSQL and MySQL; MySQL makes one for each reference.
        implied = {reference["name"] for reference in references[table]}
        for unique in uniques[table]:
            yield f"unique {table}({_names(unique['column_names'])})"
        for index in indexes[table]:
            names = _names(index["column_names"])
            if index["unique"]:
                yield f"unique {table}({names})"
            elif index["name"] not in implied:
                yield f"index {table}.{index['name']}({names})"


def _names(columns: list[str | None]) -> str:
    return ", ".join(str(column) for column in columns)


def every_revision() -> dict[str, Facts]:
    """The facts of each revision, oldest first: each one applied in turn to a throw-away file."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - a healthy start does not pay for Alembic

    from backend.storage import migrate  # noqa: PLC0415 - the same
    from backend.storage.engine import make_engine  # noqa: PLC0415 - it needs this package first

    facts = {}
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(make_url(f"sqlite:///{folder}/shape.db"))
        for script in reversed(list(ScriptDirectory.from_config(migrate.config()).walk_revisions())):
            migrate.upgrade(engine, revision=script.revision)
            with engine.connect() as connection:
                tables = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
                facts[script.revision] = facts_of(connection, tables)
        engine.dispose()
    return facts


def content() -> dict[str, Any]:
    """The content of shapes.json."""
    facts = every_revision()
    tables = {
        fact.removeprefix("key ").split("(")[0] for known in facts.values() for fact in known if fact[:4] == "key "
    }
    return {
        "head": list(facts)[-1],
        "tables": sorted(tables),
        "digests": {revision: digest(known) for revision, known in facts.items()},
    }


def main() -> None:
    """Write shapes.json from the migrations."""
    SHAPES_FILE.write_text(json.dumps(content(), indent=2) + "\n")


if __name__ == "__main__":
    main()
