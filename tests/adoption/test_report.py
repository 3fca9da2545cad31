"""The report, and what a large adoption costs."""

import json
import resource
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend.adoption import AdoptionReport, Finding, What
from backend.storage.engine import make_engine
from tests.adoption import old_deployment
from tests.adoption.support import adopted, ours
from tests.support import ROOT

REPORT = AdoptionReport(
    users=1,
    todos=2,
    tags=3,
    recovered_owners=0,
    findings=(
        Finding("todos", 7, What.TAGS_UNREADABLE, "{ü\n\udcff"),
        Finding("todos", None, What.COLUMN_MISSING, "x"),
    ),
)

# Run in a process of its own, because what it needs at most cannot be measured in one that has done other things.
MEASURE = """
import resource, sys
from sqlalchemy import make_url
from backend.adoption import adopt
from backend.storage import migrate
from backend.storage.engine import for_writing, make_engine

source, target = (make_engine(make_url(f"sqlite:///{name}")) for name in sys.argv[1:])
migrate.upgrade(target)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with source.connect() as old, for_writing(target).begin() as new:
    report = adopt(old, new)
print(report.todos, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_it_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        REPORT.todos = 3  # type: ignore[misc]


def test_it_is_written_as_json_lines() -> None:
    lines = list(REPORT.json_lines())
    assert all(line.isascii() and "\n" not in line for line in lines)
    assert [json.loads(line) for line in lines] == [
        {
            "users": 1,
            "todos": 2,
            "tags": 3,
            "recovered_owners": 0,
            "tally": {"tags_unreadable": 1, "column_missing": 1},
        },
        {"table": "todos", "old_id": 7, "what": "tags_unreadable", "original": "{ü\n\udcff", "became": None},
        {"table": "todos", "old_id": None, "what": "column_missing", "original": "x", "became": None},
    ]


def large(path: Path, todos: int) -> Path:
    """An old file whose todos are of the usual kind; each tenth has a recurrence, and so a finding."""
    engine = make_engine(make_url(f"sqlite:///{path}"))
    with engine.begin() as connection:
        old_deployment.build(connection, old_deployment.SQLITE)
        for old_id in range(1, 101):
            old_deployment.add_user(connection, old_id)
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO todos"
            " SELECT i, i % 100 + 1, 'Todo number ' || i, printf('%.*c', i % 400, 'd'), i % 3 = 0,"
            " CASE i % 3 WHEN 0 THEN 'low' WHEN 1 THEN 'medium' ELSE 'high' END, '[\"home\", \"t' || i % 50 || '\"]',"
            " CASE WHEN i % 2 THEN '2026-04-05 17:30:00' END, CASE WHEN i % 10 = 0 THEN 'weekly' END,"
            " strftime('%Y-%m-%d %H:%M:%f', '2026-02-01', '+' || i || ' seconds'), '2026-03-01 00:00:00' FROM n",
            (todos,),
        )
    engine.dispose()
    return path


def measured(tmp_path: Path, todos: int) -> tuple[float, float]:
    """CPU seconds of the whole process, and the megabytes that the adoption added."""
    source = large(tmp_path / "large.db", todos)
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, source, tmp_path / "target.db"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    count, kilobytes = done.stdout.split()
    assert int(count) == todos
    return after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime, int(kilobytes) / 1024


def test_memory_does_not_grow_with_the_todos(tmp_path: Path) -> None:
    _, megabytes = measured(tmp_path, 20_000)
    assert megabytes < 60


@pytest.mark.endurance
def test_200_000_todos(tmp_path: Path) -> None:
    seconds, megabytes = measured(tmp_path, 200_000)
    assert seconds < 120
    assert megabytes < 120


def test_a_thousand_users_are_quick(tmp_path: Path) -> None:
    engine = make_engine(make_url(f"sqlite:///{tmp_path / 'users.db'}"))
    with engine.begin() as connection:
        old_deployment.build(connection, old_deployment.SQLITE)
        for old_id in range(1, 1001):
            old_deployment.add_user(connection, old_id, username=f"Same{'x' * (old_id % 3)}{old_id // 2 % 2}#{old_id}")
        started = time.process_time()
        adopted(connection)
        assert time.process_time() - started < 5
    engine.dispose()
    assert ours("SELECT count(*) AS users FROM users") == [{"users": 1000}]
