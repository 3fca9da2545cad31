"""200,000 todos with 100 overwritten pages: bounded CPU and under 300 MiB of memory, measured in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.damage import damage
from tests.storage.reference import build
from tests.support import ROOT

_SCRIPT = """
import json, re, sys, time
from pathlib import Path
from backend.storage.salvage.rebuild import rebuild
from tests.storage.assay import Steward
from tests.storage.reference import LAYOUTS, create_empty
damaged, candidate, which = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
began = time.process_time()
report = rebuild(damaged, candidate, lambda path: create_empty(path, which), LAYOUTS, caretaker=Steward(),
                 skip={"alembic_version"})
# Not ru_maxrss: a child inherits that from the parent that forked it, and the damage generator is no small parent.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({"cpu": time.process_time() - began, "todos": report.table("todos").saved, "sound": report.sound,
                  "rss": peak / 1024}))
"""


@pytest.mark.endurance
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
# The older layout makes 87 MiB of it, the newer one with its seven indexes 304 MiB.
@pytest.mark.parametrize("which", ["old", "head"])
def test_a_large_file(tmp_path: Path, which: str) -> None:
    path = tmp_path / "large.db"
    build(path, which=which, users=1000, todos=200_000, seed=3)
    damage(path, "pages-random", seed=1, n=100)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(path), str(tmp_path / "candidate.db"), which],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    cost = json.loads(done.stdout)
    assert cost["sound"]
    assert cost["todos"] >= 190_000
    assert cost["rss"] < 300
    assert cost["cpu"] < 20
