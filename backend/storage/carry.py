"""Carrying: makes the tables of one database what those of another are, while the other goes on being written.

`copy` fills empty tables, and remembers what it read as stretches of keys. `catch_up` looks which stretches have
changed in the source since, carries those over anew, and reads back from the target what has not been read back yet.
`check` reads back the rest. So each row is copied once, read back once, and looked at again only by its mark, unless
somebody changed one of its neighbours meanwhile; and what is left for the moment in which writers wait is little.

Each reads one snapshot of the source, so the target agrees with itself after it.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b

from sqlalchemy import Column, Connection, Engine, String, Table, UniqueConstraint

from backend.storage import rows, stretches
from backend.storage.canonical import Sum
from backend.storage.rows import Key, Range, Row
from backend.storage.stretches import Stretch

# Called with a table, how many of its rows are done, and how many there are.
Tell = Callable[[str, int, int], None]

# Every table, as stretches that lie side by side from the first key to the last.
Carried = dict[Table, list[Stretch]]

_Changed = dict[Table, list[Range]]


class MismatchError(Exception):
    """What was read back from the target is not what was written there."""

    def __init__(self, table: str, there: Sum, here: Sum) -> None:
        super().__init__(f"{table} did not arrive as it was (there {there}; here {here})")


def copy(source: Engine, target: Engine, tables: Sequence[Table], tell: Tell) -> Carried:
    """Fill the target's empty tables, parents first, a transaction for each batch."""
    carried: Carried = {}
    with rows.snapshot(source) as reading:
        for table in tables:
            total, done = rows.count(reading, table), 0
            tell(table.name, done, total)
            sums: list[tuple[Key, Sum]] = []
            for batch in rows.batches(reading, table):
                with target.begin() as writing:
                    rows.add(writing, table, batch)
                sums.append((rows.key_of(table, batch[-1]), stretches.sum_of_rows(batch)))
                done += len(batch)
                tell(table.name, done, total)
            if late := rows.late_columns(table):
                for batch in rows.batches(reading, table, rows.referring(table, late)):
                    with target.begin() as writing:
                        rows.change(writing, table, batch, late)
            *marks, rest = stretches.marks(reading, table, [upto for upto, _ in sums])
            carried[table] = [Stretch(upto, found, mark) for (upto, found), mark in zip(sums, marks, strict=True)]
            carried[table].append(Stretch(None, Sum(), rest))
    return carried


def catch_up(source: Engine, target: Engine, carried: Carried, tell: Tell) -> int:
    """Carry over what has changed, in one transaction, and read back what was not; how many rows differed."""
    differing = 0
    with rows.snapshot(source) as reading:
        changed: _Changed = {}
        with rows.snapshot(target) as arrived:
            for table in carried:
                changed[table] = _changed(reading, arrived, table, carried, tell)
        if any(changed.values()):
            with target.begin() as writing:
                differing = _Carrying(reading, writing, changed).run()
            for table, parts in changed.items():
                carried[table] = _cut_anew(reading, table, carried[table], set(parts))
    return differing


def check(target: Engine, carried: Carried, tell: Tell) -> dict[str, Sum]:
    """Read back what was not read back before, and count all; raises MismatchError. What each table adds up to."""
    sums = {}
    with rows.snapshot(target) as arrived:
        for table, known in carried.items():
            there, here = Sum(), Sum()
            for place, (stretch, within) in enumerate(stretches.ranges(known)):
                found = stretch.sum if stretch.has_arrived else stretches.sum_of(arrived, table, within)
                if found == stretch.sum:
                    known[place] = stretch.arrived()
                there, here = there.and_of(stretch.sum), here.and_of(found)
                tell(table.name, place + 1, len(known))
            # What went away again after it was read back would be missing in the count.
            if there != here or (count := rows.count(arrived, table)) != there.rows:
                raise MismatchError(table.name, there, here if there != here else Sum(count))
            sums[table.name] = here
    return sums


def _changed(source: Connection, target: Connection, table: Table, carried: Carried, tell: Tell) -> list[Range]:
    """The ranges that are not, in the target, what they are in the source."""
    known, changed = carried[table], []
    now = stretches.marks(source, table, [stretch.upto for stretch in known if stretch.upto is not None])
    for place, ((stretch, within), mark) in enumerate(zip(stretches.ranges(known), now, strict=True)):
        if mark != stretch.mark:
            changed.append(within)
        elif not stretch.has_arrived:
            if stretches.sum_of(target, table, within) == stretch.sum:
                known[place] = stretch.arrived()
            else:
                changed.append(within)
        tell(table.name, place + 1, len(known))
    return changed


def _cut_anew(source: Connection, table: Table, known: list[Stretch], changed: set[Range]) -> list[Stretch]:
    found: list[Stretch] = []
    for stretch, within in stretches.ranges(known):
        found.extend(stretches.cut(source, table, within) if within in changed else [stretch])
    return found


class _Carrying:
    """Makes ranges of the target what they are in the source; a piece of both sides in memory at a time.

    Parents come first and go last: a row goes when nothing refers to it any more, or it would take others along.
    """

    def __init__(self, source: Connection, target: Connection, changed: _Changed) -> None:
        self._source, self._target, self._changed = source, target, changed

    def run(self) -> int:
        """Carry it over; how many rows differed."""
        differing = 0
        for table in self._changed:
            for there, here in self._pieces(table):
                differing += sum(there.get(key) != here.get(key) for key in {*there, *here})
                _give_names_free(self._target, table, there, here)
        for table in self._changed:
            for there, here in self._pieces(table):
                rows.add(self._target, table, [row for key, row in there.items() if key not in here])
            others = [column.name for column in table.columns if not column.primary_key]
            for there, here in self._pieces(table):
                rows.change(self._target, table, [row for key, row in there.items() if here.get(key) != row], others)
        for table in reversed(self._changed):
            late = rows.late_columns(table)
            for there, here in self._pieces(table) if late else ():
                alone = [row | dict.fromkeys(late) for key, row in here.items() if key not in there]
                rows.change(self._target, table, alone, late)
            for there, here in self._pieces(table):
                rows.remove(self._target, table, [key for key in here if key not in there])
        return differing

    def _pieces(self, table: Table) -> Iterator[tuple[dict[Key, Row], dict[Key, Row]]]:
        """Rows of the source, and those of the target with keys from the same range."""
        for after, upto in self._changed[table]:
            last = after
            for batch in rows.batches(self._source, table, within=(after, upto)):
                end = rows.key_of(table, batch[-1])
                yield _by_key(table, batch), self._arrived(table, (last, end))
                last = end
            yield {}, self._arrived(table, (last, upto))

    def _arrived(self, table: Table, within: Range) -> dict[Key, Row]:
        found = rows.batches(self._target, table, within=within)
        return {key: row for batch in found for key, row in _by_key(table, batch).items()}


def _by_key(table: Table, found: list[Row]) -> dict[Key, Row]:
    return {rows.key_of(table, row): row for row in found}


def _give_names_free(target: Connection, table: Table, there: dict[Key, Row], here: dict[Key, Row]) -> None:
    """Two accounts may have swapped their names: each would be refused the other's before that one has let it go."""
    unique = _unique(table)
    names = sorted({column.name for columns in unique for column in columns})
    if not names:
        return
    in_the_way = [
        row for key, row in here.items() if key not in there or any(there[key][name] != row[name] for name in names)
    ]
    free: list[Column[object]] = [_freeable(columns) for columns in unique if any(map(_is_free, columns))]
    held = [row | {column.name: _placeholder(table, column, row) for column in free} for row in in_the_way]
    rows.change(target, table, held, sorted({column.name for column in free}))


def _unique(table: Table) -> list[list[Column[object]]]:
    constraints = [list(found.columns) for found in table.constraints if isinstance(found, UniqueConstraint)]
    return [*constraints, *(list(index.columns) for index in table.indexes if index.unique)]


def _is_free(column: Column[object]) -> bool:
    """Whether any value will do for a moment: no reference, no key, and of a type that has a value to spare."""
    is_bound = column.primary_key or column.foreign_keys
    return not is_bound and (bool(column.nullable) or isinstance(column.type, String))


def _freeable(columns: list[Column[object]]) -> Column[object]:
    return max(filter(_is_free, columns), key=lambda column: bool(column.nullable))


def _placeholder(table: Table, column: Column[object], row: Row) -> str | None:
    """Null, which is like nothing else; or a name that nobody has."""
    if column.nullable:
        return None
    digest = blake2b(repr(rows.key_of(table, row)).encode()).hexdigest()
    return f"~{digest}"[: getattr(column.type, "length", None) or len(digest)]
