"""A database as people leave it, with each of its tables in use: run as a program, it fills that of DATABASE_URL.

All of it is done by REST, in two runs of the app, so that a snapshot of the first stop lies beside it.
"""

from __future__ import annotations

import random
import sys
from contextlib import suppress
from typing import Any

from fastapi.testclient import TestClient

NAMES = ("ada", "ben", "cleo", "dora", "emil")
_WORDS = ["milk", "bread", "garden", "letter", "phone", "train", "school", "doctor", "paint", "roof", "kitchen", "lamp"]
_PASSWORD = "SecurePass123!"


class RefusedError(Exception):
    """What was asked for cannot be done as things are."""


class Life:
    """What five people do, by chance."""

    def __init__(self, client: TestClient, seed: str) -> None:
        self._client = client
        self._rng = random.Random(seed)
        self._logins = [self._log_in(name) for name in NAMES]

    def settle_in(self) -> None:
        """Lists, of which some are shared; filters, tokens, logins, keys that make a request safe to repeat."""
        for who, _ in enumerate(NAMES):
            lists = [self._call(who, "POST", "/lists", {"name": self._text(2)})["id"] for _ in range(4)]
            self._call(who, "POST", "/filters", {"name": self._text(2), "query": {"search": "milk"}})
            if who % 2 == 0:
                self._log_in(NAMES[who])
                for most in (100, 7):
                    token = {"name": self._text(1), "scopes": ["read", "write"], "max_changes": most}
                    self._call(who, "POST", "/auth/tokens", token)
                invite = self._call(who, "POST", f"/lists/{lists[0]}/invites", {"role": "editor"})
                self._call((who + 1) % len(NAMES), "POST", f"/invites/{invite['token']}/accept")
                self._call(who, "POST", f"/lists/{lists[1]}/invites", {"role": "viewer"})

    def work(self, todos: int) -> None:
        """Create so many todos, and change, complete, delete and take back some of them on the way."""
        for number in range(todos):
            who = self._rng.randrange(len(NAMES))
            with suppress(RefusedError):
                self._create(who, number)
            for change in (self._tick, self._rename, self._delete, self._undo):
                if self._rng.random() < 0.1:
                    with suppress(RefusedError):
                        change(self._rng.randrange(len(NAMES)))

    def tidy_up(self) -> None:
        """Take away for good what no heal may bring back."""
        self._call(0, "DELETE", "/todos/trash")
        for kind, path in (("filters", "/filters"), ("tokens", "/auth/tokens")):
            first = self._call(2, "GET", path)[kind][0]
            self._call(2, "DELETE", f"{path}/{first['id']}")

    def _create(self, who: int, number: int) -> None:
        body: dict[str, Any] = {
            "title": self._text(self._rng.randint(2, 6)),
            "description": self._text(self._rng.choice((0, 10, 100))),
            "priority": self._rng.choice(("low", "medium", "high")),
            "tags": self._rng.sample(_WORDS, self._rng.randrange(3)),
        }
        if self._rng.random() < 0.5:
            body["list_id"] = self._rng.choice(self._call(who, "GET", "/lists")["lists"])["id"]
        elif self._rng.random() < 0.2:
            body["parent_id"] = self._one_of(who)
        if self._rng.random() < 0.3:
            body |= {"due_date": f"2027-03-{self._rng.randint(10, 28)}", "recurrence": "weekly"}
        key = {"Idempotency-Key": f"{number}"} if number % 20 == 0 else {}
        self._call(who, "POST", "/todos", body, key)

    def _tick(self, who: int) -> None:
        self._call(who, "POST", f"/todos/{self._one_of(who)}/complete")

    def _rename(self, who: int) -> None:
        self._call(who, "PATCH", f"/todos/{self._one_of(who)}", {"title": self._text(3)})

    def _delete(self, who: int) -> None:
        self._call(who, "DELETE", f"/todos/{self._one_of(who)}")

    def _undo(self, who: int) -> None:
        self._call(who, "POST", "/undo", {})

    def _one_of(self, who: int) -> str:
        todos = self._call(who, "GET", "/todos?limit=20")["todos"]
        if not todos:
            raise RefusedError
        return str(self._rng.choice(todos)["id"])

    def _text(self, words: int) -> str:
        return " ".join(self._rng.choices(_WORDS, k=words))

    def _log_in(self, name: str) -> dict[str, str]:
        account = {"username": name, "email": f"{name}@example.com", "password": _PASSWORD}
        self._client.post("/api/v1/auth/register", json=account)  # refused where it is there
        entrance = {"username": name, "password": _PASSWORD}
        answer = self._client.post("/api/v1/auth/login", json=entrance)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def _call(self, who: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        answer = self._client.request(
            method, f"/api/v1{path}", json=body, headers={**self._logins[who], **(headers or {})}
        )
        if answer.is_error:
            raise RefusedError(f"{method} {path}: {answer.text}")
        return answer.json() if answer.content else None


def _main(step: str) -> None:
    from app import app  # noqa: PLC0415 - importing it opens the database

    with TestClient(app) as client:
        life = Life(client, step)
        if step == "begin":
            life.settle_in()
        life.work(120)
        if step == "go on":
            life.tidy_up()


if __name__ == "__main__":
    _main(sys.argv[1])
