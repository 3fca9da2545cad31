"""Cases 22, 26 and 27: processes that are killed while they heal, swap or migrate, and six that start at once."""

import random
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from backend.storage import layout
from tests.storage.acceptance.conftest import Admit
from tests.storage.acceptance.nursery import Ended, Nursery
from tests.storage.acceptance.patients import (
    OLDEST,
    Content,
    Kept,
    Patient,
    assert_sound,
    columns_in,
    contents,
    write,
)

SWAP = ("storage/swap.py",)
HEAL = ("storage/heal.py", "storage/quarantine.py", "storage/memory.py")


def files_of_migrations() -> tuple[str, ...]:
    versions = Path(__file__).resolve().parents[3] / "alembic" / "versions"
    return ("storage/migrate.py", *(f"versions/{path.name}" for path in versions.glob("*.py")))


def spread(count: int, wanted: int) -> list[int]:
    """Lines from the first to the last, evenly."""
    return sorted({1 + round(number * (count - 1) / (wanted - 1)) for number in range(wanted)})


def kill_at_each(admit: Admit, files: Sequence[str], wanted: int | None) -> int:
    """Kill a heal at lines of these files; the next start ends as one that nobody killed. Returns how often."""
    whole = admit().hurt("pages-random", n=20)
    report = whole.start(kill_in=files)
    assert report.healed
    expected = contents(whole.database)
    points = range(1, report.lines + 1) if wanted is None else spread(report.lines, wanted)
    for point in points:
        patient = admit().hurt("pages-random", n=20)
        patient.remember()
        assert patient.nursery.start(patient.database, kill_in=files, kill_at=point).was_killed
        after = patient.nursery.start(patient.database)
        assert after.is_usable
        # What was lost is told, also where the process that lost it could not tell any more.
        assert after.unacknowledged is not None
        assert contents(patient.database) == expected
        assert len(patient.folders) == 1
        patient.assert_well()
        shutil.rmtree(patient.database.parent)
    return len(points)


def test_case_27_killed_at_points_of_the_swap(admit: Admit) -> None:
    assert kill_at_each(admit, SWAP, 9) == 9


def test_case_27_killed_at_points_of_the_heal(admit: Admit) -> None:
    assert kill_at_each(admit, HEAL, 5) == 5


@pytest.mark.endurance
@pytest.mark.parametrize("files", [SWAP, HEAL], ids=["swap", "heal"])
def test_case_27_killed_at_every_line(admit: Admit, files: Sequence[str]) -> None:
    assert kill_at_each(admit, files, None) > 30


def kill_at_random(admit: Admit, kills: int, seed: int) -> None:
    """Kill heals at random moments, as often in all, each database until a start comes through."""
    chance = random.Random(seed)
    whole = admit().hurt("pages-random", n=20)
    began = time.monotonic()
    assert whole.start().healed
    took = time.monotonic() - began
    expected = contents(whole.database)
    done = 0
    while done < kills:
        patient = admit().hurt("pages-random", n=20)
        patient.remember()
        was_killed = True
        while was_killed and done < kills:
            child = patient.begin()
            time.sleep(chance.uniform(0, took))
            child.kill()
            was_killed = child.wait().was_killed
            done += was_killed
        patient.nursery.start(patient.database)
        assert contents(patient.database) == expected
        assert len(patient.folders) == 1
        patient.assert_well()


def test_case_27_killed_at_random(admit: Admit) -> None:
    kill_at_random(admit, kills=5, seed=1)


@pytest.mark.endurance
def test_case_27_killed_at_random_forty_times(admit: Admit) -> None:
    kill_at_random(admit, kills=40, seed=2)


def test_case_26_six_at_once_of_which_three_are_killed(patient: Patient) -> None:
    chance = random.Random(26)
    patient.hurt("pages-random", n=patient.pages(100))
    patient.remember()
    children = [patient.begin(is_clean=False) for _ in range(6)]
    for child in children[:3]:
        time.sleep(chance.uniform(0, 1))
        child.kill()
    ends = [child.wait() for child in children]
    living = [end for end in ends if not end.was_killed]
    assert len(living) >= 3
    assert all(end.is_usable for end in living)
    assert sum(end.healed for end in living) <= 1
    assert len(patient.folders) == 1
    outcome = patient.outcome()
    assert outcome.exact_share >= 95.20
    assert not outcome.silent
    assert not outcome.ghosts
    patient.assert_kept()
    assert_sound(patient.database)


@pytest.fixture
def of_an_older_release(tmp_path: Path) -> Path:
    """A small database of the oldest release."""
    database = tmp_path / "older.db"
    write(database, users=12, todos=400)
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in ("sessions", "installation"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE alembic_version SET version_num = ?", [OLDEST])
    return database


def _everywhere(whole: Ended) -> list[int]:
    """Each line of the source as it runs first and last, and by chance some of the turns that loops take between."""
    chance = random.Random(1)
    return sorted({*whole.edges, *chance.sample(range(1, whole.lines + 1), 100)})


def kill_migrations(nursery: Nursery, older: Path, wanted: int | None) -> int:
    columns = columns_in(older)
    before = contents(older, columns)
    files = files_of_migrations()
    probe = Path(shutil.copy(older, older.with_name("probe.db")))
    whole = nursery.start(probe, kill_in=files)
    points = spread(whole.lines, wanted) if wanted is not None else _everywhere(whole)
    for point in points:
        room = older.with_name(f"room{point}")
        room.mkdir()
        database = Path(shutil.copy(older, room / "todo.db"))
        assert nursery.start(database, kill_in=files, kill_at=point).was_killed
        report = nursery.start(database)
        assert report.is_usable
        assert_sound(database)
        assert contents(database, columns) == before
        assert not (room / "todo.db.quarantine").exists()
        [*copies] = (room / "backups").glob("*.db")
        assert all(contents(copy, columns) == before for copy in copies)
        assert copies
        assert nursery.start(database).actions == []
        shutil.rmtree(room)
    return len(points)


@pytest.mark.skipif(layout.released().head == OLDEST, reason="there is one release only")
def test_case_22_killed_in_mid_migration(nursery: Nursery, of_an_older_release: Path) -> None:
    assert kill_migrations(nursery, of_an_older_release, 6) == 6


@pytest.mark.endurance
def test_case_22_killed_at_every_line_of_the_migrations(nursery: Nursery, of_an_older_release: Path) -> None:
    assert kill_migrations(nursery, of_an_older_release, None) > 10


# One of each kind of fault, in the words of the diagnosis.
KINDS = {
    "corrupt": "pages-random",
    "not_a_database": "text-file",
    "no_schema": "zero-page1",
    "stale_sidecar": "stale-wal",
    "torn_log": "wal-cut",
    "index_damaged": "index-payload",
    "rows_invalid": "check-violation",
    "schema_half": "half-migration",
    "version_row_wrong": "alembic-empty",
    "missing": "missing",
}


def six_at_once(patient: Patient, fault: str) -> None:
    """All serve, one heals, and one folder at most is in quarantine."""
    patient.hurt(fault)
    patient.remember()
    children = [patient.begin(calls=[("GET", "/health", None)], is_clean=False) for _ in range(6)]
    ends = [child.wait() for child in children]
    assert all(end.is_usable and end.answers[0]["status"] == 200 for end in ends)
    acted = [end for end in ends if end.actions]
    assert len(acted) == 1, [end.actions for end in ends]
    assert sum(end.healed for end in ends) <= 1
    assert len(patient.folders) <= 1
    if fault == "stale-wal":
        patient.before.pop("", None)  # the file itself was in order, and the apps have gone on writing into it
    if fault not in {"alembic-empty", "wal-hot"}:
        patient.assert_kept()
    assert_sound(patient.database)


@pytest.mark.parametrize("fault", ["pages-random", "stale-wal", "index-payload"])
def test_six_at_once_on_a_fault(admit: Admit, fault: str) -> None:
    six_at_once(admit(), fault)


@pytest.mark.endurance
@pytest.mark.parametrize("fault", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("size", ["small", "large"])
def test_six_at_once_on_each_kind_of_fault(
    admit: Admit, tmp_path: Path, large: Kept, large_truth: Content, nursery: Nursery, fault: str, size: str
) -> None:
    if size == "small":
        six_at_once(admit(), fault)
    else:
        six_at_once(Patient(Path(shutil.copy(large.database, tmp_path / "todo.db")), nursery, large_truth), fault)
