"""One process that starts the app by forking, and two references, built once a run however many workers share it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from tests.storage.acceptance.nursery import Nursery
from tests.storage.acceptance.patients import Content, Kept, Patient, build, build_lived

Admit = Callable[..., Patient]


@pytest.fixture(autouse=True)
def fresh_database() -> None:
    """Instead of the one of all tests: these bring their own, and start the app in other processes."""


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


def _shared(factory: pytest.TempPathFactory, worker: str, name: str, build: Callable[[Path], Kept]) -> Kept:
    base = factory.getbasetemp() if worker == "master" else factory.getbasetemp().parent
    folder = base / name
    with FileLock(base / f"{name}.lock"):
        if not (folder / "older").exists():
            draft = base / f"{name}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            build(draft)
            draft.rename(folder)
    return Kept(folder / "todo.db", folder / "older" / "backups")


@pytest.fixture(
    scope="session",
    params=[pytest.param(2_000, id="2k"), pytest.param(20_000, id="20k", marks=pytest.mark.endurance)],
)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Kept:
    """100 users and 20,000 todos, as the acceptance figures want them; each run has a tenth of those, in 4 MiB."""
    return _shared(tmp_path_factory, worker_id, f"large{request.param}", partial(build, users=100, todos=request.param))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Kept:
    """For what needs many starts and no figures."""
    return _shared(tmp_path_factory, worker_id, "small", partial(build, users=12, todos=300))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Kept:
    """For what needs thousands."""
    return _shared(tmp_path_factory, worker_id, "tiny", partial(build, users=5, todos=100))


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Kept:
    """For what every table has to come through."""
    return _shared(tmp_path_factory, worker_id, "lived", build_lived)


@pytest.fixture(scope="session")
def large_truth(large: Kept) -> Content:
    return large.truth


@pytest.fixture(scope="session")
def small_truth(small: Kept) -> Content:
    return small.truth


@pytest.fixture
def patient(large: Kept, large_truth: Content, nursery: Nursery, tmp_path: Path) -> Patient:
    database = Path(shutil.copy(large.database, tmp_path / "todo.db"))
    return Patient(database, nursery, large_truth, healthy=large.database)


@pytest.fixture
def admit(small: Kept, small_truth: Content, nursery: Nursery, tmp_path: Path) -> Admit:
    """Small patients, as many as a test wants."""
    count = 0

    def make(folder: Path | None = None) -> Patient:
        nonlocal count
        count += 1
        room = folder or tmp_path / f"room{count}"
        room.mkdir(exist_ok=True)
        return Patient(Path(shutil.copy(small.database, room / "todo.db")), nursery, small_truth)

    return make
