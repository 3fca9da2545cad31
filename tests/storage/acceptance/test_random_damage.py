"""2,000 databases with damage that nobody designed, each started for real; and 500 of which every table is in use."""

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backend.storage.diagnose import State
from tests.storage.acceptance.chance import Injuries
from tests.storage.acceptance.nursery import Nursery
from tests.storage.acceptance.patients import Kept, Patient, assert_sound

_BATCHES, _BATCHES_OF_LIVES, _EACH = 20, 5, 100
_SAMPLED = 8
# 382: of a file that was cut a single page of todos was left, and taken for all of them. 536: two pages had changed
# places, so that the table's first page was one of its last ones. 1492: a page of
# rows stood there twice, which no unique index can be made of. 1833: a bit flip that a new index sealed in.
_FOUND_A_FAULT = (382, 536, 1492, 1833)


Admit = Callable[[Kept, int], Patient]


@pytest.fixture
def admit_copy(nursery: Nursery, tmp_path: Path) -> Admit:
    def make(kept: Kept, seed: int) -> Patient:
        room = tmp_path / str(seed)
        room.mkdir()
        return Patient(Path(shutil.copy(kept.database, room / "todo.db")), nursery, kept.truth)

    return make


def examine(patient: Patient, seed: int, kept: Kept) -> str:
    """One seed: damage, start, compare, start again. Returns what the first start found."""
    rng = random.Random(f"chance/{seed}")
    if rng.random() < 0.3:
        patient.with_backup(kept)
    injuries = Injuries(rng, patient.database).inflict()
    report = patient.start()
    said = f"seed {seed}: {injuries.names}\n{report.log}"
    assert report.is_usable, said
    assert patient.database.exists(), said
    if report.is_read_only:
        # Both its version row and a name in its tables were hit: nothing is done to what may be a newer release.
        assert report.found == State.SCHEMA_NEWER, said
        assert patient.database.read_bytes() == patient.before[""], said
        return str(report.found)
    # Nothing of a log that is none gets into the file: both must be as they were, there or in quarantine.
    was_replayed = (
        "-wal" in patient.before
        and not injuries.has_garbage_log
        and not any((folder / "todo.db-wal").exists() and "_log-" not in folder.name for folder in patient.folders)
    )
    if was_replayed or (report.found == State.HEALTHY and not patient.folders):
        # SQLite has taken the log into the file, as after any crash; whether or not anything else was wrong with it.
        assert not was_replayed or injuries.has_own_log or injuries.has_siblings_log, said
        patient.before.clear()
    if report.found == State.VERSION_ROW_WRONG:
        patient.before.pop("", None)
    assert patient.is_kept(), said
    assert_sound(patient.database)
    outcome = patient.outcome()
    # Tags have a table of their own, made from what stands in their todos: those are looked at.
    changed = [one for one in outcome.silent if one[0] != "todo_tags"]
    assert sum(len(differences) for _, _, differences in changed) <= injuries.invisible, f"{said}\n{changed}"
    own = {"todo_tags", "todos"} if injuries.has_own_log else {"todo_tags"}
    ghosts = [one for one in outcome.ghosts if one[0] not in own]
    if not report.unacknowledged or "was restored" not in report.unacknowledged:
        assert not ghosts, f"{said}\n{ghosts}"
    missing = {table for table, _ in outcome.missing} - {"todo_tags"}
    if was_replayed and injuries.has_siblings_log:
        missing = set()
    assert not missing or not report.lost_nothing, f"{said}\n{outcome.missing}"
    again = patient.nursery.start(patient.database)
    assert again.found == State.HEALTHY, f"{said}\n{again.log}"
    assert again.actions == [], f"{said}\n{again.log}"
    return str(report.found)


def examine_all(admit: Admit, kept: Kept, seeds: Sequence[int], record: Callable[[str, object], None]) -> None:
    found: dict[str, int] = {}
    failures = []
    for seed in seeds:
        patient = admit(kept, seed)
        try:
            state = examine(patient, seed, kept)
        except AssertionError as error:
            failures.append(f"--- {seed}: {error}")
            continue
        found[state] = found.get(state, 0) + 1
        shutil.rmtree(patient.database.parent)
    record("states found", found)
    assert not failures, f"{len(failures)} of {len(seeds)}:\n" + "\n".join(failures)


@pytest.mark.parametrize("batch", range(4))
def test_a_sample_of_random_damage(
    admit_copy: Admit, tiny: Kept, record_property: Callable[[str, object], None], batch: int
) -> None:
    examine_all(admit_copy, tiny, range(batch * _EACH, batch * _EACH + _SAMPLED), record_property)


def test_a_sample_of_it_where_every_table_is_in_use(
    admit_copy: Admit, lived: Kept, record_property: Callable[[str, object], None]
) -> None:
    examine_all(admit_copy, lived, range(_SAMPLED), record_property)


def test_damage_that_found_a_fault_once(
    admit_copy: Admit, tiny: Kept, record_property: Callable[[str, object], None]
) -> None:
    examine_all(admit_copy, tiny, _FOUND_A_FAULT, record_property)


@pytest.mark.endurance
@pytest.mark.parametrize("batch", range(_BATCHES))
def test_two_thousand_random_damages(
    admit_copy: Admit, tiny: Kept, record_property: Callable[[str, object], None], batch: int
) -> None:
    examine_all(admit_copy, tiny, range(batch * _EACH, (batch + 1) * _EACH), record_property)


@pytest.mark.endurance
@pytest.mark.parametrize("batch", range(_BATCHES_OF_LIVES))
def test_five_hundred_random_damages_where_every_table_is_in_use(
    admit_copy: Admit, lived: Kept, record_property: Callable[[str, object], None], batch: int
) -> None:
    examine_all(admit_copy, lived, range(batch * _EACH, (batch + 1) * _EACH), record_property)
