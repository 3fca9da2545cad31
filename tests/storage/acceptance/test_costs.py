"""Case 29, and what looking costs a healthy start: measured in processes of their own, as a Space pays for it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.storage.acceptance.patients import Kept, build, contents
from tests.storage.damage import damage
from tests.support import ROOT

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")

# Not ru_maxrss: a child inherits that from the parent that forked it, and the damage generator is no small parent.
_START = """
import json, re, time
from pathlib import Path
from backend import database
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
report = database.report
print(json.dumps({"cpu": time.process_time(), "mib": peak / 1024, "found": report.found, "log": report.actions}))
"""
# The same import, with the whole preparation left out: a start that trusts its file.
_TRUSTING = """
from backend.storage import prepare
from backend.storage.engine import make_engine
prepare.prepare = lambda url, *_, **__: prepare.Prepared(make_engine(url), prepare.Report(prepare.State.HEALTHY))
"""


def start(database: Path, before: str = "") -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", before + _START],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


@needs_proc
def test_case_29_a_heal_stays_small(
    large: Kept, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    database = Path(shutil.copy(large.database, tmp_path / "todo.db"))
    damage(database, "pages-random", 1, 100, table="todos")
    cost = start(database)
    record_property("cost", cost)
    assert cost["found"] == "corrupt"
    assert float(str(cost["mib"])) < 300
    assert len(contents(database)["todos"]) >= 0.95 * len(large.truth["todos"])


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200,000 todos."""
    folder = tmp_path_factory.mktemp("huge") / "it"
    return build(folder, users=1_000, todos=206_200).database


@needs_proc
@pytest.mark.endurance
def test_case_29_200_000_todos_with_100_random_pages(
    huge: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    database = Path(shutil.copy(huge, tmp_path / "todo.db"))
    damage(database, "pages-random", 1, 100, table="todos")
    cost = start(database)
    record_property("cost", {**cost, "file, MiB": database.stat().st_size / 2**20})
    assert cost["found"] == "corrupt"
    assert "saved=" in str(cost["log"])
    todos = len(contents(database)["todos"])
    assert todos >= 199_000
    assert float(str(cost["mib"])) < 300
    assert float(str(cost["cpu"])) < 20


@needs_proc
@pytest.mark.endurance
def test_a_healthy_start_costs_hardly_more_than_one_without_any_check(
    huge: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    database = Path(shutil.copy(huge, tmp_path / "todo.db"))
    start(database)  # the first start of a file that nobody has stopped looks more closely
    pairs = [(start(database, _TRUSTING), start(database)) for _ in range(5)]
    trusting, looking = (min(float(str(one["cpu"])) for one in side) for side in zip(*pairs, strict=True))
    record_property("CPU seconds of an import, without and with the check", (trusting, looking))
    assert all(one["found"] == "healthy" for _, one in pairs)
    assert looking <= 1.1 * trusting + 0.3
