"""The ring: which snapshots are kept when new ones come. It turns only after a good one was added."""

import logging
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import chain, pairwise, zip_longest
from pathlib import Path

from backend.storage import files, snapshots
from backend.storage.snapshots import Snapshot
from backend.storage.taking import ALWAYS_KEPT

logger = logging.getLogger(__name__)

RECENT = 3
BEFORE_DANGER = 3
DAILY = 7
WEEKLY = 4
RUNS = 3
COLLAPSES = 3
TIMES_THE_DATABASE = 5
ALWAYS = 2
LEFTOVER_SECONDS = 24 * 3600

# A snapshot after which more than half of the rows are gone may be the last one that has them.
_COLLAPSE = 0.5


def kept(newest_first: list[Snapshot], budget_bytes: int) -> set[Path]:
    """The snapshots to keep, out of all: the newest two whatever they weigh, the others while they fit the budget.

    Where they do not all fit, each kind gives up its oldest first, so that what remains still reaches far back.
    """
    recent = newest_first[:RECENT]
    collapses = [
        older for newer, older in pairwise(newest_first) if newer.manifest.rows < older.manifest.rows * _COLLAPSE
    ]
    kinds = (
        collapses[:COLLAPSES],
        _newest_of_each(newest_first, lambda one: one.manifest.taken_at.date())[:DAILY],
        _newest_of_each(newest_first, lambda one: one.manifest.taken_at.isocalendar()[:2])[:WEEKLY],
        [one for one in newest_first if one.manifest.reason in ALWAYS_KEPT][:BEFORE_DANGER],
        # The last one of each live file: two that were in use at once have each what the other one lacks.
        _newest_of_each(newest_first, lambda one: one.manifest.run)[:RUNS],
        recent,
    )
    chosen = {one.path: one for one in newest_first[:ALWAYS]}
    weight = sum(one.manifest.bytes for one in chosen.values())
    for one in chain(*zip_longest(*kinds)):
        if one is not None and one.path not in chosen and weight + one.manifest.bytes <= budget_bytes:
            chosen[one.path] = one
            weight += one.manifest.bytes
    return set(chosen)


def turn(folder: Path, stem: str) -> int:
    """Remove what the ring no longer holds; returns how many snapshots remain. Raises OSError as it comes.

    Nothing is removed unless the newest two are intact: an old one may be the only good one.
    """
    found = snapshots.listed(folder, stem)
    if not found:
        return 0
    keep = kept(found, found[0].manifest.bytes * TIMES_THE_DATABASE)
    surplus = [one for one in found if one.path not in keep]
    if surplus and not all(_is_intact(one) for one in found[:ALWAYS]):
        logger.warning("No old snapshot is removed: one of the newest is not what was written.")
        return len(found)
    for one in surplus:
        # The manifest first: a copy without one is not taken for a finished one.
        one.path.with_suffix(".json").unlink(missing_ok=True)
        one.path.unlink(missing_ok=True)
    return len(keep)


def clear_leftovers(folder: Path, stem: str) -> None:
    """Remove half-written copies that a killed process left, a day later."""
    with suppress(FileNotFoundError):
        for path in _leftovers(folder, stem):
            path.unlink(missing_ok=True)


def _leftovers(folder: Path, stem: str) -> Iterator[Path]:
    for path in list(folder.iterdir()):
        is_half = path.suffix == ".tmp" or (path.suffix == ".db" and not path.with_suffix(".json").exists())
        if path.name.startswith(f"{stem}-") and is_half and time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
            yield path


def _newest_of_each(newest_first: Iterable[Snapshot], group: Callable[[Snapshot], Hashable]) -> list[Snapshot]:
    newest: dict[Hashable, Snapshot] = {}
    for one in newest_first:
        newest.setdefault(group(one), one)
    return list(newest.values())


def _is_intact(snapshot: Snapshot) -> bool:
    stat = snapshot.path.stat()
    return _digest(snapshot.path, stat.st_mtime_ns, stat.st_size) == snapshot.manifest.sha256


@lru_cache(maxsize=8)
def _digest(path: Path, changed_ns: int, size: int) -> str:  # noqa: ARG001 - they say whether it is still the same file
    return files.sha256(path)
