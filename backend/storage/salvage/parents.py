"""Children whose parent was lost.

A foreign key that points nowhere would make the application refuse its own database. The caretaker may provide the
missing parent; otherwise a nullable key is emptied, and a child that cannot do without goes into the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .caretaker import Caretaker, Row
from .layouts import Value, quoted
from .ledger import Ledger
from .loading import Loader

_ROUNDS = 8
"""An invented parent may lack a parent itself, a rejected child may leave children: so often, and no oftener."""


class ForeignKey(NamedTuple):
    child: str
    parent: str
    columns: tuple[str, ...]
    targets: tuple[str, ...]


def mend_foreign_keys(
    connection: sqlite3.Connection, loaders: Mapping[str, Loader], caretaker: Caretaker, ledger: Ledger
) -> None:
    for _ in range(_ROUNDS):
        broken = {row[0] for row in connection.execute("PRAGMA foreign_key_check")}
        if not broken:
            return
        connection.execute("BEGIN")
        keys = [key for child in sorted(broken & set(loaders)) for key in _foreign_keys(connection, loaders, child)]
        # All parents first: one child's may be another's, who alone would not have been given any.
        for step in (_provide_parent, _let_go):
            for foreign_key in keys:
                for missing in _missing_keys(connection, foreign_key):
                    step(connection, loaders, caretaker, ledger, foreign_key, missing)
        connection.execute("COMMIT")


def _foreign_keys(connection: sqlite3.Connection, loaders: Mapping[str, Loader], child: str) -> Iterator[ForeignKey]:
    found: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, _, parent, column, target, *_ in connection.execute(f"PRAGMA foreign_key_list({quoted(child)})"):
        found.setdefault(number, []).append((parent, column, target))
    for parts in found.values():
        parent = parts[0][0]
        if parent in loaders:
            table = loaders[parent].table
            own_key = tuple(table.columns[position].name for position in table.key)
            targets = own_key if parts[0][2] is None else tuple(target or "" for _, _, target in parts)
            yield ForeignKey(child, parent, tuple(column for _, column, _ in parts), targets)


def _missing_keys(connection: sqlite3.Connection, key: ForeignKey) -> list[tuple[Value, ...]]:
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
    foreign_key: ForeignKey,
    key: tuple[Value, ...],
) -> None:
    parent = loaders[foreign_key.parent]
    child = _children(connection, loaders, foreign_key, key)[0]
    made = caretaker.parent(
        foreign_key.child, parent.table.name, dict(zip(foreign_key.targets, key, strict=True)), child
    )
    if made is not None and parent.insert(made):
        parent.invented += 1
        ledger.partial(parent.table.name, made, "invented", ["invented"])


def _let_go(
    connection: sqlite3.Connection,
    loaders: Mapping[str, Loader],
    caretaker: Caretaker,
    ledger: Ledger,
    foreign_key: ForeignKey,
    key: tuple[Value, ...],
) -> None:
    child = loaders[foreign_key.child]
    columns = {column.name: column for column in child.table.columns}
    # One empty column frees the row of the whole key; the others may be part of the row's own name.
    emptied = [name for name in foreign_key.columns if columns[name].nullable]
    reason = f"FOREIGN KEY: no such row in {foreign_key.parent}"
    for row in _children(connection, loaders, foreign_key, key):
        kept = {**row, **dict.fromkeys(emptied)} if emptied else None
        ledger.rejected(child.table.name, row, reason, kept)
        child.rejected += 1
        child.dropped += not emptied
    test = " AND ".join(f"{quoted(name)} = ?" for name in foreign_key.columns)
    if emptied:
        nothing = ", ".join(f"{quoted(name)} = NULL" for name in emptied)
        connection.execute(f"UPDATE {quoted(child.table.name)} SET {nothing} WHERE {test}", key)
    else:
        connection.execute(f"DELETE FROM {quoted(child.table.name)} WHERE {test}", key)


def _children(
    connection: sqlite3.Connection, loaders: Mapping[str, Loader], foreign_key: ForeignKey, key: tuple[Value, ...]
) -> list[Row]:
    names = [column.name for column in loaders[foreign_key.child].table.columns]
    test = " AND ".join(f"{quoted(name)} = ?" for name in foreign_key.columns)
    rows = connection.execute(
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(foreign_key.child)} WHERE {test}", key
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
