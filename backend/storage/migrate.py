"""Migrations, run in one transaction: a failure, or a kill -9, leaves the database at the revision it had.

Importing Alembic takes a third of a second, so a healthy start never imports this module.
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, make_url

from backend.storage import layout, resumable
from backend.storage.engine import make_engine, migrating

resumable.install()

SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"


def config(scripts: Path = SCRIPTS) -> Config:
    """Alembic's configuration without its ini file: that is for the command line, and would set up logging anew."""
    made = Config()
    made.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return made


def head(scripts: Path = SCRIPTS) -> str:
    """The newest revision of the scripts."""
    return str(ScriptDirectory.from_config(config(scripts)).get_current_head())


def upgrade(engine: Engine, *, revision: str = "head", scripts: Path = SCRIPTS) -> None:
    """Bring a database to a revision; raises what the database or Alembic raised, with nothing changed."""
    settings = config(scripts)
    with migrating(engine) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def create(path: Path, *, revision: str = "head") -> None:
    """Bring a file of its own to a revision, also one that is not there yet; it is left as one file, without a log."""
    engine = make_engine(make_url(f"sqlite:///{path}"))
    try:
        upgrade(engine, revision=revision)
    finally:
        engine.dispose()
    as_one_file(path)


def as_one_file(path: Path) -> None:
    """Fold the log of a file that nobody has open into it, so that it can be moved."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def within(connection: Connection) -> None:
    """Create our tables inside a transaction that is open already."""
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def every_layout(scripts: Path = SCRIPTS) -> dict[str, Any]:
    """The content of layouts.json: each revision in turn, applied to a fresh file and looked at."""
    directory = ScriptDirectory.from_config(config(scripts))
    fingerprints, ddl = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "layout.db"
        engine = make_engine(make_url(f"sqlite:///{database}"))
        for script in reversed(list(directory.walk_revisions())):
            upgrade(engine, revision=script.revision, scripts=scripts)
            connection = sqlite3.connect(database)
            fingerprints[script.revision] = layout.fingerprint(connection)
            statements = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
            ddl[script.revision] = [" ".join(sql.split()) for (sql,) in statements]
            connection.close()
        engine.dispose()
    return {"head": head(scripts), "fingerprints": fingerprints, "ddl": ddl}
