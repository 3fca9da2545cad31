"""The databases to damage, built once a session and never touched: every test works on a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.storage.assay import Content, Outcome, assay, contents
from tests.storage.damage import damage
from tests.storage.reference import build


@dataclass(frozen=True, slots=True)
class Reference:
    which: str
    path: Path
    backup: Path
    truth: Content


def _reference(folder: Path, which: str, users: int, todos: int) -> Reference:
    path, backup = folder / "todo.db", folder / "backup.db"
    build(path, which=which, users=users, todos=todos, backup=backup)
    return Reference(which, path, backup, contents(path, which))


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reference]:
    return {
        which: _reference(tmp_path_factory.mktemp(which), which, users=100, todos=20_000) for which in ("head", "old")
    }


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reference]:
    return {
        which: _reference(tmp_path_factory.mktemp(f"small-{which}"), which, users=12, todos=500)
        for which in ("head", "old")
    }


Hurt = Callable[..., Outcome]


@pytest.fixture
def hurt(references: dict[str, Reference], tmp_path: Path) -> Hurt:
    """Damages a copy of a reference, salvages it, and says what became of every row."""

    def run(
        which: str, fault: str, seed: int = 1, n: int | None = None, *, backup: bool = False, fresh_truth: bool = False,
        aliases: dict[str, str] | None = None,
    ) -> Outcome:  # fmt: skip
        reference = references[which]
        folder = tmp_path / f"{which}-{fault}-{seed}-{n}"
        folder.mkdir()
        damaged = folder / "todo.db"
        shutil.copyfile(reference.path, damaged)
        damage(damaged, fault, seed, n)
        before = damaged.read_bytes()
        outcome = assay(
            reference.path, damaged, folder / "candidate.db", which=which,
            truth=contents(damaged, which) if fresh_truth else reference.truth,
            backups=(reference.backup,) if backup else (), aliases=aliases,
        )  # fmt: skip
        assert damaged.read_bytes() == before
        assert outcome.report.sound
        return outcome

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The figures of every fault take minutes; tests/storage/acceptance starts the app on most of them in each run."""
    for item in items:
        if "salvage" in item.path.parts:
            item.add_marker("endurance")
