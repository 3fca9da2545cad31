"""Compares what was saved with what was there, byte for byte."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from backend.storage.salvage.caretaker import Caretaker, Row
from backend.storage.salvage.layouts import Value
from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.report import Report

from .damage.anatomy import Anatomy, varint
from .reference import LAYOUTS, create_empty

KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "head": {
        "users": ("id",),
        "sessions": ("id",),
        "todos": ("owner_id", "id"),
        "todo_tags": ("owner_id", "todo_id", "tag_key"),
    },
    "old": {"users": ("id",), "todos": ("id",)},
}

Content = dict[str, dict[tuple[Value, ...], tuple[Value, ...]]]


class Steward(Caretaker):
    """What an application of todos would answer."""

    def complete(self, table: str, row: Row, lost: Iterable[str], doubted: Iterable[str]) -> Row:
        for name, stand_in in (("title", "title_key"), ("email", "email_key"), ("username", "username_key")):
            if name in lost:
                row[name] = row.get(stand_in) or "(lost)"
        return row

    def mend(self, table: str, row: Row, error: str) -> Row | None:
        if table == "todos" and not row.get("title"):
            return {**row, "title": "(lost)"}
        return None

    def parent(self, child: str, parent: str, key: Row, row: Row) -> Row | None:
        if parent != "users" or child != "todos":
            return None
        name = f"recovered-user-{key['id']!s}"
        if isinstance(key["id"], int):
            return {"id": key["id"], "email": f"{name}@invalid", "username": name, "hashed_password": "!"}
        return {
            **key, "email": f"{name}@invalid", "email_key": f"{name}@invalid", "username": name[:50],
            "username_key": name[:50], "password_hash": "!", "timezone": "UTC", "is_admin": 0,
        }  # fmt: skip


def contents(path: Path, which: str = "head") -> Content:
    found: Content = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        connection.row_factory = sqlite3.Row
        for table, key in KEYS[which].items():
            # NOT INDEXED: the table's own word counts, an index may lie.
            rows = connection.execute(f"SELECT * FROM {table} NOT INDEXED").fetchall()
            found[table] = {tuple(row[name] for name in key): tuple(row) for row in rows}
    return found


def untouched(before: Path, after: Path, which: str = "head") -> dict[str, set[tuple[Value, ...]]]:
    """The keys of the rows all of whose pages, overflow included, survived: what must come back at the very least."""
    anatomy = Anatomy(before)
    size = anatomy.page_size
    data = after.read_bytes() if after.exists() else b""
    same = {
        number
        for number in range(1, anatomy.count + 1)
        if data[(number - 1) * size : number * size] == anatomy.page(number)
    }
    found: dict[str, set[tuple[Value, ...]]] = {}
    with closing(sqlite3.connect(f"file:{before}?mode=ro&immutable=1", uri=True)) as connection:
        for tree in anatomy.trees:
            if tree.kind != "table" or tree.name not in KEYS[which]:
                continue
            alive: set[int] = set()
            for number in tree.leaves:
                for offset in anatomy.cells(number) if number in same else ():
                    _, at = varint(anatomy.page(number), offset)
                    rowid, _ = varint(anatomy.page(number), at)
                    probe = type(tree)("", "", 0)
                    anatomy._follow(probe, anatomy.page(number), offset)
                    if all(page in same for page in probe.overflow):
                        alive.add(rowid)
            key = ", ".join(KEYS[which][tree.name])
            rows = connection.execute(f"SELECT rowid, {key} FROM {tree.name}").fetchall()
            found[tree.name] = {tuple(row[1:]) for row in rows if row[0] in alive}
    return found


@dataclass(slots=True)
class Outcome:
    """Rows by what became of them. `silent` are wrong and nobody says so.

    `ghosts` were deleted or never existed; those in `flagged_ghosts` are listed as doubtful or as invented parents.
    """

    report: Report
    truth: int = 0
    exact: int = 0
    flagged_exact: int = 0
    flagged_wrong: int = 0
    silent: list[tuple[str, tuple[Value, ...], list[tuple[Value, Value]]]] = field(default_factory=list)
    ghosts: list[tuple[str, tuple[Value, ...]]] = field(default_factory=list)
    flagged_ghosts: list[tuple[str, tuple[Value, ...]]] = field(default_factory=list)
    missing: list[tuple[str, tuple[Value, ...]]] = field(default_factory=list)
    below_bound: list[tuple[str, tuple[Value, ...]]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return 100 * self.exact / self.truth if self.truth else 100.0

    @property
    def present(self) -> float:
        return 100 * (1 - len(self.missing) / self.truth) if self.truth else 100.0

    def __str__(self) -> str:
        return (
            f"exact {self.share:8.4f} % present {self.present:8.4f} % flagged-wrong {self.flagged_wrong:3} "
            f"flagged-exact {self.flagged_exact:3} silent {len(self.silent):2} ghosts {len(self.ghosts)}"
            f"+{len(self.flagged_ghosts):<3} "
            f"below-bound {len(self.below_bound):2} cpu {self.report.seconds:5.1f}"
        )


def assay(
    healthy: Path,
    damaged: Path,
    candidate: Path,
    *,
    which: str = "head",
    truth: Content | None = None,
    log: Path | None = None,
    backups: tuple[Path, ...] = (),
    aliases: dict[str, str] | None = None,
) -> Outcome:
    report = rebuild(
        damaged, candidate, lambda path: create_empty(path, which), LAYOUTS, log=log, backups=backups,
        caretaker=Steward(), skip={"alembic_version"}, aliases=aliases,
    )  # fmt: skip
    outcome = Outcome(report)
    truth = truth if truth is not None else contents(healthy, which)
    saved = contents(candidate, which)
    flagged = _flagged(candidate.parent, which)
    bound = untouched(healthy, damaged, which)
    for table, rows in truth.items():
        outcome.truth += len(rows)
        for key, row in rows.items():
            got = saved[table].get(key)
            if got == row:
                outcome.exact += 1
                outcome.flagged_exact += (table, key) in flagged
            elif got is None:
                outcome.missing.append((table, key))
            elif (table, key) in flagged:
                outcome.flagged_wrong += 1
            else:
                outcome.silent.append((table, key, [pair for pair in zip(row, got, strict=True) if pair[0] != pair[1]]))
            if got != row and key in bound.get(table, ()):
                outcome.below_bound.append((table, key))
        for key in saved[table].keys() - rows.keys():
            (outcome.flagged_ghosts if (table, key) in flagged else outcome.ghosts).append((table, key))
    return outcome


def _flagged(folder: Path, which: str) -> set[tuple[str, tuple[Value, ...]]]:
    found = set()
    for name, part in (("partial.jsonl", "row"), ("rejected.jsonl", "kept")):
        if (folder / name).exists():
            for line in (folder / name).read_text(encoding="utf-8").rstrip("\n").split("\n"):
                entry = json.loads(line)
                row = entry[part]
                if row and entry["table"] in KEYS[which]:
                    found.add((entry["table"], tuple(row.get(c) for c in KEYS[which][entry["table"]])))
    return found
