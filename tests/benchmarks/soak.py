"""An hour's load in ten minutes, through every door at once: `python -m tests.benchmarks.soak`.

64 connections: wrk reads, ticks and creates over REST; notebooks, agents, an importer, an exporter and open pages do
what they do; verified snapshots are taken all the while. It ends with an error if anything was refused or broke, if
something is missing afterwards, or if the memory goes on growing.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
from tqdm import tqdm

from tests.benchmarks import load, people, work
from tests.benchmarks.load import Replay, Sample
from tests.benchmarks.ours import Ours
from tests.benchmarks.people import Door, Visit

CONNECTIONS = 64
_NOTEBOOKS, _AGENTS, _PAGES = 8, 6, 4
_OVER_REST = CONNECTIONS - _NOTEBOOKS - _AGENTS - _PAGES - 2  # two bring todos and take them along
# How much more memory the process may hold at the end than at half time.
GROWTH_MAX = 0.05


class Soaked(Ours):
    """Our server, with a folder for its snapshots that is not where the database lies."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Copies go there within seconds of a change."""
        return {**super().environment(folder), "DATA_DIR": str(folder / "lasting")}

    def prepare(self) -> None:
        """The same, beside that folder."""
        (self.server.folder / "lasting").mkdir()
        super().prepare()

    @property
    def snapshots(self) -> set[str]:
        """The snapshots that lie there now."""
        return {file.name for file in (self.server.folder / "lasting").rglob("*.db")}


@dataclass
class Watch:
    """What is seen of the server from outside, once a second."""

    memory: list[int] = field(default_factory=list)
    snapshots: set[str] = field(default_factory=set)


@dataclass
class Outcome:
    """What came of it."""

    rest: Sample
    doors: list[Door]
    watch: Watch
    faults: list[str]


def growth(memory: Sequence[int]) -> float:
    """By what share the memory grows over the second half, along the straight line that fits best."""
    half = memory[len(memory) // 2 :]
    slope, intercept = statistics.linear_regression(range(len(half)), half)
    return slope * (len(half) - 1) / intercept


def run(seconds: int, folder: Path) -> Outcome:
    """Start the server, let everybody at it for so long, and look what is left."""
    with Soaked(folder / "ours") as peer:
        replay = Replay(peer, work.ALL["E"], folder)
        visit, watch = Visit(peer.server.url), Watch()
        doors, threads, accounts = _begin(visit)
        watcher = threading.Thread(target=_watch, args=(peer, watch, visit, seconds))
        watcher.start()
        rest = replay.run(_OVER_REST, seconds)
        visit.stopping.set()
        for thread in (*threads, watcher):
            thread.join()
        faults = [one for door in doors for one in door.failures]
        faults += _missing(visit, doors, accounts)
        faults += _seen(peer, rest, watch)
        return Outcome(rest, doors, watch, faults)


def _begin(visit: Visit) -> tuple[list[Door], list[threading.Thread], dict[str, dict[str, str]]]:
    doors = [
        Door("notebooks", _NOTEBOOKS),
        Door("agents", _AGENTS),
        Door("import", 1),
        Door("export", 1),
        Door("pages", _PAGES),
    ]
    notebooks, agents, imports, exports, pages = doors
    accounts = {door.name: visit.enter(door.name) for door in (notebooks, agents, imports)}
    everybody = [
        *((notebooks, people.at_notebook, accounts["notebooks"]) for _ in range(_NOTEBOOKS)),
        (agents, people.agents, accounts["agents"]),
        (imports, people.importer, accounts["import"]),
        (exports, people.exporter, accounts["import"]),
        *((pages, people.follower, accounts["notebooks"]) for _ in range(_PAGES)),
    ]
    threads = [people.started(partial(work, visit, door, headers), door) for door, work, headers in everybody]
    return doors, threads, accounts


def _watch(peer: Soaked, watch: Watch, visit: Visit, seconds: int) -> None:
    with tqdm(total=seconds, desc="soak", unit="s") as progress:
        while not visit.stopping.is_set():
            watch.memory.append(peer.server.memory_bytes())
            watch.snapshots |= peer.snapshots
            progress.set_postfix(MiB=watch.memory[-1] // 2**20, snapshots=len(watch.snapshots))
            time.sleep(1)
            progress.update()


def _missing(visit: Visit, doors: list[Door], accounts: dict[str, dict[str, str]]) -> list[str]:
    """What was acknowledged, and is not there."""
    totals = [(door, visit.total(accounts[door.name])) for door in doors if door.name in accounts]
    return [
        f"{door.name}: {door.added} todos are there by what was answered, and {total} are stored"
        for door, total in totals
        if total != door.added
    ]


def _seen(peer: Soaked, rest: Sample, watch: Watch) -> list[str]:
    found = [f"REST: {rest.failures} requests were refused or broke"] if rest.failures else []
    health = httpx.get(f"{peer.server.url}/health", timeout=60)
    if health.json()["status"] != "healthy":
        found.append(f"/health says {health.text}")
    if len(watch.snapshots) < 2:
        found.append("no snapshot was taken under load")
    log = peer.server.log.read_text(errors="replace")
    return found + [f"in the log: {line}" for line in log.splitlines() if "Traceback" in line or "ERROR" in line]


def told(outcome: Outcome) -> str:
    """The figures, for people."""
    rest, memory = outcome.rest, outcome.watch.memory
    lines = [
        "| door | connections | calls | p50 ms | p99 ms |",
        "| --- | --: | --: | --: | --: |",
        f"| REST (wrk) | {rest.connections} | {rest.requests:,} | {rest.p50_ms:.1f} | {rest.p99_ms:.1f} |",
    ]
    for door in outcome.doors:
        if len(door.seconds) > 1:
            cuts = statistics.quantiles(door.seconds, n=100, method="inclusive")
            p50, p99 = f"{cuts[49] * 1e3:.1f}", f"{cuts[98] * 1e3:.1f}"
            lines.append(f"| {door.name} | {door.people} | {len(door.seconds):,} | {p50} | {p99} |")
    cpus = rest.cpu_seconds / rest.seconds
    half, end, most = (each / 2**20 for each in (memory[len(memory) // 2], memory[-1], max(memory)))
    lines += [
        "",
        f"REST: {rest.requests / rest.seconds:,.0f} requests/s. The server, at all doors: {cpus:.2f} CPUs.",
        f"Memory in MiB: {half:.0f} at half time, {end:.0f} at the end, {most:.0f} at most.",
        f"It grew by {growth(memory):.1%} over the second half. Snapshots seen: {len(outcome.watch.snapshots)}.",
        *(f"BROKEN: {fault}" for fault in outcome.faults[:20]),
        f"{len(outcome.faults)} faults.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Soak, and tell; the exit code says whether all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long; 10 by default")
    chosen = parser.parse_args()
    if reason := load.missing():
        sys.exit(f"ERROR: {reason}")
    with tempfile.TemporaryDirectory(prefix="todo-soak-") as folder:
        outcome = run(round(chosen.minutes * 60), Path(folder))
    print(f"{os.cpu_count()} cores, which {os.getloadavg()[1]:.0f} processes wanted; {chosen.minutes:g} minutes.\n")
    print(told(outcome))
    if outcome.faults:
        sys.exit("ERROR: something broke.")
    if growth(outcome.watch.memory) > GROWTH_MAX:
        sys.exit("ERROR: the memory goes on growing.")


if __name__ == "__main__":
    main()
