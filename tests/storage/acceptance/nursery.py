"""Starts of the app in processes of their own, by the hundred: one process imports everything once and forks for each.

A child does what a start does, `import backend.database`, on the file that it is told, and nothing of it was opened
before. It may be killed with SIGKILL at the n-th line that it runs in given files, or by whoever asks, at any moment.

Run as a program this file is that process; imported it is its client.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
NEVER = 10**9

Call = tuple[str, str, dict[str, Any] | None]


@dataclass(frozen=True)
class Ended:
    """How a start ended. `facts` are those of the report, with the answers of REST; empty where it was killed."""

    status: int
    log: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def was_killed(self) -> bool:
        return self.status == -9

    def __getattr__(self, name: str) -> Any:
        try:
            return self.facts[name]
        except KeyError:
            raise AttributeError(f"{name} is not known; status {self.status}:\n{self.log}") from None


@dataclass
class Child:
    """A start that is under way."""

    nursery: Nursery
    pid: int
    out: Path

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def wait(self) -> Ended:
        answer = self.nursery.ask({"wait": self.pid})
        log = self.out.with_suffix(".log").read_text(errors="replace")
        status = int(answer["status"])
        ended = Ended(status, log, json.loads(self.out.read_text()) if status == 0 else {})
        assert "Traceback" not in ended.log, ended.log
        assert ended.status in {0, -9}, (ended.status, ended.log)
        return ended


class Nursery:
    """The process that forks; `folder` takes what the children say, and `prefix` may take rights away from them."""

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [*prefix, sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    def begin(
        self,
        database: Path,
        *,
        kill_in: Sequence[str] = (),
        kill_at: int = NEVER,
        calls: Sequence[Call] = (),
        is_clean: bool = True,
        port: int = 0,
        environment: dict[str, str] | None = None,
    ) -> Child:
        """Start on a database. `is_clean` also ends as a stop does, else the process is simply gone.

        With a `port` it serves there, as uvicorn does, until it is killed.
        """
        self._count += 1
        out = self._folder / f"{self._count}.json"
        answer = self.ask(
            {
                "database": str(database),
                "out": str(out),
                "kill_in": list(kill_in),
                "kill_at": kill_at,
                "calls": list(calls),
                "is_clean": is_clean,
                "port": port,
                "environment": environment or {},
            }
        )
        return Child(self, int(answer["pid"]), out)

    def start(self, database: Path, **how: Any) -> Ended:
        """The same, to its end."""
        return self.begin(database, **how).wait()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


def _main() -> None:
    """Import what a start needs, but not the module whose import is the start; then fork for each line."""
    import alembic.command  # noqa: F401, PLC0415 - children find it there
    import fastapi.testclient  # noqa: F401, PLC0415 - the same
    import uvicorn  # noqa: F401, PLC0415 - the same

    import backend.adoption.adopter  # noqa: PLC0415 - the same
    import backend.repair  # noqa: F401, PLC0415 - the same
    from backend import models, services  # noqa: PLC0415 - the same
    from backend.storage import migrate, prepare  # noqa: F401, PLC0415 - the same

    for package in (models, services):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                _child(request)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer


def _child(request: dict[str, Any]) -> None:
    out = Path(request["out"])
    log = os.open(out.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    status = 1
    try:
        out.write_text(json.dumps(_start(request)))
        status = 0
    except BaseException:  # noqa: BLE001 - the one place that says it
        import traceback  # noqa: PLC0415 - only here

        traceback.print_exc()
    finally:
        os._exit(status)


def _start(request: dict[str, Any]) -> dict[str, Any]:
    import atexit  # noqa: PLC0415 - a child's own
    import logging  # noqa: PLC0415 - the same
    import time  # noqa: PLC0415 - the same

    # What was registered before belongs to the parent.
    atexit._clear()
    os.environ.update({"DATABASE_URL": f"sqlite:///{request['database']}", **request["environment"]})
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s: %(message)s")
    seen = _follow_lines(request["kill_in"], request["kill_at"])
    began = time.process_time()
    from backend import database  # noqa: PLC0415 - this import is the start

    cpu = time.process_time() - began
    sys.settrace(None)
    if request["port"]:
        _serve(request["port"])
    report = database.report
    facts: dict[str, Any] = {
        "found": str(report.found),
        "actions": report.actions,
        "is_usable": report.is_usable,
        "is_read_only": report.is_read_only,
        "lost_nothing": report.lost_nothing,
        "rolled_back": report.rolled_back,
        "unacknowledged": report.unacknowledged,
        "healed": report.healed is not None,
        "lines": seen.count,
        "edges": sorted({*seen.first.values(), *seen.last.values()}),
        "cpu": cpu,
        "answers": _ask_rest(request["calls"]) if request["calls"] else [],
    }
    if request["is_clean"]:
        atexit._run_exitfuncs()
    return facts


@dataclass
class _Seen:
    """How many lines ran, and at which count each line of the source ran for the first time and for the last."""

    count: int = 0
    first: dict[tuple[str, int], int] = field(default_factory=dict)
    last: dict[tuple[str, int], int] = field(default_factory=dict)


def _follow_lines(files: list[str], kill_at: int) -> _Seen:
    """Count the lines that run in these files, and die at the given one as `kill -9` makes a process die."""
    seen = _Seen()
    if not files:
        return seen

    def in_file(frame: Any, event: str, __: Any) -> Any:
        if event == "line":
            seen.count += 1
            if seen.count == kill_at:
                os.kill(os.getpid(), 9)
            line = frame.f_code.co_filename, frame.f_lineno
            seen.first.setdefault(line, seen.count)
            seen.last[line] = seen.count
        return in_file

    def anywhere(frame: Any, _: str, __: Any) -> Any:
        return in_file if frame.f_code.co_filename.endswith(tuple(files)) else None

    sys.settrace(anywhere)
    return seen


def _serve(port: int) -> None:
    import uvicorn  # noqa: PLC0415 - only where it serves

    from backend.api.application import create_api  # noqa: PLC0415 - the same
    from backend.settings import get_settings  # noqa: PLC0415 - the same

    uvicorn.run(create_api(get_settings()), port=port, log_level="warning")


def _ask_rest(calls: list[Any]) -> list[dict[str, Any]]:
    from fastapi.testclient import TestClient  # noqa: PLC0415 - only where REST is asked

    from backend.api.application import create_api  # noqa: PLC0415 - the same
    from backend.settings import get_settings  # noqa: PLC0415 - the same

    answers = []
    with TestClient(create_api(get_settings()), raise_server_exceptions=False) as client:
        for method, path, body in calls:
            headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"} if "TOKEN" in os.environ else {}
            answer = client.request(method, path, json=body, headers=headers)
            answers.append({"status": answer.status_code, "body": answer.json() if answer.content else None})
    return answers


if __name__ == "__main__":
    _main()
