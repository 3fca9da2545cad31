"""Three processes beside one, on the same PostgreSQL and Redis: `python -m tests.benchmarks.replicas`.

Both do the same work in turns, for several accounts with 10,000 todos each. It tells what each part of the machine was
busy with, so where the limit lies, and counts what was created: nothing may be lost or doubled.
"""

import argparse
import contextlib
import os
import resource
import secrets
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tqdm import tqdm

from tests import databases, redis_server
from tests.benchmarks import load, work
from tests.benchmarks.calls import Call
from tests.benchmarks.load import Replay, Sample
from tests.benchmarks.ours import Ours
from tests.benchmarks.seeds import PASSWORD
from tests.benchmarks.server import cpu_seconds
from tests.benchmarks.work import Work

PROCESSES = 3
CONNECTIONS = 30
# Creating last, as in the comparison with others.
WORKS = "BCEA"
_WARM_SECONDS = 1
_BUSY = 0.9


class Replica(Ours):
    """One process of our server, beside others on one database."""

    def __init__(self, folder: Path, shared: dict[str, str]) -> None:
        self._shared = shared
        super().__init__(folder)
        self.name = folder.name

    def command(self, folder: Path) -> list[str]:  # noqa: ARG002
        """REST alone: the page has no part in this work, and takes seconds to start."""
        app = ("--factory", "tests.servers.serving:rest")
        return [sys.executable, "-m", "uvicorn", *app, "--port", "{port}", "--no-access-log"]

    def environment(self, folder: Path) -> dict[str, str]:
        """The same for all processes."""
        return {**super().environment(folder), **self._shared}

    def prepare(self) -> None:
        """Start it; the accounts are made once, for all."""
        self.server.start(Call("GET", "/health/ready"))

    def enter(self, username: str) -> dict[str, str]:
        """A new account with all the seeds: the headers of its login."""
        name = {"username": username, "password": PASSWORD}
        self.ask(Call.of("POST", "/api/v1/auth/register", {"email": f"{username}@example.com", **name}))
        token = self.token_in(self.ask(Call.of("POST", "/api/v1/auth/login", name)))
        self.headers = {"Authorization": f"Bearer {token}"}
        self.fill()
        return self.headers


@dataclass(frozen=True)
class Busy:
    """What was used so far: CPU seconds of PostgreSQL and the load generator, ticks of the machine, idle and in all."""

    postgresql: float
    generator: float
    idle: float
    total: float


@dataclass(frozen=True)
class Round:
    """What so many processes did with one piece of work, and who used the machine meanwhile, in CPUs."""

    letter: str
    samples: list[Sample]
    postgresql: float
    generator: float
    idle: float

    @property
    def processes(self) -> int:
        """How many served."""
        return len(self.samples)

    @property
    def requests(self) -> int:
        """All that were answered."""
        return sum(one.requests for one in self.samples)

    @property
    def per_second(self) -> float:
        """By all processes together."""
        return sum(one.requests / one.seconds for one in self.samples)

    @property
    def app(self) -> float:
        """The CPUs that our processes used."""
        return sum(one.cpu_seconds / one.seconds for one in self.samples)


def main() -> None:
    """Measure, count and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replicas", description=__doc__)
    parser.add_argument("--accounts", type=int, default=3, help="accounts that the work is done for, in turns")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts")
    parser.add_argument("--seconds", type=int, default=5, help="seconds that each has in a round")
    chosen = parser.parse_args()
    if reason := load.missing() or databases.unreachable("postgresql") or redis_server.unreachable():
        sys.exit(f"ERROR: {reason}")
    with (
        tempfile.TemporaryDirectory(prefix="todo-replicas-") as folder,
        databases.temporary("postgresql", is_durable=True) as url,
        contextlib.ExitStack() as running,
    ):
        shared = {
            "DATABASE_URL": databases.shown(url),
            "REDIS_URL": redis_server.url(),
            "SECRET_KEY": secrets.token_hex(32),
        }
        replicas = [Replica(Path(folder) / f"process{number}", shared) for number in range(PROCESSES)]
        for replica in tqdm(replicas, desc="start", unit="process"):
            running.enter_context(replica)
        accounts = [
            replicas[0].enter(f"bench{number}") for number in tqdm(range(chosen.accounts), desc="fill", unit="account")
        ]
        engine = sa.create_engine(url)
        rounds, created = _measure(replicas, accounts, engine, chosen)
        stored = _stored(engine)
        engine.dispose()
    print(_told(rounds))
    _prove(rounds, created, stored, CONNECTIONS * (chosen.rounds + 1) * 2)


def _measure(
    replicas: list[Replica], accounts: list[dict[str, str]], engine: sa.Engine, chosen: argparse.Namespace
) -> tuple[list[Round], tuple[int, int]]:
    """The rounds, in turns; with it what was stored before the creations, and how many were answered."""
    rounds: list[Round] = []
    before = created = 0
    groups = (replicas[:1], replicas)
    with tqdm(total=len(WORKS) * (chosen.rounds + 1) * len(groups), unit="round") as progress:
        for letter in WORKS:
            if letter == "A":
                before = _stored(engine)
            one = Work(letter, work.ALL[letter].told, _for_all(accounts, work.ALL[letter].calls))
            replays = {replica.name: Replay(replica, one, replica.server.folder) for replica in replicas}
            for turn in range(chosen.rounds + 1):
                for group in groups[:: 1 if turn % 2 else -1]:
                    progress.set_description(f"{letter}, {len(group)} processes")
                    seconds = chosen.seconds if turn else _WARM_SECONDS
                    done = _round(letter, [replays[replica.name] for replica in group], engine, seconds)
                    created += done.requests if letter == "A" else 0
                    if turn:  # the first only warms up
                        rounds.append(done)
                    progress.update()
    return rounds, (before, created)


def _for_all(accounts: list[dict[str, str]], calls: Callable[[Any], list[Call]]) -> Callable[[Any], list[Call]]:
    """The same calls for one account after the other, in turns."""

    def made(peer: Any) -> Iterator[list[Call]]:
        for headers in accounts:
            peer.headers = headers
            yield calls(peer)

    return lambda peer: [call for turn in zip(*made(peer), strict=True) for call in turn]


def _round(letter: str, replays: list[Replay], engine: sa.Engine, seconds: int) -> Round:
    before = _busy(engine)
    with ThreadPoolExecutor(len(replays)) as pool:
        samples = list(pool.map(lambda replay: replay.run(CONNECTIONS // len(replays), seconds), replays))
    after = _busy(engine)
    took = max(sample.seconds for sample in samples)
    return Round(
        letter,
        samples,
        (after.postgresql - before.postgresql) / took,
        (after.generator - before.generator) / took,
        (after.idle - before.idle) / (after.total - before.total),
    )


def _busy(engine: sa.Engine) -> Busy:
    with engine.connect() as connection:
        statement = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        pids = connection.scalars(sa.text(statement)).all()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return Busy(
        sum(cpu_seconds(pid) for pid in pids), children.ru_utime + children.ru_stime, ticks[3] + ticks[4], sum(ticks)
    )


def _stored(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        found: int = connection.scalar(sa.text("SELECT count(*) FROM todos")) or 0
        return found


def _prove(rounds: list[Round], created: tuple[int, int], stored: int, under_way: int) -> None:
    """Nothing may be refused, lost or doubled."""
    before, answered = created
    new = stored - before
    print(f"\n{answered:,} creations were answered and {new:,} are stored; up to {under_way} were cut off on the way.")
    if not answered <= new <= answered + under_way:
        sys.exit("ERROR: todos were lost or doubled.")
    if failed := sum(sample.failures for one in rounds for sample in one.samples):
        sys.exit(f"ERROR: {failed} requests were refused or broke.")


def _told(rounds: list[Round]) -> str:
    """The medians, for people."""
    cores = os.cpu_count() or 1
    lines = [
        "| work | processes | requests/s | x one | p50 ms | p99 ms | CPUs: app | PostgreSQL | wrk | idle |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for letter in WORKS:
        alone: float | None = None
        for processes in (1, PROCESSES):
            same = [one for one in rounds if (one.letter, one.processes) == (letter, processes)]
            per_second = statistics.median(one.per_second for one in same)
            alone = alone or per_second
            p50 = statistics.median(sample.p50_ms for one in same for sample in one.samples)
            p99 = statistics.median(max(sample.p99_ms for sample in one.samples) for one in same)
            app, postgresql, generator, idle = (
                statistics.median(getattr(one, name) for one in same)
                for name in ("app", "postgresql", "generator", "idle")
            )
            lines.append(
                f"| {letter} | {processes} | {per_second:,.0f} | {per_second / alone:.2f} | {p50:.1f} | {p99:.1f} "
                f"| {app:.2f} | {postgresql:.2f} | {generator:.2f} | {idle:.0%} |"
            )
    idle = statistics.median(one.idle for one in rounds if one.processes == PROCESSES)
    limit = (
        f"the {cores} cores, which app, database and load generator share"
        if idle < 1 - _BUSY
        else "not the cores: requests wait for each other, or for the disk"
    )
    lines += ["", f"With {PROCESSES} processes {idle:.0%} of the machine is idle. The limit is {limit}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
