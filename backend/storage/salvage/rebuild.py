"""Puts the salvaged rows into a fresh database.

The candidate comes with its schema from the caller. Plain indexes and triggers are taken off while the rows stream
in and put back afterwards; foreign keys are looked at once everything is there. Nothing here makes the candidate the
live file, and nothing is synced: that is the swap's business.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from .caretaker import NEUTRAL, Caretaker
from .donors import Donor
from .grounds import TableGround
from .layouts import Layout, describe_tables, quoted
from .ledger import Ledger
from .loading import Loader
from .parents import mend_references
from .report import Report, TableReport
from .salvage import Salvage

_CACHE_KIB = 32 * 1024
# What SQLite sorts at once for an index is as large as its cache: pieces that fit a processor's own are sorted faster.
_SORTING_KIB = 2 * 1024
_UNIQUE = re.compile(r"\s*CREATE\s+UNIQUE\s", re.IGNORECASE)

CreateCandidate = Callable[[Path], None]
"""Creates an empty database with the wanted schema at a path where there is none."""


def rebuild(
    damaged: Path,
    candidate: Path,
    create: CreateCandidate,
    layouts: Sequence[Layout],
    *,
    log: Path | None = None,
    backups: Sequence[Path] = (),
    caretaker: Caretaker = NEUTRAL,
    ledger_folder: Path | None = None,
    aliases: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
    expected: Mapping[str, int] | None = None,
    salvage: Salvage | None = None,
    check: bool = True,
) -> Report:
    """Fills `candidate` with what can be saved of `damaged`, or of `salvage` where that is open already.

    Without `check` the caller looks whether it is sound, and the report takes it for so.

    `aliases` sends the rows of a table the candidate lacks into one it has (a migration's left-over copy, say), after
    that one's own. `skip` names tables the caller fills himself. `expected` are row counts known from elsewhere.
    """
    began = time.monotonic()
    aliases = dict(aliases or {})
    create(candidate)
    with ExitStack() as stack:
        if salvage is None:
            donors = [stack.enter_context(Donor(path)) for path in backups]
            salvage = stack.enter_context(Salvage(damaged, layouts, log, donors))
        ledger = stack.enter_context(Ledger(ledger_folder or candidate.parent))
        connection = stack.enter_context(closing(sqlite3.connect(candidate, isolation_level=None)))
        _tune(connection)
        put_off = _take_off(connection)
        targets = {table.name: table for table in describe_tables(connection) if table.name not in skip}
        loaders: dict[str, Loader] = {}
        firsts: dict[str, TableGround] = {}
        unknown = []
        absent = []
        connection.execute("BEGIN")
        # A table's own rows come first: INSERT keeps the first of two rows with one key. A vanished table comes last,
        # and only if nothing stands in for it: what its free pages hold is older than any stand-in.
        for source in sorted(salvage.sources(), key=lambda t: (salvage.is_vanished(t), t.name in aliases)):
            if source.name in skip:
                continue
            target = targets.get(aliases.get(source.name, source.name)) or targets.get(source.name)
            if target is None:
                unknown.append(source.name)
                continue
            if salvage.is_vanished(source) and target.name in loaders:
                continue
            unknown += [f"{source.name}.{c.name}" for c in source.columns if target.position(c.name) is None]
            if source.name == target.name:
                absent += [f"{target.name}.{c.name}" for c in target.columns if source.position(c.name) is None]
            loader = loaders.get(target.name)
            if loader is None:
                loader = loaders[target.name] = Loader(connection, target, caretaker, ledger)
                firsts[target.name] = salvage.ground(source)
            if salvage.is_vanished(source):
                absent.append(target.name)
            loader.load(salvage.table(source))
        for name, target in targets.items():
            if name not in loaders:
                loaders[name] = Loader(connection, target, caretaker, ledger)
                loaders[name].load(salvage.absent(target))
        connection.execute("COMMIT")
        _put_back_indexes(connection, put_off["index"])
        mend_references(connection, loaders, caretaker, ledger)
        caretaker.finish(connection)
        _put_back(connection, put_off["trigger"])
        reports = tuple(_counted(connection, loader, (expected or {}).get(name, 0)) for name, loader in loaders.items())
        sound = not check or _is_sound(connection)
        connection.execute("PRAGMA journal_mode = DELETE")
        chart = salvage.chart
        # Of a table that the file does not name any more, its stand-in must be whole; without one it is told as absent.
        doubted = {name: ground for name, ground in firsts.items() if ground.unproven and not ground.vanished}
        # An empty table has no page that says whose it is: without a schema it looks as one that is lost, unless there
        # are as many empty pages as there are such tables.
        unproven = tuple(
            name for name, ground in doubted.items() if chart.schema_read or chart.may_lack_a_table or ground.has_trace
        )
    return Report(
        reports,
        chart.revision,
        chart.schema_read,
        tuple(dict.fromkeys(unknown)),
        sound,
        time.monotonic() - began,
        tuple(absent),
        unproven,
    )


def _tune(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    # A candidate that is cut short is thrown away, so nothing needs to survive a crash, only a statement.
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _take_off(connection: sqlite3.Connection) -> dict[str, list[str]]:
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master "
        "WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    # A unique index has to refuse the second of two rows while it is being written: those stay.
    taken = [(kind, name, sql) for kind, name, sql in rows if not _UNIQUE.match(sql)]
    for kind, name, _ in taken:
        connection.execute(f"DROP {kind} {quoted(name)}")
    return {wanted: [sql for kind, _, sql in taken if kind == wanted] for wanted in ("index", "trigger")}


def _put_back_indexes(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    connection.execute(f"PRAGMA cache_size = -{_SORTING_KIB}")
    _put_back(connection, statements)
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _put_back(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    for sql in statements:
        connection.execute(sql)


def _counted(connection: sqlite3.Connection, loader: Loader, told: int) -> TableReport:
    (saved,) = connection.execute(f"SELECT count(*) FROM {quoted(loader.table.name)}").fetchone()
    return loader.report(saved, told)


def _is_sound(connection: sqlite3.Connection) -> bool:
    answer = connection.execute("PRAGMA integrity_check(10)").fetchall()
    return answer == [("ok",)] and connection.execute("PRAGMA foreign_key_check").fetchone() is None
