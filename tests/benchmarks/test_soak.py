"""The soak: that it would notice, and a minute of it."""

from pathlib import Path

import pytest

from tests.benchmarks import load, soak

MIB = 2**20


def test_memory_that_grows_is_told_from_memory_that_wavers() -> None:
    warm_up = [100 * MIB + second * MIB for second in range(100)]
    assert soak.growth([*warm_up, *(200 * MIB + second % 7 * MIB for second in range(100))]) < 0.01
    assert soak.growth([*warm_up, *(200 * MIB + second * MIB // 5 for second in range(100))]) > soak.GROWTH_MAX


@pytest.mark.endurance
@pytest.mark.timeout(580)
def test_a_minute_through_every_door_breaks_nothing(tmp_path: Path) -> None:
    if reason := load.missing():
        pytest.skip(reason)
    outcome = soak.run(60, tmp_path)
    assert outcome.faults == []
    assert outcome.rest.requests > 1_000
    assert all(door.seconds for door in outcome.doors if door.name != "pages")
