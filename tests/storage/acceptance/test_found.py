"""What has no number: losses that are told until they are read, files in use, and what the long proofs found once."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.storage import memory, quarantine
from backend.storage.diagnose import State
from backend.storage.lock import Occupancy
from backend.storage.salvage.layouts import read_layout
from backend.storage.salvage.rebuild import rebuild
from backend.storage.swap import candidate_of
from tests.storage.acceptance.conftest import Admit
from tests.storage.acceptance.patients import Patient, contents
from tests.storage.damage import damage
from tests.storage.damage.anatomy import Anatomy
from tests.storage.damage.page_faults import overwrite
from tests.storage.helpers import until
from tests.support import free_port


def test_a_loss_is_told_until_somebody_has_read_it(admit: Admit) -> None:
    patient = admit().hurt("leaf-random", n=10)
    report = patient.start()
    assert not report.lost_nothing
    assert patient.assert_well().unacknowledged == report.unacknowledged
    memory.acknowledge(patient.database)
    assert patient.start().lost_nothing


def test_a_file_in_use_elsewhere_is_not_replaced_under_its_user(admit: Admit) -> None:
    patient = admit()
    user = patient.begin(port=free_port())
    log = user.out.with_suffix(".log")
    until(lambda: log.exists() and "Database initialization complete" in log.read_text(), seconds=300)
    damage(patient.database, "pages-random", 1, 30, table="todos")
    patient.remember()
    report = patient.nursery.start(patient.database)
    assert not report.is_usable
    assert "another process works with it" in report.actions[0]
    assert patient.database.read_bytes() == patient.before[""]
    user.kill()
    user.wait()
    assert patient.nursery.start(patient.database).healed


@pytest.mark.parametrize("log", ["stale-wal", "stale-wal-sibling", "stale-journal"])
@pytest.mark.parametrize("fault", ["pages-random", "zero-page1", "pages-zero"])
def test_a_damaged_file_does_not_become_the_database_whose_log_lies_beside_it(
    admit: Admit, log: str, fault: str
) -> None:
    alone, patient, stranger = admit().hurt(fault, n=5), admit().hurt(fault, n=5), admit().hurt(log)
    suffix = "-journal" if log == "stale-journal" else "-wal"
    shutil.copy(stranger.database.with_name(f"todo.db{suffix}"), patient.database.with_name(f"todo.db{suffix}"))
    report = patient.start()
    assert report.is_usable
    alone.start()
    if log != "stale-wal-sibling":
        assert contents(patient.database) == contents(alone.database)
    # The sibling's log holds every page of so small a file, and might be its own; both are kept as they were.
    patient.assert_well()


def test_what_a_killed_heal_left_is_not_replayed_into_the_next_candidate(admit: Admit) -> None:
    patient = admit().hurt("root-random")
    attempt = candidate_of(patient.database).with_name(candidate_of(patient.database).name + ".0")
    other = admit()
    damage(other.database, "stale-wal", 1)
    shutil.copy(other.database.with_name("todo.db-wal"), attempt.with_name(attempt.name + "-wal"))
    attempt.write_bytes(b"half a candidate")
    assert patient.start().healed
    assert patient.outcome().is_whole
    assert not list(patient.database.parent.glob("todo.db.heal*"))
    patient.assert_well()


def test_a_child_keeps_the_part_of_a_lost_parents_key_that_is_its_own(tmp_path: Path) -> None:
    ddl = (
        "CREATE TABLE lists (owner TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (owner, id))",
        (
            "CREATE TABLE things (owner TEXT NOT NULL, id TEXT NOT NULL, list TEXT, PRIMARY KEY (owner, id),"
            " FOREIGN KEY (owner, list) REFERENCES lists (owner, id))"
        ),
    )

    def create(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in ddl:
                connection.execute(statement)

    create(tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        connection.execute("INSERT INTO things VALUES ('me', 'one', 'gone')")
    report = rebuild(tmp_path / "old.db", tmp_path / "new.db", create, [read_layout("head", ddl)])
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        assert connection.execute("SELECT * FROM things").fetchall() == [("me", "one", None)]
    assert report.total("rejected") == 1
    assert report.total("lost") == 0


def leaf_of(patient: Patient, table: str, todo: str) -> tuple[int, Anatomy]:
    """The page of a table that a todo stands on."""
    anatomy = Anatomy(patient.database)
    tree = next(tree for tree in anatomy.trees if tree.kind == "table" and tree.name == table)
    return next(number for number in tree.leaves if todo.encode() in anatomy.page(number)), anatomy


def test_tags_whose_todo_is_known_only_by_its_indexes_come_back_from_their_own_table(admit: Admit) -> None:
    patient = admit()
    tagged = {(owner, todo) for owner, _, todo in patient.truth["todo_tags"]}
    number, anatomy = leaf_of(patient, "todos", max(todo for _, todo in tagged))
    assert any(todo.encode() in anatomy.page(number) for _, todo in tagged)
    overwrite(patient.database, (number - 1) * anatomy.page_size, random.Random(1).randbytes(anatomy.page_size))
    report = patient.start()
    assert report.healed
    assert contents(patient.database)["todo_tags"] == patient.truth["todo_tags"]
    # They are spelled as they are found by, so that the todo may not be what it was is told all the same.
    assert not report.lost_nothing
    patient.assert_well()


def test_a_row_that_its_indexes_know_otherwise_is_put_right_and_not_its_indexes(admit: Admit) -> None:
    patient = admit()
    [todo, *_] = sorted(todo for _, todo in patient.truth["todos"])
    number, anatomy = leaf_of(patient, "todos", todo)
    at = anatomy.page(number).index(todo.encode())
    # One bit of its id: a letter becomes another, and no structure is broken.
    overwrite(patient.database, (number - 1) * anatomy.page_size + at, bytes([todo.encode()[0] ^ 1]))
    report = patient.start()
    assert report.found == State.CORRUPT
    assert patient.outcome().is_whole
    assert report.lost_nothing
    patient.assert_well()


def test_a_file_of_which_only_its_first_pages_are_left_has_lost_something(admit: Admit) -> None:
    patient = admit()
    patient.database.write_bytes(patient.database.read_bytes()[: 5 * 4096])
    report = patient.start()
    assert report.found == State.CORRUPT
    assert not report.lost_nothing
    patient.assert_well()


def test_a_heal_that_was_killed_before_anything_lay_in_its_folder_uses_that_folder(admit: Admit) -> None:
    patient = admit().hurt("pages-random", n=20)
    begun = quarantine.folder_of(patient.database) / "20260101T000000Z-corrupt-00000000"
    begun.mkdir(parents=True)
    assert patient.start().healed
    assert patient.folders == [begun]


def test_the_log_of_a_process_at_work_is_no_reason_to_keep_a_copy(admit: Admit) -> None:
    patient = admit().hurt("wal-cut")
    at_work = Occupancy(patient.database)
    at_work.share()
    assert not patient.start().actions
    assert not patient.folders
    at_work.leave()
