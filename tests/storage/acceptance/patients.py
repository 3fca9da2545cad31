"""Databases to damage and to start the app on, and what is compared before and after.

They are built at a fixed revision and migrated to the newest one, so no test here knows what the newest looks like.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

import backend.models  # noqa: F401 - fills the metadata
from backend import security
from backend.models.base import metadata
from backend.security import TokenKind
from backend.storage import layout, migrate, quarantine, taking
from backend.storage.engine import make_engine
from backend.storage.home import find_home
from tests.storage import reference
from tests.storage.acceptance.nursery import ROOT, Call, Child, Ended, Nursery
from tests.storage.assay import untouched
from tests.storage.damage import damage

# The newest revision whose tables the author of the reference can fill.
WRITTEN_AT = "b95d1c6f2e08"
OLDEST = "299861bd0370"

# What people wrote, and its keys. Other tables are derived from it, or are the installation's own.
KEYS = {
    table.name: tuple(column.name for column in table.primary_key)
    for table in metadata.sorted_tables
    if table.name not in {"installation", "ledgers", "todo_words"}
}
TABLES = tuple(KEYS)
HEALTHY = "healthy"
_SIZE_OF_THE_FIGURES = 8 * 2**20
_TODOS_OF_THE_FIGURES = 19_000

Key = tuple[Any, ...]
Content = dict[str, dict[Key, tuple[Any, ...]]]


@dataclass(frozen=True)
class Kept:
    """A database that stays as it is, with an older snapshot of it."""

    database: Path
    backups: Path

    @cached_property
    def truth(self) -> Content:
        return contents(self.database)


@dataclass
class Patient:
    """A copy to damage, in a folder of its own."""

    database: Path
    nursery: Nursery
    truth: Content
    before: dict[str, bytes] = field(default_factory=dict)
    healthy: Path | None = None

    def hurt(self, fault: str, seed: int = 1, n: int | None = None) -> Patient:
        damage(self.database, fault, seed, n, table="todos")
        return self

    def pages(self, n: int) -> int:
        """So many pages of the 8 MiB that the acceptance figures are of; of a smaller file the same share."""
        return max(1, min(n, n * self.database.stat().st_size // _SIZE_OF_THE_FIGURES))

    def start(self, **how: Any) -> Ended:
        """Start the app; remembers what the files were before."""
        self.remember()
        return self.nursery.start(self.database, **how)

    def begin(self, **how: Any) -> Child:
        return self.nursery.begin(self.database, **how)

    def remember(self) -> None:
        """Note the set of files as it is now; -shm is SQLite's scratch memory, and no data."""
        self.before = {
            suffix: path.read_bytes()
            for suffix in ("", "-wal", "-journal")
            if (path := self.database.with_name(self.database.name + suffix)).exists() and path.stat().st_size
        }

    @property
    def folders(self) -> list[Path]:
        folder = quarantine.folder_of(self.database)
        return sorted(folder.iterdir()) if folder.exists() else []

    def statement(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            for statement in statements:
                connection.execute(statement)

    @property
    def backups(self) -> list[Path]:
        return sorted(self.database.parent.joinpath("backups").glob("*.db"))

    def with_backup(self, kept: Kept) -> Patient:
        shutil.copytree(kept.backups, self.database.parent / "backups")
        return self

    def snapshot(self) -> Patient:
        taking.take(find_home(self.database, is_space=False), "schedule")
        return self

    def outcome(self) -> Outcome:
        return compare(self.truth, contents(self.database), flagged(self.folders))

    @property
    def is_of_the_figures(self) -> bool:
        """Whether the file is as large as those that the acceptance figures are of; in a small one a page is a lot."""
        return len(self.truth["todos"]) >= _TODOS_OF_THE_FIGURES

    def untouched(self) -> set[tuple[str, Key]]:
        """What people wrote that stands on pages which are as they were: no damage elsewhere may cost it."""
        assert self.healthy is not None
        found = untouched(self.healthy, self.database)
        return {(table, key) for table in ("users", "sessions", "todos") for key in found.get(table, ())}

    def assert_kept(self) -> None:
        """Each file of the set is where it was, as it was, or lies as it was in quarantine."""
        assert self.is_kept(), f"of {list(self.before)} not all is in {[folder.name for folder in self.folders]}"

    def is_kept(self) -> bool:
        names = {self.database.name + suffix: content for suffix, content in self.before.items()}
        places = {name: [self.database.with_name(name), *(folder / name for folder in self.folders)] for name in names}
        return all(
            any(place.exists() and place.read_bytes() == content for place in places[name])
            for name, content in names.items()
        )

    def assert_well(self, **how: Any) -> Ended:
        """What holds after each start: nothing is gone, SQLite finds nothing, and a second start does nothing."""
        self.assert_kept()
        assert_sound(self.database)
        folders, content = self.folders, contents(self.database)
        again = self.nursery.start(self.database, **how)
        assert again.found == HEALTHY, again.log
        assert again.actions == []
        assert self.folders == folders
        assert contents(self.database) == content
        return again

    def token(self, user: str) -> dict[str, str]:
        """The environment of a start whose REST calls come from this user."""
        [(session, *_)] = [row for key, row in sessions_of(self.truth, user).items()][:1] or [("",)]
        soon = datetime.now(UTC) + timedelta(hours=1)
        signed = security.sign(TokenKind.ACCESS, user_id=user, session_id=session, generation=1, expires_at=soon)
        return {"TOKEN": signed}


@dataclass
class Outcome:
    """What became of the rows. `silent` are wrong or missing a value, and nobody says so; `ghosts` never were.

    `flagged` are wrong too, and told.
    """

    total: int = 0
    exact: int = 0
    present: int = 0
    flagged: list[tuple[str, Key]] = field(default_factory=list)
    silent: list[tuple[str, Key, list[tuple[Any, Any]]]] = field(default_factory=list)
    ghosts: list[tuple[str, Key]] = field(default_factory=list)
    flagged_ghosts: list[tuple[str, Key]] = field(default_factory=list)
    missing: list[tuple[str, Key]] = field(default_factory=list)

    @property
    def exact_share(self) -> float:
        return 100 * self.exact / self.total

    @property
    def present_share(self) -> float:
        return 100 * self.present / self.total

    @property
    def is_whole(self) -> bool:
        return self.exact == self.total and not self.ghosts and not self.flagged_ghosts


def build(folder: Path, users: int, todos: int) -> Kept:
    """A reference at the newest revision, with a snapshot from before its last deletions, edits and additions."""
    folder.mkdir(parents=True)
    database, older = folder / "todo.db", folder / "older" / "todo.db"
    older.parent.mkdir()
    write(database, users=users, todos=todos, backup=older)
    for path in (database, older):
        to_head(path)
    taking.take(find_home(older, is_space=False), "schedule")
    with closing(sqlite3.connect(database)) as connection:
        # As the app leaves it.
        connection.execute("PRAGMA journal_mode = WAL")
    return Kept(database, older.parent / "backups")


def build_lived(folder: Path) -> Kept:
    """What people leave behind who use everything, with a snapshot from the middle of it."""
    (folder / "older").mkdir(parents=True)
    kept = Kept(folder / "todo.db", folder / "older" / "backups")
    for step in ("begin", "go on"):
        subprocess.run(
            [sys.executable, str(Path(__file__).with_name("lived.py")), step],
            check=True,
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": f"sqlite:///{kept.database}", "PYTHONPATH": str(ROOT)},
            capture_output=True,
        )
        if not kept.backups.exists():
            shutil.copytree(folder / "backups", kept.backups)
    return kept


def write(database: Path, *, users: int, todos: int, revision: str = WRITTEN_AT, backup: Path | None = None) -> None:
    """A database of a release, filled. Everybody's login holds for long."""
    statements = layout.released().ddl[revision]
    ddl = reference.DDL["head"]
    reference.DDL["head"] = tuple(statements)
    try:
        reference.build(database, users=users, todos=todos, backup=backup)
    finally:
        reference.DDL["head"] = ddl
    for path in (database, *([backup] if backup else [])):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
            connection.execute("UPDATE sessions SET generation = 1, expires_at = '2099-01-01T00:00:00.000000Z'")
            if "installation" in layout.table_names(connection):
                connection.execute("INSERT INTO installation VALUES (1, 'active')")


def to_head(database: Path) -> None:
    engine = make_engine(make_url(f"sqlite:///{database}"))
    migrate.upgrade(engine)
    engine.dispose()
    migrate.as_one_file(database)


def contents(database: Path, columns_of: Mapping[str, list[str]] | None = None) -> Content:
    """Every row of what people wrote, by its key, or the named columns; the table's own word: an index may lie."""
    found: Content = {}
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        for table in columns_of or TABLES:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            key = [name for _, name, *_, place in sorted(columns, key=lambda column: int(column[-1])) if place]
            names = ", ".join(columns_of[table] if columns_of else sorted(column[1] for column in columns))
            found[table] = {
                row[: len(key)]: row[len(key) :]
                for row in connection.execute(f"SELECT {', '.join(key)}, {names} FROM {table} NOT INDEXED")
            }
    return found


def columns_in(database: Path) -> dict[str, list[str]]:
    """The tables that people write to, as they are in this file, with their columns."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return {
            table: sorted(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
            for table in TABLES
            if table in layout.table_names(connection)
        }


def sessions_of(content: Content, user: str) -> dict[Key, Key]:
    return {key: key for key, row in content["sessions"].items() if user in row}


def flagged(folders: Iterable[Path]) -> set[tuple[str, frozenset[tuple[str, Any]]]]:
    """The rows that the ledgers in quarantine speak of; each as what is in it, because its key may be anywhere."""
    found = set()
    for folder in folders:
        for name, parts in (("partial.jsonl", ("row",)), ("rejected.jsonl", ("row", "kept"))):
            if not (folder / name).exists():
                continue
            # Not splitlines(): what was damaged may hold any of the letters that end a line somewhere.
            for line in (folder / name).read_text(encoding="utf-8").rstrip("\n").split("\n"):
                entry = json.loads(line)
                for part in parts:
                    if entry[part]:
                        values = ((key, value) for key, value in entry[part].items() if isinstance(value, str | int))
                        found.add((entry["table"].removeprefix("_alembic_tmp_"), frozenset(values)))
    return found


def compare(truth: Content, found: Content, flags: Iterable[tuple[str, frozenset[tuple[str, Any]]]]) -> Outcome:
    outcome = Outcome()
    told: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for table, values in flags:
        if table in told:
            told[table].append(dict(values))
    marked = {
        table: {frozenset(str(row.get(name)) for name in KEYS[table]) for row in rows} for table, rows in told.items()
    }
    for table, rows in truth.items():
        outcome.total += len(rows)
        for key, row in rows.items():
            got = found[table].get(key)
            is_flagged = frozenset(map(str, key)) in marked[table]
            if got is None:
                outcome.missing.append((table, key))
                continue
            outcome.present += 1
            if got == row:
                outcome.exact += 1
            elif is_flagged:
                outcome.flagged.append((table, key))
            else:
                outcome.silent.append((table, key, [pair for pair in zip(row, got, strict=True) if pair[0] != pair[1]]))
        for key in found[table].keys() - rows.keys():
            is_flagged = frozenset(map(str, key)) in marked[table]
            (outcome.flagged_ghosts if is_flagged else outcome.ghosts).append((table, key))
    return outcome


def assert_sound(database: Path) -> None:
    """SQLite finds nothing, no row lacks its parent, and the tables are the newest revision's."""
    known = layout.released()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is None
        assert known.revision_of(layout.fingerprint(connection, known.tables)) == known.head
        assert layout.version_rows(connection) == [known.head]


def listing(user_token: dict[str, str], *calls: Call) -> dict[str, Any]:
    """What makes a start ask REST as a user."""
    return {"calls": calls or (("GET", "/api/v1/todos?limit=100", None),), "environment": user_token}


def statuses(ended: Ended) -> Sequence[int]:
    return [answer["status"] for answer in ended.answers]
