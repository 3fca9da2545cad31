"""Healing at a start: a real file, really damaged, then imported. What storage promises, fault by fault."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from backend.repair import TodoCaretaker
from backend.storage import files, layout, memory, prepare, quarantine, snapshots
from backend.storage.diagnose import State
from backend.storage.home import find_home
from backend.storage.prepare import Report, Rules
from tests.storage import reference
from tests.storage.damage import damage

RULES = Rules(("users", "todos"), TodoCaretaker())
TABLES = {"users": ("id",), "todos": ("owner_id", "id")}

# Faults after which every row is there as it was.
WHOLE = {
    "alembic-missing": State.VERSION_ROW_WRONG,
    "alembic-empty": State.VERSION_ROW_WRONG,
    "alembic-two": State.VERSION_ROW_WRONG,
    "alembic-unknown": State.VERSION_ROW_WRONG,
    "bad-magic": State.NOT_A_DATABASE,
    "zero-header": State.NOT_A_DATABASE,
    "zero-page1": State.NOT_A_DATABASE,
    "bad-page-size": State.CORRUPT,
    "schema-garbage": State.CORRUPT,
    "interior-random": State.CORRUPT,
    "root-random": State.CORRUPT,
    "pages-swap": State.CORRUPT,
    "index-random": State.CORRUPT,
    "freelist-bad": State.CORRUPT,
    "index-payload": State.INDEX_DAMAGED,
    "index-missing": State.INDEX_DAMAGED,
    "drop-index": State.SCHEMA_HALF,
    "half-migration": State.SCHEMA_HALF,
    "half-migration-dropped": State.SCHEMA_HALF,
    "stale-wal": State.STALE_SIDECAR,
    "stale-wal-sibling": State.STALE_SIDECAR,
    "stale-journal": State.STALE_SIDECAR,
    "stale-shm": State.HEALTHY,
    "wal-garbage": State.HEALTHY,
}
# Faults that destroy bytes: at least this share of all rows is exact, without any backup.
PARTLY = {
    "pages-random": 0.99,
    "pages-zero": 0.80,
    "leaf-random": 0.75,
    "overflow-random": 0.99,
    "torn-pages": 0.98,
    "truncate-tail": 0.95,
    "truncate-half": 0.40,
    "bad-utf8": 0.99,
    "check-violation": 0.99,
    "null-violation": 0.99,
}

Rows = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with 100 users and 3,000 todos that has seen some life."""
    folder = tmp_path_factory.mktemp("life")
    known = layout.released()
    before = reference.DDL["head"]
    reference.DDL["head"] = tuple(known.ddl[known.head])
    reference.build(folder / "life.db", todos=3_000, backup=folder / "backup.db")
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


def exact_share(truth: Rows, found: Rows) -> float:
    total = sum(len(table) for table in truth.values())
    exact = sum(found[name].get(key) == row for name, table in truth.items() for key, row in table.items())
    return exact / total


def files_kept(database: Path) -> list[bytes]:
    """The content of every file with the database's name in quarantine."""
    folder = quarantine.folder_of(database)
    return [path.read_bytes() for path in folder.rglob(database.name)] if folder.exists() else []


def is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return (
            connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            and connection.execute("PRAGMA foreign_key_check").fetchone() is None
        )


@pytest.mark.parametrize(("fault", "state"), WHOLE.items(), ids=WHOLE)
def test_nothing_is_lost_where_the_rows_are_whole(life: Path, patient: Path, fault: str, state: State) -> None:
    damage(patient, fault, seed=1)
    damaged = patient.read_bytes()
    report = start(patient)
    assert report.found is state
    assert report.is_usable
    assert report.lost_nothing
    assert exact_share(rows(life), rows(patient)) == 1.0
    assert is_sound(patient)
    if report.healed:
        assert damaged in files_kept(patient)
    assert start(patient).found is State.HEALTHY


@pytest.mark.parametrize(("fault", "share"), PARTLY.items(), ids=PARTLY)
def test_what_can_be_read_is_saved_and_the_rest_is_told(life: Path, patient: Path, fault: str, share: float) -> None:
    truth = rows(life)
    damage(patient, fault, seed=1)
    damaged = patient.read_bytes()
    report = start(patient)
    found = rows(patient)
    assert report.is_usable
    assert exact_share(truth, found) >= share
    assert is_sound(patient)
    assert damaged in files_kept(patient)
    if exact_share(truth, found) < 1.0:
        assert not report.lost_nothing
        assert report.unacknowledged
        again = start(patient)
        assert again.found is State.HEALTHY
        assert again.unacknowledged == report.unacknowledged
        memory.acknowledge(patient)
        assert start(patient).lost_nothing


@pytest.mark.parametrize("fault", ["text-file", "lfs-pointer", "random-file", "truncate-header"])
def test_a_file_of_which_nothing_is_left_gives_way_to_a_new_one_and_is_kept(patient: Path, fault: str) -> None:
    damage(patient, fault, seed=1)
    damaged = patient.read_bytes()
    report = start(patient)
    assert report.is_usable
    assert not report.lost_nothing
    assert damaged in files_kept(patient)
    assert is_sound(patient)


def test_a_table_that_is_gone_comes_back_empty_and_the_other_rows_are_untouched(life: Path, patient: Path) -> None:
    with closing(sqlite3.connect(patient)) as connection, connection:
        connection.execute("DROP TABLE sessions")
    assert start(patient).is_usable
    assert exact_share(rows(life), rows(patient)) == 1.0


def test_a_newer_release_is_read_and_never_written(patient: Path) -> None:
    damage(patient, "extra-column", seed=1)
    with closing(sqlite3.connect(patient)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    before = patient.read_bytes()
    report = start(patient)
    assert report.found is State.SCHEMA_NEWER
    assert report.is_read_only
    assert patient.read_bytes() == before


def test_rows_that_vanished_between_two_starts_are_told_and_nothing_is_done(patient: Path) -> None:
    start(patient)
    before = rows(patient)
    with closing(sqlite3.connect(patient)) as connection, connection:
        connection.execute("DELETE FROM todo_tags")
        connection.execute("DELETE FROM todos WHERE rowid % 10 = 0")
    report = start(patient)
    assert report.is_usable
    assert report.rolled_back is not None
    assert "todos" in report.rolled_back
    assert not quarantine.folder_of(patient).exists()
    assert len(rows(patient)["todos"]) < len(before["todos"])


def test_a_file_in_use_elsewhere_is_not_replaced_under_its_user(patient: Path) -> None:
    holder = prepare.prepare(make_url(f"sqlite:///{patient}"), layout.released(), RULES)
    holder.engine.dispose()
    damage(patient, "pages-random", seed=1, n=30)
    damaged = patient.read_bytes()
    report = start(patient)
    assert not report.is_usable
    assert patient.read_bytes() == damaged
    holder.close()
    assert start(patient).is_usable


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
