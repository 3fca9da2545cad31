"""Rows that break rules are kept and listed; schema trouble costs no row."""

from __future__ import annotations

import pytest

from tests.storage.salvage.conftest import Hurt

BOTH = pytest.mark.parametrize("which", ["head", "old"])


@BOTH
@pytest.mark.parametrize("fault", ["check-violation", "null-violation", "bad-utf8"])
def test_rule_breakers_are_kept(hurt: Hurt, which: str, fault: str) -> None:
    outcome = hurt(which, fault, fresh_truth=True)
    assert outcome.present == 100
    assert outcome.flagged_wrong == 10
    assert not outcome.silent


@BOTH
def test_orphans_get_a_parent(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "fk-violation", fresh_truth=True)
    assert not [key for table, key in outcome.missing if table == "todos"]
    assert outcome.report.table("users").invented == 1
    assert not outcome.silent


@BOTH
@pytest.mark.parametrize("fault", ["half-migration", "half-migration-dropped"])
def test_half_migrations(hurt: Hurt, which: str, fault: str) -> None:
    outcome = hurt(which, fault, aliases={"_alembic_tmp_todos": "todos"})
    assert outcome.exact == outcome.truth
    assert not outcome.ghosts


@BOTH
@pytest.mark.parametrize(
    "fault",
    ["drop-index", "extra-column", "alembic-missing", "alembic-two"],
)
def test_schema_trouble_costs_nothing(hurt: Hurt, which: str, fault: str) -> None:
    outcome = hurt(which, fault)
    assert outcome.exact == outcome.truth
    assert not outcome.ghosts
    if fault == "extra-column":
        assert outcome.report.unknown == ("todos.from_the_future",)


@BOTH
def test_a_dropped_table_that_was_not_wiped(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "drop-table-unwiped")
    assert outcome.share >= 99
    assert not outcome.silent
    assert not outcome.ghosts


def test_an_older_layout_is_recognised(hurt: Hurt) -> None:
    for fault in ("zero-page1", "schema-names-garbage"):
        assert hurt("old", fault).report.revision == "old"
        assert hurt("head", fault).report.revision == "head"


@BOTH
def test_a_dropped_column_costs_only_itself(hurt: Hurt, which: str) -> None:
    outcome = hurt(which, "drop-column")
    assert outcome.present == 100
    assert not outcome.silent
