"""The arithmetic of the start. What is measured is no test: it depends on the machine."""

import pytest

from tests.benchmarks import start
from tests.benchmarks.start import OURS, PLAIN, Awakening


def test_figures_are_medians_and_ours_is_a_share_of_the_plain_app() -> None:
    seen = {
        OURS: [Awakening(rest, rest, 2.0, 2.0, 300.0) for rest in (0.5, 1.0, 9.0)],
        PLAIN: [Awakening(rest, 4.0, 4.0, 4.0, 200.0) for rest in (1.0, 4.0, 5.0)],
    }
    result = start.medians(seen)
    assert result["rest_seconds"] == {OURS: 1.0, PLAIN: 4.0, "ratio": pytest.approx(0.25)}
    assert result["memory_mib"]["ratio"] == pytest.approx(1.5)
    assert "| s to the first REST answer | 1.00 | 4.00 | 0.25 |" in start.as_table(result)
