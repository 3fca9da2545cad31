"""The todos that every server of the benchmark holds, and the same words for what each of them answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

COUNT = 10_000
PER_PAGE = 50
FAR_PAGE = 80
EMAIL, USERNAME, PASSWORD = "bench@example.com", "bench", "SecurePass123!"

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_PRIORITIES = ("low", "medium", "high")


@dataclass(frozen=True)
class Seed:
    """One todo, as far as every server knows todos."""

    number: int

    @property
    def is_open(self) -> bool:
        return self.number % 2 == 1

    @property
    def created_at(self) -> datetime:
        # A minute apart: the order is the same whether a server keeps microseconds or milliseconds.
        return _FIRST + timedelta(minutes=self.number)

    @property
    def fields(self) -> dict[str, Any]:
        """What a client sends, and every server has to answer."""
        return {
            "title": f"Task {self.number} of the benchmark",
            "description": " ".join(["A sentence that says a little more about it."] * (self.number % 3)),
            "completed": not self.is_open,
            "priority": _PRIORITIES[self.number % 3],
            "tags": ["home", "errand"][: self.number % 3],
            "due_date": (date(2027, 1, 1) + timedelta(days=self.number % 365)).isoformat(),
        }


def seeds() -> Iterator[Seed]:
    """All of them, the oldest first."""
    return map(Seed, range(COUNT))


def open_page(number: int) -> list[Seed]:
    """What a page of the open ones holds, newest first."""
    newest_first = [seed for seed in seeds() if seed.is_open][::-1]
    return newest_first[(number - 1) * PER_PAGE : number * PER_PAGE]
