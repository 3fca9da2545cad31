"""A mount that refuses every lock outright: snapshots need none there, and a database there is refused in words."""

import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend.storage import comeback, layout, lock, prepare, snapshots, taking
from backend.storage.diagnose import State
from backend.storage.home import Kind
from backend.storage.keeper import Keeper
from tests.storage.helpers import keys, lockless_fuse, make_home, needs_fuse, until, write

pytestmark = needs_fuse


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS], ids=["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def mount(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with lockless_fuse(tmp_path / "bucket", tmp_path / "mount", request.param) as point:
        yield point


def test_the_stand_in_really_refuses_locks_and_sqlite(mount: Path) -> None:
    with (mount / "file").open("w") as file:
        for ask in (fcntl.flock, fcntl.lockf):
            with pytest.raises(OSError, match=r"\[Errno"):
                ask(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    connection = sqlite3.connect(mount / "store.db", timeout=0.1)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("CREATE TABLE notes (id)")
    connection.close()
    assert not lock.grants_locks(mount)
    assert lock.grants_locks(mount.parent)


def test_snapshots_go_there_and_come_back(mount: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path, Kind.MOUNTED, mount=mount)
    truth = keys(home.live)
    taking.take(home, "schedule")
    for path in home.live.parent.glob("store.db*"):
        path.unlink()
    assert comeback.bring_back(home) is not None
    assert keys(home.live) == truth


def kept_in(bucket: Path) -> set[str]:
    """What the newest snapshot holds, read behind the mount: sqlite3 would ask the mount for a lock."""
    newest = next(iter(snapshots.listed(bucket / "backups")), None)
    return keys(newest.path) if newest else set()


def test_a_keeper_keeps_there(mount: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path, Kind.MOUNTED, mount=mount)
    keeper = Keeper(home)
    keeper.start()
    write(home.live, "new one")
    until(lambda: "new one" in kept_in(tmp_path / "bucket"), seconds=60)
    write(home.live, "last one")
    keeper.stop()
    assert "last one" in kept_in(tmp_path / "bucket")
    assert keeper.status.last_error is None


def test_a_database_there_is_refused_with_a_sentence_that_says_what_to_do(mount: Path) -> None:
    prepared = prepare.prepare(make_url(f"sqlite:///{mount / 'store.db'}"), layout.released())
    assert prepared.report.found is State.UNUSABLE
    assert not prepared.report.is_usable
    [told] = prepared.report.actions
    assert "grants no locks" in told
    assert "Leave DATABASE_URL out" in told
    assert str(mount) not in told
    assert list(mount.iterdir()) == []
