"""What a call costs a notebook: `list_todos` beside a bare echo in the same run.

`python -m tests.benchmarks.gradio_client`.

Most of a call is gradio_client itself, which opens connections and asks for the server's description anew; the echo has
the same share of that, so what is above it is ours: the account, the query, and 50 todos to carry.
"""

import argparse
import contextlib
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradio_client import Client
from tqdm import tqdm

from tests.benchmarks.calls import Call
from tests.benchmarks.ours import Ours
from tests.benchmarks.seeds import EMAIL, PASSWORD, USERNAME, seeds
from tests.benchmarks.server import Server
from tests.support import ROOT

RATIO_MAX = 1.3
_WARM_CALLS = 3
_TODOS = 100


class Few(Ours):
    """Our server with as many todos as fill a page; what many more cost is the other benchmark's question."""

    def prepare(self) -> None:
        """Added as anybody adds them."""
        self.server.start(Call("GET", "/health/live"))
        account = {"email": EMAIL, "username": USERNAME, "password": PASSWORD}
        self.ask(Call.of("POST", "/api/v1/auth/register", account))
        self.log_in()
        added = [{"action": "create", "data": seed.fields} for seed in itertools.islice(seeds(), _TODOS)]
        self.ask(Call.of("POST", "/api/v1/todos/batch", {"operations": added}, self.headers))


@dataclass
class Caller:
    """One function, called again and again, and what each call took."""

    name: str
    server: Server
    call: Callable[[], Any]
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def run(self, calls: int) -> None:
        """Call it so many times; CPU is the server's and the client's together."""
        before = self._cpu()
        for _ in range(calls):
            began = time.perf_counter()
            self.call()
            self.seconds.append(time.perf_counter() - began)
        self.cpu_seconds.append((self._cpu() - before) / calls)

    def _cpu(self) -> float:
        return self.server.cpu_seconds() + time.process_time()


def main() -> None:
    """Start both servers, call them in turns, and report; exits with 1 where ours takes more than it may."""
    chosen = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="todo-benchmark-") as folder, contextlib.ExitStack() as running:
        echo = _echo_server(Path(folder), running)
        ours = running.enter_context(Few(Path(folder) / "ours"))
        answers, todos = (
            Client(url, headers=sent, verbose=False)
            for url, sent in (
                (echo.url, {}),
                (ours.server.url, ours.headers),
            )
        )
        callers = (
            Caller("echo", echo, lambda: answers.predict("hello", api_name="/echo")),
            Caller("list_todos", ours.server, lambda: todos.predict(api_name="/list_todos")),
        )
        for caller in callers:
            for _ in range(_WARM_CALLS):
                caller.call()
        for turn in tqdm(range(chosen.rounds), unit="round"):
            for caller in callers[:: 1 if turn % 2 else -1]:
                caller.run(chosen.calls)
    sys.exit(_tell(*callers))


def _echo_server(folder: Path, running: contextlib.ExitStack) -> Server:
    (folder / "echo").mkdir()
    command = [sys.executable, "-m", "tests.benchmarks.echo", "{port}"]
    server = Server(folder / "echo", command, {"PYTHONPATH": str(ROOT)})
    running.callback(server.stop)
    server.start(Call("GET", "/config"))
    return server


def _tell(echo: Caller, ours: Caller) -> int:
    for caller in (echo, ours):
        median, cpu = statistics.median(caller.seconds), statistics.median(caller.cpu_seconds)
        print(f"{caller.name:12} median {median * 1e3:7.1f} ms   CPU of both sides {cpu * 1e3:7.1f} ms")
    ratios = [
        statistics.median(getattr(ours, name)) / statistics.median(getattr(echo, name))
        for name in ("seconds", "cpu_seconds")
    ]
    print(f"ratio of time {ratios[0]:.2f}, of CPU {ratios[1]:.2f}; at most {RATIO_MAX}")
    return int(ratios[0] > RATIO_MAX)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gradio_client", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="rounds; the first of the two changes with each")
    parser.add_argument("--calls", type=int, default=5, help="calls of each within a round")
    return parser


if __name__ == "__main__":
    main()
