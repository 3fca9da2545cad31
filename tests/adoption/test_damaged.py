"""A damaged database of the old deployment: healed with the guarantees of ours, and adopted as if it had been whole."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from backend import database
from backend.storage import layout, prepare, quarantine, snapshots
from backend.storage.diagnose import State
from backend.storage.engine import make_engine
from tests.adoption import healing, old_deployment, old_life
from tests.adoption.healing import Truth
from tests.storage.damage import damage

# Each with the state that the look at it finds. `schema_newer` is what their `001` is called before it is recognised.
WHOLE = {
    "bad-magic": State.NOT_A_DATABASE,
    "zero-header": State.NOT_A_DATABASE,
    "zero-page1": State.NOT_A_DATABASE,
    "random-page1": State.NOT_A_DATABASE,
    "bad-page-size": State.CORRUPT,
    "schema-garbage": State.CORRUPT,
    "schema-names-garbage": State.CORRUPT,
    "interior-random": State.CORRUPT,
    "root-random": State.CORRUPT,
    "pages-swap": State.CORRUPT,
    "pages-swap-tables": State.CORRUPT,
    "index-random": State.CORRUPT,
    "index-root-random": State.CORRUPT,
    "freelist-bad": State.CORRUPT,
    "freelist-living": State.CORRUPT,
    "stale-wal": State.STALE_SIDECAR,
    "stale-wal-sibling": State.STALE_SIDECAR,
    "stale-journal": State.STALE_SIDECAR,
    "stale-shm": State.SCHEMA_NEWER,
    "index-payload": State.SCHEMA_NEWER,
    "index-missing": State.SCHEMA_NEWER,
    "drop-index": State.SCHEMA_NEWER,
    "extra-column": State.SCHEMA_NEWER,
    "drop-table-unwiped": State.SCHEMA_NEWER,
    "half-migration": State.SCHEMA_NEWER,
    "half-migration-dropped": State.SCHEMA_NEWER,
    "alembic-two": State.SCHEMA_NEWER,
    "alembic-unknown": State.SCHEMA_NEWER,
    "alembic-missing": State.SCHEMA_HALF,
    "alembic-empty": State.SCHEMA_HALF,
}
# At least this share of all rows is as it was, and this share is there at all, without any backup.
PARTLY = {
    ("pages-random", 1): (0.997, 1.0),
    ("pages-random", 10): (0.985, 1.0),
    ("pages-random", 100): (0.60, 0.95),
    ("pages-zero", 100): (0.60, 0.95),
    ("leaf-random", 50): (0.55, 1.0),
    ("overflow-random", 10): (0.99, 1.0),
    ("torn-pages", 10): (0.96, 1.0),
    ("truncate-tail", 10): (0.96, 1.0),
    ("truncate-midpage", None): (0.65, 1.0),
    ("truncate-half", None): (0.50, 0.95),
    # Rows that break a rule: all of them are there, and what was made of them is noted.
    ("check-violation", 10): (0.99, 1.0),
    ("null-violation", 10): (0.99, 1.0),
    ("fk-violation", 10): (0.99, 1.0),
    ("bad-utf8", 10): (0.99, 1.0),
    ("drop-column", None): (0.0, 1.0),
}
_RANDOM = [
    "pages-random", "pages-zero", "leaf-random", "torn-pages", "index-random", "interior-random", "overflow-random",
    "pages-swap", "truncate-midpage", "truncate-tail", "bad-page-size", "zero-page1", "schema-garbage", "freelist-bad",
    "stale-wal", "stale-journal", "fk-violation", "null-violation", "half-migration", "half-migration-dropped",
]  # fmt: skip


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return old_life.build(tmp_path_factory.mktemp("old") / "whole.db")


@pytest.fixture(scope="session")
def truth(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return healing.truth_of(whole, tmp_path_factory.mktemp("truth"))


@pytest.fixture
def patient(whole: Path, tmp_path: Path) -> Path:
    return healing.copy(whole, tmp_path / "patient")


def test_the_old_life_has_what_adoption_treats_on_its_own(truth: Truth) -> None:
    assert {what for _, _, what in truth.notes} >= {"title_in_description", "recurrence_in_description"}
    assert len(truth.rows) == 1_840
    assert truth.tags


@pytest.mark.parametrize("fault", WHOLE)
def test_every_row_comes_along_as_if_nothing_had_happened(whole: Path, truth: Truth, patient: Path, fault: str) -> None:
    damage(patient, fault, seed=1)
    outcome = healing.healed(whole, patient, truth)
    assert outcome.report.found is WHOLE[fault]
    assert outcome.exact == outcome.truth
    assert not outcome.ghosts
    # All rows of a table that was dropped were found, and nothing tells that these were all.
    assert outcome.report.lost_nothing == (fault != "drop-table-unwiped")
    assert healing.tags(patient) == truth.tags


@pytest.mark.parametrize(("fault", "times"), PARTLY)
def test_what_survived_comes_along_and_the_rest_is_told(
    whole: Path, truth: Truth, patient: Path, fault: str, times: int | None
) -> None:
    exact, present = PARTLY[fault, times]
    damage(patient, fault, seed=1, n=times)
    outcome = healing.healed(whole, patient, truth)
    assert outcome.exact >= exact * outcome.truth
    assert len(outcome.missing) <= (1 - present) * outcome.truth
    assert not outcome.silent
    assert not outcome.ghosts
    if outcome.report.found in healing.DAMAGED:
        assert not outcome.short
        assert not outcome.report.lost_nothing


@pytest.mark.parametrize("seed", range(8))
def test_any_damage(whole: Path, truth: Truth, patient: Path, seed: int) -> None:
    _any_damage(whole, truth, patient, seed)


@pytest.mark.endurance
@pytest.mark.parametrize("batch", range(20))
def test_any_damage_at_length(whole: Path, truth: Truth, tmp_path: Path, batch: int) -> None:
    for seed in range(1_000 + 25 * batch, 1_025 + 25 * batch):
        _any_damage(whole, truth, healing.copy(whole, tmp_path / str(seed)), seed)


def _any_damage(whole: Path, truth: Truth, patient: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - seeded, not secret
    fault, times = rng.choice(_RANDOM), rng.choice((1, 3, 10, 40))
    damage(patient, fault, seed, times)
    outcome = healing.healed(whole, patient, truth)
    assert not outcome.silent, fault
    assert not outcome.ghosts, fault
    if outcome.report.found in healing.DAMAGED:
        assert not outcome.short, fault


@pytest.mark.parametrize("fault", ["pages-random", "zero-page1", "truncate-half", "half-migration-dropped"])
def test_everything_lies_in_one_folder_and_stands_in_one_sentence(patient: Path, fault: str) -> None:
    damage(patient, fault, seed=1)
    [sentence] = healing.start(patient).actions
    [folder] = quarantine.folder_of(patient).iterdir()
    assert sentence.startswith("Healed the database")
    assert "Adopted a database of the old deployment: 40 accounts" in sentence
    assert folder.name in sentence
    report = json.loads((folder / "report.json").read_text())
    assert report["adopted"] in sentence
    assert (folder / "adoption.jsonl").exists()


def test_a_table_of_the_old_deployment_that_was_dropped_and_wiped_is_told(patient: Path) -> None:
    damage(patient, "drop-table", seed=1)
    report = healing.start(patient)
    assert report.is_usable
    assert report.unacknowledged is not None
    assert "Missing in it were todos" in report.unacknowledged


@pytest.mark.parametrize("fault", ["zero-page1", "pages-random", "stale-wal"])
def test_the_old_password_still_opens_the_account(
    patient: Path, truth: Truth, fault: str, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(patient, fault, seed=1)
    assert healing.start(patient).is_usable
    engine = make_engine(make_url(f"sqlite:///{patient}"))
    monkeypatch.setattr(database, "engine", engine)
    login = {"username": "user7@example.com", "password": old_deployment.PASSWORD}
    answer = client.post("/api/v1/auth/login", json=login)
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    listed = client.get("/api/v1/todos?limit=1000", headers=headers)
    assert listed.status_code == 200
    assert listed.json()["total"] == sum(row.get("owner_id") == ("users", 7) for row in truth.rows.values())
    engine.dispose()


# Where the schema is lost, nothing tells that there never was a table of todos.
@pytest.mark.parametrize(
    ("fault", "is_proven"),
    [("zero-page1", False), ("bad-magic", True), ("schema-garbage", False), ("freelist-bad", True)],
)
def test_a_first_start_that_failed_half_way_keeps_its_accounts(tmp_path: Path, fault: str, is_proven: bool) -> None:
    patient = tmp_path / "todo_app.db"
    secret = old_deployment.old_hash(old_deployment.PASSWORD)
    with closing(sqlite3.connect(patient)) as connection, connection:
        for statement in old_deployment.HALF_START:
            connection.execute(statement)
        for number in range(1, 201):
            row = [number, f"user{number}@example.com", f"user{number}", secret, *[old_deployment.CREATED] * 2]
            connection.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", row)
    damage(patient, fault, seed=1)
    report = healing.start(patient)
    assert report.is_usable
    assert report.lost_nothing == is_proven
    assert len(healing.rows(patient)) == 200
    healing.assert_settled(patient)


def test_a_file_that_their_models_made_is_theirs_too(tmp_path: Path) -> None:
    patient = tmp_path / "todo_app.db"
    statements = [sql.replace("TIMESTAMP", "DATETIME").replace("idx_", "ix_") for sql in old_deployment.SQLITE[1:]]
    with closing(sqlite3.connect(patient)) as connection, connection:
        for sql in statements:
            connection.execute(sql)
        connection.execute("INSERT INTO users VALUES (1, 'a@example.com', 'anna', 'x', '2026-02-02', '2026-02-02')")
        for number in range(300):
            todo = (1, f"Todo {number}", "2026-02-02 00:00:00", "2026-02-02 00:00:00")
            connection.execute("INSERT INTO todos (user_id, title, created_at, updated_at) VALUES (?, ?, ?, ?)", todo)
    damage(patient, "zero-page1", seed=1)
    assert healing.start(patient).is_usable
    assert len(healing.rows(patient)) == 301


def test_a_snapshot_of_the_old_file_comes_back_and_is_adopted(patient: Path, truth: Truth) -> None:
    assert healing.start(patient).is_usable
    assert snapshots.listed(patient.parent / "backups", patient.stem)
    damage(patient, "text-file", seed=1)
    report = healing.start(patient)
    assert report.is_usable
    assert not report.lost_nothing
    assert healing.rows(patient) == truth.rows
    healing.assert_settled(patient)


def test_the_newest_copy_of_the_old_file_fills_what_a_page_took(patient: Path, truth: Truth) -> None:
    original = patient.read_bytes()
    assert healing.start(patient).is_usable
    for leftover in patient.parent.glob(f"{patient.name}*"):
        if leftover.is_file():
            leftover.unlink()
    patient.write_bytes(original)  # somebody put the old file back
    damage(patient, "leaf-random", seed=1)
    report = healing.start(patient)
    assert report.is_usable
    assert report.healed is not None
    assert report.healed.from_backup > 0
    assert healing.rows(patient) == truth.rows


def test_a_file_of_somebody_else_is_not_taken_for_theirs(tmp_path: Path) -> None:
    patient = tmp_path / "todo_app.db"
    with closing(sqlite3.connect(patient)) as connection, connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, hashed_password TEXT, role TEXT)")
        connection.execute("CREATE TABLE todos (id INTEGER PRIMARY KEY, title TEXT, owner_id INTEGER)")
        for number in range(2_000):
            connection.execute("INSERT INTO users VALUES (?, 'a@example.com', 'x', 'admin')", [number])
            connection.execute("INSERT INTO todos VALUES (?, 'A title of some length', ?)", [number, number])
    damage(patient, "leaf-random", seed=1, n=3)
    content = patient.read_bytes()
    report = healing.start(patient)
    kept = quarantine.folder_of(patient)
    assert not any("Adopted" in action for action in report.actions)
    assert content in [patient.read_bytes(), *(path.read_bytes() for path in kept.rglob(patient.name))]


def test_a_full_disk_leaves_everything_in_place(patient: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(patient, "pages-random", seed=1)
    content = patient.read_bytes()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("backend.storage.migrate.create", full)
        report = healing.start(patient)
    assert not report.is_usable
    assert patient.read_bytes() == content
    assert not list(patient.parent.glob("*.heal.*"))
    assert not list(quarantine.folder_of(patient).glob("*"))
    assert healing.start(patient).is_usable


def test_our_own_damaged_file_is_still_ours(tmp_path: Path) -> None:
    patient = tmp_path / "todo_app.db"
    prepare.prepare(make_url(f"sqlite:///{patient}"), layout.released(), healing.RULES).close()
    damage(patient, "zero-page1", seed=1)
    report = healing.start(patient)
    assert report.is_usable
    assert report.healed is not None
    assert report.healed.adopted is None
