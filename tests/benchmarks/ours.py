"""Our server, as a Space runs it: everything on, in production."""

import sys
import uuid
from pathlib import Path
from typing import Any

from tests.benchmarks.calls import Call
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import EMAIL, FAR_PAGE, PASSWORD, PER_PAGE, USERNAME, Seed, seeds
from tests.support import ROOT

_TODOS = "/api/v1/todos"
_PER_FILE = 2_000


class Ours(Peer):
    """The whole app, UI and operation log included."""

    name = "ours"

    def command(self, folder: Path) -> list[str]:  # noqa: ARG002
        """`uvicorn app:app`, as the README says."""
        return [sys.executable, "-m", "uvicorn", "app:app", "--port", "{port}", "--no-access-log"]

    def environment(self, folder: Path) -> dict[str, str]:
        """Production, with room for as many logins as the load generator manages."""
        return {
            "DATABASE_URL": f"sqlite:///{folder}/todos.db",
            "ENVIRONMENT": "production",
            "LOGIN_RATE_LIMIT": "100000000/minute",
            "PYTHONPATH": str(ROOT),
            "SECRET_KEY": self.secret,
        }

    def prepare(self) -> None:
        """The seeds come in by an import, with their ids and times."""
        self.server.start(Call("GET", "/health/live"))
        account = {"email": EMAIL, "username": USERNAME, "password": PASSWORD}
        self.ask(Call.of("POST", "/api/v1/auth/register", account))
        self.log_in()
        self.fill()

    def fill(self) -> None:
        """Import the seeds into the account that is logged in, a part at a time: a busy machine takes its time."""
        todos = [
            {"id": self.id_of(seed), **seed.fields, **dict.fromkeys(("created_at", "updated_at"), _stamp(seed))}
            for seed in seeds()
        ]
        for start in range(0, len(todos), _PER_FILE):
            file = {"format": "todos-export", "format_version": 1, "todos": todos[start : start + _PER_FILE]}
            self.ask(Call.of("POST", f"{_TODOS}/import?format=json", file, self.headers))

    def login(self) -> Call:
        """F."""
        return Call.of("POST", "/api/v1/auth/login", {"username": USERNAME, "password": PASSWORD})

    def create(self, seed: Seed) -> Call:
        """A."""
        return Call.of("POST", _TODOS, seed.fields, self.headers)

    def get(self, todo_id: str) -> Call:
        """B."""
        return Call("GET", f"{_TODOS}/{todo_id}", headers=self.headers)

    def page(self, number: int) -> Call:
        """C and CD."""
        skip = (number - 1) * PER_PAGE
        return Call("GET", f"{_TODOS}?completed=false&limit={PER_PAGE}&skip={skip}", headers=self.headers)

    def far_page(self) -> Call:
        """CK: from cursor to cursor."""
        call = first = self.page(1)
        for _ in range(FAR_PAGE - 1):
            cursor = self.ask(call)["next_cursor"]
            call = Call("GET", f"{first.path.partition('&skip')[0]}&cursor={cursor}", headers=self.headers)
        return call

    def tick(self, todo_id: str, *, completed: bool) -> Call:
        """D."""
        return Call.of("PATCH", f"{_TODOS}/{todo_id}", {"completed": completed}, self.headers)

    def id_of(self, seed: Seed) -> str:
        """A UUID of version 7, as the app makes them."""
        return str(uuid.UUID(int=int(seed.created_at.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62 | seed.number))

    def token_in(self, answer: Any) -> str:
        """The access token."""
        return str(answer["access_token"])

    def page_in(self, answer: Any) -> tuple[list[dict[str, Any]], int]:
        """The todos and the total."""
        return answer["todos"], answer["total"]


def _stamp(seed: Seed) -> str:
    return f"{seed.created_at:%Y-%m-%dT%H:%M:%S.000000Z}"
