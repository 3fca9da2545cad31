"""1,000,000 todos beside 10,000, and page 1,000 beside page 1: `python -m tests.benchmarks.levels`.

The same account asks the same of both, in turns; the late page is one of an account of 100,000. It takes some minutes,
most of them to fill the large one, and 4 GiB on the disk.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from tqdm import tqdm

from backend.storage import memory
from backend.storage.engine import make_engine
from tests import crowd
from tests.benchmarks import load
from tests.benchmarks.calls import Call
from tests.benchmarks.load import Replay, Sample
from tests.benchmarks.ours import Ours
from tests.benchmarks.seeds import EMAIL, PASSWORD, Seed
from tests.benchmarks.work import Work

CONNECTIONS = 32
LATE_PAGE, PER_PAGE = 1_000, 50
_ACCOUNT, _ACCOUNTS = 100_000, 9
_COPIES = 9
_RARE, _COMMON = "4711", "sentence"
_WARM_SECONDS, _CALM_LOOKS = 1, 60
_BASE = f"/api/v1/todos?limit={PER_PAGE}"


class Filled(Ours):
    """Our server on a copy of another one's database, with a crowd of other accounts in it."""

    def __init__(self, folder: Path, model: Ours) -> None:
        super().__init__(folder)
        self._model = model.server.folder / "todos.db"
        self.large_account: dict[str, str] = {}

    def prepare(self) -> None:
        """Fill it, start it, and log in twice: as the account that the other server has too, and as a large one."""
        database = self.server.folder / "todos.db"
        shutil.copyfile(self._model, database)
        _fill(database)
        self.server.start(Call("GET", "/health/live"))
        self.log_in()
        entrance = {"username": "crowd0", "password": PASSWORD}
        token = self.token_in(self.ask(Call.of("POST", "/api/v1/auth/login", entrance)))
        self.large_account = {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class Pair:
    """Two pieces of work that should cost the same, or nearly so."""

    told: str
    bound: float
    first: Replay
    second: Replay


def main() -> None:
    """Measure both of each pair in turns, and report their ratios."""
    chosen = _parser().parse_args()
    if reason := load.missing():
        sys.exit(f"ERROR: {reason}")
    with tempfile.TemporaryDirectory(prefix="todo-levels-") as name, Ours(Path(name) / "small") as small:
        small.server.stop()  # so that all of its database is in one file
        with Filled(Path(name) / "large", small) as large:
            small.restart()
            small.log_in()
            for server in (small.server, large.server):
                _calm(server)
            print(_told([(pair, _measure(pair, chosen)) for pair in _pairs(small, large)]))


def _fill(database: Path) -> None:
    engine = make_engine(sa.make_url(f"sqlite:///{database}"))
    with engine.connect() as connection:
        # Begun anew if it breaks: nothing is written twice, and what is written next is not read from the disk.
        driver: Any = connection.connection.driver_connection
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            driver.execute(f"PRAGMA {pragma}").close()
        with connection.begin(), tqdm(total=_ACCOUNTS + _COPIES, desc="fill", unit="account") as progress:
            [(bench, password_hash)] = connection.execute(
                sa.text("SELECT id, password_hash FROM users WHERE email = :email"), {"email": EMAIL}
            ).all()
            accounts = [crowd.add_account(connection, number) for number in range(_ACCOUNTS + _COPIES)]
            connection.execute(sa.text("UPDATE users SET password_hash = :it"), {"it": password_hash})
            crowd.fill(connection, accounts[0], _ACCOUNT)
            progress.update()
            for number, account in enumerate(accounts[1:], 1):
                crowd.copy(connection, accounts[0] if number < _ACCOUNTS else bench, account)
                progress.update()
            count = connection.scalar(sa.text("SELECT count(*) FROM todos"))
        driver.execute("PRAGMA journal_mode = WAL").close()
    engine.dispose()
    # As after an ordinary end: a start after any other looks each row up in each index first.
    memory.write_down(database, memory.Memory(is_clean=True))
    print(f"The large database has {count:,} todos in {database.stat().st_size / 2**30:.1f} GiB.")


def _calm(server: Any) -> None:
    """Wait until it has taken its first snapshot: a large one takes a while."""
    for _ in range(_CALM_LOOKS):
        before = server.cpu_seconds()
        server.settle()
        if server.cpu_seconds() - before < _WARM_SECONDS / 10:
            return


def _pairs(small: Ours, large: Filled) -> list[Pair]:
    def both(letter: str, told: str, query: str) -> Pair:
        calls = [[Call("GET", f"{_BASE}&{query}", headers=peer.headers)] for peer in (small, large)]
        return Pair(told, 1.2, _replay(small, letter, calls[0]), _replay(large, letter, calls[1]))

    page = Call("GET", f"{_BASE}&completed=true", headers=large.large_account)
    late = page
    for _ in tqdm(range(LATE_PAGE - 1), desc="turn pages", unit="page"):
        cursor = large.ask(late)["next_cursor"]
        late = Call("GET", f"{page.path}&cursor={quote(cursor)}", headers=page.headers)
    noted = [one["id"] for one in large.ask(Call("GET", f"{_BASE}&completed=false", headers=page.headers))["todos"]]
    return [
        Pair(
            "page 1 of the open ones after a change, with the total",
            1.2,
            *(_replay(peer, "C", _after_changes(peer.page(1), [peer.id_of(Seed(0))])) for peer in (small, large)),
        ),
        both("rare", "search for a word that one todo has", f"search={_RARE}"),
        both("common", "search for a word that most have", f"search={_COMMON}"),
        Pair(
            f"page {LATE_PAGE:,} of {_ACCOUNT:,} after a change, beside page 1",
            1.1,
            _replay(large, "page1", _after_changes(page, noted)),
            _replay(large, "late", _after_changes(late, noted)),
        ),
    ]


def _after_changes(page: Call, ids: list[str]) -> list[Call]:
    """The page as it is made anew: what nothing has changed is answered from memory, however large the account is."""
    notes = [
        Call.of("PATCH", f"/api/v1/todos/{one}", {"priority": it}, page.headers)
        for one in ids
        for it in ("low", "high")
    ]
    return [call for note in notes for call in (note, page)]


def _replay(peer: Ours, letter: str, calls: list[Call]) -> Replay:
    return Replay(peer, Work(letter, letter, lambda _: calls), peer.server.folder)


def _measure(pair: Pair, chosen: argparse.Namespace) -> list[tuple[Sample, Sample]]:
    seen = []
    for turn in tqdm(range(chosen.rounds + 1), desc=pair.told, unit="round"):
        seconds = chosen.seconds if turn else _WARM_SECONDS
        order = 1 if turn % 2 else -1
        first, second = [one.run(CONNECTIONS, seconds) for one in (pair.first, pair.second)[::order]][::order]
        if turn:
            seen.append((first, second))
    return seen


def _told(measured: list[tuple[Pair, list[tuple[Sample, Sample]]]]) -> str:
    lines = [
        "| work | requests/s | beside | times the time | bound | times the CPU | failures |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for pair, seen in measured:
        first, second = (statistics.median(one[i].requests / one[i].seconds for one in seen) for i in (0, 1))
        cpu = statistics.median(_cpu_each(late) / _cpu_each(early) for early, late in seen)
        failures = sum(one.failures for both in seen for one in both)
        told = f"{first:,.0f} | {second:,.0f} | {first / second:.2f} | {pair.bound} | {cpu:.2f}"
        lines.append(f"| {pair.told} | {told} | {failures} |")
    return "\n".join(lines)


def _cpu_each(sample: Sample) -> float:
    return sample.cpu_seconds / max(1, sample.requests)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.levels", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts")
    parser.add_argument("--seconds", type=int, default=3, help="seconds that each has in a round")
    return parser


if __name__ == "__main__":
    main()
