"""What a start does with each state of a database file. The files are real, and so is their damage."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from backend.storage import files, layout, lock, memory, migrate, prepare
from backend.storage.diagnose import State
from backend.storage.engine import make_engine
from backend.storage.home import find_home
from backend.storage.prepare import Prepared
from tests.storage.helpers import until
from tests.support import ROOT, free_port

OLD = "299861bd0370"
USER = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"


def start(database: Path) -> Prepared:
    prepared = prepare.prepare(make_url(f"sqlite:///{database}"), layout.released())
    prepared.engine.dispose()
    return prepared


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def change(database: Path, *statements: str) -> None:
    connection = sqlite3.connect(database)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def with_a_user(database: Path) -> Path:
    change(
        database,
        "INSERT INTO users VALUES"  # noqa: S608 - a constant
        f" ('{USER}', 'a@example.com', 'a@example.com', 'abc', 'abc', 'x', 'UTC', 0,"
        " '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')",
    )
    return database


def make_old(database: Path) -> Path:
    database.parent.mkdir(exist_ok=True)
    engine = make_engine(make_url(f"sqlite:///{database}"))
    migrate.upgrade(engine, revision=OLD)
    engine.dispose()
    return with_a_user(database)


def is_at_head_and_whole(database: Path) -> bool:
    connection = sqlite3.connect(database)
    try:
        known = layout.released()
        return (
            known.revision_of(layout.fingerprint(connection)) == known.head
            and layout.version_rows(connection) == [known.head]
            and connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        )
    finally:
        connection.close()


def test_a_missing_file_in_a_missing_folder_becomes_a_database(tmp_path: Path) -> None:
    database = tmp_path / "not" / "yet" / "store.db"
    assert start(database).report.found is State.NEW
    assert is_at_head_and_whole(database)


def test_a_file_of_zero_bytes_becomes_a_database(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    database.touch()
    assert start(database).report.found is State.NEW
    assert is_at_head_and_whole(database)


def test_a_healthy_file_is_not_written_and_alembic_not_imported(own_database: Path) -> None:
    with_a_user(own_database)
    start(own_database)
    before = own_database.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", "import sys, backend.database; print('alembic' in sys.modules)"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{own_database}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
    assert own_database.read_bytes() == before
    assert not (own_database.parent / "backups").exists()


@pytest.mark.parametrize("command", [("app.py",), ("-m", "uvicorn", "app:app", "--port", "{port}")])
def test_a_stop_in_good_order_is_remembered_so_that_the_next_start_is_quick(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    database, port = tmp_path / "todo.db", free_port()
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}", "HOST": "127.0.0.1", "PORT": str(port)}
    for how, is_clean in ((signal.SIGTERM, True), (signal.SIGKILL, False)):
        with (tmp_path / "log").open("wb") as log:
            arguments = [part.format(port=port) for part in command]
            app = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log)
        until(partial(answers, f"http://127.0.0.1:{port}/health"), seconds=60)
        app.send_signal(how)
        app.wait(60)
        assert "Traceback" not in (tmp_path / "log").read_text()
        assert memory.recall(database).is_clean is is_clean


def test_what_is_taken_up_again_after_a_stop_is_held_and_may_end_badly_again(own_database: Path) -> None:
    prepared = start(own_database)
    prepared.close()
    assert memory.recall(own_database).is_clean
    for _ in range(2):
        prepared.take_up()
        assert not memory.recall(own_database).is_clean
        assert not lock.Occupancy(own_database).is_free()
    prepared.close()
    assert memory.recall(own_database).is_clean
    assert lock.Occupancy(own_database).is_free()


def test_an_old_revision_is_copied_then_migrated(tmp_path: Path) -> None:
    database = make_old(tmp_path / "store.db")
    report = start(database).report
    assert report.found is State.SCHEMA_OLD
    assert is_at_head_and_whole(database)
    assert rows(database, "SELECT username FROM users") == [("abc",)]
    [copy] = (tmp_path / "backups").glob("*.db")
    assert rows(copy, "SELECT version_num FROM alembic_version") == [(OLD,)]
    assert start(database).report.found is State.HEALTHY


def test_a_file_that_is_no_database_moves_aside_whole(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    database.write_text("version https://git-lfs.github.com/spec/v1\n" * 200)
    sidecar = tmp_path / "store.db-wal"
    sidecar.write_bytes(b"\0" * 40)
    report = start(database).report
    assert report.found is State.NOT_A_DATABASE
    assert not report.lost_nothing
    assert is_at_head_and_whole(database)
    [folder] = (tmp_path / "store.db.quarantine").iterdir()
    assert (folder / "store.db").read_text().startswith("version https")
    assert (folder / "store.db-wal").read_bytes() == b"\0" * 40
    assert start(database).report.found is State.HEALTHY


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(["DROP TABLE alembic_version"], id="missing"),
        pytest.param(["DELETE FROM alembic_version"], id="empty"),
        pytest.param(["UPDATE alembic_version SET version_num = '001'"], id="of-the-old-deployment"),
        pytest.param(["INSERT INTO alembic_version VALUES ('another')"], id="two"),
    ],
)
def test_a_wrong_version_row_is_corrected_and_no_todo_touched(own_database: Path, claim: list[str]) -> None:
    change(with_a_user(own_database), *claim)
    assert start(own_database).report.found is State.VERSION_ROW_WRONG
    assert is_at_head_and_whole(own_database)
    assert rows(own_database, "SELECT username FROM users") == [("abc",)]


def test_an_old_layout_without_a_version_row_is_restamped_and_migrated(tmp_path: Path) -> None:
    database = make_old(tmp_path / "store.db")
    change(database, "DROP TABLE alembic_version")
    assert start(database).report.is_usable
    assert is_at_head_and_whole(database)
    assert rows(database, "SELECT username FROM users") == [("abc",)]


def test_tables_that_are_not_ours_are_left_exactly_as_they_are(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    change(database, "CREATE TABLE songs (name TEXT)", "INSERT INTO songs VALUES ('La Mer')")
    before = database.read_bytes()
    report = start(database).report
    assert report.found is State.UNKNOWN_LAYOUT
    assert not report.is_usable
    assert database.read_bytes() == before


def test_a_lock_is_never_taken_for_damage(own_database: Path) -> None:
    with_a_user(own_database)
    change(own_database, "PRAGMA journal_mode = DELETE")
    holder = sqlite3.connect(own_database, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        report = start(own_database).report
    finally:
        holder.close()
    assert report.found is State.UNUSABLE
    assert not (own_database.parent / f"{own_database.name}.quarantine").exists()
    assert rows(own_database, "SELECT username FROM users") == [("abc",)]


def damaged_in_the_middle(database: Path) -> Path:
    shutil.copy(make_old(database), database.with_name("whole.db"))
    content = bytearray(database.read_bytes())
    content[4096 : 4096 * 6] = os.urandom(4096 * 5)
    database.write_bytes(content)
    database.with_name(database.name + "-wal").unlink(missing_ok=True)
    return database


def absent(database: Path) -> Path:
    return database


@pytest.mark.parametrize("make", [absent, make_old, damaged_in_the_middle], ids=["fresh", "old", "damaged"])
def test_eight_processes_importing_at_once_make_one_database(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    database = make(tmp_path / "store.db")
    command = [sys.executable, "-c", "from backend import database; print(database.report.is_usable)"]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    ends = [process.communicate(timeout=120) for process in processes]
    assert [out.strip() for out, _ in ends] == ["True"] * 8, ends
    assert [process.returncode for process in processes] == [0] * 8
    assert is_at_head_and_whole(database)
    quarantine = tmp_path / "store.db.quarantine"
    assert len(list(quarantine.iterdir()) if quarantine.exists() else []) == (make is damaged_in_the_middle)
    assert sum("new database" in err or "Migrated" in err for _, err in ends) <= 1


def test_without_a_copy_no_migration_begins_and_the_report_says_why(tmp_path: Path) -> None:
    database = make_old(tmp_path / "store.db")
    before = database.read_bytes()
    (tmp_path / "backups").write_text("a file where the folder should be")
    report = start(database).report
    assert not report.is_usable
    assert "Before the migration a copy of the database is taken, and that failed" in report.actions[-1]
    assert str(tmp_path) not in report.actions[-1]
    assert database.read_bytes() == before
    (tmp_path / "backups").unlink()
    assert start(database).report.is_usable
    assert is_at_head_and_whole(database)


def test_a_copy_that_comes_back_damaged_from_its_place_stops_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = make_old(tmp_path / "disk" / "store.db")
    honest = files.sha256
    # A mount that gives back other bytes than were written to it.
    monkeypatch.setattr(files, "sha256", lambda path: "0" * 64 if path.suffix == ".tmp" else honest(path))
    home = find_home(database, is_space=False, data_dir=tmp_path / "mount")
    prepared = prepare.prepare(make_url(f"sqlite:///{database}"), layout.released(), home=home)
    prepared.engine.dispose()
    assert not prepared.report.is_usable
    assert "the storage gave back other bytes than were written to it" in prepared.report.actions[-1]
    assert rows(database, "SELECT version_num FROM alembic_version") == [(OLD,)]


def test_a_migration_that_fails_is_taken_back_and_told(tmp_path: Path) -> None:
    database = make_old(tmp_path / "store.db")
    # The name that a later migration needs; the layout of our tables is that of the old release all the same.
    change(database, "CREATE VIEW installation AS SELECT 1")
    report = start(database).report
    assert not report.is_usable
    assert "The migration failed and was taken back" in report.actions[-1]
    assert rows(database, "SELECT version_num FROM alembic_version") == [(OLD,)]
    assert rows(database, "SELECT username FROM users") == [("abc",)]


def test_tables_of_somebody_else_are_left_and_the_log_says_what_to_do(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    change(database, "CREATE TABLE recipes (id INTEGER PRIMARY KEY, name TEXT)")
    before = database.read_bytes()
    report = start(database).report
    assert report.found is State.UNKNOWN_LAYOUT
    assert "set DATABASE_URL to a file that this app has to itself" in report.actions[-1]
    assert database.read_bytes() == before


def test_who_starts_while_another_ends_is_not_taken_for_one_that_has_ended_well(
    own_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, takes_up, counting = start(own_database), threading.Event(), threading.Event()
    count, share = memory.count, lock.Occupancy.share

    def slow_count(database: Path, watched: tuple[str, ...]) -> dict[str, int]:
        if threading.current_thread() is end:
            counting.set()
            takes_up.wait(10)
        return count(database, watched)

    def noted_share(occupancy: lock.Occupancy) -> bool:
        takes_up.set()
        return share(occupancy)

    monkeypatch.setattr(memory, "count", slow_count)
    monkeypatch.setattr(lock.Occupancy, "share", noted_share)
    end = threading.Thread(target=ending.close)
    end.start()
    assert counting.wait(10)
    starting = start(own_database)
    end.join(10)
    assert not memory.recall(own_database).is_clean
    starting.close()
    assert memory.recall(own_database).is_clean
