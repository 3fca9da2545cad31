"""Cases 1 to 3 and 12 to 15: the file that is missing, is none, or lies beside somebody else's log."""

import sqlite3
from contextlib import closing

import pytest

from backend.storage.diagnose import State
from tests.storage.acceptance.patients import TABLES, Content, Kept, Patient, assert_sound, contents

EMPTY: Content = {table: {} for table in TABLES}


def test_case_01_a_healthy_start_writes_nothing(patient: Patient) -> None:
    patient.start()
    before = {path.name: path.read_bytes() for path in patient.database.parent.iterdir()}
    again = patient.start()
    assert again.found == State.HEALTHY
    assert again.actions == []
    assert {path.name: path.read_bytes() for path in patient.database.parent.iterdir()} == before
    assert not patient.backups
    assert not patient.folders
    assert patient.outcome().is_whole


@pytest.mark.parametrize("fault", ["missing", "zero-file"])
def test_case_02_a_missing_file_is_made_anew(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.found == State.NEW
    assert contents(patient.database) == EMPTY
    assert_sound(patient.database)
    assert patient.start().found == State.HEALTHY


@pytest.mark.parametrize("fault", ["missing", "zero-file"])
def test_case_02_or_comes_back_from_its_newest_snapshot_and_says_so(patient: Patient, large: Kept, fault: str) -> None:
    report = patient.with_backup(large).hurt(fault).start()
    assert "Restored the database from the snapshot" in report.actions[0]
    assert not report.lost_nothing
    [snapshot] = large.backups.glob("*.db")
    assert contents(patient.database) == contents(snapshot)
    again = patient.start()
    assert again.found == State.HEALTHY
    assert again.actions == []


NOT_A_DATABASE = ["text-file", "lfs-pointer", "random-file", "truncate-header"]


@pytest.mark.parametrize("fault", NOT_A_DATABASE)
def test_case_03_what_is_no_database_gives_way_to_a_new_one(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.is_usable
    assert not report.lost_nothing
    assert contents(patient.database) == EMPTY
    patient.assert_well()


@pytest.mark.parametrize("fault", NOT_A_DATABASE)
def test_case_03_or_to_the_newest_snapshot_and_says_which(patient: Patient, large: Kept, fault: str) -> None:
    report = patient.with_backup(large).hurt(fault).start()
    [snapshot] = large.backups.glob("*.db")
    assert snapshot.name in report.unacknowledged
    assert contents(patient.database) == contents(snapshot)
    patient.assert_well()


@pytest.mark.parametrize("fault", ["stale-wal", "stale-wal-sibling", "stale-journal"])
def test_case_12_the_log_of_another_database_is_put_aside(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.found == State.STALE_SIDECAR
    assert report.lost_nothing
    [suffix] = set(patient.before) - {""}
    assert (patient.folders[0] / f"todo.db{suffix}").read_bytes() == patient.before[suffix]
    assert patient.database.read_bytes() == patient.before[""]
    assert patient.outcome().is_whole
    patient.assert_well()


@pytest.mark.parametrize("fault", ["stale-shm", "wal-garbage", "wal-cut"])
def test_case_13_a_log_that_is_cut_or_garbage_costs_nothing_of_the_file(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.found == State.HEALTHY
    # What stood in a log that nobody can read, nobody can say: that something may be missing is told.
    assert report.lost_nothing is (fault == "stale-shm")
    outcome = patient.outcome()
    assert outcome.exact == outcome.total
    assert {table for table, _ in outcome.ghosts} <= ({"todos"} if fault == "wal-cut" else set())
    if fault == "stale-shm":
        patient.before.clear()
    patient.assert_well()


def test_case_14_commits_in_the_log_are_there(patient: Patient) -> None:
    patient.hurt("wal-hot", n=2_000)
    with closing(sqlite3.connect(f"{patient.database.as_uri()}?mode=ro", uri=True)) as connection:
        [replayed] = connection.execute("SELECT count(*) FROM todos").fetchone()
    assert replayed >= len(patient.truth["todos"]) + 1_900
    report = patient.start()
    assert report.found == State.HEALTHY
    assert report.actions == []
    outcome = patient.outcome()
    assert outcome.exact == outcome.total
    assert len(contents(patient.database)["todos"]) == replayed
    patient.before.clear()
    patient.assert_well()


def test_case_15_rows_that_vanished_are_told_with_their_number_and_nothing_is_done(patient: Patient) -> None:
    patient.start()
    patient.hurt("lost-rows", n=100)
    lacking = contents(patient.database)
    report = patient.start()
    assert report.is_usable
    assert f"100 of {len(patient.truth['todos'])} todos" in report.rolled_back
    assert contents(patient.database) == lacking
    assert not patient.folders


def test_case_15_a_lost_log_is_told_where_a_snapshot_knows_what_was_in_it(patient: Patient) -> None:
    patient.start()
    whole = patient.database.read_bytes()
    patient.hurt("wal-hot").snapshot()
    with closing(sqlite3.connect(patient.database)) as connection:
        [known] = connection.execute("SELECT count(*) FROM todos").fetchone()
    lost = known - len(patient.truth["todos"])
    patient.database.write_bytes(whole)
    patient.database.with_name("todo.db-wal").unlink(missing_ok=True)
    # As a process that was killed leaves it: no stop has counted the rows.
    patient.database.with_name("todo.db.state.json").unlink()
    report = patient.start()
    assert report.is_usable
    assert f"{lost} of {known} todos" in report.rolled_back
    assert patient.outcome().is_whole
    assert not patient.folders
