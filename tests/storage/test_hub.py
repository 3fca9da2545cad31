"""Snapshots in a dataset repository: the real huggingface_hub speaks, to a stub of what it calls."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.storage import comeback, snapshots, taking
from backend.storage.courier import Courier
from backend.storage.home import Home, Kind
from backend.storage.hub import Hub
from backend.storage.keeper import Keeper
from backend.storage.snapshots import Snapshot
from tests.storage.helpers import keys, make_home, until, write
from tests.storage.hub_stub import TOKEN, Stub, serve

# huggingface_hub 2.4 hands its HTTP client a file in a way that this one has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    # The transfer of large files is otherwise done in Rust, over a protocol that no stub speaks.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with serve() as served:
        yield served


@pytest.fixture
def hub(stub: Stub) -> Hub:
    return Hub("me/backups", TOKEN, endpoint=stub.url, keep=3)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path, Kind.EPHEMERAL)


def taken(home: Home, key: str) -> Snapshot:
    write(home.live, key)
    return taking.take(home, "schedule")


def wipe(home: Home) -> None:
    for folder in (home.live.parent, home.backups):
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()


def test_a_public_repository_gets_nothing(stub: Stub, hub: Hub, home: Home) -> None:
    stub.exists, stub.private = True, False
    with pytest.raises(OSError, match="public"):
        hub.push(taken(home, "a"))
    assert stub.files == {}


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_refusal_is_an_oserror_without_the_token(stub: Stub, hub: Hub, home: Home, status: int) -> None:
    snapshot = taken(home, "a")
    stub.failing = status
    with pytest.raises(OSError, match=str(status)) as pushing:
        hub.push(snapshot)
    with pytest.raises(OSError, match=str(status)) as fetching:
        hub.fetch_newest(home.backups, "store")
    assert TOKEN not in f"{pushing.value} {fetching.value}"


def test_a_wrong_token_is_not_taken_for_an_empty_repository(stub: Stub, home: Home) -> None:
    stub.exists = True
    with pytest.raises(OSError, match="401"):
        Hub("me/backups", "hf_wrong", endpoint=stub.url).fetch_newest(home.backups, "store")


def test_a_hub_out_of_reach_is_an_oserror(home: Home, stub: Stub) -> None:
    assert stub.url
    with pytest.raises(OSError, match="out of reach"):
        Hub("me/backups", TOKEN, endpoint="http://127.0.0.1:9").fetch_newest(home.backups, "store")


def test_an_empty_repository_has_none(hub: Hub, home: Home) -> None:
    assert hub.fetch_newest(home.backups, "store") is None


def test_a_snapshot_goes_and_comes_back(stub: Stub, hub: Hub, home: Home) -> None:
    snapshot = taken(home, "precious")
    hub.push(snapshot)
    assert sorted(stub.files) == [f"backups/{snapshot.path.stem}{suffix}" for suffix in (".db", ".json")]
    assert "POST /datasets/me/backups.git/info/lfs/objects/batch" in stub.requests
    wipe(home)
    restored = comeback.bring_back(home, hub)
    assert restored is not None
    assert restored.lost_nothing
    assert "precious" in keys(home.live)
    assert snapshots.listed(home.backups) == [snapshot]
    assert [path.name for path in home.backups.iterdir() if path.is_dir()] == []


def test_the_newest_are_kept(stub: Stub, hub: Hub, home: Home) -> None:
    names = []
    for number in range(5):
        snapshot = taken(home, f"change {number}")
        hub.push(snapshot)
        names.append(snapshot.path.name)
    assert sorted(path for path in stub.files if path.endswith(".db")) == [f"backups/{name}" for name in names[2:]]
    assert len(stub.files) == 6


def test_a_damaged_one_there_is_passed_over(stub: Stub, hub: Hub, home: Home) -> None:
    hub.push(taken(home, "good"))
    newest = taken(home, "bad")
    hub.push(newest)
    stub.files[f"backups/{newest.path.name}"] = b"\0" * newest.manifest.bytes
    wipe(home)
    assert comeback.bring_back(home, hub) is not None
    assert "good" in keys(home.live)
    assert "bad" not in keys(home.live)


def test_a_start_without_the_hub_makes_no_new_database(stub: Stub, hub: Hub, home: Home) -> None:
    hub.push(taken(home, "precious"))
    wipe(home)
    stub.failing = 503
    with pytest.raises(OSError, match="503"):
        comeback.bring_back(home, hub, wait=lambda _: None)
    assert not home.live.exists()


def test_a_keeper_sends_what_it_takes_and_the_last_one_at_the_end(stub: Stub, hub: Hub, home: Home) -> None:
    keeper = Keeper(home, courier=Courier(hub, interval_seconds=60))
    keeper.start()
    until(lambda: len(stub.files) == 2)
    write(home.live, "at the last moment")
    keeper.stop()
    assert len(stub.files) == 4
    wipe(home)
    comeback.bring_back(home, hub)
    assert "at the last moment" in keys(home.live)


def test_a_courier_tells_once_and_goes_on(stub: Stub, hub: Hub, home: Home, caplog: pytest.LogCaptureFixture) -> None:
    stub.failing = 503
    courier = Courier(hub, interval_seconds=0.1)
    courier.start()
    with caplog.at_level(logging.WARNING, logger="backend"):
        courier.offer(taken(home, "a"))
        until(lambda: courier.last_error is not None)
        stub.failing = None
        until(lambda: courier.last_error is None)
    courier.stop(5)
    assert [record.message for record in caplog.records if record.name.startswith("backend")] == [
        "A snapshot could not be sent to the backup repository: the Hugging Face Hub answered 503 for BACKUP_REPO"
    ]
    assert len(stub.files) == 2
