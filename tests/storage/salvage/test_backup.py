"""A backup fills what the indexes say is missing, and brings nothing back that was deleted since."""

from __future__ import annotations

import pytest

from tests.storage.salvage.conftest import Hurt, Reference

BOTH = pytest.mark.parametrize("which", ["head", "old"])


@BOTH
@pytest.mark.parametrize(
    ("fault", "n", "least"), [("leaf-random", 50, 99.85), ("pages-random", 100, 99.9), ("pages-random", 500, 99.2)]
)
def test_guided_by_indexes(
    hurt: Hurt, references: dict[str, Reference], which: str, fault: str, n: int, least: float
) -> None:
    outcome = hurt(which, fault, n=n, backup=True)
    assert outcome.present == 100
    assert outcome.share >= least
    assert not outcome.silent
    assert not outcome.ghosts
    # Not even with a flag does a deleted todo come back, unless every index of it is hit in the same place.
    assert len([key for table, key in outcome.flagged_ghosts if table == "todos"]) <= (3 if n >= 500 else 0)


@BOTH
def test_half_a_file(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "truncate-half", backup=True)
    assert outcome.present >= 98.5
    assert outcome.share >= 95
    assert not outcome.silent
    assert not outcome.ghosts


def test_nothing_is_taken_where_the_file_is_whole(hurt: Hurt) -> None:
    outcome = hurt("head", "lost-rows", backup=True, fresh_truth=True)
    assert outcome.report.total("from_backup") == 0
    assert not outcome.ghosts


@BOTH
def test_a_dropped_column_comes_back(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "drop-column", backup=True)
    assert outcome.present == 100
    assert outcome.share >= 95
    assert not outcome.silent


@BOTH
def test_a_dropped_table_comes_back(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "drop-table", backup=True)
    assert outcome.present >= 97
    assert not outcome.silent
    assert not outcome.ghosts


@BOTH
def test_all_is_taken_where_nothing_is_left(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "random-file", backup=True)
    assert outcome.present >= 97
    assert not outcome.silent
