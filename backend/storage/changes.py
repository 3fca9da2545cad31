"""Changes: whether somebody has written to the database, without reading it."""

import sqlite3
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, event


class Changes(Protocol):
    """Something to ask again and again."""

    def mark(self) -> object:
        """A value that differs from the last one if a transaction was committed in between."""

    def close(self) -> None:
        """Let go of what it holds."""


class FileChanges:
    """Watches a file over a connection of its own.

    `PRAGMA data_version` changes on a connection when any other one has committed, in this process or another; asking
    takes microseconds. Where another file took the name, the connection still sees the old one: it is opened anew.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._opened = 0

    def mark(self) -> object:
        """How often it was opened, and its version since."""
        stat = self._database.stat()
        identity = (stat.st_dev, stat.st_ino)
        if identity != self._identity:
            self.close()
        if self._connection is None:
            uri = f"{self._database.as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            self._identity = identity
            # A new connection counts from the start again, and may come to the same number.
            self._opened += 1
        return (self._opened, self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection; the next question opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = self._identity = None


class EngineChanges:
    """Counts an engine's commits: where one process alone may use the database, those are all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._commits = 0
        event.listen(engine, "commit", self._count)

    def mark(self) -> object:
        """How many there were."""
        return self._commits

    def close(self) -> None:
        """Stop counting."""
        event.remove(self._engine, "commit", self._count)

    def _count(self, _: Connection) -> None:
        self._commits += 1
