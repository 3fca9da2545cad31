"""The outlook: what the next start would do with a file, in plain words, for whoever asks before it happens."""

from pathlib import Path

from backend.storage import adopter as adopting
from backend.storage import mend
from backend.storage.adopter import Adopter
from backend.storage.diagnose import Diagnosis, State
from backend.storage.layout import Layouts
from backend.storage.look import sidecar_of
from backend.storage.salvage.salvage import Salvage

_KEPT = "The file as it is now is kept whole."
_ADOPT = "turn it into one of this app's: all accounts with their passwords, and all todos"
_SAVE = "save every row that can still be read into a new file"

_SENTENCES = {
    State.NEW: "There is no database. A start puts back the newest good snapshot, or else makes a new one.",
    State.HEALTHY: "A start changes nothing.",
    State.STALE_SIDECAR: "A start puts that log aside, and looks at the file again without it. Nothing is deleted.",
    State.INDEX_DAMAGED: "A start makes the indexes anew; no row is touched.",
    State.ROWS_INVALID: f"A start would {_SAVE}, and mend those that break a rule. {_KEPT}",
    State.SCHEMA_OLD: "It is of an older release. A start takes a snapshot of it, and migrates it.",
    State.SCHEMA_HALF: f"A start would {_SAVE} with complete tables. {_KEPT}",
    State.SCHEMA_NEWER: "A newer release made it. A start serves it for reading only, and changes nothing.",
    State.UNKNOWN_LAYOUT: "It is somebody else's. A start leaves it untouched, and cannot serve.",
    State.VERSION_ROW_WRONG: "A start corrects that row; the tables are in order.",
    State.CORRUPT: f"It is damaged. A start would {_SAVE}. {_KEPT}",
    State.NOT_A_DATABASE: (
        f"SQLite cannot read it. A start would {_SAVE}; where there is none, it puts back the newest good snapshot, or"
        f" makes a new database. {_KEPT}"
    ),
    State.UNUSABLE: "It cannot be used as it is. A start leaves it untouched, and cannot serve.",
}


def outlook(database: Path, seen: Diagnosis, layouts: Layouts, adopter: Adopter) -> str:
    """What a start would do about a state. Changes nothing, and raises what looking at the file raises."""
    match seen.state:
        case State.NEW if mend.has_log_alone(database):
            return f"A start would {_SAVE}."
        case State.UNKNOWN_LAYOUT | State.SCHEMA_HALF | State.SCHEMA_NEWER:
            if adopting.is_foreign_file(database, adopter):
                return f"It is a database of the old deployment. A start would {_ADOPT}. {_KEPT}"
        case State.CORRUPT | State.NOT_A_DATABASE:
            if _holds_foreign_rows(database, layouts, adopter):
                return f"It is a damaged database of the old deployment. A start would {_SAVE}, and {_ADOPT}. {_KEPT}"
    return _SENTENCES[seen.state]


def _holds_foreign_rows(database: Path, layouts: Layouts, adopter: Adopter) -> bool:
    """Whose tables the pages are nearest to; they are read, and never opened as a database."""
    sidecar = sidecar_of(database)
    log = sidecar if sidecar is not None and sidecar.name.endswith("-wal") else None
    with Salvage(database, (*layouts.known, *adopter.layouts), log) as look:
        return any(look.chart.revision == known.revision for known in adopter.layouts)
