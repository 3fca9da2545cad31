"""The naive FastAPI and SQLModel application of naive_app.py: what every ratio is measured against."""

import json
import sqlite3
import sys
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.calls import Call
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import EMAIL, PASSWORD, PER_PAGE, Seed, seeds
from tests.support import ROOT

_COLUMNS = "id, owner_id, title, description, completed, priority, tags, due_date, created_at, updated_at"


class Naive(Peer):
    """FastAPI + SQLModel as the full-stack template writes it."""

    name = "naive"

    def command(self, folder: Path) -> list[str]:  # noqa: ARG002
        """The same server process as ours."""
        module = "tests.benchmarks.naive_app:app"
        return [sys.executable, "-m", "uvicorn", module, "--port", "{port}", "--no-access-log"]

    def environment(self, folder: Path) -> dict[str, str]:
        """Its database and its key."""
        return {
            "DATABASE_URL": f"sqlite:///{folder}/todos.db",
            "PYTHONPATH": str(ROOT),
            "SECRET_KEY": self.secret,
        }

    def prepare(self) -> None:
        """It has no import, so the seeds are written into its table."""
        self.server.start(Call("GET", "/openapi.json"))
        owner = uuid.UUID(self.ask(Call.of("POST", "/register", {"email": EMAIL, "password": PASSWORD})))
        self.log_in()
        rows = [self._row(seed, owner.hex) for seed in seeds()]
        with closing(sqlite3.connect(self.server.folder / "todos.db")) as database, database:
            database.executemany(f"INSERT INTO todo ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - names of this file

    def _row(self, seed: Seed, owner: str) -> tuple[Any, ...]:
        fields = {**seed.fields, "tags": json.dumps(seed.fields["tags"])}
        created = f"{seed.created_at:%Y-%m-%d %H:%M:%S.000000}"
        return (uuid.UUID(self.id_of(seed)).hex, owner, *fields.values(), created, created)

    def login(self) -> Call:
        """F."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return Call("POST", "/login", urlencode({"username": EMAIL, "password": PASSWORD}).encode(), form)

    def create(self, seed: Seed) -> Call:
        """A."""
        return Call.of("POST", "/todos", seed.fields, self.headers)

    def get(self, todo_id: str) -> Call:
        """B."""
        return Call("GET", f"/todos/{todo_id}", headers=self.headers)

    def page(self, number: int) -> Call:
        """C and CD."""
        skip = (number - 1) * PER_PAGE
        return Call("GET", f"/todos?completed=false&limit={PER_PAGE}&skip={skip}", headers=self.headers)

    def tick(self, todo_id: str, *, completed: bool) -> Call:
        """D."""
        return Call.of("PATCH", f"/todos/{todo_id}", {"completed": completed}, self.headers)

    def id_of(self, seed: Seed) -> str:
        """A UUID like the random ones that it makes, the same for each run."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, str(seed.number)))

    def token_in(self, answer: Any) -> str:
        """The access token."""
        return str(answer["access_token"])

    def page_in(self, answer: Any) -> tuple[list[dict[str, Any]], int]:
        """The todos and the total."""
        return answer["data"], answer["count"]
