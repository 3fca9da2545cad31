"""The pieces of work, by the letters that the report uses."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks.calls import Call
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import COUNT, FAR_PAGE, Seed

# E ticks other todos than D, so that each flips what is as it was left.
_TICKED_BY_D, _TICKED_BY_E = range(COUNT // 2), range(COUNT // 2, COUNT // 2 + 1_000)
_MIX = "BCBABCBCBD"
_LOOKED_AT = 5_000


@dataclass(frozen=True)
class Work:
    """One piece of work, as many requests as the load generator goes round in, and by how many at once."""

    letter: str
    told: str
    calls: Callable[[Peer], list[Call]]
    connections: tuple[int, ...] = (1, 32)


def _creates(peer: Peer) -> list[Call]:
    return [peer.create(Seed(COUNT + number)) for number in range(1_000)]


def _gets(peer: Peer) -> list[Call]:
    chosen = random.Random(0).choices(range(COUNT), k=_LOOKED_AT)  # noqa: S311 - the same todos for every server
    return [peer.get(peer.id_of(Seed(number))) for number in chosen]


def _ticks(peer: Peer, numbers: range) -> list[Call]:
    """Flip each, then flip each back: whoever goes round changes something with every request."""
    seeds = [Seed(number) for number in numbers]
    return [
        peer.tick(peer.id_of(seed), completed=seed.is_open is is_first) for is_first in (True, False) for seed in seeds
    ]


def _mixed(peer: Peer) -> list[Call]:
    ticks = _ticks(peer, _TICKED_BY_E)
    sources: dict[str, Iterator[Call]] = {
        "A": iter(_creates(peer) * 2),
        "B": iter(_gets(peer) * 2),
        "C": iter([peer.page(1)] * (3 * len(ticks))),
        "D": iter(ticks),
    }
    return [next(sources[letter]) for _ in ticks for letter in _MIX]


# Reads first, creating last: every server is measured with the same todos in it, however fast the others are.
ALL = {
    work.letter: work
    for work in (
        Work("B", "get one by id", _gets),
        Work("C", "page 1 of the open ones, with the total", lambda peer: [peer.page(1)]),
        Work("CD", f"page {FAR_PAGE} of them, by its number", lambda peer: [peer.page(FAR_PAGE)]),
        Work("CK", f"page {FAR_PAGE} of them, by cursor where there is one", lambda peer: [peer.far_page()]),
        # Two at most: some defaults of hashing take 64 MiB for each login.
        Work("F", "log in", lambda peer: [peer.login()], (1, 2)),
        Work("D", "toggle one", lambda peer: _ticks(peer, _TICKED_BY_D)),
        Work("E", "80 % B and C, 20 % A and D", _mixed),
        Work("A", "create one", _creates),
    )
}
