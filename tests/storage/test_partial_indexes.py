"""An index that names some rows only is no proof against the others, where the file does not say what it is either."""

import random
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend.storage import layout, migrate
from backend.storage.engine import make_engine
from backend.storage.layout import VERSION_TABLE
from backend.storage.salvage.donors import Donor
from backend.storage.salvage.rebuild import rebuild
from backend.storage.salvage.report import TableReport
from backend.storage.salvage.salvage import Salvage
from tests import crowd

TODOS, PAGE_BYTES = 1_200, 4096
PARTIAL = ("parent", "completed_at", "remind_at", "occurrence")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the newest revision, in which few todos are parts, done, reminded of or repeated."""
    path = tmp_path_factory.mktemp("whole") / "todo.db"
    migrate.create(path)
    engine = make_engine(make_url(f"sqlite:///{path}"))
    with engine.begin() as connection:
        crowd.fill(connection, crowd.add_account(connection, 1), TODOS)
    engine.dispose()
    migrate.as_one_file(path)
    return path


def todos_saved(
    whole: Path, folder: Path, lost: Iterable[int], *, has_backup: bool = False, overwritten: bytes | None = None
) -> TableReport:
    """What is saved of the todos where these pages are zeros, and so is the end of a text that begins so."""
    content = bytearray(whole.read_bytes())
    for page in lost:
        content[(page - 1) * PAGE_BYTES : page * PAGE_BYTES] = bytes(PAGE_BYTES)
    if overwritten is not None:
        at = content.index(overwritten) + len(overwritten)
        content[at : at + 60] = bytes(60)
    damaged = folder / "damaged.db"
    damaged.write_bytes(content)
    known = layout.released()
    with Salvage(damaged, known.known) as salvage, ExitStack() as stack:
        salvage.donors = [stack.enter_context(Donor(whole))] if has_backup else []
        revision = salvage.chart.revision or known.head
        report = rebuild(
            damaged,
            folder / "new.db",
            lambda path: migrate.create(path, revision=revision),
            known.known,
            ledger_folder=folder,
            skip=[VERSION_TABLE, "todo_words", "todo_tags"],
            salvage=salvage,
        )
    return report.table("todos")


@pytest.mark.parametrize("has_backup", [False, True])
def test_where_schema_tree_and_whole_indexes_are_lost_the_partial_ones_deny_nobody(
    whole: Path, tmp_path: Path, *, has_backup: bool
) -> None:
    saved = todos_saved(whole, tmp_path, [1, *ways_to_the_rows(whole)], has_backup=has_backup)
    assert (saved.saved, saved.refused) == (TODOS, 0)


def test_where_nothing_tells_which_release_defined_a_table_its_rows_are_not_too_long(
    whole: Path, tmp_path: Path
) -> None:
    saved = todos_saved(whole, tmp_path, ways_to_the_rows(whole), overwritten=b"CREATE TABLE todos")
    assert (saved.saved, saved.refused) == (TODOS, 0)


@pytest.mark.parametrize("seed", [3, 4, 7])
def test_a_backup_gives_back_what_a_large_gap_took(whole: Path, tmp_path: Path, seed: int) -> None:
    pages = whole.stat().st_size // PAGE_BYTES
    gap = int(pages * 0.6)
    first = random.Random(seed).randint(2, pages - gap)  # noqa: S311 - a seed
    saved = todos_saved(whole, tmp_path, [1, *range(first, first + gap)], has_backup=True)
    assert (saved.saved, saved.refused) == (TODOS, 0)


def ways_to_the_rows(whole: Path) -> list[int]:
    """The inner pages of the todos, and every page of the indexes that name all of them."""
    with closing(sqlite3.connect(whole)) as connection:
        pages = connection.execute("SELECT pageno, name, pagetype FROM dbstat").fetchall()
    return [page for page, name, kind in pages if (name, kind) == ("todos", "internal") or _is_whole_index(name)]


def _is_whole_index(name: str) -> bool:
    is_of_todos = name.startswith(("ix_todos", "uq_todos", "sqlite_autoindex_todos"))
    return is_of_todos and not any(some in name for some in PARTIAL)
