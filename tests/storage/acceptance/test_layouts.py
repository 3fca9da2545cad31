"""Cases 18 to 22: tables that are incomplete, half migrated, of another release; and 23: rows against the rules."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend.storage import layout
from backend.storage.diagnose import State
from backend.storage.engine import make_engine
from tests.adoption import old_deployment
from tests.storage import reference
from tests.storage.acceptance.nursery import Nursery
from tests.storage.acceptance.patients import (
    OLDEST,
    WRITTEN_AT,
    Kept,
    Patient,
    assert_sound,
    columns_in,
    contents,
    write,
)
from tests.storage.damage import damage


def test_case_18_an_index_comes_back(patient: Patient) -> None:
    report = patient.hurt("drop-index").start()
    assert report.found == State.SCHEMA_HALF
    assert report.lost_nothing
    assert patient.outcome().is_whole
    patient.assert_well()


@pytest.mark.parametrize("has_backup", [False, True], ids=["alone", "with-backup"])
def test_case_18_a_column_comes_back_empty_or_from_the_snapshot(
    patient: Patient, large: Kept, has_backup: bool
) -> None:
    if has_backup:
        patient.with_backup(large)
    report = patient.hurt("drop-column").start()
    outcome = patient.outcome()
    assert outcome.present == outcome.total
    # The report names the column: no single row can say what it had there.
    assert "Missing in it were todos." in report.unacknowledged
    assert all(len(differences) == 1 for _, _, differences in outcome.silent)
    assert outcome.exact_share >= (99 if has_backup else 80)
    patient.assert_well()


@pytest.mark.parametrize("has_backup", [False, True], ids=["alone", "with-backup"])
def test_case_18_a_table_comes_back_empty_or_from_the_snapshot(patient: Patient, large: Kept, has_backup: bool) -> None:
    if has_backup:
        patient.with_backup(large)
    report = patient.hurt("drop-table").start()
    outcome = patient.outcome()
    assert "Missing in it were todos" in report.unacknowledged
    assert not outcome.silent
    # The tags say what the todos say, and those are as the snapshot knew them.
    assert {table for table, _ in outcome.ghosts} <= {"todo_tags"}
    assert {table for table, _ in outcome.missing} <= {"todos", "todo_tags"}
    assert outcome.present_share >= (97 if has_backup else 0)
    patient.assert_well()


@pytest.mark.parametrize("fault", ["alembic-missing", "alembic-empty", "alembic-two", "alembic-unknown"])
def test_case_19_a_wrong_version_row_is_put_right_and_nothing_migrated(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.found == State.VERSION_ROW_WRONG
    assert [action[:26] for action in report.actions] == ["Corrected the version row:"]
    assert patient.outcome().is_whole
    assert not patient.folders
    assert not patient.backups
    patient.before.clear()
    patient.assert_well()


def test_case_20_a_newer_release_is_read_and_never_written(patient: Patient) -> None:
    patient.hurt("extra-column").hurt("alembic-unknown")
    owner = next(iter(patient.truth["todos"]))[0]
    calls = (
        ("GET", "/api/v1/todos?limit=5", None),
        ("POST", "/api/v1/todos", {"title": "x"}),
        ("GET", "/health", None),
    )
    for _ in range(2):
        report = patient.start(calls=calls, environment=patient.token(owner))
        assert report.found == State.SCHEMA_NEWER
        assert report.is_read_only
        assert [answer["status"] for answer in report.answers] == [200, 503, 200]
        assert report.answers[0]["body"]["total"] > 0
        assert report.answers[2]["body"]["status"] == "degraded"
        assert patient.database.read_bytes() == patient.before[""]
        assert not patient.folders


@pytest.mark.parametrize("fault", ["half-migration", "half-migration-dropped"])
def test_case_21_a_half_migration_is_finished(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.found == State.SCHEMA_HALF
    assert report.lost_nothing
    assert patient.outcome().is_whole
    patient.assert_well()


@pytest.mark.parametrize("fault", [None, "half-migration", "half-migration-dropped"])
def test_case_21_also_one_of_the_old_deployment(nursery: Nursery, tmp_path: Path, fault: str | None) -> None:
    database = tmp_path / "todo.db"
    ddl = reference.DDL["old"]
    # Some of the author's descriptions are longer than any that the old deployment took.
    longer = "(description) <= 10000", "(description) > -1"
    reference.DDL["old"] = tuple(statement.replace(*longer) for statement in old_deployment.SQLITE)
    try:
        reference.build(database, which="old", users=20, todos=2_000)
    finally:
        reference.DDL["old"] = ddl
    with closing(sqlite3.connect(database)) as connection:
        titles = sorted(connection.execute("SELECT user_id, title, completed FROM todos"))
        names = sorted(connection.execute("SELECT username, hashed_password FROM users"))
        numbers = {name: number for number, name in connection.execute("SELECT id, username FROM users")}
    if fault is not None:
        damage(database, fault, 1, table="todos")
    patient = Patient(database, nursery, {})
    report = patient.start()
    assert report.is_usable
    assert_sound(database)
    patient.assert_kept()
    with closing(sqlite3.connect(database)) as connection:
        assert sorted(connection.execute("SELECT username, password_hash FROM users")) == names
        kept = connection.execute("SELECT username, title, completed FROM todos JOIN users ON users.id = owner_id")
        assert sorted((numbers[name], title, completed) for name, title, completed in kept) == titles
    assert nursery.start(database).found == State.HEALTHY


def test_case_21_also_the_first_start_of_the_old_deployment(nursery: Nursery, tmp_path: Path) -> None:
    database = tmp_path / "todo.db"
    engine = make_engine(make_url(f"sqlite:///{database}"))
    with engine.begin() as connection:
        old_deployment.build(connection, old_deployment.HALF_START)
    engine.dispose()
    patient = Patient(database, nursery, {})
    assert patient.start().is_usable
    assert_sound(database)
    patient.assert_kept()
    assert nursery.start(database).found == State.HEALTHY


@pytest.mark.parametrize("revision", [OLDEST, WRITTEN_AT])
@pytest.mark.parametrize("todos", [2_000, pytest.param(20_000, marks=pytest.mark.endurance)])
def test_case_22_an_older_release_is_copied_and_migrated(
    nursery: Nursery, tmp_path: Path, revision: str, todos: int
) -> None:
    database = tmp_path / "todo.db"
    write(database, users=100, todos=todos)
    if revision == OLDEST:
        with closing(sqlite3.connect(database)) as connection, connection:
            for table in ("sessions", "installation"):
                connection.execute(f"DROP TABLE {table}")
            connection.execute("UPDATE alembic_version SET version_num = ?", [OLDEST])
    before, columns = shutil.copy(database, tmp_path / "before.db"), columns_in(database)
    patient = Patient(database, nursery, {})
    report = patient.start()
    assert report.is_usable
    assert_sound(database)
    assert contents(database, columns) == contents(Path(before), columns)
    if revision != layout.released().head:
        assert report.found == State.SCHEMA_OLD
        [copy] = patient.backups
        assert contents(copy, columns) == contents(Path(before), columns)
    assert nursery.start(database).actions == []


def test_case_23_todos_whose_parents_are_gone_are_kept(patient: Patient) -> None:
    with closing(sqlite3.connect(patient.database)) as connection:
        columns = sorted({row[3] for row in connection.execute("PRAGMA foreign_key_list(todos)")})
        rowids = [rowid for (rowid,) in connection.execute("SELECT rowid FROM todos ORDER BY id LIMIT 200")]
    hit = 0
    for number, column in enumerate(columns):
        # Ten for each of its parents. An owner stands in the children's keys too, so those are given up with it.
        chosen = ",".join(map(str, rowids[number * 10 : number * 10 + 10]))
        tags = "DELETE FROM todo_tags WHERE (owner_id, todo_id) IN"
        patient.statement(f"{tags} (SELECT owner_id, id FROM todos WHERE rowid IN ({chosen}))")
        patient.statement(f"UPDATE todos SET {column} = 'nobody-{number}' WHERE rowid IN ({chosen})")
        hit += 10
    report = patient.start()
    assert report.found == State.ROWS_INVALID
    assert not report.lost_nothing
    assert len(contents(patient.database)["todos"]) == len(patient.truth["todos"])
    patient.assert_well()


@pytest.mark.parametrize("fault", ["check-violation", "null-violation", "bad-utf8"])
def test_case_23_rows_against_the_rules_are_kept_told_and_listed(patient: Patient, fault: str) -> None:
    patient.hurt(fault, n=10)
    hurt = contents(patient.database)["todos"]
    broken = {key for key, row in patient.truth["todos"].items() if hurt[key] != row}
    assert len(broken) == 10
    owner = next(iter(broken))[0]
    report = patient.start(calls=[("GET", "/api/v1/todos?limit=100", None)], environment=patient.token(owner))
    assert report.found == State.ROWS_INVALID
    assert "10 such" in report.log or "rejected=10" in report.log or "doubtful=10" in report.log
    assert not report.lost_nothing
    outcome = patient.outcome()
    assert outcome.present == outcome.total
    assert {key for table, key, _ in outcome.silent if table == "todos"} == set()
    assert report.answers[0]["status"] == 200
    assert report.answers[0]["body"]["total"] > 0
    patient.assert_well()
