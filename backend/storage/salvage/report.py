"""The outcome of a salvage in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableReport:
    """`saved` counts the rows in the candidate. The others count rows among them, except the last four.

    partial      kept with a text cut or a value lost, or an older value in its place
    doubtful     kept as found although something speaks against them
    mended       a value was set right from the indexes or a backup; nothing is known to be wrong any more
    from_index   known only by their index entries
    from_backup  taken from a backup
    invented     parents made up for children that had lost theirs
    rejected     refused by a constraint: in the ledger, mended where that was possible
    lost         rows known to have existed that are not in the candidate
    refused      rows found that an index proves deleted
    expected     how many rows there were, as far as anything can tell
    """

    name: str
    saved: int = 0
    partial: int = 0
    doubtful: int = 0
    mended: int = 0
    from_index: int = 0
    from_backup: int = 0
    invented: int = 0
    rejected: int = 0
    lost: int = 0
    refused: int = 0
    expected: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """`revision` is the known layout nearest to what the file held, "" if none is like it.

    `unknown` names the tables and `table.column`s of the file for which the candidate has no place; what they hold
    stays in the quarantined file only. `absent` names the tables and `table.column`s that the file does not have: what
    they held is gone, except for what a backup knew. `unproven` names the tables of which more may
    be lost than anything tells, because every tree that lists their rows has a hole.
    `sound`: the candidate passed integrity_check and foreign_key_check.
    """

    tables: tuple[TableReport, ...]
    revision: str
    schema_read: bool
    unknown: tuple[str, ...]
    sound: bool
    seconds: float
    absent: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()

    def table(self, name: str) -> TableReport:
        return next((table for table in self.tables if table.name == name), TableReport(name))

    def total(self, count: str) -> int:
        return sum(getattr(table, count) for table in self.tables)
