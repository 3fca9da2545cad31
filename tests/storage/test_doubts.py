"""What looks overwritten is doubted, unless the file says it twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

from backend.storage.salvage.layouts import read_layout
from backend.storage.salvage.salvage import Salvage

DDL = [
    "CREATE TABLE notes (id TEXT PRIMARY KEY, heading TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX ix_notes_heading ON notes (heading)",
]


def test_what_looks_odd_is_doubted_unless_an_index_says_it_as_well(tmp_path: Path) -> None:
    bell = "it rings \x07 here"
    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection, connection:
        for statement in DDL:
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO notes VALUES (?, ?, ?)",
            [("neither", "plain", "plain"), ("heading", bell, "plain"), ("body", "plain", bell)],
        )
    with Salvage(tmp_path / "notes.db", [read_layout("only", DDL)]) as salvage:
        [notes] = salvage.sources()
        marks = {str(row.values[0]): row.marks for row in salvage.table(notes).rows()}
    assert marks == {"neither": (), "heading": (), "body": ("doubt:body",)}
