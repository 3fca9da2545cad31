"""Rows into one table of the candidate: in batches while all goes well, singly where a constraint refuses one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

from .caretaker import Caretaker, Row, clamped, neutral
from .layouts import Table, Value, quoted
from .ledger import Ledger
from .report import TableReport
from .rows import SavedRow
from .tables import TableSalvage

_BATCH = 2_000
_PARTIAL = frozenset(("cut", "lost", "older"))
_DOUBTFUL = frozenset(("doubt", "disagrees", "utf8", "torn", "unproven"))
_LISTED = re.compile(r"\b(\w+)\W*?\s+IN\s*\(([^()]*)\)", re.IGNORECASE)
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(-?\d+)")


class Loader:
    def __init__(self, connection: sqlite3.Connection, table: Table, caretaker: Caretaker, ledger: Ledger) -> None:
        self.table = table
        self.invented = self.rejected = self.dropped = 0
        self._partial = self._doubtful = self._mended = self._from_index = self._from_backup = 0
        self._named = self._refused = 0
        self._connection = connection
        self._caretaker = caretaker
        self._ledger = ledger
        self._allowed = _allowed_values(connection, table)

    def load(self, source: TableSalvage) -> None:
        feed = _Feed(source, self.table)
        statement = (
            f"INSERT INTO {quoted(self.table.name)} ({', '.join(map(quoted, feed.names))}) VALUES ({feed.marks})"
        )
        batch: list[tuple[Sequence[Value], SavedRow | None]] = []
        for row in source.rows():
            if row.marks or feed.needs_care:
                batch.append(self._cared_for(feed, row))
            else:
                batch.append((row.values if feed.same else feed.pick(row.values), None))
            if len(batch) >= _BATCH:
                self._flush(statement, feed, batch)
                batch.clear()
        self._flush(statement, feed, batch)
        self._named += source.named
        self._refused += source.refused

    def insert(self, row: Row) -> bool:
        """A row that did not come from the damaged file. False when it is there already or cannot be."""
        row = neutral(self.table, row)
        names = [column.name for column in self.table.columns if column.name in row]
        statement = f"INSERT INTO {quoted(self.table.name)} ({', '.join(map(quoted, names))}) VALUES ({_marks(names)})"
        try:
            self._connection.execute(statement, [row[name] for name in names])
        except sqlite3.IntegrityError:
            return False
        return True

    def report(self, saved: int, told: int) -> TableReport:
        expected = max(told, saved - self.invented + self.dropped)
        return TableReport(
            self.table.name,
            saved=saved,
            partial=self._partial,
            doubtful=self._doubtful,
            mended=self._mended,
            from_index=self._from_index,
            from_backup=self._from_backup,
            invented=self.invented,
            rejected=self.rejected,
            lost=expected - (saved - self.invented),
            refused=self._refused,
            expected=expected,
        )

    def _cared_for(self, feed: _Feed, row: SavedRow) -> tuple[Sequence[Value], SavedRow]:
        columns = feed.source.columns
        known = {column.name: value for column, value in zip(columns, row.values, strict=True)}
        lost = {columns[i].name for i in row.missing}
        for name, value in feed.recall(known, row.rowid).items():
            known[name] = value
            row = row._replace(marks=(*row.marks, f"backup:{name}"))
        for name in sorted(feed.required - known.keys()):
            lost.add(name)
            row = row._replace(marks=(*row.marks, f"lost:{name}"))
        doubted = {mark.partition(":")[2] for mark in row.marks if mark.startswith("doubt:")}
        wanted: Row = {name: known.get(name) for name in feed.names}
        if lost or doubted:
            wanted = self._caretaker.complete(self.table.name, wanted, lost, doubted)
            filled = neutral(self.table, {name: wanted.get(name) for name in feed.names})
            # Only what is lost is filled in quietly; a value that is there but wrong goes through the ledger.
            wanted = {name: filled[name] if name in lost else wanted.get(name) for name in feed.names}
        return [wanted[name] for name in feed.names], row

    def _flush(self, statement: str, feed: _Feed, batch: list[tuple[Sequence[Value], SavedRow | None]]) -> None:
        """Insert them all at once, and singly where one is refused: those before it are in, and no others."""
        left = iter([values for values, _ in batch])
        at = 0
        while at < len(batch):
            before = self._connection.total_changes
            try:
                self._connection.executemany(statement, left)
                stop = len(batch)
            except sqlite3.IntegrityError:
                stop = at + self._connection.total_changes - before
            for values, row in batch[at:stop]:
                self._count(feed, values, row)
            if stop < len(batch) and self._insert_one(statement, feed, *batch[stop]):
                self._count(feed, *batch[stop])
            at = stop + 1

    def _insert_one(self, statement: str, feed: _Feed, values: Sequence[Value], row: SavedRow | None) -> bool:
        original = dict(zip(feed.names, values, strict=True))
        error = self._try(statement, values)
        if error is None:
            return True
        if self._is_there(feed, original):
            # An older or doubtful copy of a row that is in already.
            return False
        mended: Row | None = clamped(self.table, neutral(self.table, original), self._allowed, self._caretaker)
        if mended is None or self._try(statement, [mended.get(name) for name in feed.names]) is not None:
            mended = self._caretaker.mend(self.table.name, dict(mended or original), error)
            if mended is None or self._try(statement, [mended.get(name) for name in feed.names]) is not None:
                self._ledger.rejected(self.table.name, original, error, None)
                self.rejected += 1
                self.dropped += 1
                return False
        self._ledger.rejected(self.table.name, original, error, mended)
        self.rejected += 1
        return True

    def _try(self, statement: str, values: Sequence[Value]) -> str | None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.IntegrityError as error:
            return str(error)
        return None

    def _is_there(self, feed: _Feed, row: Row) -> bool:
        key = [self.table.columns[position].name for position in self.table.key]
        if not key or any(row.get(name) is None for name in key):
            return False
        test = " AND ".join(f"{quoted(name)} = ?" for name in key)
        found = self._connection.execute(
            f"SELECT 1 FROM {quoted(self.table.name)} WHERE {test}", [row[name] for name in key]
        ).fetchone()
        return found is not None

    def _count(self, feed: _Feed, values: Sequence[Value], row: SavedRow | None) -> None:
        if row is None or not row.marks:
            return
        words = {mark.partition(":")[0] for mark in row.marks}
        if words & _PARTIAL:
            self._partial += 1
        elif words & _DOUBTFUL:
            self._doubtful += 1
        elif row.source == "page":
            self._mended += 1
        self._from_index += row.source == "index"
        self._from_backup += row.source == "backup"
        self._ledger.partial(self.table.name, dict(zip(feed.names, values, strict=True)), row.source, row.marks)


class _Feed:
    """How the columns of a salvaged table map onto the candidate's, by name.

    A column the damaged file lacks altogether comes from a donor that has it, else it is left to its default, else (a
    NOT NULL column without one) to the caretaker.
    """

    def __init__(self, source: TableSalvage, target: Table) -> None:
        self.source = source.table
        self._salvage = source
        have = {column.name: i for i, column in enumerate(self.source.columns)}
        absent = [column for column in target.columns if column.name not in have]
        self.required = {c.name for c in absent if not c.nullable and not c.has_default}
        self._recalled = [c.name for c in absent if source.donors_know(c.name)]
        self.names = [c.name for c in target.columns if c.name in have or c.name in self.required | {*self._recalled}]
        self.needs_care = bool(self.required or self._recalled)
        self.marks = _marks(self.names)
        self._positions = [have.get(name, -1) for name in self.names]
        self.same = self._positions == list(range(len(self.source.columns)))

    def recall(self, known: Row, rowid: int) -> Row:
        return self._salvage.ask_donors(known, rowid, self._recalled) if self._recalled else {}

    def pick(self, values: Sequence[Value]) -> list[Value]:
        return [values[i] for i in self._positions]


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))


def _allowed_values(connection: sqlite3.Connection, table: Table) -> dict[str, tuple[Value, ...]]:
    """The lists that `CHECK (column IN (...))` constraints allow."""
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).fetchone()
    allowed: dict[str, tuple[Value, ...]] = {}
    for name, listed in _LISTED.findall(sql):
        if table.position(name) is not None:
            found = [int(n) if n else text.replace("''", "'") for text, n in _LITERAL.findall(listed)]
            allowed[name] = tuple(found)
    return allowed
