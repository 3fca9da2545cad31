"""The Hub: snapshots in a private dataset repository on Hugging Face, for a Space that has no storage of its own.

Finished files alone are handed over. A live database uploaded while it is written arrives torn and without its -wal.
huggingface_hub comes with Gradio; importing it takes time, so only an installation that uses this pays for it.
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from httpx2 import HTTPError
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, XetDownloadError
from huggingface_hub.utils.tqdm import disable_progress_bars

from backend.storage import files, snapshots
from backend.storage.snapshots import Snapshot

logger = logging.getLogger(__name__)

REMOTE_KEPT = 10
# What is deleted stays in the repository's history, which counts against its quota, until that is squashed.
SQUASH_EVERY_PUSHES = 50

_FOLDER = "backups"


class Hub:
    """A dataset repository as a place for snapshots. Raises OSError, with a sentence, when it cannot be used."""

    def __init__(self, repository: str, token: str, *, endpoint: str | None = None, keep: int = REMOTE_KEPT) -> None:
        # Bars of every upload would fill the log.
        disable_progress_bars()
        self._repository = repository
        self._api = HfApi(endpoint=endpoint, token=token)
        self._keep = keep
        self._pushes = 0

    def push(self, snapshot: Snapshot) -> None:
        """Upload a snapshot and remove the oldest beyond those kept, in one commit."""
        with _reachable():
            if self._pushes == 0:
                self._ensure_private()
            manifest = snapshot.path.with_suffix(".json")
            stem = snapshots.stem_of(snapshot.path.name) or ""
            there = [path for path in self._names(stem) if path.stem != snapshot.path.stem]
            additions = [
                CommitOperationAdd(path_in_repo=f"{_FOLDER}/{path.name}", path_or_fileobj=path)
                for path in (snapshot.path, manifest)
            ]
            surplus = [
                CommitOperationDelete(path_in_repo=f"{_FOLDER}/{old.with_suffix(suffix).name}")
                for old in there[self._keep - 1 :]
                for suffix in (".db", ".json")
            ]
            self._api.create_commit(
                self._repository, [*additions, *surplus], commit_message="Snapshot", repo_type="dataset"
            )
            self._pushes += 1
            if self._pushes % SQUASH_EVERY_PUSHES == 0:
                self._api.super_squash_history(self._repository, repo_type="dataset")

    def fetch_newest(self, folder: Path, stem: str) -> Snapshot | None:
        """Download the newest good snapshot into a folder of snapshots; None if there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        with _reachable(), TemporaryDirectory(dir=folder) as draft:
            # A repository that this token may not see looks as if there were none; one that may be made is none.
            self._ensure_private()
            for name in self._names(stem):
                for suffix in (".db", ".json"):
                    remote = f"{_FOLDER}/{name.with_suffix(suffix)}"
                    self._api.hf_hub_download(self._repository, remote, repo_type="dataset", local_dir=draft)
                arrived = snapshots.newest_good(Path(draft) / _FOLDER, stem)
                if arrived is not None and arrived.path.stem == name.stem:
                    return _adopt(arrived, folder)
        return None

    def _names(self, stem: str) -> list[Path]:
        """The names of the manifests there, newest first: their names begin with the time."""
        paths = (Path(path) for path in self._api.list_repo_files(self._repository, repo_type="dataset"))
        found = {path.name for path in paths if path.parent == Path(_FOLDER) and path.suffix == ".json"}
        return [Path(name) for name in sorted(found, reverse=True) if snapshots.stem_of(name) == stem]

    def _ensure_private(self) -> None:
        self._api.create_repo(self._repository, repo_type="dataset", private=True, exist_ok=True)
        if not self._api.repo_info(self._repository, repo_type="dataset").private:
            raise PermissionError(
                errno.EPERM, "BACKUP_REPO is public: everybody could read the todos. Make it private."
            )


def _adopt(arrived: Snapshot, folder: Path) -> Snapshot:
    """Move a downloaded snapshot among the others, its manifest last."""
    target = folder / arrived.path.name
    arrived.path.rename(target)
    arrived.path.with_suffix(".json").rename(target.with_suffix(".json"))
    files.sync(folder)
    return Snapshot(target, arrived.manifest)


@contextmanager
def _reachable() -> Iterator[None]:
    """Whatever the Hub or the network says becomes an OSError with a sentence; a token is in none of them."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise OSError(errno.EIO, f"the Hugging Face Hub answered {status} for BACKUP_REPO") from error
    except (HTTPError, XetDownloadError, RuntimeError, ValueError) as error:
        # The network, the transfer of large files (written in Rust, it raises RuntimeError), or a malformed answer.
        raise OSError(errno.EIO, f"the Hugging Face Hub is out of reach ({type(error).__name__})") from error
