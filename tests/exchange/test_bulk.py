"""Many rows in each format, each in a process of its own: what memory peaks at does not grow with the file.

All 100,000 are read with `pytest -m endurance`; by default it is a tenth of them, under the same bound.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

MEBIBYTE = 1_048_576


def measured(name: str, count: int, folder: Path, *flags: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "exchange" / "bulk.py"), name, str(count), str(folder), *flags],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


FORMATS = ("json", "csv", "ics", "todotxt", "feed")


def assert_bounded(name: str, count: int, folder: Path) -> None:
    found = measured(name, count, folder)
    assert found["rows"] == (0 if name == "feed" else count)
    assert found["bytes"] > 75 * count
    assert found["rss_growth_bytes"] < 16 * MEBIBYTE


@pytest.mark.parametrize("name", FORMATS)
def test_memory_stays_what_it_is_over_ten_thousand_rows(name: str, tmp_path: Path) -> None:
    assert_bounded(name, 10_000, tmp_path)


@pytest.mark.endurance
@pytest.mark.parametrize("name", FORMATS)
def test_memory_stays_what_it_is_over_a_hundred_thousand_rows(name: str, tmp_path: Path) -> None:
    assert_bounded(name, 100_000, tmp_path)


@pytest.mark.parametrize("name", ["csv", "todotxt"])
def test_rows_without_ids_cost_a_few_bytes_each(name: str, tmp_path: Path) -> None:
    many = measured(name, 20_000, tmp_path, "nameless", "traced")
    assert many["rows"] == 20_000
    assert many["traced_peak_bytes"] < 10 * MEBIBYTE
