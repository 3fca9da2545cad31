"""Taking and verifying: each way in which a copy can be wrong, then the copies that are right."""

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from backend.storage import comeback, files, ring, snapshots, taking
from backend.storage.home import Home, Kind
from backend.storage.snapshots import DamagedError
from tests.storage.helpers import fuse, keys, make_database, make_home, needs_fuse, several, spoil, write


def damage(database: Path) -> None:
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))


def test_a_damaged_database_adds_no_copy_and_turns_no_ring(home: Home) -> None:
    several(home, 2)
    before = sorted(path.name for path in home.backups.iterdir())
    connection = sqlite3.connect(home.live)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    damage(home.live)
    with pytest.raises((DamagedError, sqlite3.DatabaseError)):
        taking.take(home, "schedule")
    assert sorted(path.name for path in home.backups.iterdir()) == before
    assert sorted(path.name for path in home.drafts.iterdir() if "draft" in path.name) == []


def test_a_snapshot_is_not_taken_of_a_missing_file(home: Home) -> None:
    home.live.unlink()
    with pytest.raises(FileNotFoundError):
        taking.take(home, "schedule")
    assert not home.live.exists()
    assert snapshots.listed(home.backups) == []


def test_the_manifest_says_what_is_in_the_copy(home: Home) -> None:
    write(home.live, "zz")
    snapshot = taking.take(home, "schedule")
    assert keys(snapshot.path) == keys(home.live)
    assert snapshots.listed(home.backups) == [snapshot]
    manifest = snapshot.manifest
    assert manifest.sha256 == hashlib.sha256(snapshot.path.read_bytes()).hexdigest()
    assert manifest.tables["notes"].model_dump() == {"rows": 101, "max_rowid": 101, "max_id": "zz"}
    assert (manifest.reason, manifest.revision, manifest.run) == ("schedule", None, taking.run_of(home.live))
    assert sorted(path.suffix for path in home.backups.iterdir()) == [".db", ".json"]


def test_what_is_still_in_the_wal_is_in_the_copy(home: Home) -> None:
    holder = sqlite3.connect(home.live)
    holder.execute("INSERT INTO notes VALUES ('in the wal', '')")
    holder.commit()
    assert "in the wal" in keys(taking.take(home, "schedule").path)
    holder.close()


def test_an_unchanged_database_makes_no_second_copy_but_before_danger(home: Home) -> None:
    first = taking.take(home, "schedule")
    assert taking.take(home, "stop") == first
    assert len(snapshots.listed(home.backups)) == 1
    assert taking.take(home, "migration") != first
    assert len(snapshots.listed(home.backups)) == 2


def test_rows_that_break_a_rule_are_saved_too(home: Home) -> None:
    connection = sqlite3.connect(home.live)
    connection.execute("CREATE TABLE strict (n INTEGER CHECK (n > 0))")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("INSERT INTO strict VALUES (-1)")
    connection.commit()
    connection.close()
    assert taking.take(home, "schedule").manifest.tables["strict"].rows == 1


def test_damaged_half_written_and_nameless_copies_are_passed_over(home: Home) -> None:
    good, bad, worse = several(home, 3)[::-1]
    spoil(bad)
    worse.path.write_bytes(worse.path.read_bytes()[:-1])
    # Finished, but never named in a manifest: whoever wrote it was killed.
    (home.backups / good.path.name.replace("-schedule-", "-stop-")).write_bytes(good.path.read_bytes())
    (home.backups / "store-20991231T235959.000000Z-none-stop-abcdef.json").write_text('{"taken_at": "20')
    assert snapshots.newest_good(home.backups, "store") == good


def test_a_copy_with_the_right_bytes_of_a_wrong_database_is_passed_over(home: Home) -> None:
    good = taking.take(home, "schedule")
    write(home.live, "later")
    later = taking.take(home, "schedule")
    damage(later.path)
    lie = later.manifest.model_copy(update={"sha256": hashlib.sha256(later.path.read_bytes()).hexdigest()})
    later.path.with_suffix(".json").write_text(lie.model_dump_json())
    assert snapshots.newest_good(home.backups, "store") == good


def test_databases_in_one_folder_do_not_mix(home: Home, tmp_path: Path) -> None:
    mine = taking.take(home, "schedule")
    taking.take(make_home(tmp_path / "other", home.kind, mount=home.backups.parent), "schedule")
    other = make_database(tmp_path / "other" / "disk" / "store-2.db")
    assert snapshots.stem_of(mine.path.name) == "store"
    assert snapshots.listed(home.backups, other.stem) == []


@needs_fuse
@pytest.mark.parametrize("options", [(), ("--rename-deny",), ("--chmod-deny", "--chown-deny", "--xattr-none")])
def test_a_real_mount_takes_and_gives_back(tmp_path: Path, options: tuple[str, ...]) -> None:
    with fuse(tmp_path / "bucket", tmp_path / "mount", *options) as point:
        home = make_home(tmp_path, Kind.MOUNTED, mount=point)
        several(home, 2)
    for path in home.live.parent.glob("store.db*"):
        path.unlink()
    with fuse(tmp_path / "bucket", tmp_path / "mount"):
        assert comeback.bring_back(home) is not None
        assert "change 1" in keys(home.live)
        assert not list(home.backups.glob("*.tmp"))


@needs_fuse
def test_bytes_that_the_mount_changes_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fuse(tmp_path / "bucket", tmp_path / "mount") as point:
        home = make_home(tmp_path, Kind.MOUNTED, mount=point)
        several(home, 1)
        copy = files.copy

        def rotting(source: Path, target: Path) -> str:
            digest = copy(source, target)
            behind = tmp_path / "bucket" / "backups" / target.name
            content = bytearray(behind.read_bytes())
            content[5000] ^= 1
            behind.write_bytes(content)
            return digest

        monkeypatch.setattr(files, "copy", rotting)
        write(home.live, "later")
        with pytest.raises(DamagedError, match="other bytes"):
            taking.take(home, "schedule")
        assert len(list(home.backups.iterdir())) == 2


def test_turning_waits_while_a_new_one_is_not_what_was_written(home: Home) -> None:
    newest = several(home, 9)[0]
    spoil(newest)
    assert ring.turn(home.backups, "store") == 9
    assert len(snapshots.listed(home.backups)) == 9
