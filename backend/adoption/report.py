"""The report of an adoption: what was counted, and every value that could not be taken over as it was."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class What(StrEnum):
    """What was found, or done, so that nothing had to be left behind."""

    TABLE_UNKNOWN = "table_unknown"  # left where it is
    TABLE_MISSING = "table_missing"
    COLUMN_UNKNOWN = "column_unknown"  # left where it is
    COLUMN_MISSING = "column_missing"
    TEXT_REPAIRED = "text_repaired"
    TIME_REPLACED = "time_replaced"
    EMAIL_REPLACED = "email_replaced"
    EMAIL_INVALID = "email_invalid"
    EMAIL_LOGIN_CHANGED = "email_login_changed"  # `became` is what to log in with
    USERNAME_REPLACED = "username_replaced"
    USERNAME_INVALID = "username_invalid"
    USERNAME_LOGIN_CHANGED = "username_login_changed"  # the same
    PASSWORD_UNREADABLE = "password_unreadable"  # noqa: S105 - a finding's name
    OWNER_RECOVERED = "owner_recovered"
    TITLE_EMPTY = "title_empty"
    TITLE_IN_DESCRIPTION = "title_in_description"
    DESCRIPTION_OVER_LIMIT = "description_over_limit"
    TAGS_UNREADABLE = "tags_unreadable"
    TAGS_TIDIED = "tags_tidied"
    TAGS_IN_DESCRIPTION = "tags_in_description"
    PRIORITY_UNKNOWN = "priority_unknown"
    COMPLETED_UNKNOWN = "completed_unknown"
    DUE_IN_DESCRIPTION = "due_in_description"
    DUE_FRACTION_DROPPED = "due_fraction_dropped"
    RECURRENCE_IN_DESCRIPTION = "recurrence_in_description"


@dataclass(frozen=True, slots=True)
class Finding:
    """One value that is not as it was. `original` is None where our row holds all of it, or where it is a secret."""

    table: str
    old_id: int | None
    what: What
    original: str | None = None
    became: str | None = None


@dataclass(frozen=True)
class AdoptionReport:
    """What an adoption took over. Nothing in it is a password or its hash; names and texts of users are."""

    users: int
    todos: int
    tags: int
    recovered_owners: int
    findings: tuple[Finding, ...]

    @property
    def tally(self) -> dict[str, int]:
        """How often each thing was found."""
        return dict(Counter(finding.what.value for finding in self.findings))

    def json_lines(self) -> Iterator[str]:
        """The report as JSON lines in ASCII: the counts first, then a line for each finding."""
        counts = {name: getattr(self, name) for name in ("users", "todos", "tags", "recovered_owners")}
        yield json.dumps({**counts, "tally": self.tally})
        for finding in self.findings:
            yield json.dumps(asdict(finding))


@dataclass
class Notes:
    """Collects findings while rows are read."""

    findings: list[Finding] = field(default_factory=list)

    def add(
        self, table: str, old_id: int | None, what: What, original: str | None = None, became: str | None = None
    ) -> None:
        """Note one finding."""
        self.findings.append(Finding(table, old_id, what, original, became))


@dataclass(frozen=True, slots=True)
class RowNotes:
    """Notes about one row."""

    notes: Notes
    table: str
    old_id: int

    def add(self, what: What, original: str | None = None, became: str | None = None) -> None:
        """Note one finding about the row."""
        self.notes.add(self.table, self.old_id, what, original, became)
