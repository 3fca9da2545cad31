"""The calendar feed at a secret address. Whoever knows the address reads what is due, and nothing else.

Of the secret only its digest is stored, so nobody reads it out of a database or a copy of one.
"""

import hashlib
import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.exchange.record import Record
from backend.models.base import utc_now
from backend.models.todo import Todo
from backend.models.token import PersonalToken, Scope
from backend.models.transfer import CalendarRead
from backend.models.user import User
from backend.services import exports, log
from backend.services.actor import Actor

PAGE = 500
PURPOSE = "calendar"

_BYTES = 32
# Counts the ways in which the feed has been written: another one is another ETag.
_EDITION = 1


def open_for(session: Session, actor: Actor) -> tuple[str, datetime]:
    """A new secret, which is answered this once, and when it was made. The one before stops working."""
    # Its address is a key of its own: a token that made one would go on reading by it after it was revoked.
    actor.ensure_logged_in()
    close(session, actor)
    secret = secrets.token_urlsafe(_BYTES)
    token = PersonalToken(
        user_id=actor.user_id, name="calendar", digest=_digest(secret), purpose=PURPOSE, scopes=[Scope.READ]
    )
    session.add(token)
    session.flush()
    return secret, token.created_at


def get(session: Session, actor: Actor) -> CalendarRead:
    """Whether the actor has a secret address, and since when."""
    actor.ensure(Scope.READ)
    made = session.exec(
        select(PersonalToken.created_at)
        .where(PersonalToken.user_id == actor.user_id, PersonalToken.purpose == PURPOSE)
        .order_by(col(PersonalToken.created_at).desc())
    ).first()
    return CalendarRead(exists=made is not None, created_at=made)


def close(session: Session, actor: Actor) -> None:
    """Let the address stop working. Where there is none, nothing happens."""
    actor.ensure_logged_in()
    session.exec(
        sa.delete(PersonalToken).where(
            col(PersonalToken.user_id) == actor.user_id, col(PersonalToken.purpose) == PURPOSE
        )
    )


def find(session: Session, secret: str) -> Actor | None:
    """Whose feed a secret opens; None for any other text."""
    row = session.exec(
        select(User.id, User.timezone, User.username)
        .join(PersonalToken, col(PersonalToken.user_id) == User.id)
        .where(PersonalToken.digest == _digest(secret), PersonalToken.purpose == PURPOSE)
    ).first()
    if row is None:
        return None
    return Actor(row[0], "", row[1], is_admin=False, name=row[2], scopes=frozenset({Scope.READ}))


def edition(session: Session, actor: Actor, base_url: str) -> str:
    """The same text as long as the feed has the same bytes: it follows the log, and reads no todo."""
    ledger = log.ledger_of(session, actor.user_id)
    said = (_EDITION, actor.user_id, actor.timezone, base_url, ledger and (ledger.epoch, ledger.seq))
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def page(session: Session, actor: Actor, after: tuple[datetime, str] | None) -> list[tuple[datetime, Record]]:
    """What is open and due, the earliest first, after this due and id; with what the next page begins after."""
    statement = select(Todo).where(
        Todo.owner_id == actor.user_id,
        col(Todo.deleted_at).is_(None),
        ~col(Todo.completed),
        col(Todo.due_until).is_not(None),
    )
    if after is not None:
        until, last_id = after
        due = col(Todo.due_until)
        statement = statement.where((due > until) | ((due == until) & (col(Todo.id) > last_id)))
    rows = session.exec(statement.order_by(col(Todo.due_until), col(Todo.id)).limit(PAGE))
    return [(row.due_until or utc_now(), exports.record_of(row, {})) for row in rows]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
