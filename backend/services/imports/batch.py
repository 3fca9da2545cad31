"""A batch: one transaction of an import, and what its rows share."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

from sqlmodel import Session

from backend.models.todo import first_position
from backend.services import todo_rows
from backend.services.actor import Actor
from backend.services.imports.plan import Place, Plan, Progress

# The series of a todo, and which one of it.
Occurrence = tuple[str | None, str | None]


@dataclass
class Batch:
    """What the rows of one transaction have done so far, beside what was committed before them."""

    session: Session
    actor: Actor
    plan: Plan
    done: Progress = field(default_factory=Progress)
    _new: list[SimpleNamespace] = field(default_factory=list, init=False)

    def place(self, todo_id: str) -> Place | None:
        """Where a todo of the file stands; None for one that was not taken yet."""
        key = UUID(todo_id).int
        return self.done.taken.get(key) or self.plan.progress.taken.get(key)

    def put(self, todo_id: str, place: Place) -> None:
        """Remember where a todo of the file stands."""
        self.done.taken[UUID(todo_id).int] = place

    def has(self, occurrence: Occurrence) -> bool:
        """Whether the file had this occurrence of a series already."""
        digest = hash(occurrence)
        return digest in self.done.occurrences or digest in self.plan.progress.occurrences

    def count(self, name: str) -> int:
        """How many there are of the whole import."""
        total: int = getattr(self.plan.progress, name) + getattr(self.done, name)
        return total

    def position(self, number: int) -> str:
        """The place of the one with this number: what the file gives no place stands in its order."""
        return first_position(self.plan.now + timedelta(microseconds=number))

    def add(self, row: SimpleNamespace) -> None:
        """Store a new todo with the next ones."""
        self._new.append(row)

    def store(self) -> None:
        """Store what was added, at once."""
        todo_rows.add_all(self.session, self.actor, self.actor.user_id, self._new)
        self._new = []
