"""Cases 24 and 25: rights that are missing and a disk that is full are no damage, and nothing is changed."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.storage.swap import candidate_of
from tests.storage.acceptance.nursery import Call, Nursery
from tests.storage.acceptance.patients import Content, Kept, Patient

MIB = 1024 * 1024
CALLS: tuple[Call, ...] = (
    ("GET", "/api/v1/todos?limit=5", None),
    ("POST", "/api/v1/todos", {"title": "one more"}),
    ("GET", "/health", None),
)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that anybody may look into, which those of the tests are not."""
    folder = Path(tempfile.mkdtemp(prefix="todo-public-"))
    folder.chmod(0o777)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=True)
    shutil.rmtree(folder)


@pytest.fixture
def nobody(public: Path) -> Iterator[Nursery]:
    """Starts as a user who may write nowhere; whoever runs the tests as root would be stopped by no mode."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("the tests run as root, and setpriv is missing: no mode of a file would stop them")
        # It may still read the program, wherever that lies.
        read_anything = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *read_anything)
    answers = public / "answers"
    answers.mkdir(mode=0o777)
    answers.chmod(0o777)
    made = Nursery(answers, prefix)
    yield made
    made.close()


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("what", ["readonly-file", "readonly-dir"])
@pytest.mark.parametrize("is_wal", [False, True], ids=["rollback", "wal"])
def test_case_24_what_cannot_be_written_is_read(
    large: Kept, large_truth: Content, nobody: Nursery, public: Path, what: str, is_wal: bool
) -> None:
    folder = public / "data"
    folder.mkdir()
    database = Path(shutil.copy(large.database, folder / "todo.db"))
    patient = Patient(database, nobody, large_truth)
    if not is_wal:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    database.chmod(0o444)
    folder.chmod(0o555 if what == "readonly-dir" else 0o777)
    before = listing(folder)
    owner = next(iter(large_truth["todos"]))[0]
    for _ in range(2):
        report = patient.start(calls=CALLS, environment=patient.token(owner))
        assert report.is_read_only
        assert [answer["status"] for answer in report.answers] == [200, 503, 200]
        assert report.answers[0]["body"]["total"] > 0
        assert report.answers[2]["body"]["status"] == "degraded"
    after = listing(folder)
    assert {name: content for name, content in after.items() if name in before} == before
    # Where the folder allows it, a database that can only be read is still copied to its backups.
    # So are the files that SQLite reads a WAL database with, which nobody who only reads takes away: they hold nothing.
    assert not after.get("todo.db-wal")
    scratch = {"todo.db-wal", "todo.db-shm"}
    assert {name.split("/")[0] for name in after.keys() - before.keys()} <= {"backups", "todo.db.keeper.lock", *scratch}


@pytest.mark.parametrize("what", ["readonly-file", "readonly-dir"])
def test_case_24_damage_that_cannot_be_mended_is_left_alone(
    large: Kept, large_truth: Content, nobody: Nursery, public: Path, nursery: Nursery, what: str
) -> None:
    folder = public / "data"
    folder.mkdir()
    database = Path(shutil.copy(large.database, folder / "todo.db"))
    Patient(database, nobody, large_truth).hurt("pages-random", n=10)
    database.chmod(0o444)
    folder.chmod(0o555 if what == "readonly-dir" else 0o777)
    before = listing(folder)
    report = nobody.start(database, calls=CALLS)
    assert not report.is_usable
    assert report.answers[2]["status"] == 503
    assert listing(folder) == before
    # With its rights back it is healed.
    database.chmod(0o666)
    folder.chmod(0o777)
    patient = Patient(database, nursery, large_truth)
    assert patient.start().healed
    outcome = patient.outcome()
    assert outcome.exact_share >= 99.77 or not patient.is_of_the_figures
    assert outcome.present_share >= 99


@pytest.fixture
def tmpfs(tmp_path: Path, large: Kept) -> Iterator[Path]:
    """A small disk of its own: room for the database three and a half times."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = large.database.stat().st_size * 7 // 2
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, free: int) -> Path:
    """Leave so many bytes free."""
    filler = disk / "filler"
    room = shutil.disk_usage(disk).free - free
    with filler.open("wb") as file:
        while room > 0:
            try:
                room -= file.write(bytes(min(room, MIB)))
                file.flush()
            except OSError:
                break
    return filler


@pytest.mark.parametrize("when", ["before", "in-the-middle"])
def test_case_25_a_full_disk_is_no_damage_and_healing_waits_for_space(
    large: Kept, large_truth: Content, nursery: Nursery, tmpfs: Path, when: str
) -> None:
    database = Path(shutil.copy(large.database, tmpfs / "todo.db"))
    patient = Patient(database, nursery, large_truth)
    patient.hurt("pages-random", n=patient.pages(100))
    if when == "before":
        fill(tmpfs, free=database.stat().st_size)
        report = patient.start(calls=CALLS)
    else:
        patient.remember()
        child = patient.begin(calls=CALLS)
        attempt = candidate_of(database).with_name(candidate_of(database).name + ".0")
        while not attempt.exists() or attempt.stat().st_size < MIB // 16:
            time.sleep(0.001)
        fill(tmpfs, free=0)
        report = child.wait()
    assert not report.is_usable
    assert report.answers[0]["status"] in {401, 503}
    assert report.answers[2]["status"] == 503
    assert database.read_bytes() == patient.before[""]
    left = {path.name for path in tmpfs.iterdir()} - {"todo.db", "filler", "todo.db.lock", "todo.db.inuse.lock"}
    assert not list(tmpfs.glob("todo.db.heal*")), left
    assert not patient.folders
    (tmpfs / "filler").unlink()
    assert patient.start().healed
    outcome = patient.outcome()
    assert outcome.exact_share >= 95.20 or not patient.is_of_the_figures
    assert outcome.present_share >= 99
    patient.assert_well()
