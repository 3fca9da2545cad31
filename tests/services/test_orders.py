"""Keys of the manual order: always between, whatever moves; neighbours are renewed where there is no room left."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from fractional_indexing import generate_key_between, validate_order_key
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.models.todo import POSITION_MAX, first_position
from backend.services import orders

EARLY, LATE = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@dataclass
class Row:
    position: str
    name: int = 0


def put(rows: list[Row], at: int, new: Row) -> int:
    """Puts a row into a place as a service does; how many others got a new key."""
    key, renewed = orders.fit(
        lambda count: rows[max(0, at - count) : at][::-1],
        lambda count: rows[at : at + count],
    )
    for row, other in renewed:
        row.position = other
    new.position = key
    rows.insert(at, new)
    return len(renewed)


@given(st.datetimes(EARLY.replace(tzinfo=None), LATE.replace(tzinfo=None)))
def test_the_first_place_of_a_todo_is_a_key_that_others_can_stand_beside(moment: datetime) -> None:
    key = first_position(moment)
    validate_order_key(key)
    before, after = generate_key_between(None, key), generate_key_between(key, None)
    assert before < key < after
    assert before < generate_key_between(before, key) < key < generate_key_between(key, after) < after


def test_places_of_todos_rise_with_time() -> None:
    moments = [EARLY, datetime(2026, 9, 30, 9, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), LATE]
    keys = [first_position(moment) for moment in moments]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=120), st.integers(0, 5))
def test_whatever_is_put_where_the_order_is_what_was_said(places: list[float], equal: int) -> None:
    rows = [Row(first_position(EARLY), number) for number in range(equal)]
    named = [row.name for row in rows]
    for number, place in enumerate(places, 100):
        at = round(place * len(rows))
        put(rows, at, Row("", number))
        named.insert(at, number)
    assert [row.name for row in rows] == named
    positions = [row.position for row in rows]
    assert positions == sorted(positions)
    # What never had two moves between it may still be equal to its neighbour; what was put there never is.
    assert all(one.position < two.position for one, two in pairwise(rows) if max(one.name, two.name) >= 100)
    assert all(0 < len(position) <= POSITION_MAX for position in positions)


@pytest.mark.parametrize("at_front", [True, False])
def test_thousands_of_moves_into_one_gap_never_run_out_of_keys(at_front: bool) -> None:
    rows = [Row("a1"), Row("a2")]
    renewed = sum(put(rows, 1 if at_front else len(rows) - 1, Row("")) for _ in range(3_000))
    positions = [row.position for row in rows]
    assert positions == sorted(set(positions))
    assert max(map(len, positions)) <= POSITION_MAX
    assert renewed < 3_000  # renewing is rare


def test_two_with_the_same_key_make_room() -> None:
    rows = [Row("a1", 1), Row("a2", 2), Row("a2", 3), Row("a3", 4)]
    assert put(rows, 2, Row("", 9)) == 2
    assert [row.name for row in rows] == [1, 2, 9, 3, 4]
    positions = [row.position for row in rows]
    assert positions == sorted(set(positions))


def test_a_key_that_is_none_is_renewed() -> None:
    rows = [Row("", 1), Row("?!", 2), Row("", 3)]
    put(rows, 1, Row("", 9))
    positions = [row.position for row in rows]
    assert positions == sorted(set(positions))
    for position in positions:
        validate_order_key(position)
