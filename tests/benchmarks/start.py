"""Measure how soon our server is there, beside the least Gradio app: `python -m tests.benchmarks.start`.

Both are asked for REST until they answer, and then for their page; then both get the same load, and what they hold in
memory is read.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import httpx
from tqdm import tqdm

from tests.benchmarks.calls import Call
from tests.benchmarks.ours import Ours
from tests.benchmarks.seeds import Seed
from tests.benchmarks.server import Server
from tests.support import ROOT

OURS, PLAIN = "ours", "empty Blocks"
_PAGE, _PAGE_SECONDS = "/", 180
_READS, _PAGES = 500, 20
_TOLD = {
    "rest_seconds": "s to the first REST answer",
    "rest_cpu_seconds": "CPU s until then",
    "page_seconds": "s to the first page",
    "page_cpu_seconds": "CPU s until then",
    "memory_mib": "MiB after some load",
}


@dataclass(frozen=True)
class Awakening:
    """What one start took, from nothing to each first answer, and what the process holds after some load."""

    rest_seconds: float
    rest_cpu_seconds: float
    page_seconds: float
    page_cpu_seconds: float
    memory_mib: float


def main() -> None:
    """Start both in turns, and report medians and the share that ours takes of the other's."""
    chosen = _parser().parse_args()
    seen: dict[str, list[Awakening]] = {OURS: [], PLAIN: []}
    with tempfile.TemporaryDirectory(prefix="todo-start-") as folder, Ours(Path(folder) / "ours") as ours:
        ours.server.stop()
        starts = {
            OURS: (ours.server, ours.get(ours.id_of(Seed(0)))),
            PLAIN: (_plain(Path(folder)), Call("GET", "/health/live")),
        }
        for server, _ in starts.values():
            server.environment["PYTHONDONTWRITEBYTECODE"] = ""  # both find theirs from the second start on
        # The first round only brings files into memory and bytecode onto the disk.
        for turn in tqdm(range(chosen.rounds + 1), desc="cold starts", unit="round"):
            for name, (server, probe) in starts.items():
                awakening = awake(server, probe)
                if turn:
                    seen[name].append(awakening)
    result = medians(seen)
    print(as_table(result))
    if chosen.out is not None:
        conditions = {"rounds": chosen.rounds, "cores": os.cpu_count()}
        chosen.out.write_text(json.dumps({"conditions": conditions, "starts": result}, indent=2) + "\n")


def awake(server: Server, probe: Call) -> Awakening:
    """One start."""
    began = time.monotonic()
    rest_seconds, rest_cpu_seconds = server.start(probe), server.cpu_seconds()
    with httpx.Client(base_url=server.url, headers=probe.headers, timeout=_PAGE_SECONDS) as client:
        client.get(_PAGE).raise_for_status()
        page_seconds, page_cpu_seconds = time.monotonic() - began, server.cpu_seconds()
        for path, times in ((probe.path, _READS), (_PAGE, _PAGES)):
            for _ in range(times):
                client.get(path).raise_for_status()
    memory = server.memory_bytes()
    server.stop()
    return Awakening(rest_seconds, rest_cpu_seconds, page_seconds, page_cpu_seconds, memory / 2**20)


def medians(seen: Mapping[str, Sequence[Awakening]]) -> dict[str, dict[str, float]]:
    """Each figure's median over all starts, for both, and ours as a share of the other's."""
    result = {
        field.name: {name: median(getattr(one, field.name) for one in every) for name, every in seen.items()}
        for field in fields(Awakening)
    }
    return {figure: {**both, "ratio": both[OURS] / both[PLAIN]} for figure, both in result.items()}


def as_table(result: Mapping[str, Mapping[str, float]]) -> str:
    """The figures for people: a table of Markdown."""
    rows = [f"| {_TOLD[name]} | {of[OURS]:.2f} | {of[PLAIN]:.2f} | {of['ratio']:.2f} |" for name, of in result.items()]
    return "\n".join([f"| | {OURS} | {PLAIN} | ratio |", "| --- | --: | --: | --: |", *rows])


def _plain(folder: Path) -> Server:
    module = "tests.benchmarks.gradio_app:app"
    command = [sys.executable, "-m", "uvicorn", module, "--port", "{port}", "--no-access-log"]
    # Ours never asks a foreign host either.
    return Server(folder, command, {"PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.start", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, choices=range(1, 21), default=5, metavar="N", help="rounds: medians count"
    )
    parser.add_argument("--out", type=Path, help="a file for JSON")
    return parser


if __name__ == "__main__":
    main()
