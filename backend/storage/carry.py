"""Carrying: makes the tables of one database what those of another are, while the other goes on being written.

`copy` fills empty tables. `catch_up` compares each row by key and digest with what arrived, and carries the difference
over: new rows, changed rows, deleted rows. Each reads one snapshot of the source, so the target agrees with itself
after it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, String, Table, UniqueConstraint

from backend.storage import rows
from backend.storage.canonical import Sum, digest_of
from backend.storage.rows import Key, Row

# Called with a table, how many of its rows are done, and how many there are.
Tell = Callable[[str, int, int], None]


@dataclass
class Difference:
    """The keys of a table's rows that the target lacks, has in another form, or has too many of."""

    added: list[Key] = field(default_factory=list)
    changed: list[Key] = field(default_factory=list)
    removed: list[Key] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


def copy(source: Engine, target: Engine, tables: Sequence[Table], tell: Tell) -> None:
    """Fill the target's empty tables, parents first, a transaction for each batch."""
    with rows.snapshot(source) as reading:
        for table in tables:
            total, done = rows.count(reading, table), 0
            tell(table.name, done, total)
            for batch in rows.batches(reading, table):
                with target.begin() as writing:
                    rows.add(writing, table, batch)
                done += len(batch)
                tell(table.name, done, total)
            if late := rows.late_columns(table):
                for batch in rows.batches(reading, table, rows.referring(table, late)):
                    with target.begin() as writing:
                        rows.change(writing, table, batch, late)


def catch_up(source: Engine, target: Engine, tables: Sequence[Table], tell: Tell) -> tuple[int, dict[str, Sum]]:
    """Carry the difference over in one transaction; how many rows differed, and what the source's tables add up to."""
    with rows.snapshot(source) as reading:
        found: dict[Table, Difference] = {}
        sums: dict[str, Sum] = {}
        with rows.snapshot(target) as arrived:
            for table in tables:
                found[table], sums[table.name] = _compare(reading, arrived, table, tell)
        if any(found.values()):
            with target.begin() as writing:
                _apply(reading, writing, found)
    return sum(map(len, found.values())), sums


def sums_of(engine: Engine, tables: Sequence[Table], tell: Tell) -> dict[str, Sum]:
    """What the tables add up to."""
    sums = {}
    with rows.snapshot(engine) as reading:
        for table in tables:
            total, found = rows.count(reading, table), Sum()
            for batch in rows.batches(reading, table):
                found = found.plus(digest_of(row.values()) for row in batch)
                tell(table.name, found.rows, total)
            sums[table.name] = found
    return sums


def _compare(source: Connection, target: Connection, table: Table, tell: Tell) -> tuple[Difference, Sum]:
    """Walk through both sides in the order of their keys, as one merges two sorted lists."""
    difference, total, found = Difference(), rows.count(source, table), Sum()
    arrived = _digests(target, table)
    there = next(arrived, None)
    for batch in rows.batches(source, table):
        digests = []
        for row in batch:
            key, digest = rows.key_of(table, row), digest_of(row.values())
            digests.append(digest)
            while there is not None and there[0] < key:
                difference.removed.append(there[0])
                there = next(arrived, None)
            if there is None or there[0] != key:
                difference.added.append(key)
                continue
            if there[1] != digest:
                difference.changed.append(key)
            there = next(arrived, None)
        found = found.plus(digests)
        tell(table.name, found.rows, total)
    while there is not None:
        difference.removed.append(there[0])
        there = next(arrived, None)
    return difference, found


def _digests(connection: Connection, table: Table) -> Iterator[tuple[Key, bytes]]:
    for batch in rows.batches(connection, table):
        yield from ((rows.key_of(table, row), digest_of(row.values())) for row in batch)


def _apply(source: Connection, target: Connection, found: dict[Table, Difference]) -> None:
    """Parents come first and go last: a row goes when nothing refers to it any more, or it would take others along."""
    for table, difference in found.items():
        _give_names_free(target, table, [*difference.changed, *difference.removed])
    for table, difference in found.items():
        for batch in rows.by_key(source, table, difference.added):
            rows.add(target, table, batch)
        late = rows.late_columns(table)
        for batch in rows.by_key(source, table, difference.added if late else []):
            rows.change(target, table, batch, late)
        keys = {column.name for column in table.primary_key.columns}
        others = [column.name for column in table.columns if column.name not in keys]
        for batch in rows.by_key(source, table, difference.changed):
            rows.change(target, table, batch, others)
    for table in reversed(found):
        rows.remove(target, table, found[table].removed)


def _give_names_free(target: Connection, table: Table, keys: Sequence[Key]) -> None:
    """Two accounts may have swapped their names: each would be refused the other's before that one has let it go."""
    names = sorted(
        column.name
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
        for column in constraint.columns
        if isinstance(column.type, String) and not column.foreign_keys and not column.primary_key
    )
    if not names:
        return
    for batch in rows.by_key(target, table, keys):
        held: list[Row] = [
            row | {name: f"~{'/'.join(map(str, rows.key_of(table, row)))}" for name in names} for row in batch
        ]
        rows.change(target, table, held, names)
