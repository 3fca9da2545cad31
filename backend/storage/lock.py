"""Locks between processes: several workers may import the app at the same instant, and only one may prepare."""

import fcntl
import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, ReadWriteLock, Timeout
from sqlalchemy import Connection, Engine, text

from backend.storage import mounts

logger = logging.getLogger(__name__)

WAIT_SECONDS = 120

_BUSY = TimeoutError("Another process holds the database for too long. Nothing was changed.")
_PAUSE_SECONDS = 0.1
_LINE_AFTER_SECONDS = 5


@contextmanager
def file_lock(database: Path) -> Iterator[None]:
    """Hold the lock of a database file. The lock file stays for ever: deleting it would let two holders in."""
    path = lock_file(database)
    path.touch()  # where no file can be made, this says so at once; the lock would try again until its time is up
    with FileLock(path, timeout=WAIT_SECONDS):
        yield


def lock_file(database: Path, purpose: str = "") -> Path:
    """Where the lock of a database lies: beside it, unless that is a mount, which may grant one lock twice, or none."""
    name = f"{database.name}{purpose}.lock"
    if not mounts.is_shared(database):
        return database.with_name(name)
    digest = hashlib.sha256(bytes(database.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"{digest}-{name}"


def grants_locks(folder: Path) -> bool:
    """Whether the file system of a folder grants the locks that SQLite asks for. Some mounts refuse each of them."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".lock-probe-") as probe:
        try:
            fcntl.lockf(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


class Occupancy:
    """Who works with a database file: many may share it, and a heal needs it alone.

    A file that is replaced under an open connection takes that connection's writes with it: they succeed, and are
    nowhere. The operating system lets go of the lock of a process that dies.
    """

    def __init__(self, database: Path) -> None:
        self._lock = ReadWriteLock(lock_file(database, ".inuse"), timeout=0, is_singleton=False)
        self._is_shared = False

    def share(self) -> bool:
        """Hold the database, beside others, until `leave`; False where it was held already."""
        if self._is_shared:
            return False
        self._lock.acquire_read(timeout=WAIT_SECONDS)
        self._is_shared = True
        return True

    def leave(self) -> bool:
        """Let go; False where it was not held."""
        if not self._is_shared:
            return False
        # Whichever thread took it: the hold is the process's, and an app may run in another thread than imported it.
        self._lock.release(force=True)
        self._is_shared = False
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the database to oneself; raises filelock.Timeout at once while any process works with it."""
        with self._lock.write_lock():
            yield

    def is_free(self) -> bool:
        """Whether no process works with the database now."""
        try:
            with self.alone():
                return True
        except Timeout:
            return False


@contextmanager
def server_lock(
    engine: Engine, purpose: str = "prepare", *, wait_seconds: float = WAIT_SECONDS, busy: Exception = _BUSY
) -> Iterator[None]:
    """Hold an advisory lock of a database server, on a connection of its own, free again if this process dies.

    Raises `busy` when another process holds it for too long.
    """
    connection = engine.connect()
    try:
        if not _acquired(connection, f"todo:{purpose}:{engine.url.database}", wait_seconds):
            raise busy
        yield
    finally:
        # Closing the connection frees the lock, also where the server has gone away meanwhile; a statement would fail.
        connection.invalidate()
        connection.close()


def _acquired(connection: Connection, name: str, wait_seconds: float) -> bool:
    digest = hashlib.sha256(name.encode()).digest()
    if connection.dialect.name == "postgresql":
        # Held by the transaction: behind a pooler a session may have another connection with each transaction.
        attempt = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(
            key=int.from_bytes(digest[:8], "big", signed=True)
        )
    else:
        attempt = text("SELECT GET_LOCK(:name, 0)").bindparams(name=f"todo:{digest.hex()[:32]}")
    started = time.monotonic()
    announced = False
    while not connection.scalar(attempt):
        waited = time.monotonic() - started
        if waited > wait_seconds:
            return False
        if waited > _LINE_AFTER_SECONDS and not announced:
            announced = True
            logger.info("Another process is preparing the database; waiting for it, up to %g s.", wait_seconds)
        time.sleep(_PAUSE_SECONDS)
    return True
