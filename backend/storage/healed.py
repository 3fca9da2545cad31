"""What a heal brought back: in numbers, in a sentence for the log, and in words for people."""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from backend.storage.diagnose import State
from backend.storage.memory import Memory


@dataclass(frozen=True)
class Healed:
    """What a heal brought back. All counts are rows; `quarantine` names the folder where the damaged file lies.

    `unknown` names what the file holds and no release has a place for; `absent` the tables and `table.column`s that it
    no longer has, and `unproven` the tables of which more may be lost than anything tells. `invented_in` names those
    into which rows were `invented`. `adopted` says what was adopted from it.
    """

    state: State
    quarantine: str
    saved: int = 0
    expected: int = 0
    partial: int = 0
    doubtful: int = 0
    from_index: int = 0
    from_backup: int = 0
    rejected: int = 0
    lost: int = 0
    invented: int = 0
    invented_in: tuple[str, ...] = ()
    has_content: bool = True
    restored_from: str | None = None
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    unknown: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    adopted: str | None = None

    @property
    def lost_nothing(self) -> bool:
        """Whether every row is there as it was, as far as anything can tell."""
        # A snapshot cannot know what came after it.
        return (
            self.has_content
            and self.restored_from is None
            and not (
                self.lost
                or self.partial
                or self.doubtful
                or self.rejected
                or self.invented
                or self.absent
                or self.unproven
                or self.saved < self.expected
            )
        )

    @property
    def note(self) -> dict[str, Any]:
        """All of it, as JSON knows it: the note of one start is the same in the next."""
        told: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return told

    def remembered(self, before: Memory) -> Memory:
        """What to remember once this heal is done."""
        after = replace(before, is_clean=False, last_heal=self.note)
        return after if self.lost_nothing else after.telling(self.notice)

    @property
    def sentence(self) -> str:
        """For the log: what happened, and where the rest lies."""
        if self.restored_from:
            told = f"nothing could be read from it, so the snapshot {self.restored_from} was restored"
        else:
            told = (
                f"saved={self.saved} of~{self.expected} partial={self.partial} doubtful={self.doubtful} "
                f"from_index={self.from_index} from_backup={self.from_backup} rejected={self.rejected} lost={self.lost}"
                f" invented={self.invented}"
            )
        if self.absent:
            told += f" absent={','.join(self.absent)}"
        if self.unproven:
            told += f" maybe_more_lost_of={','.join(self.unproven)}"
        adopted = f" {self.adopted}" if self.adopted else ""
        kept = f"The damaged file lies whole in {self.quarantine}."
        return f"Healed the database: state={self.state} {told}. {kept}{adopted}"

    @property
    def notice(self) -> str:
        """For people: what the heal could not bring back as it was."""
        when = f"{datetime.fromisoformat(self.at):%Y-%m-%d %H:%M} UTC"
        if self.restored_from:
            return (
                f"Nothing could be read from the damaged database, so on {when} the snapshot {self.restored_from} took "
                "its place; what was changed after that snapshot is missing. The damaged file is kept whole."
            )
        if not self.has_content:
            return (
                f"Nothing could be read from the damaged database and there was no snapshot of it, so on {when} an "
                "empty one took its place. The damaged file is kept whole."
            )
        lost = max(self.lost, self.expected - self.saved)
        parts = (
            (lost, "could not be saved"),
            (self.partial, "lost a part of their content"),
            (self.doubtful, "may not be what they were"),
            (self.rejected, "broke a rule and had to be changed or left out"),
            (self.invented, f"had to be made up ({_and(self.invented_in)}) in place of lost ones others belong to"),
        )
        sentences = [f"The database was damaged and was repaired on {when}."]
        if told := ", ".join(f"{count:,} {what}" for count, what in parts if count):
            sentences.append(f"Of about {max(self.expected, self.saved):,} rows {told}.")
        elif self.lost_nothing:
            sentences.append(f"All of its {self.saved:,} rows are as they were.")
        if self.absent:
            sentences.append(f"Missing in it were {_and(self.absent)}: what was found of them elsewhere is back.")
        if self.unproven:
            sentences.append(f"More may be lost of {_and(self.unproven)} than anything tells.")
        return " ".join((*sentences, "The damaged file is kept whole."))


def _and(names: tuple[str, ...]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
