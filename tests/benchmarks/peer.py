"""A peer: a server that keeps todos, and how each piece of work is asked for in its own words."""

import contextlib
import secrets
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

from tests.benchmarks.calls import Call
from tests.benchmarks.seeds import FAR_PAGE, Seed
from tests.benchmarks.server import Server


class Peer(ABC):
    """One of the servers that are compared; everything about it that is not the same for all."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.secret = secrets.token_hex(32)
        self.headers: dict[str, str] = {}
        self.server = Server(folder, self.command(folder), self.environment(folder))

    @abstractmethod
    def command(self, folder: Path) -> list[str]:
        """What starts it; `{port}` stands for the port."""

    def environment(self, folder: Path) -> dict[str, str]:  # noqa: ARG002 - others need the folder
        """Its settings."""
        return {}

    @abstractmethod
    def prepare(self) -> None:
        """Start it, make an account with all the seeds, and log in."""

    @abstractmethod
    def login(self) -> Call:
        """F."""

    @abstractmethod
    def create(self, seed: Seed) -> Call:
        """A."""

    @abstractmethod
    def get(self, todo_id: str) -> Call:
        """B."""

    @abstractmethod
    def page(self, number: int) -> Call:
        """C and CD: a page of the open todos by its number, newest first, with the total."""

    def far_page(self) -> Call:
        """CK: the far page as the server's own clients get there; by its number where there is no other way."""
        return self.page(FAR_PAGE)

    @abstractmethod
    def tick(self, todo_id: str, *, completed: bool) -> Call:
        """D."""

    @abstractmethod
    def id_of(self, seed: Seed) -> str:
        """The id that the seed has here."""

    @abstractmethod
    def token_in(self, answer: Any) -> str:
        """The token that a login answers."""

    @abstractmethod
    def page_in(self, answer: Any) -> tuple[list[dict[str, Any]], int]:
        """The todos and the total that a page answers."""

    def ask(self, call: Call) -> Any:
        """Send a request that has to succeed. Answers what it says."""
        answer = call.send(self.server.url)
        if not answer.is_success:
            raise RuntimeError(f"{self.name} refuses {call.method} {call.path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def log_in(self) -> None:
        """Use a fresh login for everything that follows."""
        self.headers = {"Authorization": f"Bearer {self.token_in(self.ask(self.login()))}"}

    def restart(self) -> float:
        """Start again on the data that is there. Answers the seconds to the first todo."""
        self.server.stop()
        return self.server.start(self.get(self.id_of(Seed(0))))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.callback(self.server.stop)
            self.server.folder.mkdir()
            self.prepare()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
