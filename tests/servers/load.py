"""People at work on todos over REST, and a ledger of what each todo may be after everything that was answered.

What was acknowledged is what must be there. What was refused with "nothing was changed" must not be there. Only where
the answer says that nobody knows, or did not come, both are right.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import httpx
import uuid_utils

# Title, whether it is completed, whether it is in the trash; None for a todo that is not there.
Todo = tuple[str, bool, bool] | None

UNKNOWN = "may be saved or not"


def state_of(body: dict[str, Any]) -> Todo:
    return body["title"], body["completed"], body["deleted_at"] is not None


@dataclass
class Load:
    """Some people, each in a thread of their own, until they are stopped; from request to request at another server."""

    url: str
    headers: dict[str, str]
    people: int = 4
    others: Sequence[str] = ()
    may_be: dict[str, set[Todo]] = field(default_factory=dict)
    unsure_of: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _turns: Iterator[str] = field(init=False)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _acknowledged: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._turns = cycle((self.url, *self.others))

    def start(self) -> None:
        self._stopping.clear()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(self.people)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def until_acknowledged(self, more: int, seconds: float = 60) -> None:
        """Return when so many more writes were acknowledged."""
        with self._acknowledged:
            wanted = self.outcomes["acknowledged"] + more
            came = self._acknowledged.wait_for(lambda: self.outcomes["acknowledged"] >= wanted, seconds)
        assert came, f"no write was acknowledged for {seconds} s: {self.outcomes} {self.wrong}"

    def check(self, ids: set[str] | None = None) -> None:
        """Everything is there as it was acknowledged."""
        assert not self.wrong, self.wrong[:5]
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=self.headers, timeout=60) as client:
            for todo_id in ids if ids is not None else set(self.may_be):
                answer = client.get(f"/todos/{todo_id}")
                assert answer.status_code in {200, 404}, answer.text
                found = state_of(answer.json()) if answer.status_code == 200 else None
                assert found in self.may_be[todo_id], f"{found} and not one of {self.may_be[todo_id]}"
            for todo_id, body in self.unsure_of.items():
                # A creation with an id of its own can be sent again, whether it was saved or not.
                answer = client.post("/todos", json=body)
                assert answer.status_code == 201, answer.text
                self.may_be[todo_id] = {state_of(answer.json())}
            self.unsure_of.clear()

    def _work(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - the same people in each run
        mine: list[str] = []
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=self.headers, timeout=60) as client:
            while not self._stopping.is_set():
                if not mine or chance.random() < 0.5:
                    todo_id, title = str(uuid_utils.uuid7()), f"todo {chance.random()}"
                    body = {"id": todo_id, "title": title, "tags": ["home", f"tag {chance.randrange(5)}"]}
                    self.may_be[todo_id] = {None}
                    is_sure = self._send(todo_id, lambda _: (title, False, False), client, "POST", "/todos", body)  # noqa: B023
                    if is_sure and None not in self.may_be[todo_id]:
                        mine.append(todo_id)
                    elif not is_sure:
                        self.unsure_of[todo_id] = body
                    continue
                todo_id = chance.choice(mine)
                if not self._change(todo_id, chance, client) or len(mine) > 30:
                    mine.remove(todo_id)

    def _change(self, todo_id: str, chance: random.Random, client: httpx.Client) -> bool:
        """Change one of one's own; False when it is better left alone from now on."""
        path = f"/todos/{todo_id}"
        match chance.randrange(4):
            case 0:
                title = f"changed {chance.random()}"
                return self._send(
                    todo_id, lambda was: was and (title, was[1], was[2]), client, "PATCH", path, {"title": title}
                )
            case 1:
                return self._send(
                    todo_id, lambda was: was and (was[0], True, was[2]), client, "POST", f"{path}/complete"
                )
            case 2:
                return self._send(
                    todo_id, lambda was: was and (was[0], False, was[2]), client, "POST", f"{path}/reopen"
                )
            case _:
                self._send(todo_id, lambda was: was and (was[0], was[1], True), client, "DELETE", path)
                return False

    def _send(
        self,
        todo_id: str,
        becomes: Callable[[Todo], Todo],
        client: httpx.Client,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
    ) -> bool:
        """Send it once; True when it is known what has become of the todo."""
        before = self.may_be[todo_id]
        after = {becomes(state) for state in before}
        # Beforehand: whatever interrupts this, the ledger must not claim to know.
        self.may_be[todo_id] = before | after
        try:
            answer = client.request(method, f"{next(self._turns)}/api/v1{path}", json=body)
        except httpx.TransportError as error:
            self.wrong.append(f"{method} {path}: {type(error).__name__}")
            return False
        if answer.is_success:
            self.may_be[todo_id] = after
            self._count("acknowledged")
            return True
        problem = answer.json()
        is_in_shape = (
            answer.headers["content-type"] == "application/problem+json"
            and (answer.status_code, problem["status"], problem["code"]) == (503, 503, "storage_unavailable")
            and {"type", "title", "status", "detail", "code", "errors"} <= set(problem)
        )
        if not is_in_shape:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text}")
        if UNKNOWN in problem["detail"]:
            self._count("unknown")
            return False
        self.may_be[todo_id] = before
        self._count("refused")
        return True

    def _count(self, outcome: str) -> None:
        with self._acknowledged:
            self.outcomes[outcome] += 1
            self._acknowledged.notify_all()
