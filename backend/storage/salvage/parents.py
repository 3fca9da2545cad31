"""Children whose parent was lost.

A foreign key that points nowhere would make the application refuse its own database, and other references would name
what nobody finds. The caretaker may provide the missing parent; otherwise a nullable key is emptied, and a child that
cannot do without goes into the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from .caretaker import Caretaker, Reference, Row
from .layouts import Value, quoted
from .ledger import Ledger
from .loading import Loader

_ROUNDS = 8
"""An invented parent may lack a parent itself, a rejected child may leave children: so often, and no oftener."""


def mend_references(
    connection: sqlite3.Connection, loaders: Mapping[str, Loader], caretaker: Caretaker, ledger: Ledger
) -> None:
    def mend(references: Sequence[Reference]) -> None:
        missing = ((reference, _missing_keys(connection, reference)) for reference in references)
        lacking = [(reference, keys) for reference, keys in missing if keys]
        connection.execute("BEGIN")
        # All parents first: one child's may be another's, who alone would not have been given any.
        for reference, keys in lacking:
            for key in keys:
                _provide_parent(connection, loaders, caretaker, ledger, reference, key)
        for reference, _ in lacking:
            for key in _missing_keys(connection, reference):
                _let_go(connection, loaders, ledger, reference, key)
        connection.execute("COMMIT")

    mend([reference for reference in caretaker.references if _is_in(reference, loaders)])
    for _ in range(_ROUNDS):
        broken = {row[0] for row in connection.execute("PRAGMA foreign_key_check")}
        if not broken:
            return
        mend([key for child in sorted(broken & set(loaders)) for key in _foreign_keys(connection, loaders, child)])


def _is_in(reference: Reference, loaders: Mapping[str, Loader]) -> bool:
    """Whether the tables have these columns; those of an older release may not."""
    child, parent = loaders.get(reference.child), loaders.get(reference.parent)
    return (
        child is not None
        and parent is not None
        and all(child.table.position(name) is not None for name in reference.columns)
    )


def _foreign_keys(connection: sqlite3.Connection, loaders: Mapping[str, Loader], child: str) -> Iterator[Reference]:
    found: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, _, parent, column, target, *_ in connection.execute(f"PRAGMA foreign_key_list({quoted(child)})"):
        found.setdefault(number, []).append((parent, column, target))
    for parts in found.values():
        parent = parts[0][0]
        if parent in loaders:
            table = loaders[parent].table
            own_key = tuple(table.columns[position].name for position in table.key)
            targets = own_key if parts[0][2] is None else tuple(target or "" for _, _, target in parts)
            yield Reference(child, parent, tuple(column for _, column, _ in parts), targets)


def _missing_keys(connection: sqlite3.Connection, key: Reference) -> list[tuple[Value, ...]]:
    columns = ", ".join(f"c.{quoted(name)}" for name in key.columns)
    given = " AND ".join(f"c.{quoted(name)} IS NOT NULL" for name in key.columns)
    match = " AND ".join(f"p.{quoted(t)} = c.{quoted(c)}" for t, c in zip(key.targets, key.columns, strict=True))
    return connection.execute(
        f"SELECT DISTINCT {columns} FROM {quoted(key.child)} AS c WHERE {given} "
        f"AND NOT EXISTS (SELECT 1 FROM {quoted(key.parent)} AS p WHERE {match})"
    ).fetchall()


def _provide_parent(
    connection: sqlite3.Connection,
    loaders: Mapping[str, Loader],
    caretaker: Caretaker,
    ledger: Ledger,
    reference: Reference,
    key: tuple[Value, ...],
) -> None:
    parent = loaders[reference.parent]
    child = _children(connection, loaders, reference, key)[0]
    made = caretaker.parent(reference.child, parent.table.name, dict(zip(reference.targets, key, strict=True)), child)
    if made is not None and parent.insert(made):
        parent.invented += 1
        ledger.partial(parent.table.name, made, "invented", ["invented"])


def _let_go(
    connection: sqlite3.Connection,
    loaders: Mapping[str, Loader],
    ledger: Ledger,
    reference: Reference,
    key: tuple[Value, ...],
) -> None:
    child = loaders[reference.child]
    columns = {column.name: column for column in child.table.columns}
    # One empty column frees the row of the whole key; the others may be part of the row's own name.
    emptied = [name for name in reference.columns if columns[name].nullable]
    reason = f"FOREIGN KEY: no such row in {reference.parent}"
    for row in _children(connection, loaders, reference, key):
        kept = {**row, **dict.fromkeys(emptied)} if emptied else None
        ledger.rejected(child.table.name, row, reason, kept)
        child.rejected += 1
        child.dropped += not emptied
    test = " AND ".join(f"{quoted(name)} = ?" for name in reference.columns)
    if emptied:
        nothing = ", ".join(f"{quoted(name)} = NULL" for name in emptied)
        connection.execute(f"UPDATE {quoted(child.table.name)} SET {nothing} WHERE {test}", key)
    else:
        connection.execute(f"DELETE FROM {quoted(child.table.name)} WHERE {test}", key)


def _children(
    connection: sqlite3.Connection, loaders: Mapping[str, Loader], reference: Reference, key: tuple[Value, ...]
) -> list[Row]:
    names = [column.name for column in loaders[reference.child].table.columns]
    test = " AND ".join(f"{quoted(name)} = ?" for name in reference.columns)
    rows = connection.execute(
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(reference.child)} WHERE {test}", key
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
