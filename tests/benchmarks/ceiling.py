"""What of FastAPI's own speed is left: `python -m tests.benchmarks.ceiling`.

The same framework, asked with the same token, answers the same bytes as a constant. Both get the same requests, in
turns.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import load, report
from tests.benchmarks.calls import Call
from tests.benchmarks.load import Replay
from tests.benchmarks.ours import Ours
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import Seed
from tests.benchmarks.work import Work
from tests.support import ROOT

CONNECTIONS = 32
_WARM_SECONDS = 1


class Constant(Ours):
    """FastAPI with the answers of another server, ready."""

    name = "constant"

    def __init__(self, folder: Path, of: Peer, calls: list[Call]) -> None:
        super().__init__(folder)
        self.headers = of.headers
        answers = {call.path.partition("?")[0]: call.send(of.server.url).text for call in calls}
        self._known = {"token": of.headers["Authorization"].removeprefix("Bearer "), "answers": answers}
        self._probe = calls[0]

    def command(self, folder: Path) -> list[str]:  # noqa: ARG002
        """As ours is started."""
        app = "tests.benchmarks.constant_app:app"
        return [sys.executable, "-m", "uvicorn", app, "--port", "{port}", "--no-access-log"]

    def environment(self, folder: Path) -> dict[str, str]:
        """Where the answers are."""
        return {"CONSTANTS": str(folder / "constants.json"), "PYTHONPATH": str(ROOT)}

    def prepare(self) -> None:
        """Write down what to answer, and start."""
        (self.server.folder / "constants.json").write_text(json.dumps(self._known))
        self.server.start(self._probe)


def main() -> None:
    """Measure both, and report the share."""
    chosen = _parser().parse_args()
    if reason := load.missing():
        sys.exit(f"ERROR: {reason}")
    with tempfile.TemporaryDirectory(prefix="todo-ceiling-") as folder, contextlib.ExitStack() as running:
        ours = running.enter_context(Ours(Path(folder) / "ours"))
        works = {"B": ours.get(ours.id_of(Seed(1))), "C": ours.page(1)}
        constant = running.enter_context(Constant(Path(folder) / "constant", ours, list(works.values())))
        samples = []
        for letter, call in works.items():
            one = Work(letter, letter, _always(call))
            replays = [Replay(peer, one, Path(folder)) for peer in (ours, constant)]
            for turn in range(chosen.rounds + 1):
                for replay in replays[:: 1 if turn % 2 else -1]:
                    sample = replay.run(CONNECTIONS, chosen.seconds if turn else _WARM_SECONDS)
                    if turn:  # the first only warms up
                        samples.append(sample)
    print("| work | requests/s | the constant's | share | by CPU | failed |\n| --- | --: | --: | --: | --: | --: |")
    figures = report.figures(samples, Constant.name)
    for own, base in zip(figures[::2], figures[1::2], strict=True):
        told = f"{own.work} | {own.per_second:,.0f} | {base.per_second:,.0f} | {own.ratio:.2f} | {own.cpu_ratio:.2f}"
        print(f"| {told} | {own.failures + base.failures} |")


def _always(call: Call) -> Any:
    return lambda _: [call]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ceiling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts")
    parser.add_argument("--seconds", type=int, default=3, help="seconds that each has in a round")
    return parser


if __name__ == "__main__":
    main()
