"""The migrations: one chain, inline constraints, no dialect's own words, from the command line and back."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from backend.storage import layout, migrate
from tests.support import ROOT

REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()][::-1]


def alembic(*arguments: str, database: Path) -> str:
    """Run the command line as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_layouts_json_is_what_the_migrations_make() -> None:
    stored = json.loads(layout.LAYOUTS_FILE.read_text())
    assert stored == migrate.every_layout(), "run `python -m backend.storage.layout` and commit layouts.json"


def test_the_names_of_the_tables_are_those_that_the_layouts_have() -> None:
    known = layout.released()
    assert known.tables == {table.name for one in known.known for table in one.tables}


def test_the_chain_is_linear_and_its_first_id_is_not_the_old_deployments() -> None:
    assert len(ScriptDirectory.from_config(migrate.config()).get_heads()) == 1
    assert "001" not in REVISIONS


@pytest.mark.parametrize("path", sorted((ROOT / "alembic" / "versions").glob("*.py")), ids=lambda path: path.stem)
def test_no_migration_alters_a_table_to_add_a_constraint_or_speaks_one_dialect(path: Path) -> None:
    text = path.read_text()
    assert not re.search(
        r"~\*|ADD CONSTRAINT|create_check_constraint|create_foreign_key|create_unique_constraint", text
    )
    # A variant of a column's type is how each database is told of the same one; a statement for one alone is not.
    assert not re.search(r"postgresql_|op\.execute\(.*(?i:array|jsonb|ilike)", text)


def test_a_whole_way_up_checked_down_and_up_again(tmp_path: Path) -> None:
    database = tmp_path / "way.db"
    alembic("upgrade", "head", database=database)
    assert "No new upgrade operations detected" in alembic("check", database=database)
    alembic("downgrade", "base", database=database)
    connection = sqlite3.connect(database)
    assert layout.table_names(connection) == set()
    connection.close()
    alembic("upgrade", "head", database=database)


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_has_the_layout_that_is_written_down(tmp_path: Path, revision: str) -> None:
    database = tmp_path / "revision.db"
    alembic("upgrade", revision, database=database)
    connection = sqlite3.connect(database)
    assert layout.released().revision_of(layout.fingerprint(connection)) == revision
    connection.close()


def test_the_printed_sql_makes_the_same_database(tmp_path: Path) -> None:
    printed = alembic("upgrade", "head", "--sql", database=tmp_path / "unused.db")
    assert "ADD CONSTRAINT" not in printed
    connection = sqlite3.connect(tmp_path / "printed.db")
    connection.executescript(printed)
    assert layout.released().revision_of(layout.fingerprint(connection)) == REVISIONS[-1]
    connection.close()


def test_constraints_stand_inline_and_are_named(own_database: Path) -> None:
    connection = sqlite3.connect(own_database)
    ddl = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'todos'").fetchone()[0]
    connection.close()
    for name in ("pk_todos", "fk_todos_owner_id_users", "ck_todos_priority_rank", "ck_todos_completed"):
        assert f"CONSTRAINT {name}" in ddl
