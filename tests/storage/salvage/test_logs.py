"""Two views of one file: alone, and under its log."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.report import Report
from backend.storage.salvage.views import rebuild_from_views
from tests.storage.assay import Steward, contents
from tests.storage.damage import damage
from tests.storage.damage.log_faults import sidecar
from tests.storage.reference import LAYOUTS, create_empty
from tests.storage.salvage.conftest import Reference


def heal(damaged: Path, candidate: Path) -> Report:
    def build(target: Path, log: Path | None, donors: object) -> Report:
        assert isinstance(donors, list | tuple)
        return rebuild(
            damaged, target, create_empty, LAYOUTS, log=log, backups=donors, caretaker=Steward(),
            skip={"alembic_version"},
        )  # fmt: skip

    return rebuild_from_views(damaged, sidecar(damaged, "-wal"), candidate, (), build)


@pytest.fixture
def damaged(small: dict[str, Reference], tmp_path: Path) -> Path:
    path = tmp_path / "todo.db"
    shutil.copyfile(small["head"].path, path)
    return path


@pytest.mark.parametrize("fault", ["stale-wal", "stale-journal", "wal-garbage", "stale-shm", "wal-lost"])
def test_the_main_file_stands(damaged: Path, small: dict[str, Reference], tmp_path: Path, fault: str) -> None:
    damage(damaged, fault, seed=1)
    before = damaged.read_bytes()
    report = heal(damaged, tmp_path / "candidate.db")
    assert report.sound
    assert contents(tmp_path / "candidate.db") == small["head"].truth
    assert damaged.read_bytes() == before
    assert not (tmp_path / "candidate.db.without-log").exists()


def test_commits_in_the_log_count(damaged: Path, tmp_path: Path) -> None:
    damage(damaged, "wal-hot", seed=1)
    replayed = tmp_path / "replayed.db"
    shutil.copyfile(damaged, replayed)
    shutil.copyfile(sidecar(damaged, "-wal"), sidecar(replayed, "-wal"))
    create_checkpoint(replayed)
    heal(damaged, tmp_path / "candidate.db")
    assert contents(tmp_path / "candidate.db") == contents(replayed)


def test_a_cut_log_counts_up_to_its_last_commit(damaged: Path, tmp_path: Path) -> None:
    damage(damaged, "wal-cut", seed=1)
    replayed = tmp_path / "replayed.db"
    shutil.copyfile(damaged, replayed)
    shutil.copyfile(sidecar(damaged, "-wal"), sidecar(replayed, "-wal"))
    create_checkpoint(replayed)
    heal(damaged, tmp_path / "candidate.db")
    assert contents(tmp_path / "candidate.db") == contents(replayed)


def test_pages_lost_in_the_main_file_are_taken_from_the_log(damaged: Path, tmp_path: Path) -> None:
    damage(damaged, "wal-hot", seed=2)
    replayed = tmp_path / "replayed.db"
    shutil.copyfile(damaged, replayed)
    shutil.copyfile(sidecar(damaged, "-wal"), sidecar(replayed, "-wal"))
    create_checkpoint(replayed)
    truth = contents(replayed)["todos"]
    log = sidecar(damaged, "-wal").read_bytes()
    sidecar(damaged, "-wal").unlink()
    damage(damaged, "pages-random", seed=3, n=5)
    sidecar(damaged, "-wal").write_bytes(log)
    heal(damaged, tmp_path / "candidate.db")
    saved = contents(tmp_path / "candidate.db")["todos"]
    assert saved.keys() == truth.keys()
    assert sum(saved[key] == row for key, row in truth.items()) >= 0.85 * len(truth)


def test_the_log_of_a_vacuumed_sibling(damaged: Path, small: dict[str, Reference], tmp_path: Path) -> None:
    """Its pages are ours, moved about: whatever the mixture shows, the main file alone has every row."""
    damage(damaged, "stale-wal-sibling", seed=1)
    report = rebuild(damaged, tmp_path / "candidate.db", create_empty, LAYOUTS, skip={"alembic_version"})
    assert report.sound
    assert contents(tmp_path / "candidate.db") == small["head"].truth


def create_checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
