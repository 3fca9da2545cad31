"""The shelter: puts home, remote and keeper together from the values of the settings."""

import logging
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from backend.storage.changes import EngineChanges
from backend.storage.comeback import Remote
from backend.storage.courier import Courier
from backend.storage.home import Home, Kind, find_home
from backend.storage.keeper import Keeper, Rescuer
from backend.storage.taking import engine_source

logger = logging.getLogger(__name__)


def remote_for(repository: str | None, token: SecretStr | None) -> Remote | None:
    """The backup repository, None where none is set."""
    if repository is None:
        return None
    if token is None:
        logger.warning("BACKUP_REPO is set, but HF_TOKEN is not: no snapshot can be sent there.")
        return None
    from backend.storage.hub import Hub  # noqa: PLC0415 - nobody else pays for importing huggingface_hub

    return Hub(repository, token.get_secret_value())


def home_for(url: URL, *, is_space: bool, data_dir: Path | None, remote: Remote | None) -> Home | None:
    """The home of a SQLite database, None for a server."""
    if url.get_backend_name() != "sqlite":
        return None
    home = find_home(Path(str(url.database)), is_space=is_space, data_dir=data_dir)
    if home.kind is Kind.EPHEMERAL and remote is not None:
        sentence = (
            "Nothing that lasts is mounted; snapshots go to BACKUP_REPO every five minutes, and come back from it."
        )
        return replace(home, survives_restart=True, sentence=sentence)
    return home


def make_keeper(home: Home, engine: Engine, remote: Remote | None, rescue: Rescuer | None) -> Keeper:
    """A keeper that knows how to reach this home's database; not started yet. `rescue` as Keeper takes it."""
    courier = Courier(remote) if remote is not None else None
    if home.is_exclusive:
        return Keeper(home, source=engine_source(engine), changes=EngineChanges(engine), courier=courier)
    return Keeper(home, courier=courier, rescue=rescue)
