"""Tables of a few rows, of which one page is all there is: none is lost without a word, or taken for another."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from backend.storage import taking
from backend.storage.diagnose import State
from backend.storage.home import find_home
from tests.storage.acceptance.lived import NAMES
from tests.storage.acceptance.nursery import Call, Nursery
from tests.storage.acceptance.patients import Kept, Patient, contents, listing
from tests.storage.damage.page_faults import overwrite

PAGE = 4096
Lose = Callable[..., Patient]


@pytest.fixture
def lose(lived: Kept, nursery: Nursery, tmp_path: Path) -> Lose:
    """A database that has lost a table with all of its indexes or without them, and its first page or not."""

    def make(
        table: str | None, *, with_first_page: bool = False, with_indexes: bool = True, of: Path = lived.database
    ) -> Patient:
        room = tmp_path / f"without {table}"
        room.mkdir()
        patient = Patient(Path(shutil.copy(of, room / "todo.db")), nursery, lived.truth)
        with closing(sqlite3.connect(patient.database)) as connection:
            parts = "SELECT pageno FROM dbstat JOIN sqlite_master USING (name) WHERE tbl_name = ?"
            parts += "" if with_indexes else " AND name = tbl_name"
            pages = {number for (number,) in connection.execute(parts, [table])}
        for number in pages | ({1} if with_first_page else set()):
            overwrite(patient.database, (number - 1) * PAGE, bytes(PAGE))
        return patient

    return make


def lists_of(database: Path) -> set[tuple[str, str]]:
    """The lists that todos stand in, by their keys."""
    with closing(sqlite3.connect(database)) as connection:
        return set(connection.execute("SELECT owner_id, list_id FROM todos WHERE list_id IS NOT NULL"))


def names_of(database: Path, table: str, column: str) -> dict[str, str]:
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute(f"SELECT id, {column} FROM {table}").fetchall())


def test_todos_whose_list_is_lost_stand_in_one_that_can_be_opened(lose: Lose, lived: Kept) -> None:
    patient = lose("lists", with_first_page=False)
    wanted = lists_of(lived.database)
    report = patient.start()
    found = contents(patient.database)
    assert found["todos"] == patient.truth["todos"]
    assert lists_of(patient.database) == wanted == found["lists"].keys()
    assert f"{len(wanted)} had to be made up (lists) in place of lost ones" in report.unacknowledged
    # Their names are in the log of operations.
    assert names_of(patient.database, "lists", "name") == names_of(lived.database, "lists", "name")
    patient.assert_well()


def test_accounts_of_which_nothing_is_left_are_found_by_the_names_in_the_log(lose: Lose, lived: Kept) -> None:
    patient = lose("users", with_first_page=False)
    report = patient.start()
    assert f"{len(NAMES)} had to be made up (users) in place of lost ones" in report.unacknowledged
    assert names_of(patient.database, "users", "username") == names_of(lived.database, "users", "username")
    with closing(sqlite3.connect(patient.database)) as connection:
        assert set(connection.execute("SELECT password_hash, is_admin FROM users")) == {("!", 0)}
    patient.assert_well()


@pytest.mark.parametrize("with_first_page", [False, True])
@pytest.mark.parametrize("table", ["personal_tokens", "saved_filters", "lists", "list_members", "sessions", "users"])
def test_what_a_snapshot_says_of_a_lost_table_comes_back_with_every_column(
    lose: Lose, lived: Kept, table: str, with_first_page: bool
) -> None:
    """Without the first page too, where nothing but the app's own releases tells what the table looked like."""
    patient = lose(table, with_first_page=with_first_page).with_backup(lived)
    known = contents(max(lived.backups.glob("*.db")))[table]
    report = patient.start()
    found = contents(patient.database)[table]
    assert known
    assert {key: found.get(key) for key in known} == known
    assert not report.lost_nothing
    patient.assert_well()


@pytest.mark.parametrize("table", ["personal_tokens", "saved_filters", "list_invites", "idempotency_keys"])
def test_a_table_that_is_lost_whole_is_told_also_without_the_first_page(lose: Lose, table: str) -> None:
    report = lose(table, with_first_page=True).start()
    assert f"More may be lost of {table} than anything tells" in report.unacknowledged


def test_without_the_first_page_alone_nothing_is_said_to_be_lost(lose: Lose) -> None:
    patient = lose(None, with_first_page=True)
    report = patient.start()
    assert report.lost_nothing, report.unacknowledged
    assert patient.outcome().is_whole


def test_an_empty_table_is_not_taken_for_a_lost_one(lose: Lose) -> None:
    patient = lose(None, with_first_page=False)
    with closing(sqlite3.connect(patient.database)) as connection:
        connection.executescript("DELETE FROM saved_filters; DELETE FROM personal_tokens;")
    overwrite(patient.database, 0, bytes(PAGE))
    report = patient.start()
    assert report.lost_nothing, report.unacknowledged


def test_a_role_that_is_none_becomes_the_least_of_them(lose: Lose) -> None:
    patient = lose(None, with_first_page=False)
    patient.statement("PRAGMA ignore_check_constraints = ON", "UPDATE list_members SET role = 'edisor'")
    report = patient.start()
    assert report.found == State.ROWS_INVALID
    with closing(sqlite3.connect(patient.database)) as connection:
        assert {role for (role,) in connection.execute("SELECT role FROM list_members")} == {"viewer"}
    assert not report.lost_nothing


@pytest.mark.parametrize("table", ["lists", "installation"])
@pytest.mark.parametrize("with_first_page", [False, True])
def test_a_database_that_was_moved_away_stays_so(
    lose: Lose, lived: Kept, tmp_path: Path, table: str, with_first_page: bool
) -> None:
    moved = Path(shutil.copy(lived.database, tmp_path / "todo.db"))
    with closing(sqlite3.connect(moved)) as connection, connection:
        connection.execute("UPDATE installation SET state = 'moved'")
    taking.take(find_home(moved, is_space=False), "schedule")
    patient = lose(table, with_first_page=with_first_page, of=moved)
    shutil.copytree(tmp_path / "backups", patient.database.parent / "backups")
    assert patient.start().healed
    with closing(sqlite3.connect(patient.database)) as connection:
        assert connection.execute("SELECT id, state FROM installation").fetchall() == [(1, "moved")]


@pytest.mark.parametrize("table", ["users", "operations", "saved_filters", "lists", "sessions", "todos"])
def test_what_indexes_alone_still_say_is_something_that_the_app_can_read(lose: Lose, table: str) -> None:
    patient = lose(table, with_indexes=False)
    [ada] = [user for (user,), row in patient.truth["users"].items() if "ada" in row]
    asked = ["overview", "stats", "todos?due=today", "operations?limit=100", "filters", "lists", "changes", "auth/me"]
    calls: list[Call] = [("GET", f"/api/v1/{path}", None) for path in asked]
    calls.append(("POST", "/api/v1/undo", {"since": "1969-01-01T00:00:00Z"}))
    report = patient.start()
    answers = patient.nursery.start(patient.database, **listing(patient.token(ada), *calls)).answers
    assert not report.lost_nothing or table == "todos"
    assert {answer["status"] for answer in answers} <= {200, 404}, answers


def test_an_index_whose_table_is_named_no_more_still_speaks_for_its_rows(lose: Lose) -> None:
    """One leaf of an index that lies somewhere else is not the whole of it, and does not deny what it does not name."""
    patient = lose(None)
    with closing(sqlite3.connect(patient.database)) as connection:
        parts = connection.execute("SELECT name, pageno, pagetype FROM dbstat ORDER BY path").fetchall()
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
    leaves = {name: [number for part, number, kind in parts if (part, kind) == (name, "leaf")] for name in roots}
    schema = [number for name, number, kind in parts if (name, kind) == ("sqlite_schema", "leaf")]
    with patient.database.open("r+b") as file:

        def page(number: int) -> bytes:
            file.seek((number - 1) * PAGE)
            return file.read(PAGE)

        def put(number: int, content: bytes) -> None:
            file.seek((number - 1) * PAGE)
            file.write(content)

        for one, other in (
            (leaves["operations"][-1], leaves["todo_words"][-1]),
            (leaves["ix_operations_owner_id_operation_id"][-1], roots["todo_words"]),
        ):
            first, second = page(one), page(other)
            put(one, second)
            put(other, first)
        for number in schema[:2]:
            put(number, bytes(PAGE))
    report = patient.start()
    assert contents(patient.database)["operations"] == patient.truth["operations"], report.log
