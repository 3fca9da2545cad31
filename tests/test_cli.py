"""`python -m backend`: each command as somebody types it, on a database of their own."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.adoption import old_life
from tests.storage.damage import damage
from tests.support import ROOT


def run(database: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "backend", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"},
        input=answer,
        umask=0o022,  # as most machines have it
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "kept.db"
    assert run(path, "heal").returncode == 0
    created = run(path, "create-admin", "root@example.com", "root", answer="SecurePass123!\n")
    assert created.returncode == 0, created.stderr
    return path


def test_doctor_looks_and_changes_nothing(database: Path) -> None:
    before = database.read_bytes()
    done = run(database, "doctor")
    assert done.returncode == 0
    assert "state: healthy" in done.stdout
    assert "users: 1" in done.stdout
    assert database.read_bytes() == before


@pytest.mark.parametrize("sidecars", [("-journal",), ("-wal",), ("-wal", "-journal")])
def test_doctor_leaves_logs_alone_and_a_heal_keeps_them(database: Path, sidecars: tuple[str, ...]) -> None:
    beside = {database.with_name(database.name + suffix): os.urandom(9_000) for suffix in sidecars}
    for path, content in beside.items():
        path.write_bytes(content)
    looked = run(database, "doctor")
    assert (looked.returncode, "users: 1" in looked.stdout) == (1, True)
    assert "The log beside it is damaged" in looked.stdout
    assert "A start changes nothing" not in looked.stdout
    assert {path: path.read_bytes() for path in beside} == beside
    run(database, "heal")
    healed = run(database, "doctor")
    assert (healed.returncode, "users: 1" in healed.stdout) == (0, True)
    # A start is whole without a journal, which undoes what was never finished, and may not be without a log.
    assert ("not acknowledged" in healed.stdout) is ("-wal" in sidecars)
    [kept] = database.with_name(f"{database.name}.quarantine").iterdir()
    assert {path: (kept / path.name).read_bytes() for path in beside} == beside


def test_doctor_leaves_empty_logs_where_they_are(database: Path) -> None:
    """As a stop in good order leaves them."""
    content = bytearray(database.read_bytes())
    content[4096:8192] = b"\xa5" * 4096
    for path, was in ((database, content), (log := database.with_name(f"{database.name}-wal"), b"")):
        path.write_bytes(was)
    assert "state: corrupt" in run(database, "doctor").stdout
    assert log.exists()


def test_without_a_database_there_is_nothing_to_copy_or_to_keep(tmp_path: Path) -> None:
    database = tmp_path / "none.db"
    copied = run(database, "backup")
    assert (copied.returncode, copied.stdout) == (1, "There is no database yet, so there is nothing to copy.\n")
    begun = run(database, "reset", "--yes")
    assert (begun.returncode, begun.stdout) == (0, "The database is empty.\n")


def test_a_reset_keeps_a_log_that_lies_there_alone(database: Path) -> None:
    killed_with_a_log(database)
    log = database.with_name(f"{database.name}-wal")
    content = log.read_bytes()
    database.unlink()
    begun = run(database, "reset", "--yes")
    assert "What was there before is kept in kept.db.quarantine/" in begun.stdout
    [kept] = database.with_name(f"{database.name}.quarantine").iterdir()
    assert (kept / log.name).read_bytes() == content


def test_doctor_names_damage_and_leaves_it(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096:8192] = b"\xa5" * 4096
    database.write_bytes(content)
    done = run(database, "doctor")
    assert done.returncode == 1
    assert "state: corrupt" in done.stdout
    assert database.read_bytes() == bytes(content)


def test_doctor_says_what_is_damaged_in_one_line(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'todos'").fetchone()[0]
    content = bytearray(database.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    database.write_bytes(content)
    state, snapshots, *_ = run(database, "doctor").stdout.splitlines()
    assert (state.startswith("state: corrupt ("), "***" in state) == (True, False)
    assert snapshots.startswith("snapshots: ")


def test_where_no_snapshot_has_more_nobody_is_sent_to_look_there(database: Path) -> None:
    for path in (database.parent / "backups").glob("*"):
        path.unlink()
    database.write_bytes(b"\xa5" * database.stat().st_size)
    healed = run(database, "heal")
    assert "1 of 1 users have gone" in healed.stdout + run(database, "doctor").stdout
    assert "A snapshot may have them" not in healed.stdout + run(database, "doctor").stdout


def test_no_account_is_looked_for_where_there_is_no_database(tmp_path: Path) -> None:
    done = run(tmp_path / "none.db", "reset-password", "ada")
    assert (done.returncode, "There is no database" in done.stderr) == (1, True)
    assert list(tmp_path.glob("none.db*")) == []


def test_heal_heals_what_doctor_found(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[:16] = b"not a database!!"
    database.write_bytes(content)
    assert run(database, "heal").returncode == 0
    assert "users: 1" in run(database, "doctor").stdout


def test_heal_says_what_it_did_once_in_words_for_people_and_by_its_exit_code(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[:16] = b"not a database!!"
    database.write_bytes(content)
    whole = run(database, "heal")
    assert whole.returncode == 0
    assert whole.stdout.count("The database was damaged and was repaired") == 1
    assert "rows are as they were." in whole.stdout
    assert "saved=" not in whole.stdout + whole.stderr
    database.write_bytes(b"\xa5" * database.stat().st_size)
    lost = run(database, "heal")
    assert lost.returncode == 2
    assert lost.stdout.count("Nothing could be read from the damaged database") == 1
    assert lost.stderr == ""


def test_a_file_that_is_gone_is_missed_where_it_held_something(database: Path) -> None:
    database.unlink()
    done = run(database, "doctor")
    assert done.returncode == 1
    gone = "is gone or empty without the app's doing; when it was looked at last, it had 1 users and 0 todos."
    assert gone in done.stdout
    healed = run(database, "heal")
    assert (healed.returncode, gone in healed.stdout) == (2, True)
    assert "A snapshot may have them" not in healed.stdout
    assert run(database, "doctor").returncode == 0


def killed_with_a_log(database: Path) -> None:
    """A process writes a hundred todos and is gone, as by a kill -9: they are in the log alone."""
    code = """
import os
from backend import database
from backend.models.todo import TodoCreate
from backend.models.user import User
from backend.services import todos
from backend.services.actor import Actor
from sqlmodel import select
with database.write_scope() as session:
    owner = session.exec(select(User.id)).one()
    for number in range(100):
        todos.create(session, Actor(owner, "", "UTC", is_admin=True), TodoCreate(title=f"Todo {number}"))
os._exit(0)
"""
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    )


def test_where_the_log_alone_is_left_what_it_has_is_saved(database: Path) -> None:
    killed_with_a_log(database)
    os.truncate(database, 0)
    looked = run(database, "doctor")
    assert (looked.returncode, "is gone or empty, and its log is not" in looked.stdout) == (1, True)
    assert "A start would save every row that can still be read" in looked.stdout
    healed = run(database, "heal")
    assert healed.returncode in {0, 2}
    assert "todos: 100" in run(database, "doctor").stdout


def test_a_snapshot_in_place_of_a_lost_file_is_told_as_a_loss(database: Path) -> None:
    assert run(database, "backup").returncode == 0
    for path in database.parent.glob(f"{database.name}*"):
        if path.is_file():
            path.unlink()
    looked = run(database, "doctor")
    assert (looked.returncode, "is gone or empty, and there are snapshots of it" in looked.stdout) == (1, True)
    healed = run(database, "heal")
    assert (healed.returncode, "Restored the database from the snapshot" in healed.stdout) == (2, True)
    assert run(database, "heal").returncode == 0


def test_after_a_move_doctor_and_heal_say_where_the_todos_are(database: Path, tmp_path: Path) -> None:
    assert run(database, "move", "--to", f"sqlite:///{tmp_path / 'new.db'}").returncode == 0
    for command in ("doctor", "heal"):
        done = run(database, command)
        assert (done.returncode, "Its todos have moved to another database" in done.stdout) == (1, True)
    assert run(tmp_path / "new.db", "doctor").returncode == 0


def test_nothing_of_before_a_reset_comes_back_by_itself(database: Path) -> None:
    assert run(database, "backup").returncode == 0
    assert run(database, "reset", "--yes").returncode == 0
    database.unlink()
    assert run(database, "heal").returncode == 2
    assert "users: 0" in run(database, "doctor").stdout


def test_heal_looks_as_closely_as_doctor(database: Path) -> None:
    """After a stop in good order a start would not: the command is for who has a reason to ask."""
    for number in range(20):
        run_sql(database, f"INSERT INTO sessions SELECT '{number}', id, 1, created_at, created_at FROM users")  # noqa: S608 - a number
    assert "was done" in run(database, "heal").stdout
    damage(database, "index-missing", 1, table="sessions")
    assert "state: index_damaged" in run(database, "doctor").stdout
    assert "REINDEX" in run(database, "heal").stdout
    assert run(database, "doctor").returncode == 0


def test_a_backup_is_not_said_to_be_there_when_its_file_is_damaged(database: Path) -> None:
    first = run(database, "backup").stdout
    assert run(database, "backup").stdout == first
    [newest] = [path for path in (database.parent / "backups").glob("*.db") if path.name in first]
    content = bytearray(newest.read_bytes())
    content[5_000:6_000] = b"\xa5" * 1_000
    newest.write_bytes(content)
    assert run(database, "backup").stdout != first
    assert "Restored" in run(database, "restore", "--yes").stdout


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """What root may not write to either."""
    if (
        shutil.which("chattr") is None
        or subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode
    ):
        pytest.skip("no file here can be made immutable: that takes root, chattr and a file system that knows it")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@pytest.mark.parametrize("command", ["reset", "restore"])
def test_what_could_not_be_done_is_not_done_by_the_next_start(database: Path, command: str) -> None:
    assert run(database, "backup").returncode == 0
    killed_with_a_log(database)
    with immutable(database):
        refused = run(database, command, "--yes")
        assert (refused.returncode, "Nothing was changed." in refused.stderr) == (1, True)
    assert "todos: 100" in run(database, "doctor").stdout  # its log is beside it, where it was
    run_sql(database, "UPDATE todos SET title = 'written since'")
    healed = run(database, "heal")
    assert (healed.returncode, healed.stdout) == (0, "The database is healthy; nothing was done.\n")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT DISTINCT title FROM todos").fetchall() == [("written since",)]


def test_a_folder_that_cannot_be_written_to_is_told_in_words(database: Path) -> None:
    with immutable(database.parent):
        for command in (["reset", "--yes"], ["backup"], ["heal"], ["doctor"]):
            done = run(database, *command)  # and no traceback
            assert str(database.parent) not in done.stdout + done.stderr
        assert (done.returncode, "cannot be written to: a start reads it" in done.stdout) == (1, True)


def test_without_a_name_the_newest_snapshot_that_is_good_comes_back(database: Path) -> None:
    assert run(database, "backup").returncode == 0
    killed_with_a_log(database)
    newest = run(database, "backup").stdout.split()[3].rstrip(",")
    path = database.parent / "backups" / newest
    content = bytearray(path.read_bytes())
    content[5_000:6_000] = b"\xa5" * 1_000
    path.write_bytes(content)
    restored = run(database, "restore", "--yes")
    assert (restored.returncode, newest in restored.stdout) == (0, False)
    assert f"The snapshot {newest} is passed over" in restored.stderr
    assert "todos: 0" in run(database, "doctor").stdout


def run_sql(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


def test_a_reset_can_be_taken_back_by_a_restore(database: Path) -> None:
    assert "Took the snapshot" in run(database, "backup").stdout
    assert run(database, "reset", answer="n\n").returncode == 1
    assert "users: 1" in run(database, "doctor").stdout
    assert run(database, "reset", "--yes").returncode == 0
    assert "users: 0" in run(database, "doctor").stdout
    assert "Took the snapshot" in run(database, "backup").stdout  # as the app does when it stops
    assert run(database, "restore", "--yes").returncode == 0
    assert "users: 1" in run(database, "doctor").stdout


@pytest.mark.parametrize("command", ["reset", "restore"])
def test_where_nobody_can_be_asked_nothing_is_done_without_yes(database: Path, command: str) -> None:
    assert run(database, "backup").returncode == 0
    done = run(database, command)
    assert (done.returncode, done.stderr) == (
        1,
        "ERROR: This is no terminal, so nobody can be asked; say --yes.\n",
    )
    assert "users: 1" in run(database, "doctor").stdout


def test_an_administrator_without_a_password_is_told_how_to_give_one(database: Path) -> None:
    done = run(database, "create-admin", "second@example.com", "second")
    assert done.returncode == 1
    assert "elsewhere it is the first line of the input" in done.stderr


def test_restore_without_snapshots_says_so(tmp_path: Path) -> None:
    done = run(tmp_path / "none.db", "restore", "--yes")
    assert done.returncode == 1
    assert "There are no snapshots" in done.stdout


def test_an_administrator_with_a_bad_address_is_refused_in_words(database: Path) -> None:
    done = run(database, "create-admin", "nobody", "another", answer="SecurePass123!\n")
    assert done.returncode == 1
    assert "email" in done.stderr


def test_move_carries_everything_over(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.db"
    done = run(database, "move", "--to", f"sqlite:///{target}")
    assert done.returncode == 0, done.stderr
    assert "users: 1" in run(target, "doctor").stdout


def test_a_reset_link_opens_the_page_with_a_token_that_no_server_sees(database: Path) -> None:
    done = run(database, "reset-password", "ROOT@example.com")
    assert done.returncode == 0, done.stderr
    address, _, token = done.stdout.strip().partition("#reset=")
    assert address == "http://localhost:7860/"
    assert token.count(".") == 2
    assert "60 minutes" in done.stderr
    elsewhere = run(database, "reset-password", "root", "--url", "https://todos.example.com/").stdout
    assert elsewhere.startswith("https://todos.example.com/#reset=")


def test_a_reset_link_of_a_space_leads_to_the_space(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "somebody/todos")
    monkeypatch.setenv("SPACE_HOST", "somebody-todos.hf.space")
    assert run(database, "reset-password", "root").stdout.startswith("https://somebody-todos.hf.space/#reset=")


def test_no_reset_link_for_an_unknown_name_or_to_half_an_address(database: Path) -> None:
    done = run(database, "reset-password", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no account called nobody" in done.stderr
    done = run(database, "reset-password", "root", "--url", "todos.example.com")
    assert (done.returncode, done.stdout) == (1, "")
    assert "whole address" in done.stderr


def test_a_command_beside_the_running_app_leaves_no_mark_of_a_clean_stop(database: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", "import backend.database; print('up', flush=True); input()"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"up\n"
        assert run(database, "reset-password", "root").returncode == 0
        assert '"is_clean": false' in database.with_name("kept.db.state.json").read_text()
        holder.stdin.write(b"\n")
    assert '"is_clean": true' in database.with_name("kept.db.state.json").read_text()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (None, "It is a database of the old deployment. A start would turn it into one of this app's"),
        ("zero-page1", "It is a damaged database of the old deployment. A start would save every row"),
        ("pages-random", "It is a damaged database of the old deployment. A start would save every row"),
        ("text-file", "SQLite cannot read it."),
    ],
)
def test_doctor_says_what_a_start_would_do_with_an_old_database(tmp_path: Path, fault: str | None, told: str) -> None:
    path = old_life.build(tmp_path / "old.db", users=5, todos=300)
    if fault is not None:
        damage(path, fault, seed=1)
    content = path.read_bytes()
    done = run(path, "doctor")
    assert done.returncode == 1
    assert told in done.stdout
    assert path.read_bytes() == content
    assert [left.name for left in tmp_path.glob("old.db*")] == ["old.db"]


def test_what_is_kept_is_for_nobody_else_on_the_machine(database: Path) -> None:
    for command in (("backup",), ("restore", "--yes"), ("reset", "--yes"), ("restore", "--yes")):
        assert run(database, *command).returncode == 0
    damage(database, "pages-random", 1, 3)
    assert "was repaired" in run(database, "heal").stdout
    kept = [
        path
        for path in database.parent.rglob("*")
        if path.name.startswith("kept.db") or path.suffix in {".db", ".json"}
    ]
    assert len([path for path in kept if path.is_file()]) > 4
    assert [path.name for path in kept if path.stat().st_mode & 0o077] == []
