"""Salvage from a file and the log beside it, when neither can be trusted alone.

The log may hold the newest commits, or it may be a stranger's. Both readings are therefore rebuilt: the main file
alone, then the main file under its log, with the first as a donor. Rows the log's reading lost come back out of the
first only where an index still names them, so what the log deleted stays deleted. If the log's reading has lost more
than half of the rows, the log was never ours, and the first reading stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .pages import PageFile
from .report import Report

Rebuild = Callable[[Path, Path | None, Sequence[Path]], Report]
"""Rebuilds into the first path, reading the log at the second if there is one, with these databases as donors."""


def rebuild_from_views(damaged: Path, log: Path, candidate: Path, backups: Sequence[Path], build: Rebuild) -> Report:
    """Leaves the better candidate at `candidate`. `build` is `rebuild` with everything else filled in."""
    with PageFile(damaged, log) as view:
        committed = view.has_log
    if not committed:
        return build(candidate, None, backups)
    aside = candidate.with_name(f"{candidate.name}.without-log")
    try:
        without = build(aside, None, backups)
        together = build(candidate, log, [aside, *backups])
        if together.total("saved") - together.total("from_backup") >= without.total("saved") / 2:
            return together
        candidate.unlink()
        aside.replace(candidate)
        return without
    finally:
        aside.unlink(missing_ok=True)
