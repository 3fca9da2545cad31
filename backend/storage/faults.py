"""Faults: what a database's error means for the work that met it, whichever driver said it.

Drivers agree on the classes of their exceptions only roughly: a deadlock, a full disk and a server that restarts are
all an OperationalError. PostgreSQL's five-letter SQLSTATEs and MySQL's numbers are what tells them apart.
"""

import sqlite3
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from backend.storage import look


class Fault(StrEnum):
    """What went wrong, as far as doing it again is concerned."""

    CONFLICT = "conflict"  # the server rolled one of two transactions back: do it again
    LOST_RACE = "lost_race"  # another transaction stored the same key after this one looked: look again
    DISCONNECTED = "disconnected"  # the connection broke, or the server is not there yet
    REFUSED = "refused"  # wrong credentials, no such database: somebody has to change a setting
    DAMAGED = "damaged"  # the file of a SQLite database is not what it was: the next start heals it
    FULL = "full"  # the disk of the database: somebody has to make room
    BUSY = "busy"  # a lock that was not given up in time, a server that only reads
    OTHER = "other"  # a mistake of ours


# After these nothing of the transaction is left, and the same work may well succeed.
PASSING = frozenset({Fault.CONFLICT, Fault.LOST_RACE, Fault.DISCONNECTED})

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES = {
    "40001": Fault.CONFLICT,  # serialization failure
    "40P01": Fault.CONFLICT,  # deadlock
    "23505": Fault.LOST_RACE,  # unique
    "23503": Fault.LOST_RACE,  # foreign key: what it belongs to was deleted in between
    "57P01": Fault.DISCONNECTED,  # the administrator stopped the server
    "57P02": Fault.DISCONNECTED,  # the server crashed
    "57P03": Fault.DISCONNECTED,  # the server is starting up
    "57P05": Fault.DISCONNECTED,  # the session was idle for too long
    "25P03": Fault.DISCONNECTED,  # the transaction was idle for too long
    "53300": Fault.DISCONNECTED,  # too many connections
    "53100": Fault.FULL,
    "3D000": Fault.REFUSED,  # no such database
    "42501": Fault.REFUSED,  # insufficient privilege
    "25006": Fault.BUSY,  # a replica, or a server in read-only mode
}
_SQLSTATE_CLASSES = {"08": Fault.DISCONNECTED, "28": Fault.REFUSED}

# https://mariadb.com/kb/en/mariadb-error-codes/
_NUMBERS = {
    1213: Fault.CONFLICT,  # deadlock
    1205: Fault.CONFLICT,  # waited too long for a row
    1020: Fault.CONFLICT,  # the record has changed since it was read
    1062: Fault.LOST_RACE,  # unique
    1451: Fault.LOST_RACE,  # foreign key, of a parent
    1452: Fault.LOST_RACE,  # foreign key, of a child
    1040: Fault.DISCONNECTED,  # too many connections
    1053: Fault.DISCONNECTED,  # the server is shutting down
    1927: Fault.DISCONNECTED,  # the connection was killed
    2002: Fault.DISCONNECTED,  # no connection through the socket
    2003: Fault.DISCONNECTED,  # no connection over the network
    2006: Fault.DISCONNECTED,  # the server has gone away
    2013: Fault.DISCONNECTED,  # lost during the query
    1021: Fault.FULL,
    1044: Fault.REFUSED,  # no access to the database
    1045: Fault.REFUSED,  # wrong name or password
    1049: Fault.REFUSED,  # no such database
    1142: Fault.REFUSED,  # no privilege for a table
}


_SQLITE = {
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_FULL: Fault.FULL,
}


def fault_of(error: DBAPIError) -> Fault:
    """What an error means."""
    if isinstance(error.orig, sqlite3.Error):
        # A writer is alone from its first moment on, so nothing that fails there was a race.
        otherwise = Fault.BUSY if isinstance(error, OperationalError) else Fault.OTHER
        return _SQLITE.get(look.code_of(error.orig), otherwise)
    if error.connection_invalidated:
        return Fault.DISCONNECTED
    code = code_of(error)
    known = _by_code(code)
    if known is not None:
        return known
    if isinstance(error, InterfaceError) or (isinstance(error, OperationalError) and code is None):
        return Fault.DISCONNECTED
    return Fault.BUSY if isinstance(error, OperationalError) else Fault.OTHER


def code_of(error: DBAPIError) -> str | int | None:
    """PostgreSQL's SQLSTATE or MySQL's number; None where the server was not even reached."""
    first = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if isinstance(first, int):
        # Before the SQLSTATE, which PyMySQL 1.2 knows too: MySQL has HY000 or 23000 for very different things.
        return first
    sqlstate: str | None = getattr(error.orig, "sqlstate", None)
    return sqlstate


def words_of(error: DBAPIError) -> str:
    """A reason to show. PostgreSQL's sentence names tables; others name users and hosts, so their number must do."""
    if isinstance(error.orig, sqlite3.Error):
        return str(error.orig)
    words = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return f"{words or type(error.orig).__name__} [{code_of(error) or 'no code'}]"


def _by_code(code: str | int | None) -> Fault | None:
    if isinstance(code, str):
        return _SQLSTATES.get(code) or _SQLSTATE_CLASSES.get(code[:2])
    if code is None:
        return None
    return _NUMBERS.get(code)
