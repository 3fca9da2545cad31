"""Taking a snapshot: an online copy, checked before it counts, and checked again where it finally lies."""

import hashlib
import secrets
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from backend.storage import files, layout, snapshots
from backend.storage.home import Home
from backend.storage.snapshots import DamagedError, Manifest, Snapshot, TableCount

# Lends a connection to the live database for the time of a copy.
Source = Callable[[], AbstractContextManager[sqlite3.Connection]]

# Taken before something dangerous, or after it: kept under that name even if an equal copy is there already.
ALWAYS_KEPT = frozenset({"migration", "heal", "replaced"})

_BUSY_SECONDS = 30


def file_source(database: Path) -> Source:
    """A second connection to the file. It never creates one."""

    @contextmanager
    def lend() -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS)
        try:
            yield connection
        finally:
            connection.close()

    return lend


def engine_source(engine: Engine) -> Source:
    """The engine's only connection, where a second one would be locked out; writers wait for the copy."""

    @contextmanager
    def lend() -> Iterator[sqlite3.Connection]:
        pooled = engine.raw_connection()
        try:
            yield cast("sqlite3.Connection", pooled.driver_connection)
        finally:
            pooled.close()

    return lend


def take(
    home: Home, reason: str, source: Source | None = None, *, run: str | None = None, is_closed: bool = False
) -> Snapshot:
    """Copy the live database into the home's backups; returns the newest snapshot if nothing has changed since it.

    `is_closed`: nobody has it open and it has no log, so that its bytes can be copied as they are. `run` names the file
    where it is not the one that has the name now. Raises DamagedError if the copy is damaged, and then adds nothing;
    sqlite3.Error and OSError as they come.
    """
    home.drafts.mkdir(parents=True, exist_ok=True)
    draft = home.drafts / f"{home.live.name}.draft-{secrets.token_hex(4)}"
    try:
        lent = None if is_closed else source or file_source(home.live)
        manifest = _copy(home.live, lent, draft, reason, run or run_of(home.live))
        newest = next(iter(snapshots.listed(home.backups, home.live.stem)), None)
        if newest and newest.manifest.sha256 == manifest.sha256 and reason not in ALWAYS_KEPT and _is_whole(newest):
            return newest
        return _publish(draft, manifest, home)
    finally:
        for leftover in (draft, draft.with_name(draft.name + "-journal")):
            leftover.unlink(missing_ok=True)


def _is_whole(snapshot: Snapshot) -> bool:
    """Whether it still has the bytes that were written."""
    try:
        return snapshots.has_its_bytes(snapshot)
    except OSError:
        return False


def run_of(live: Path) -> str:
    """Names one file on one machine: two machines that snapshot into one folder at the same time can be told apart."""
    stat = live.stat()
    return hashlib.sha256(f"{socket.gethostname()} {stat.st_dev} {stat.st_ino}".encode()).hexdigest()[:8]


def _copy(live: Path, source: Source | None, draft: Path, reason: str, run: str) -> Manifest:
    """Copy through a connection, or the bytes of a closed file."""
    taken_at = datetime.now(UTC)
    if source is None:
        shutil.copyfile(live, draft)
    with closing(sqlite3.connect(draft)) as copy:
        # Synced once, when it is finished; until then nobody relies on it.
        copy.execute("PRAGMA synchronous = OFF").close()
        if source is not None:
            with source() as connection:
                # In one step: copied page by page under load it would begin again with each write, and never end.
                connection.backup(copy, pages=-1)
        # One file alone, that opens on read-only storage. It also makes equal databases equal bytes.
        copy.execute("PRAGMA journal_mode = DELETE").close()
        # A backup copies damage without a word, so the copy is asked.
        snapshots.check_connection(copy)
        revisions = layout.version_rows(copy)
        counts = {table: _count(copy, table) for table in sorted(layout.table_names(copy))}
        fingerprint = layout.fingerprint(copy)
    return Manifest(
        taken_at=taken_at,
        reason=reason,
        revision=revisions[0] if len(revisions) == 1 else None,
        fingerprint=fingerprint,
        sha256=files.sha256(draft),
        bytes=draft.stat().st_size,
        tables=counts,
        run=run,
        sqlite=sqlite3.sqlite_version,
    )


def _count(connection: sqlite3.Connection, table: str) -> TableCount:
    columns = {name for _, name, *_ in connection.execute(f'PRAGMA table_xinfo("{table}")')}
    [kind] = connection.execute("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", [table])
    rowid = "NULL" if kind[0] else "max(rowid)"
    newest = "CAST(max(id) AS TEXT)" if "id" in columns else "NULL"
    # Two queries in one: each aggregate alone is answered from an index.
    query = (
        f'SELECT (SELECT count(*) FROM "{table}"), (SELECT {rowid} FROM "{table}"), (SELECT {newest} FROM "{table}")'  # noqa: S608 - names out of the database's own schema
    )
    rows, max_rowid, max_id = connection.execute(query).fetchone()
    return TableCount(rows=rows, max_rowid=max_rowid, max_id=max_id)


def _publish(draft: Path, manifest: Manifest, home: Home) -> Snapshot:
    """Bring a checked draft to its place. The manifest comes last: it says that the copy is finished."""
    home.backups.mkdir(parents=True, exist_ok=True)
    stamp = f"{manifest.taken_at:%Y%m%dT%H%M%S.%fZ}"
    name = f"{home.live.stem}-{stamp}-{manifest.revision or 'none'}-{manifest.reason}-{secrets.token_hex(3)}"
    target = home.backups / f"{name}.db"
    if home.drafts == home.backups:
        files.sync(draft)
        draft.rename(target)
    else:
        _carry(draft, target, manifest.sha256)
    files.sync(home.backups)
    files.write(target.with_suffix(".json"), manifest.model_dump_json(indent=1))
    return Snapshot(target, manifest)


def _carry(draft: Path, target: Path, sha256: str) -> None:
    """Copy a draft to another file system, and read it back from there before it gets its name."""
    half = target.with_suffix(".tmp")
    try:
        files.copy(draft, half)
        _compare(half, sha256)
        files.place(half, target)
    except (OSError, DamagedError):
        with suppress(OSError):  # what went wrong first is what must be told
            half.unlink(missing_ok=True)
        raise


def _compare(copy: Path, sha256: str) -> None:
    if files.sha256(copy) != sha256:
        raise DamagedError("the storage gave back other bytes than were written to it.")
