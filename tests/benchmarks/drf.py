"""The Django REST framework application of django_app.py."""

import json
import sqlite3
import sys
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.benchmarks.calls import Call
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import PASSWORD, PER_PAGE, USERNAME, Seed, seeds
from tests.support import ROOT

_COLUMNS = "id, owner_id, title, description, completed, priority, tags, due_date, created_at, updated_at"


class DjangoRest(Peer):
    """Django REST framework with simplejwt."""

    name = "drf"

    def command(self, folder: Path) -> list[str]:  # noqa: ARG002
        """The same server process as ours."""
        module = "tests.benchmarks.django_app:app"
        return [sys.executable, "-m", "uvicorn", module, "--port", "{port}", "--no-access-log", "--lifespan", "off"]

    def environment(self, folder: Path) -> dict[str, str]:
        """Its database, its key, and the user that it begins with."""
        return {
            "BENCHMARK_PASSWORD": PASSWORD,
            "BENCHMARK_USER": USERNAME,
            "DATABASE_PATH": f"{folder}/todos.db",
            "PYTHONPATH": str(ROOT),
            "SECRET_KEY": self.secret,
        }

    def prepare(self) -> None:
        """It has no import, so the seeds are written into its table."""
        self.server.start(self.login())
        self.log_in()
        rows = [self._row(seed) for seed in seeds()]
        with closing(sqlite3.connect(self.server.folder / "todos.db")) as database, database:
            database.executemany(f"INSERT INTO benchmark_todo ({_COLUMNS}) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - names of this file

    def _row(self, seed: Seed) -> tuple[Any, ...]:
        fields = {**seed.fields, "tags": json.dumps(seed.fields["tags"])}
        created = f"{seed.created_at:%Y-%m-%d %H:%M:%S}"
        return (uuid.UUID(self.id_of(seed)).hex, *fields.values(), created, created)

    def login(self) -> Call:
        """F."""
        return Call.of("POST", "/login", {"username": USERNAME, "password": PASSWORD})

    def create(self, seed: Seed) -> Call:
        """A."""
        return Call.of("POST", "/todos", seed.fields, self.headers)

    def get(self, todo_id: str) -> Call:
        """B."""
        return Call("GET", f"/todos/{todo_id}", headers=self.headers)

    def page(self, number: int) -> Call:
        """C and CD."""
        return Call("GET", f"/todos?completed=false&limit={PER_PAGE}&page={number}", headers=self.headers)

    def tick(self, todo_id: str, *, completed: bool) -> Call:
        """D."""
        return Call.of("PATCH", f"/todos/{todo_id}", {"completed": completed}, self.headers)

    def id_of(self, seed: Seed) -> str:
        """A UUID like the random ones that it makes, the same for each run."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, str(seed.number)))

    def token_in(self, answer: Any) -> str:
        """The access token."""
        return str(answer["access"])

    def page_in(self, answer: Any) -> tuple[list[dict[str, Any]], int]:
        """The todos and the total."""
        return answer["results"], answer["count"]
