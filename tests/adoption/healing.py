"""A start on a damaged file of the old deployment, compared with a start on the same file while it was whole."""

import json
import shutil
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from backend import derived
from backend.adoption.adopter import OldDeployment
from backend.repair import TodoCaretaker
from backend.storage import layout, prepare, quarantine
from backend.storage.diagnose import State
from backend.storage.heal import Derived
from backend.storage.prepare import Report, Rules
from tests.storage.assay import untouched

MADE_ANEW = Derived(frozenset(derived.TABLES), derived.rebuild, derived.give_back)
RULES = Rules(("users", "todos"), TodoCaretaker(), OldDeployment(), MADE_ANEW)

Key = tuple[str, int]
Rows = dict[Key, dict[str, Any]]
Note = tuple[str, int | None, str]

DAMAGED = {State.CORRUPT, State.NOT_A_DATABASE, State.STALE_SIDECAR}


@dataclass(frozen=True)
class Truth:
    """What a start makes of the file while it is whole."""

    rows: Rows
    tags: set[tuple[str, str]]
    notes: set[Note]


def truth_of(whole: Path, folder: Path) -> Truth:
    """Adopt a copy of the whole file."""
    database = copy(whole, folder)
    assert start(database).is_usable
    return Truth(rows(database), tags(database), noted(quarantine.folder_of(database)))


def start(database: Path) -> Report:
    """What importing the app does."""
    prepared = prepare.prepare(make_url(f"sqlite:///{database}"), layout.released(), RULES)
    prepared.close()
    return prepared.report


def rows(database: Path) -> Rows:
    """Our rows by the table and the id that they had there. Recovered accounts, which had none, are left out.

    Who is the administrator is left out too: it is whoever has the lowest id of those that are still there.
    """
    found: Rows = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        owners = {row["id"]: old_key(row["id"]) for row in connection.execute("SELECT id FROM users")}
        for table in ("users", "todos"):
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - constants
                kept = {name: row[name] for name in row.keys() if name not in {"is_admin", "id"}}  # noqa: SIM118 - a Row
                if (key := old_key(row["id"])) is not None:
                    # An owner whose times were lost has another id, and is the same owner.
                    found[key] = kept if table == "users" else kept | {"owner_id": owners[row["owner_id"]]}
                    found[key]["moment"] = row["id"][:13]
    return found


def tags(database: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return set(connection.execute("SELECT todo_id, tag_key FROM todo_tags"))


def old_key(identity: str) -> Key | None:
    """The table and the id in the old deployment that an id of ours was made of."""
    bits = uuid.UUID(identity).int
    free = (bits >> 64 & 0xFFF) << 62 | bits & (1 << 62) - 1
    table = {1: "users", 2: "todos"}.get(free >> 64)
    return None if table is None else (table, (free & (1 << 64) - 1) - 2**63)


@dataclass
class Outcome:
    """What became of each row.

    `silent` are wrong and nobody says so. `short` had pages that survived, and are not as they were.
    """

    report: Report
    exact: int = 0
    truth: int = 0
    silent: list[Key] = field(default_factory=list)
    missing: list[Key] = field(default_factory=list)
    ghosts: list[Key] = field(default_factory=list)
    short: list[Key] = field(default_factory=list)


def healed(whole: Path, damaged: Path, truth: Truth) -> Outcome:
    """Start on the damaged file, twice, and check what must hold whatever the damage was."""
    parts = {path.name: path.read_bytes() for path in damaged.parent.glob(f"{damaged.name}*") if path.stat().st_size}
    bound = untouched(whole, damaged, "old")
    report = start(damaged)
    assert report.is_usable, report.actions
    assert not report.is_read_only
    assert is_sound(damaged)
    kept = quarantine.folder_of(damaged)
    assert_kept(kept, damaged.name, parts, is_damaged=report.found in DAMAGED)
    assert_settled(damaged)

    outcome = Outcome(report, truth=len(truth.rows))
    found, flagged = rows(damaged), flags(kept, truth)
    for key, row in truth.rows.items():
        got = found.get(key)
        outcome.exact += got == row
        if got is None:
            outcome.missing.append(key)
        elif got != row and key not in flagged:
            outcome.silent.append(key)
        if got != row and (key[1],) in bound.get(key[0], ()):
            outcome.short.append(key)
    outcome.ghosts = [key for key in found if key not in truth.rows and key not in flagged]
    return outcome


def assert_kept(kept: Path, name: str, parts: dict[str, bytes], *, is_damaged: bool) -> None:
    """The damaged file lies in quarantine as it was, and its log with it. A log in order is replayed instead."""
    for part, content in parts.items():
        is_replayed = not is_damaged and f"{name}-wal" in parts
        if not is_replayed and not part.endswith("-shm"):  # an index of the log, made anew by whoever opens it
            assert content in [path.read_bytes() for path in kept.rglob(part)], part
    assert not list(kept.parent.glob(f"{name}.heal.*"))


def assert_settled(database: Path) -> None:
    """A second start has nothing to do, and does nothing."""
    kept = quarantine.folder_of(database)
    content, folders = database.read_bytes(), sorted(kept.iterdir())
    assert start(database).found is State.HEALTHY
    assert database.read_bytes() == content
    assert sorted(kept.iterdir()) == folders


def flags(kept: Path, truth: Truth) -> set[Key]:
    """The rows of which the reports in quarantine say what they do not say of the file while it was whole."""
    found: set[Key] = set()
    for file in [*kept.rglob("partial.jsonl"), *kept.rglob("rejected.jsonl")]:
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found.add((entry["table"], entry["row"]["id"]))
    for table, old_id, _ in noted(kept) - truth.notes:
        found |= {(table, old_id)} if old_id is not None else {key for key in truth.rows if key[0] == table}
    return found


def noted(kept: Path) -> set[Note]:
    """What the adoption noted, and of which row; of a table as a whole where there is no id."""
    return {
        (entry["table"], entry["old_id"], entry["what"])
        for file in kept.rglob("adoption.jsonl")
        for line in file.read_text().splitlines()[1:]
        if (entry := json.loads(line))
    }


def is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return whole and not connection.execute("PRAGMA foreign_key_check").fetchall()


def copy(source: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(source, folder / "todo_app.db"))
