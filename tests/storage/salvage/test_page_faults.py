"""Damaged pages and files: at least every row whose pages survived, nothing wrong that is not said, no ghosts."""

from __future__ import annotations

import pytest

from tests.storage.assay import Outcome
from tests.storage.salvage.conftest import Hurt

BOTH = pytest.mark.parametrize("which", ["head", "old"])


def no_ghosts(outcome: Outcome) -> None:
    assert not outcome.ghosts
    # Parents made up for todos whose owner nothing names any more are the only rows that never were.
    assert {table for table, _ in outcome.flagged_ghosts} <= {"users"}
    assert len(outcome.flagged_ghosts) == outcome.report.total("invented")


@BOTH
@pytest.mark.parametrize(("n", "seed", "least"), [(1, 1, 99.9), (10, 1, 99.3), (100, 1, 92.0), (100, 2, 92.0)])
def test_random_pages(hurt: Hurt, which: str, n: int, seed: int, least: float) -> None:
    outcome = hurt(which, "pages-random", seed, n)
    assert outcome.share >= least
    assert not outcome.silent
    no_ghosts(outcome)
    assert not outcome.below_bound
    # Every row is still named by one of its indexes.
    assert outcome.present >= 99.99


@BOTH
@pytest.mark.parametrize(
    ("fault", "n", "least"),
    [
        ("pages-zero", 100, 92.0),
        ("leaf-random", 50, 95.0),
        ("torn-pages", 10, 99.6),
        ("overflow-random", 10, 99.94),
        ("truncate-tail", 10, 98.74),
    ],
)
def test_lost_pages(hurt: Hurt, which: str, fault: str, n: int, least: float) -> None:
    outcome = hurt(which, fault, n=n)
    assert outcome.share >= least
    assert outcome.present == 100
    assert not outcome.silent
    no_ghosts(outcome)
    assert not outcome.below_bound


@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        "interior-random", "root-random", "pages-swap", "pages-swap-tables", "index-random", "index-root-random",
        "index-payload", "index-missing", "bad-magic", "zero-header", "zero-page1", "random-page1", "bad-page-size",
        "schema-garbage", "schema-names-garbage", "freelist-bad", "freelist-living",
    ],
)  # fmt: skip
def test_nothing_lost(hurt: Hurt, which: str, fault: str) -> None:
    outcome = hurt(which, fault)
    assert outcome.exact == outcome.truth
    no_ghosts(outcome)


@BOTH
@pytest.mark.parametrize(("fault", "exact", "present"), [("truncate-midpage", 58.89, 98), ("truncate-half", 43.79, 85)])
def test_cut_files(hurt: Hurt, which: str, fault: str, exact: float, present: float) -> None:
    outcome = hurt(which, fault)
    assert outcome.share >= exact
    assert outcome.present >= present
    assert not outcome.silent
    no_ghosts(outcome)
    # A tag of a todo that is lost altogether goes into the ledger: nothing is left for it to hang on.
    assert {table for table, _ in outcome.below_bound} <= {"todo_tags"}
    assert len(outcome.below_bound) <= outcome.report.table("todo_tags").rejected


@BOTH
@pytest.mark.parametrize(("fault", "n", "least"), [("leaf-bit-flips", 10, 99.94), ("bit-flips", 100, 99.6)])
def test_bit_flips(hurt: Hurt, which: str, fault: str, n: int, least: float) -> None:
    outcome = hurt(which, fault, n=n)
    assert outcome.share >= least
    assert outcome.present == 100
    no_ghosts(outcome)
    assert not outcome.below_bound
    # A flipped letter in a text that no index repeats is beyond anyone's seeing, and no more than that one value.
    assert len(outcome.silent) <= 0.8 * n
    assert all(len(differences) == 1 for _, _, differences in outcome.silent)


def test_header_only(hurt: Hurt) -> None:
    outcome = hurt("head", "truncate-header")
    assert outcome.exact == 0
    no_ghosts(outcome)


@pytest.mark.parametrize("fault", ["text-file", "lfs-pointer", "random-file", "zero-file"])
def test_no_database_at_all(hurt: Hurt, fault: str) -> None:
    outcome = hurt("head", fault)
    assert outcome.report.total("saved") == 0
    assert not outcome.report.schema_read
