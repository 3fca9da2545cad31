"""What is mounted decides how a database is kept. The tables of mounts are invented, but for one real FUSE mount."""

from pathlib import Path

import pytest

from backend.storage import mounts
from backend.storage.home import Kind, find_home
from tests.storage.helpers import fuse, needs_fuse

PLAIN = "overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "mounts"


def test_a_path_lies_on_the_longest_prefix_and_the_later_of_two(table: Path, tmp_path: Path) -> None:
    here = tmp_path.resolve()
    table.write_text(f"{PLAIN}a {here} ext4 rw 0 0\nb {here}/deep xfs rw 0 0\nc {here}/deep nfs4 rw 0 0\n")
    kinds = {name: mounts.mount_of(here / name, table) for name in ("x.db", "deep/x.db", "deeper/x.db")}
    assert {name: mount and mount.kind for name, mount in kinds.items()} == {
        "x.db": "ext4",
        "deep/x.db": "nfs4",
        "deeper/x.db": "ext4",
    }


def test_escaped_names_are_read(table: Path, tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "my bücket\t\\x"
    escaped = str(folder).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("ü", "\\303\\274")
    table.write_text(f"{PLAIN}hf {escaped} fuse.hf-mount rw 0 0\n")
    assert mounts.is_shared(folder / "x.db", table)
    assert not mounts.is_shared(folder.parent / "x.db", table)


@pytest.mark.parametrize(
    "kind",
    [
        "fuse",
        "fuse.hf-mount",
        "fuse.sshfs",
        "fuseblk",
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "ceph",
        "fuse.ceph",
        "glusterfs",
        "fuse.glusterfs",
    ],
)
def test_file_systems_of_others_are_told(table: Path, tmp_path: Path, kind: str) -> None:
    table.write_text(f"{PLAIN}x {tmp_path.resolve()} {kind} rw 0 0\n")
    assert mounts.is_shared(tmp_path / "x.db", table)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "apfs", "fusectl", "nfsd"])
def test_local_file_systems_are_told(table: Path, tmp_path: Path, kind: str) -> None:
    table.write_text(f"{PLAIN}x {tmp_path.resolve()} {kind} rw 0 0\n")
    assert not mounts.is_shared(tmp_path / "x.db", table)


def test_the_root_is_the_machines_own_whatever_it_is_called(table: Path, tmp_path: Path) -> None:
    table.write_text("none / 9p rw 0 0\n")
    assert not mounts.is_shared(tmp_path / "x.db", table)


def test_without_a_table_the_disk_is_local(table: Path, tmp_path: Path) -> None:
    assert find_home(tmp_path / "x.db", is_space=False, table=table).kind is Kind.LASTING


def test_a_laptop_has_a_lasting_home(table: Path, tmp_path: Path) -> None:
    table.write_text(PLAIN)
    home = find_home(tmp_path / "x.db", is_space=False, table=table)
    assert (home.kind, home.journal_mode, home.is_exclusive) == (Kind.LASTING, "WAL", False)
    assert home.backups == tmp_path / "backups"


def test_a_space_with_a_bucket_keeps_the_live_file_local(table: Path, tmp_path: Path) -> None:
    table.write_text(f"{PLAIN}hf {tmp_path.resolve()}/data fuse.hf-mount rw 0 0\n")
    home = find_home(tmp_path / "app" / "x.db", is_space=True, data_dir=tmp_path / "data", table=table)
    assert (home.kind, home.journal_mode, home.survives_restart) == (Kind.MOUNTED, "WAL", True)
    assert home.live == tmp_path / "app" / "x.db"
    assert home.backups == tmp_path / "data" / "backups"
    assert home.drafts == tmp_path / "app"


def test_a_spaces_bucket_is_found_without_a_setting(table: Path, tmp_path: Path) -> None:
    table.write_text(f"{PLAIN}hf /data fuse.hf-mount rw 0 0\n")
    home = find_home(tmp_path / "x.db", is_space=True, table=table)
    assert (home.kind, home.backups) == (Kind.MOUNTED, Path("/data/backups"))


def test_a_folder_that_only_has_the_mounts_name_is_wiped_too(table: Path, tmp_path: Path) -> None:
    table.write_text(PLAIN)
    (tmp_path / "data").mkdir()
    home = find_home(tmp_path / "x.db", is_space=True, data_dir=tmp_path / "data", table=table)
    assert (home.kind, home.survives_restart) == (Kind.EPHEMERAL, False)
    assert "loses every todo" in home.sentence
    assert "bucket" in home.sentence


def test_a_local_disk_of_a_space_is_used_as_it_is(table: Path, tmp_path: Path) -> None:
    table.write_text(f"{PLAIN}/dev/sdb {tmp_path.resolve()} ext4 rw 0 0\n")
    home = find_home(tmp_path / "x.db", is_space=True, data_dir=tmp_path, table=table)
    assert (home.kind, home.journal_mode) == (Kind.LASTING, "WAL")


def test_a_container_with_a_volume_keeps_copies_there(table: Path, tmp_path: Path) -> None:
    table.write_text(PLAIN)
    home = find_home(tmp_path / "x.db", is_space=False, data_dir=tmp_path / "volume", table=table)
    assert (home.kind, home.backups) == (Kind.MOUNTED, tmp_path / "volume" / "backups")


def test_a_database_in_a_mount_is_honoured_never_in_wal(table: Path, tmp_path: Path) -> None:
    table.write_text(f"{PLAIN}hf {tmp_path.resolve()} fuse.hf-mount rw 0 0\n")
    home = find_home(tmp_path / "x.db", is_space=True, data_dir=tmp_path, table=table)
    assert (home.kind, home.journal_mode, home.is_exclusive) == (Kind.MOUNTED, "DELETE", True)
    assert not home.drafts.is_relative_to(tmp_path)


def test_a_link_into_a_mount_is_seen_through(table: Path, tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "bucket")
    table.write_text(f"{PLAIN}hf {tmp_path.resolve()}/bucket fuse.hf-mount rw 0 0\n")
    assert find_home(tmp_path / "link" / "x.db", is_space=False, table=table).is_exclusive


@needs_fuse
def test_a_real_mount_is_told_from_the_real_table(tmp_path: Path) -> None:
    with fuse(tmp_path / "bucket", tmp_path / "a mount") as point:
        assert mounts.is_shared(point / "x.db")
        assert find_home(tmp_path / "x.db", is_space=True, data_dir=point).kind is Kind.MOUNTED
    assert not mounts.is_shared(point / "x.db")
    assert find_home(tmp_path / "x.db", is_space=True, data_dir=point).kind is Kind.EPHEMERAL
