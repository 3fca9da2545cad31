"""What becomes of a heal after it: its copy, and what people are told of it. The faults are in the acceptance cases."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from backend.repair import TodoCaretaker
from backend.storage import files, layout, memory, migrate, prepare, snapshots, taking
from backend.storage.diagnose import State
from backend.storage.healed import Healed
from backend.storage.home import find_home
from backend.storage.prepare import Report, Rules
from tests.storage import reference
from tests.storage.damage import damage

RULES = Rules(("users", "todos"), TodoCaretaker())
TABLES = {"users": ("id",), "todos": ("owner_id", "id")}

Rows = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with 100 users and 1,000 todos that has seen some life."""
    folder = tmp_path_factory.mktemp("life")
    known = layout.released()
    before = reference.DDL["head"]
    reference.DDL["head"] = tuple(known.ddl[known.head])
    reference.build(folder / "life.db", todos=1_000, backup=folder / "backup.db")
    reference.DDL["head"] = before
    for path in folder.glob("*.db"):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [known.head])
    return folder / "life.db"


@pytest.fixture
def patient(life: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(life, tmp_path / "patient.db"))


def start(database: Path) -> Report:
    prepared = prepare.prepare(make_url(f"sqlite:///{database}"), layout.released(), RULES)
    prepared.close()
    return prepared.report


def rows(database: Path) -> Rows:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return {
            table: {row[: len(key)]: row for row in connection.execute(f"SELECT {', '.join(key)}, * FROM {table}")}  # noqa: S608 - constants
            for table, key in TABLES.items()
        }


def test_what_was_healed_is_copied_at_once(patient: Path) -> None:
    damage(patient, "interior-random", seed=1)
    report = start(patient)
    assert report.healed is not None
    assert report.last_heal is not None
    assert report.last_heal["saved"] == report.healed.saved
    [copy] = snapshots.listed(patient.parent / "backups", patient.stem)
    assert copy.manifest.reason == "heal"
    assert copy.manifest.rows == sum(len(table) for table in rows(patient).values()) + copy_of_others(copy.path)
    # The next start has nothing to heal, and still knows of this one.
    assert start(patient).last_heal == report.last_heal


def copy_of_others(copy: Path) -> int:
    """The rows of the tables that the tests here do not compare."""
    with closing(sqlite3.connect(copy)) as connection:
        others = layout.table_names(connection) - set(TABLES)
        return sum(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in others)  # noqa: S608


def test_a_heal_stands_where_its_copy_cannot_be_taken(
    patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    damage(patient, "interior-random", seed=1)
    honest = files.sha256
    # A mount that gives back other bytes than were written to it.
    monkeypatch.setattr(files, "sha256", lambda path: "0" * 64 if path.suffix == ".tmp" else honest(path))
    home = find_home(patient, is_space=False, data_dir=tmp_path / "mount")
    prepared = prepare.prepare(make_url(f"sqlite:///{patient}"), layout.released(), RULES, home)
    prepared.close()
    report = prepared.report
    assert report.is_usable
    assert report.lost_nothing
    assert "No snapshot of the healed database could be taken" in caplog.text


def test_the_only_row_of_a_late_table_is_not_taken_for_an_account(tmp_path: Path) -> None:
    """Without its first page a file no longer says which release made it, and a table of one row is easily overlooked.

    Under a release without its newest column a token has as many columns as an account has, and of nearly those kinds.
    """
    database = tmp_path / "todo.db"
    migrate.create(database)
    now = "2027-03-01T09:00:00.000000Z"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash, timezone, is_admin,"
            " created_at, updated_at) VALUES ('u', 'a@b.c', 'a@b.c', 'ada', 'ada', '$hash', 'UTC', 1, ?1, ?1)",
            [now],
        )
        connection.execute(
            "INSERT INTO personal_tokens (id, user_id, name, digest, purpose, scopes, created_at, max_changes)"
            " VALUES ('t', 'u', 'script', 'd1f2', 'api', '[\"read\"]', ?, 100)",
            [now],
        )
        connection.executemany(
            "INSERT INTO todos (owner_id, id, title, title_key, description, completed, priority, tags, created_at,"
            " updated_at, version) VALUES ('u', ?1, ?1, ?1, ?2, 0, 2, '[]', ?3, ?3, 1)",
            [[f"{number:04}", "x" * 2_500, now] for number in range(800)],  # more pages than are looked at at first
        )
    before = rows(database)
    with database.open("r+b") as file:
        file.write(bytes(4096))
    report = start(database)
    assert report.lost_nothing
    assert rows(database) == before
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name, max_changes FROM personal_tokens").fetchall() == [("script", 100)]


def test_losses_of_two_heals_are_both_told_until_somebody_has_read_them(patient: Path) -> None:
    damage(patient, "pages-zero", seed=1)
    first = start(patient).unacknowledged
    assert first is not None
    assert "The database was damaged and was repaired on" in first
    damage(patient, "pages-zero", seed=2)
    both = start(patient).unacknowledged
    assert both is not None
    assert both.splitlines()[0] == first
    assert len(both.splitlines()) == 2
    memory.acknowledge(patient)
    assert start(patient).unacknowledged is None


def healed(**counts: Any) -> Healed:
    return Healed(State.CORRUPT, "todo.db.quarantine/x", saved=990, expected=1_000, at="2027-03-01T09:00:00Z", **counts)


@pytest.mark.parametrize(
    ("heal", "told"),
    [
        (
            healed(invented=2, invented_in=("users",)),
            "10 could not be saved, 2 had to be made up (users) in place of lost ones others belong to.",
        ),
        (healed(absent=("todos.title",)), "Missing in it were todos.title: what was found of them elsewhere is back."),
        (
            healed(unproven=("users", "lists", "todos")),
            "More may be lost of users, lists and todos than anything tells.",
        ),
        (healed(restored_from="todo-1.db", has_content=False), "the snapshot todo-1.db took its place"),
        (healed(has_content=False), "there was no snapshot of it"),
    ],
    ids=["invented", "absent", "unproven", "restored", "empty"],
)
def test_people_are_told_in_plain_words_what_is_lost(heal: Healed, told: str) -> None:
    assert told in heal.notice
    assert "\n" not in heal.notice
    assert heal.notice.endswith("The damaged file is kept whole.")
    assert not heal.lost_nothing


@pytest.mark.parametrize(
    "loss", [{"invented": 1}, {"absent": ("todos",)}, {"unproven": ("todos",)}, {"restored_from": "x"}]
)
def test_each_of_these_alone_is_a_loss(loss: dict[str, Any]) -> None:
    whole = Healed(State.CORRUPT, "todo.db.quarantine/x", saved=10, expected=10)
    assert whole.lost_nothing
    assert not replace(whole, **loss).lost_nothing


def test_what_a_snapshot_lacks_is_told_also_where_the_snapshot_itself_is_healed(patient: Path) -> None:
    home = find_home(patient, is_space=False)
    with closing(sqlite3.connect(patient)) as connection, connection:
        connection.execute("DROP INDEX ix_todos_position")
    taking.take(home, "schedule")
    patient.write_bytes(b"no database" * 1_000)
    report = start(patient)
    assert report.is_usable
    assert not report.lost_nothing
    assert report.unacknowledged is not None
    assert "took its place" in report.unacknowledged
    assert start(patient).unacknowledged == report.unacknowledged
