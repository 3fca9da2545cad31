"""What somebody wrote later, and what still stands of it: undo must leave that, also where it says the same again.

Whether a field still says what an entry made it say is not enough: ticked by an agent, opened, and ticked again by a
person, it says what the agent made it say, and is the person's work all the same. So the log is asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from backend.models import due
from backend.models.operation import Operation

# Fields that make sense only together: where one of them stays, all of them stay.
_TOGETHER = ({*due.FIELDS, "recurrence"}, {"completed", "completed_at"})


@dataclass(frozen=True)
class _Written:
    """What an entry of the log wrote to an object."""

    seq: int
    operation_id: str
    undoes: str | None
    fields: frozenset[str]


class Later:
    """The histories of the objects that one undoing is about, as they were before it, and what it has taken back."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._histories: dict[tuple[str, str], list[_Written]] = {}
        self._taken_back: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def take_back(self, entry: Operation, fields: Iterable[str]) -> None:
        """Note that these fields of an entry stand no more."""
        self._taken_back[entry.operation_id, entry.object_id].update(fields)

    def stands(self, entry: Operation) -> set[str]:
        """The fields of its object that were written after the entry and not taken back, with what goes with them."""
        found: set[str] = set()
        void: defaultdict[str, set[str]] = defaultdict(set)
        for written in self._history(entry):
            if written.seq <= entry.seq:
                break
            fields = written.fields - void[written.operation_id]
            fields -= self._taken_back[written.operation_id, entry.object_id]
            if written.undoes is not None:
                void[written.undoes] |= fields
            else:
                found |= fields
        return found.union(*(group for group in _TOGETHER if group & found))

    def look(self, owner_id: str, ids: Sequence[str]) -> None:
        """Read the histories of these objects in one statement."""
        new = {one: list[_Written]() for one in ids if (owner_id, one) not in self._histories}
        if not new:
            return
        rows = self._session.execute(
            sa.select(
                *map(col, (Operation.object_id, Operation.seq, Operation.operation_id, Operation.undoes)),
                *map(col, (Operation.before, Operation.after)),
            )
            .where(col(Operation.owner_id) == owner_id, col(Operation.object_id).in_(list(new)))
            .order_by(col(Operation.seq).desc())
        )
        for row in rows:
            fields = frozenset({**(row.before or {}), **(row.after or {})})
            new[row.object_id].append(_Written(row.seq, row.operation_id, row.undoes, fields))
        self._histories |= {(owner_id, one): written for one, written in new.items()}

    def _history(self, entry: Operation) -> list[_Written]:
        """All that was written to the object of an entry, the newest first."""
        self.look(entry.owner_id, [entry.object_id])
        return self._histories[entry.owner_id, entry.object_id]
