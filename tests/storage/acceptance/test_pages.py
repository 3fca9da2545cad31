"""Cases 4 to 11, 16 and 17: pages overwritten, erased, torn, cut off; headers; indexes. No backup helps but in 6."""

import pytest

from backend.storage.diagnose import State
from tests.storage.acceptance.patients import Kept, Outcome, Patient


def healed(patient: Patient, least: float = 0) -> Outcome:
    """Start on what is damaged; nothing is wrong or made up without a flag, and a loss is told.

    At `least` so many of a hundred rows are exact in a file of the size that the figures are of. In a small one the
    rows of a single page are too many of all; in any, what stands on pages that were not hit is exact.
    """
    untouched = patient.untouched() if least else set()
    report = patient.start()
    assert report.is_usable
    assert report.healed
    assert report.found in {State.CORRUPT, State.NOT_A_DATABASE}
    outcome = patient.outcome()
    assert not outcome.silent
    assert not outcome.ghosts
    assert not untouched & {*outcome.missing, *outcome.flagged}
    assert outcome.exact_share >= least or not patient.is_of_the_figures
    if not outcome.is_whole:
        assert not report.lost_nothing
        assert report.unacknowledged
    patient.assert_well()
    return outcome


@pytest.mark.parametrize(("n", "least"), [(1, 99.99), (10, 99.77), (100, 95.20)])
def test_case_04_random_pages(patient: Patient, n: int, least: float) -> None:
    outcome = healed(patient.hurt("pages-random", n=patient.pages(n)), least)
    # The indexes are a second copy: each row is still named by one, and the tags of a todo by their own table.
    assert {table for table, _ in outcome.missing} <= {"todo_tags"}
    assert outcome.present_share >= 99.9


def test_case_05_zeroed_pages(patient: Patient) -> None:
    outcome = healed(patient.hurt("pages-zero", n=patient.pages(100)), 96.03)
    assert {table for table, _ in outcome.missing} <= {"todo_tags"}
    assert outcome.present_share >= 99.9


def test_case_06_lost_leaves_come_back_from_the_indexes_and_a_snapshot(patient: Patient, large: Kept) -> None:
    outcome = healed(patient.with_backup(large).hurt("leaf-random", n=patient.pages(50)))
    assert outcome.exact_share >= 99.9
    assert outcome.present == outcome.total
    # Nothing that was deleted since the snapshot is back.
    assert not outcome.flagged_ghosts


@pytest.mark.parametrize("fault", ["interior-random", "root-random", "pages-swap"])
def test_case_07_the_way_to_the_rows_is_lost_and_no_row(patient: Patient, fault: str) -> None:
    assert healed(patient.hurt(fault)).is_whole


def test_case_08_overflow_pages(patient: Patient) -> None:
    outcome = healed(patient.hurt("overflow-random", n=patient.pages(10)), 99.96)
    assert outcome.present == outcome.total
    assert len(outcome.flagged) <= 10


def test_case_09_torn_pages(patient: Patient) -> None:
    outcome = healed(patient.hurt("torn-pages", n=patient.pages(10)), 99.65)
    assert outcome.present == outcome.total


@pytest.mark.parametrize("fault", ["bad-magic", "zero-header", "zero-page1", "bad-page-size", "schema-garbage"])
def test_case_10_the_first_page(patient: Patient, fault: str) -> None:
    assert healed(patient.hurt(fault)).is_whole


@pytest.mark.parametrize(
    ("fault", "least"), [("truncate-tail", 98.74), ("truncate-midpage", 58.89), ("truncate-half", 43.79)]
)
def test_case_11_files_cut_short(patient: Patient, fault: str, least: float) -> None:
    healed(patient.hurt(fault), least)


@pytest.mark.parametrize("fault", ["index-payload", "index-missing"])
def test_case_16_wrong_index_entries_are_found_by_the_full_check_and_built_anew(patient: Patient, fault: str) -> None:
    report = patient.hurt(fault).start()
    assert report.found == State.INDEX_DAMAGED
    assert "REINDEX" in report.actions[0]
    assert not report.healed
    assert report.lost_nothing
    assert patient.outcome().is_whole
    patient.assert_well()


@pytest.mark.parametrize("fault", ["index-random", "freelist-bad"])
def test_case_17_a_destroyed_index_or_freelist_costs_no_row(patient: Patient, fault: str) -> None:
    assert healed(patient.hurt(fault)).is_whole
