"""What an administrator may see and say of the data's upkeep, and what everybody is told of it."""

from datetime import datetime

from sqlmodel import Session

from backend.errors import PermissionDeniedError
from backend.models import User
from backend.models.notice import Dwelling, Notice, Situation
from backend.services.actor import Actor

_STAYS = "What is stored here is kept, also when the app restarts."
_GOES = "This app keeps its data only while it runs: a restart loses everything."
_PLACES = {
    "lasting": "Your todos are in a database on a disk of this app that stays.",
    "mounted": "Your todos are in a database of this app; copies go to its lasting storage within seconds of a change.",
    "ephemeral": "Your todos are in a database on a disk that is wiped when this app restarts.",
}
_SERVER_PLACE = "Your todos are on the database server of this app."


def ensure_admin(actor: Actor) -> None:
    """Raise PermissionDeniedError for everybody but an administrator who has logged in."""
    actor.ensure_logged_in()
    if not actor.is_admin:
        raise PermissionDeniedError("Only an administrator may see this.")


def quarantine_since(session: Session, admin: Actor) -> datetime:
    """From when on an administrator sees what was put aside: what is older may be of people who were here before.

    After a reset, or where nothing of a database could be read, the first to register is the administrator.
    """
    return session.get_one(User, admin.user_id).created_at


def fate(*, survives_restart: bool) -> str:
    """What becomes of the data, for anybody who asks."""
    return _STAYS if survives_restart else _GOES


def condition(*, answers: bool, takes_changes: bool, is_lossy: bool, survives_restart: bool) -> str:
    """How the database is now, and what becomes of the data, for anybody who asks."""
    if not answers:
        return "The database cannot be used right now; its data was left untouched. The log says why."
    told = [fate(survives_restart=survives_restart)]
    if is_lossy:
        told.append("Something that was stored before is missing; an administrator sees what.")
    if not takes_changes:
        told.append("Right now nothing can be changed.")
    return " ".join(told)


def dwelling(kind: str | None, *, survives_restart: bool) -> Dwelling:
    """Where the data is, for anybody who has an account; the kind of a file's home, None for a database server."""
    place = _SERVER_PLACE if kind is None else _PLACES[kind]
    return Dwelling(place=place, fate=fate(survives_restart=survives_restart))


def notices(actor: Actor | None, now: Situation) -> list[Notice]:
    """What somebody must be told before they rely on the page; the most urgent first. None is a stranger."""
    is_admin = actor is not None and actor.is_admin
    found = []
    if now.is_damaged:
        found.append(
            Notice(
                kind="damaged",
                text="The database was found damaged, so not everything can be read or saved right now."
                + (
                    " Restart the app: its start saves what can be read." if is_admin else " The app must be restarted."
                ),
            )
        )
    if now.is_read_only:
        found.append(
            Notice(
                kind="read_only",
                text="Nothing can be changed right now. "
                + ("Your todos are safe, and can be read." if actor else "What is stored is safe; nobody can log in."),
                details=now.actions if is_admin else [],
            )
        )
    if is_admin and now.unacknowledged is not None:
        found.append(Notice(kind="losses", text=now.unacknowledged, has_quarantine=True, can_be_acknowledged=True))
    if not now.survives_restart:
        found.append(Notice(kind="ephemeral", text=now.home_sentence if is_admin else _GOES))
    return found
