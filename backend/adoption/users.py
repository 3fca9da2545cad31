"""Users: an old account as ours, with the password it has."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.adoption import times
from backend.adoption.identity import Kind, id_of
from backend.adoption.names import Names
from backend.adoption.report import RowNotes, What
from backend.adoption.texts import as_text, storable

TIMEZONE = "UTC"  # what their times meant; a user who changes it moves the days that floating dues end

# Fits no password, as in /etc/passwd: the account is there, and needs a new password to be opened.
LOCKED = "!"
_HASH_MAX = 255
_BCRYPT = re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}")


def converted(
    row: Mapping[str, Any], names: Names, earlier: datetime, notes: RowNotes, *, is_admin: bool
) -> dict[str, Any]:
    """An old user as a row of ours."""
    created_at, updated_at = times.life(row["created_at"], row["updated_at"], earlier, notes)
    email, email_key = names.email(row["email"], row["id"], notes)
    username, username_key = names.username(row["username"], row["id"], notes)
    return {
        "id": id_of(Kind.USER, created_at, row["id"]),
        "email": email,
        "email_key": email_key,
        "username": username,
        "username_key": username_key,
        "password_hash": _hash(row["hashed_password"], notes),
        "timezone": TIMEZONE,
        "is_admin": is_admin,
        "created_at": created_at,
        "updated_at": updated_at,
    }


def recovered(old_id: int | None, names: Names) -> dict[str, Any]:
    """An account for todos whose owner is gone. Nobody can log in to it before it is given a password."""
    name = "recovered-unknown" if old_id is None else f"recovered-{old_id}"
    kind = Kind.UNKNOWN_OWNER if old_id is None else Kind.RECOVERED_OWNER
    email, email_key = names.recovered(name)
    return {
        "id": id_of(kind, times.RELEASED, old_id or 0),
        "email": email,
        "email_key": email_key,
        "username": name,
        "username_key": names.recovered_key(name),
        "password_hash": LOCKED,
        "timezone": TIMEZONE,
        "is_admin": False,
        "created_at": times.RELEASED,
        "updated_at": times.RELEASED,
    }


def _hash(value: object, notes: RowNotes) -> str:
    """The hash as it is. One that cannot be right is noted, but never shown: more people read reports than tables."""
    stored = as_text(value)
    if _BCRYPT.fullmatch(stored):
        return stored
    notes.add(What.PASSWORD_UNREADABLE)
    return stored if 0 < len(stored) <= _HASH_MAX and storable(stored) == stored else LOCKED
