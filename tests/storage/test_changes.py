"""What counts as a change: every commit, over whichever connection, and nothing else."""

import subprocess
import sys
import time

from sqlalchemy import make_url, text

from backend.storage.changes import FileChanges
from backend.storage.engine import for_writing, make_engine
from backend.storage.home import Home, Kind
from tests.storage.helpers import make_home, write
from tests.support import ROOT


def test_a_commit_over_any_connection_is_noticed_and_nothing_else(mounted: Home) -> None:
    changes = FileChanges(mounted.live)
    seen = [changes.mark()]

    def is_noticed() -> bool:
        seen.append(changes.mark())
        return seen[-1] != seen[-2]

    assert not is_noticed()
    write(mounted.live, "another connection of this process")
    assert is_noticed()
    assert not is_noticed()
    engine = make_engine(make_url(f"sqlite:///{mounted.live}"))
    with for_writing(engine).begin() as connection:
        connection.execute(text("INSERT INTO notes VALUES ('the engine', '')"))
        assert not is_noticed()
    assert is_noticed()
    with engine.begin() as connection:
        connection.execute(text("SELECT * FROM notes")).all()
    assert not is_noticed()
    with for_writing(engine).connect() as connection:
        connection.execute(text("INSERT INTO notes VALUES ('rolled back', '')"))
    assert not is_noticed()
    engine.dispose()
    code = "import sys; from tests.storage.helpers import write, Path; write(Path(sys.argv[1]), 'another process')"
    subprocess.run([sys.executable, "-c", code, mounted.live], check=True, cwd=ROOT)
    assert is_noticed()
    replacement = make_home(mounted.live.parent / "replacement", Kind.LASTING).live
    replacement.rename(mounted.live)
    assert is_noticed()
    assert not is_noticed()
    changes.close()


def test_asking_costs_microseconds(mounted: Home) -> None:
    changes = FileChanges(mounted.live)
    changes.mark()
    started = time.process_time()
    for _ in range(1000):
        changes.mark()
    assert (time.process_time() - started) / 1000 < 0.001
    changes.close()
