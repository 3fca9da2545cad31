"""From rounds to figures: medians over the rounds, and ratios to the naive server in the same run."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.benchmarks.load import Sample

BASE = "naive"


@dataclass(frozen=True)
class Start:
    """One start of a server on its 10,000 todos, up to the first one it answered; and what it held after the load."""

    server: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Figure:
    """What one server did with one piece of work, over all rounds.

    A ratio is None where there is nothing to compare with, and so is the CPU of requests that were never answered.
    """

    work: str
    connections: int
    server: str
    per_second: float
    ratio: float | None
    p50_ms: float
    p99_ms: float
    cpu_us: float | None
    cpu_ratio: float | None
    bytes_each: float
    failures: int


def figures(samples: Iterable[Sample], base: str = BASE) -> list[Figure]:
    """One figure for each piece of work, number of connections and server, in the order they were measured in.

    `base` is the server that the ratios are to.
    """
    groups: dict[tuple[str, int, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.work, sample.connections, sample.server].append(sample)
    return [_figure(rounds, groups.get((work, many, base), [])) for (work, many, _), rounds in groups.items()]


def _figure(rounds: list[Sample], base: list[Sample]) -> Figure:
    first = rounds[0]
    return Figure(
        work=first.work,
        connections=first.connections,
        server=first.server,
        per_second=_per_second(rounds),
        ratio=_divided(_per_second(rounds), _per_second(base) if base else None),
        p50_ms=median(one.p50_ms for one in rounds),
        p99_ms=median(one.p99_ms for one in rounds),
        cpu_us=_cpu_us(rounds),
        # The other way round: more is better here too.
        cpu_ratio=_divided(_cpu_us(base), _cpu_us(rounds)),
        bytes_each=median(one.bytes_each for one in rounds),
        failures=sum(one.failures for one in rounds),
    )


def _per_second(rounds: list[Sample]) -> float:
    return median(one.requests / one.seconds for one in rounds)


def _cpu_us(rounds: list[Sample]) -> float | None:
    """Over all rounds together: the kernel counts CPU in hundredths of a second, too coarse for one short round."""
    return _divided(sum(one.cpu_seconds for one in rounds) * 1e6, sum(one.requests for one in rounds))


def _divided(one: float | None, by: float | None) -> float | None:
    return one / by if one is not None and by else None


def starts(seen: Iterable[Start], memory: dict[str, int], syncs: dict[str, float | None]) -> list[dict[str, Any]]:
    """For each server the median of its starts, its memory after the load, and its syncs per create where known."""
    groups: dict[str, list[Start]] = defaultdict(list)
    for one in seen:
        groups[one.server].append(one)
    return [
        {
            "server": server,
            "seconds": median(one.seconds for one in every),
            "cpu_seconds": median(one.cpu_seconds for one in every),
            "memory_mib": memory[server] / 2**20,
            "syncs_per_create": syncs[server],
        }
        for server, every in groups.items()
    ]


def as_data(measured: list[Figure], started: list[dict[str, Any]], conditions: dict[str, Any]) -> dict[str, Any]:
    """Everything, for a file of JSON."""
    return {"conditions": conditions, "figures": [asdict(one) for one in measured], "servers": started}


def as_tables(measured: list[Figure], started: list[dict[str, Any]]) -> str:
    """Everything, for people: two tables of Markdown."""
    return "\n".join(
        [
            "| work | server | requests/s | x naive | x naive by CPU | p50 ms | p99 ms | CPU us | bytes | failed |",
            "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
            *map(_row, measured),
            "",
            "| server | first todo after s | CPU s until then | MiB after the load | fsyncs per create |",
            "| --- | --: | --: | --: | --: |",
            *map(_start_row, started),
        ]
    )


def _row(one: Figure) -> str:
    cells = (
        f"{one.work}@{one.connections}",
        one.server,
        f"{one.per_second:,.0f}",
        _known(one.ratio, ",.2f"),
        _known(one.cpu_ratio, ",.2f"),
        f"{one.p50_ms:.2f}",
        f"{one.p99_ms:.2f}",
        _known(one.cpu_us, ",.0f"),
        f"{one.bytes_each:,.0f}",
        str(one.failures),
    )
    return f"| {' | '.join(cells)} |"


def _start_row(one: dict[str, Any]) -> str:
    cells = "{server} | {seconds:.2f} | {cpu_seconds:.2f} | {memory_mib:.0f}".format(**one)
    return f"| {cells} | {_known(one['syncs_per_create'], '.3f')} |"


def _known(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)
