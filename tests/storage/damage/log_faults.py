"""Sidecars: logs and journals of somebody else, of another time, cut or gone."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from .anatomy import Anatomy, connect
from .registry import fault
from .row_faults import copy_rows


def sidecar(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@fault("stale-wal")
def stale_wal(path: Path, rng: random.Random, n: int) -> None:
    """The log of an unrelated database, checksums and all: the next normal open turns our file into that database."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other.db"
        with closing(connect(other)) as connection:
            connection.execute(f"PRAGMA page_size = {Anatomy(path).page_size}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")
            rows = [(rng.randbytes(40).hex(),) for _ in range(400)]
            connection.executemany("INSERT INTO notes (body) VALUES (?)", rows)
            shutil.copyfile(sidecar(other, "-wal"), sidecar(path, "-wal"))


@fault("stale-wal-sibling")
def stale_wal_sibling(path: Path, rng: random.Random, n: int) -> None:
    """The log of a vacuumed copy of this very database."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "sibling.db"
        shutil.copyfile(path, other)
        with closing(connect(other)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            # Else the log of a small copy still holds all that VACUUM wrote, and is the sibling whole.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            table = Anatomy(path).largest_table.name
            connection.execute(f"DELETE FROM {table} WHERE rowid % 7 = {rng.randrange(7)}")
            shutil.copyfile(sidecar(other, "-wal"), sidecar(path, "-wal"))


@fault("stale-journal")
def stale_journal(path: Path, rng: random.Random, n: int) -> None:
    """The hot rollback journal of an unrelated database."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other.db"
        with closing(connect(other)) as connection:
            connection.execute(f"PRAGMA page_size = {Anatomy(path).page_size}")
            connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")
            rows = [(rng.randbytes(400).hex(),) for _ in range(400)]
            connection.executemany("INSERT INTO notes (body) VALUES (?)", rows)
            connection.execute("PRAGMA cache_size = 5")
            connection.execute("BEGIN")
            connection.execute("UPDATE notes SET body = lower(hex(randomblob(400)))")
            shutil.copyfile(sidecar(other, "-journal"), sidecar(path, "-journal"))
            connection.execute("ROLLBACK")


@fault("stale-shm")
def stale_shm(path: Path, rng: random.Random, n: int) -> None:
    sidecar(path, "-shm").write_bytes(rng.randbytes(32768))


@fault("wal-garbage")
def wal_garbage(path: Path, rng: random.Random, n: int) -> None:
    sidecar(path, "-wal").write_bytes(rng.randbytes(50_000))


@fault("wal-hot", 50)
def wal_hot(path: Path, rng: random.Random, n: int) -> None:
    """No damage: `n` rows committed to the log only, as after a crash. The faults below start from here."""
    with tempfile.TemporaryDirectory() as folder:
        twin = Path(folder) / "twin.db"
        shutil.copyfile(path, twin)
        with closing(connect(twin)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            for _ in range(5):
                copy_rows(connection, rng, n // 5)
            shutil.copyfile(twin, path)
            shutil.copyfile(sidecar(twin, "-wal"), sidecar(path, "-wal"))


@fault("wal-cut", 50)
def wal_cut(path: Path, rng: random.Random, n: int) -> None:
    wal_hot(path, rng, n)
    log = sidecar(path, "-wal")
    os.truncate(log, int(log.stat().st_size * rng.uniform(0.3, 0.7)))


@fault("wal-lost", 50)
def wal_lost(path: Path, rng: random.Random, n: int) -> None:
    wal_hot(path, rng, n)
    sidecar(path, "-wal").unlink()
