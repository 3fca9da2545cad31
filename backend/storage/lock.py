"""Locks between processes: several workers may import the app at the same instant, and only one may prepare."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Engine, text

WAIT_SECONDS = 120

# Any number that nobody else uses for an advisory lock of PostgreSQL; "todo" in ASCII.
_POSTGRESQL_KEY = 0x746F646F
_MYSQL_NAME = "todo:prepare"


@contextmanager
def file_lock(database: Path) -> Iterator[None]:
    """Hold the lock beside a database file. The lock file stays for ever: deleting it would let two holders in."""
    path = database.with_name(database.name + ".lock")
    path.touch()  # where no file can be made, this says so at once; the lock would try again until its time is up
    with FileLock(path, timeout=WAIT_SECONDS):
        yield


@contextmanager
def server_lock(engine: Engine) -> Iterator[None]:
    """Hold an advisory lock of a database server, on a connection of its own, free again if this process dies."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _POSTGRESQL_KEY})
            release = text("SELECT pg_advisory_unlock(:key)").bindparams(key=_POSTGRESQL_KEY)
        else:
            connection.execute(text("SELECT GET_LOCK(:name, :seconds)"), {"name": _MYSQL_NAME, "seconds": WAIT_SECONDS})
            release = text("SELECT RELEASE_LOCK(:name)").bindparams(name=_MYSQL_NAME)
        try:
            yield
        finally:
            connection.execute(release)
