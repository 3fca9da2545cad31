"""The report's arithmetic. What is measured is no test: it depends on the machine."""

import json
from dataclasses import replace

import pytest

from tests.benchmarks import report
from tests.benchmarks.load import Sample
from tests.benchmarks.report import Start

ROUND = Sample("naive", "B", 32, 100, 1.0, 0.5, 10.0, 20.0, 300.0, 0)


def test_a_figure_is_the_median_over_the_rounds_and_its_ratio_that_of_the_medians() -> None:
    fast = replace(ROUND, server="ours")
    samples = [
        *(replace(ROUND, requests=requests) for requests in (50, 100, 900)),
        *(replace(fast, requests=requests, p99_ms=p99) for requests, p99 in ((2_000, 1.0), (1_000, 7.0), (10, 3.0))),
    ]
    naive, ours = report.figures(samples)
    assert (naive.per_second, naive.ratio) == (100, 1)
    assert (ours.per_second, ours.ratio, ours.p99_ms) == (1_000, 10, 3)


def test_cpu_per_request_is_over_all_rounds_and_its_ratio_grows_with_thrift() -> None:
    samples = [
        replace(ROUND, requests=100, cpu_seconds=0.5),
        replace(ROUND, requests=300, cpu_seconds=1.5),
        replace(ROUND, server="ours", requests=1_000, cpu_seconds=0.5),
    ]
    naive, ours = report.figures(samples)
    assert naive.cpu_us == pytest.approx(5_000)
    assert ours.cpu_us == pytest.approx(500)
    assert ours.cpu_ratio == pytest.approx(10)


def test_each_number_of_connections_is_compared_with_its_own() -> None:
    samples = [
        ROUND,
        replace(ROUND, connections=1, requests=10),
        replace(ROUND, connections=1, requests=30, server="ours"),
    ]
    assert [(one.connections, one.ratio) for one in report.figures(samples)] == [(32, 1), (1, 1), (1, 3)]


def test_without_the_naive_server_there_is_no_ratio_and_failures_are_counted() -> None:
    (alone,) = report.figures([replace(ROUND, server="ours", failures=2), replace(ROUND, server="ours", failures=3)])
    assert (alone.ratio, alone.cpu_ratio, alone.failures) == (None, None, 5)
    assert "| B@32 | ours | 100 |  |  | 10.00 | 20.00 | 5,000 | 300 | 5 |" in report.as_tables([alone], [])


def test_a_server_that_answers_nothing_has_a_figure_too_and_nothing_is_divided_by_it() -> None:
    stalled, ours = report.figures([replace(ROUND, requests=0), replace(ROUND, server="ours")])
    assert (stalled.per_second, stalled.ratio, stalled.cpu_us) == (0, None, None)
    assert (ours.per_second, ours.ratio, ours.cpu_ratio) == (100, None, None)


def test_starts_are_medians_too_and_everything_fits_into_json() -> None:
    seen = [Start("ours", seconds, seconds / 2) for seconds in (1.0, 9.0, 2.0)]
    started = report.starts(seen, {"ours": 3 * 2**20}, {"ours": 0.0123})
    assert started == [
        {"server": "ours", "seconds": 2.0, "cpu_seconds": 1.0, "memory_mib": 3.0, "syncs_per_create": 0.0123}
    ]
    assert "| ours | 2.00 | 1.00 | 3 | 0.012 |" in report.as_tables([], started)
    assert "| ours | 2.00 | 1.00 | 3 |  |" in report.as_tables(
        [], report.starts(seen, {"ours": 3 * 2**20}, {"ours": None})
    )
    data = report.as_data(report.figures([ROUND]), started, {"rounds": 1})
    assert json.loads(json.dumps(data))["figures"][0]["ratio"] == 1
