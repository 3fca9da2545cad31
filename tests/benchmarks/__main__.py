"""Measure our server beside others on the same work: `python -m tests.benchmarks`."""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.benchmarks import load, plot, proof, report, syncs, work
from tests.benchmarks.drf import DjangoRest
from tests.benchmarks.load import Replay, Sample
from tests.benchmarks.naive import Naive
from tests.benchmarks.ours import Ours
from tests.benchmarks.peer import Peer
from tests.benchmarks.pocketbase import PocketBase
from tests.benchmarks.report import Start

_PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Ours, Naive, PocketBase, DjangoRest)}
_WARM_SECONDS = 1
_STARTS_MAX = 3


def main() -> None:
    """Start the servers, prove that they do the same, measure them in turns, and report."""
    chosen = _parser().parse_args()
    if reason := load.missing():
        sys.exit(f"ERROR: {reason}")
    # PocketBase's binary lies beside this Python.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with tempfile.TemporaryDirectory(prefix="todo-benchmark-") as folder, contextlib.ExitStack() as running:
        peers = []
        for name in tqdm(chosen.servers, desc="start, fill and prove", unit="server"):
            peer = running.enter_context(_PEERS[name](Path(folder) / name))
            proof.prove(peer)
            peers.append(peer)
        started = _measure_starts(peers, min(chosen.rounds, _STARTS_MAX))
        samples = _measure(peers, chosen, Path(folder))
        memory = {peer.name: peer.server.memory_bytes() for peer in peers}
        synced = {peer.name: syncs.per_create(peer, Path(folder)) for peer in tqdm(peers, desc="syncs", unit="server")}
    _tell(chosen, samples, report.starts(started, memory, synced))


def _measure_starts(peers: list[Peer], rounds: int) -> list[Start]:
    turns = [peer for _ in range(rounds) for peer in peers]
    return [
        Start(peer.name, peer.restart(), peer.server.cpu_seconds())
        for peer in tqdm(turns, desc="cold starts", unit="start")
    ]


def _measure(peers: list[Peer], chosen: argparse.Namespace, folder: Path) -> list[Sample]:
    """Every server in turn within each round, and another one first in the next: what disturbs one disturbs all."""
    works = [work.ALL[letter] for letter in work.ALL if letter in chosen.only]
    samples = []
    steps = sum(len(chosen.connections or one.connections) for one in works) * len(peers) * (chosen.rounds + 1)
    with tqdm(total=steps, unit="round") as progress:
        for one in works:
            replays = [Replay(peer, one, folder) for peer in peers]
            for connections in chosen.connections or one.connections:
                for turn in range(chosen.rounds + 1):
                    first = turn % len(replays)
                    for replay in replays[first:] + replays[:first]:
                        progress.set_description(f"{one.letter}@{connections} {replay.peer.name}")
                        sample = replay.run(connections, chosen.seconds if turn else _WARM_SECONDS)
                        if turn:  # the first only warms up
                            samples.append(sample)
                        progress.update()
    return samples


def _tell(chosen: argparse.Namespace, samples: list[Sample], started: list[dict[str, Any]]) -> None:
    measured = report.figures(samples)
    print(report.as_tables(measured, started))
    conditions = {"rounds": chosen.rounds, "seconds": chosen.seconds, "cores": os.cpu_count()}
    chosen.out.mkdir(parents=True, exist_ok=True)
    data = report.as_data(measured, started, conditions)
    (chosen.out / "benchmark.json").write_text(json.dumps(data, indent=2) + "\n")
    plot.draw(measured, chosen.out / "benchmark.svg")
    print(f"\nWritten: {chosen.out / 'benchmark.json'} and {chosen.out / 'benchmark.svg'}")


def _parser() -> argparse.ArgumentParser:
    letters = "\n".join(f"  {one.letter:3}{one.told}" for one in work.ALL.values())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        epilog=f"The work, for an account with 10,000 todos of which 5,000 are open:\n{letters}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_some_of(work.ALL), default=list(work.ALL), help="letters, such as B,C")
    parser.add_argument("--servers", type=_some_of(_PEERS), default=list(_PEERS), help=f"of {','.join(_PEERS)}")
    parser.add_argument(
        "--connections", type=_each(_from_one_to(1_000)), help="such as 200; else what each work is for"
    )
    parser.add_argument("--rounds", type=_from_one_to(20), default=3, help="rounds, of which the median counts")
    parser.add_argument("--seconds", type=_from_one_to(60), default=3, help="seconds that each server has in a round")
    parser.add_argument("--out", type=Path, default=Path("benchmark"), help="the folder for JSON and SVG")
    return parser


def _some_of(known: Any) -> Any:
    def names(value: str) -> list[str]:
        wanted = [name.strip() for name in value.split(",")]
        if unknown := set(wanted) - set(known):
            raise argparse.ArgumentTypeError(f"not known: {', '.join(sorted(unknown))}")
        return list(dict.fromkeys(wanted))

    return names


def _each(one: Any) -> Any:
    return lambda value: [one(part.strip()) for part in value.split(",")]


def _from_one_to(most: int) -> Any:
    def number(value: str) -> int:
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise argparse.ArgumentTypeError(f"must be a number from 1 to {most}")
        return int(value)

    return number


if __name__ == "__main__":
    main()
