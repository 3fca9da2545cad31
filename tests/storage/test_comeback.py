"""Putting a missing database back: the refusals first. Nothing is written over, and nothing begins anew unseen."""

import shutil
from pathlib import Path

import pytest

from backend.storage import comeback, snapshots, swap, taking
from backend.storage.home import Home, Kind
from backend.storage.snapshots import DamagedError
from tests.storage.helpers import keys, make_home, several, spoil, write


def test_a_missing_file_comes_back(home: Home) -> None:
    several(home, 2)
    before = keys(home.live)
    for path in home.live.parent.glob("store.db*"):
        path.unlink()
    restored = comeback.bring_back(home)
    assert restored is not None
    assert "102 rows" in restored.sentence
    assert restored.lost_nothing == (home.kind is Kind.MOUNTED)
    assert keys(home.live) == before
    assert comeback.bring_back(home) is None


def test_an_empty_file_is_moved_aside_with_its_wal(home: Home) -> None:
    several(home, 1)
    home.live.write_bytes(b"")
    home.live.with_name("store.db-wal").write_bytes(b"of another one")
    assert comeback.bring_back(home) is not None
    assert "change 0" in keys(home.live)
    [folder] = (home.live.parent / "store.db.quarantine").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["store.db", "store.db-wal"]


def test_a_restore_never_writes_over_a_file(home: Home) -> None:
    snapshot = taking.take(home, "schedule")
    write(home.live, "since then")
    comeback.restore(snapshot, home.live)
    assert "since then" not in keys(home.live)
    [folder] = (home.live.parent / "store.db.quarantine").iterdir()
    assert "since then" in keys(folder / "store.db")


def test_a_damaged_snapshot_changes_nothing_when_restored(home: Home) -> None:
    snapshot = taking.take(home, "schedule")
    spoil(snapshot)
    with pytest.raises(DamagedError):
        comeback.restore(snapshot, home.live)
    assert len(keys(home.live)) == 100
    assert not list(home.live.parent.glob("*.restore-*"))


def test_the_next_best_comes_back_and_says_so(home: Home) -> None:
    newest, _ = several(home, 2)
    spoil(newest)
    home.live.unlink()
    restored = comeback.bring_back(home)
    assert restored is not None
    assert not restored.lost_nothing
    assert "change 0" in keys(home.live)


def test_where_none_is_good_that_is_said(home: Home) -> None:
    spoil(taking.take(home, "schedule"))
    home.live.unlink()
    restored = comeback.bring_back(home)
    assert restored is not None
    assert not restored.lost_nothing
    assert len(snapshots.listed(home.backups)) == 1


def test_storage_that_cannot_be_read_is_not_taken_for_empty(tmp_path: Path) -> None:
    home = make_home(tmp_path, Kind.MOUNTED)
    home.live.unlink()
    home.backups.parent.mkdir()
    home.backups.write_text("a file where the folder should be")
    waited: list[float] = []
    with pytest.raises(NotADirectoryError):
        comeback.bring_back(home, wait=waited.append)
    assert waited == list(comeback.WAITS_SECONDS)


def test_storage_that_comes_up_late_is_waited_for(tmp_path: Path) -> None:
    home = make_home(tmp_path, Kind.MOUNTED)
    taking.take(home, "schedule")
    home.live.unlink()
    away = home.backups.rename(home.backups.with_name("away"))
    home.backups.write_text("not yet")

    def arrive(_: float) -> None:
        home.backups.unlink()
        away.rename(home.backups)

    assert comeback.bring_back(home, wait=arrive) is not None


def test_a_kill_before_a_file_has_its_name_is_made_good_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sidecars go first, so at that moment nothing has the name but what is about to be put there."""
    home = make_home(tmp_path, Kind.LASTING)
    draft = tmp_path / "draft.db"
    shutil.copy(home.live, draft)
    wanted = draft.read_bytes()
    home.live.unlink()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(swap, "_finish", killed)
    with pytest.raises(KeyboardInterrupt):
        comeback.put_in_place(draft, home.live)
    monkeypatch.undo()
    assert not home.live.exists()
    assert swap.resume(home.live)
    assert home.live.read_bytes() == wanted
