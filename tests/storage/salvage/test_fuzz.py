"""Whatever is done to the file: no exception, a sound candidate, and the same candidate the second time."""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.records import Shapes, cut_record, serial_types
from tests.storage.assay import Steward, contents
from tests.storage.damage import FAULTS, damage
from tests.storage.reference import LAYOUTS, create_empty
from tests.storage.salvage.conftest import Reference

_RAW = [
    "pages-random", "pages-zero", "torn-pages", "bit-flips", "leaf-bit-flips", "index-random", "interior-random",
    "overflow-random", "pages-swap", "truncate-midpage", "truncate-tail", "bad-page-size", "zero-page1",
    "schema-garbage", "freelist-bad",
]  # fmt: skip
_ROUNDS = 25


def salvage(damaged: Path, candidate: Path, which: str, backup: Path | None) -> str:
    candidate.unlink(missing_ok=True)
    report = rebuild(
        damaged, candidate, lambda path: create_empty(path, which), LAYOUTS, caretaker=Steward(),
        skip={"alembic_version"}, backups=(backup,) if backup else (),
    )  # fmt: skip
    assert report.sound
    rows = {table: sorted(map(repr, rows.values())) for table, rows in contents(candidate, which).items()}
    return hashlib.sha256(repr(sorted(rows.items())).encode()).hexdigest()


@pytest.mark.parametrize("batch", range(10))
def test_any_mixture_of_damage(small: dict[str, Reference], tmp_path: Path, batch: int) -> None:
    rng = random.Random(batch)
    for round_ in range(_ROUNDS):
        which = rng.choice(("head", "old"))
        path = tmp_path / f"{round_}.db"
        shutil.copyfile(small[which].path, path)
        names = [rng.choice(_RAW)]
        damage(path, names[0], rng.randrange(10**6), rng.choice((1, 3, 10, 40)))
        _stir(path, rng)
        backup = small[which].backup if rng.random() < 0.5 else None
        first = salvage(path, tmp_path / "one.db", which, backup)
        if round_ % 5 == 0:
            assert first == salvage(path, tmp_path / "two.db", which, backup), names
        path.unlink()


def _stir(path: Path, rng: random.Random) -> None:
    """More damage, to places nobody chose."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((0, 5, 100))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.3:
        at = rng.randrange(len(data))
        data[at : at + 3000] = rng.randbytes(min(3000, len(data) - at))
    path.write_bytes(data)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_is_repeatable(small: dict[str, Reference], tmp_path: Path, name: str) -> None:
    digests = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        path = folder / "todo.db"
        shutil.copyfile(small["head"].path, path)
        damage(path, name, seed=5)
        if name.startswith(("stale-", "wal-")):
            # Logs carry salts SQLite draws by chance.
            assert path.exists()
            return
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "")
    assert digests[0] == digests[1]
    assert digests[0] != hashlib.sha256(small["head"].path.read_bytes()).hexdigest()


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_records_of_any_bytes(data: bytes) -> None:
    serial_types(data)
    cut_record(Shapes(), data, len(data))
    cut_record(Shapes(), data, 5000)


@given(st.binary(min_size=0, max_size=3000))
@settings(max_examples=60, deadline=None)
def test_files_of_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "todo.db").write_bytes(data)
    salvage(folder / "todo.db", folder / "candidate.db", "old", None)
    shutil.rmtree(folder)
