"""The plan of an import and its progress: what lasts from one batch to the next, in a few bytes for each row."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from backend.models.base import new_id, utc_now
from backend.models.transfer import REPORT_MAX, Format, ImportLine, ImportRead

_COUNTS = ("created", "updated", "unchanged", "refused", "lists_created", "filters_created", "report_total")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a todo of the file stands: how deep in its tree, the top being 1, and in which list."""

    depth: int
    list_id: str | None


# Few places are told from each other, and many todos stand at them.
place = lru_cache(maxsize=4_096)(Place)


@dataclass
class Progress:
    """What is known of a file so far: of all that was committed, or of the batch that is being worked on."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    lists_created: int = 0
    filters_created: int = 0
    report: list[ImportLine] = field(default_factory=list)
    report_total: int = 0
    taken: dict[int, Place] = field(default_factory=dict)  # todos of the file, by the number of their id
    occurrences: set[int] = field(default_factory=set)  # digests, for a few bytes each
    list_ids: dict[str, str] = field(default_factory=dict)  # of the file, and which ones of ours they are
    list_names: dict[str, str] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)  # rows whose parent has not come yet
    ticked: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many todos are new or say something else."""
        return self.created + self.updated

    def say(self, line: int, sentence: str, *, refused: bool = False) -> None:
        """Report what of a line was left out, or that nothing of it was taken."""
        self.refused += refused
        self.report_total += 1
        if len(self.report) < REPORT_MAX:
            self.report.append(ImportLine(line=line, refused=refused, message=sentence))

    def absorb(self, batch: "Progress") -> None:
        """Add what a batch did, once it is committed."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(batch, name))
        self.report += batch.report[: REPORT_MAX - len(self.report)]
        for name in ("taken", "occurrences", "list_ids", "list_names", "waiting"):
            getattr(self, name).update(getattr(batch, name))
        self.ticked += batch.ticked


@dataclass
class Plan:
    """An import: whose, of what, and how far it has come."""

    format: Format
    is_dry: bool
    operation_id: str = field(default_factory=new_id)
    now: datetime = field(default_factory=utc_now)
    # In the last round over the file, who still waits for a parent is taken without one.
    is_last_round: bool = False
    progress: Progress = field(default_factory=Progress)

    def result(self) -> ImportRead:
        """What to answer."""
        done = self.progress
        has_changed = done.changed + done.lists_created + done.filters_created > 0
        return ImportRead(
            dry_run=self.is_dry,
            **{name: getattr(done, name) for name in _COUNTS},
            report=sorted(done.report, key=lambda item: item.line),
            operation_id=self.operation_id if has_changed and not self.is_dry else None,
        )
