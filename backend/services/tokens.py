"""Personal tokens: made, listed, revoked, and honoured while their row stands and has not expired.

Of the secret only a digest is stored. Not a slow one, as for passwords: 32 random bytes are too many to try.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend import news
from backend.errors import AuthenticationError, LimitReachedError, NotFoundError
from backend.models.base import as_id, new_id, utc_now
from backend.models.operation import Door
from backend.models.todo_list import ListMember
from backend.models.token import (
    CHANGES_MAX,
    SECRET_PREFIX,
    TOKENS_MAX,
    PersonalToken,
    Purpose,
    Scope,
    TokenCreate,
    TokenCreated,
    TokenPage,
    TokenRead,
)
from backend.models.user import User
from backend.prepared import Prepared, Reader
from backend.services.actor import Actor

_BYTES = 32
_USE_KEPT_TO = timedelta(hours=1)
_TOKEN = Prepared(
    sa.select(
        *map(col, (PersonalToken.id, PersonalToken.user_id, PersonalToken.name)),
        *map(col, (PersonalToken.scopes, PersonalToken.expires_at, PersonalToken.max_changes)),
        col(User.timezone),
        select(ListMember.user_id).where(ListMember.user_id == User.id).exists().label("has_shares"),
    )
    .join(User, col(User.id) == PersonalToken.user_id)
    .where(col(PersonalToken.digest) == sa.bindparam("digest"), col(PersonalToken.purpose) == Purpose.API)
)


def search(session: Session, actor: Actor) -> TokenPage:
    """All tokens of the account, also those that have expired; the newest first."""
    actor.ensure_logged_in()
    rows = session.exec(
        select(PersonalToken)
        .where(PersonalToken.user_id == actor.user_id, PersonalToken.purpose == Purpose.API)
        .order_by(col(PersonalToken.id).desc())
    ).all()
    return TokenPage(tokens=[_read(row) for row in rows], total=len(rows), next_cursor=None)


def create(session: Session, actor: Actor, data: TokenCreate) -> TokenCreated:
    """Make a token. Its secret is in the answer, and nowhere else ever after."""
    actor.ensure_logged_in()
    # Two at once would both be the fiftieth: the second waits here until the other is counted.
    session.exec(select(User.id).where(User.id == actor.user_id).with_for_update()).one()
    count = session.exec(
        select(sa.func.count())
        .select_from(PersonalToken)
        .where(PersonalToken.user_id == actor.user_id, PersonalToken.purpose == Purpose.API)
    ).one()
    if count >= TOKENS_MAX:
        raise LimitReachedError(
            f"An account can have {TOKENS_MAX} personal tokens, and no more. Delete one that nobody uses any longer."
        )
    secret = SECRET_PREFIX + secrets.token_urlsafe(_BYTES)
    row = PersonalToken(
        id=new_id(),
        user_id=actor.user_id,
        name=data.name,
        digest=digest(secret),
        purpose=Purpose.API,
        scopes=[scope.value for scope in data.scopes],
        created_at=utc_now(),
        expires_at=data.expires_at,
        max_changes=data.max_changes,
    )
    session.add(row)
    session.flush()
    return TokenCreated(**_read(row).model_dump(), token=secret)


def revoke(session: Session, actor: Actor, token_id: str) -> None:
    """Make a token worthless at once. What was done with it stays, and can still be undone by its id."""
    actor.ensure_logged_in()
    try:
        row = session.get(PersonalToken, as_id(token_id))
    except ValueError:
        row = None
    if row is None or row.user_id != actor.user_id or row.purpose != Purpose.API:
        raise NotFoundError("There is no personal token with this id.")
    session.delete(row)
    session.flush()
    news.mark(session.info, actor.user_id)  # whoever follows the account's changes by this token has to stop


def is_one(credential: str) -> bool:
    """Whether a credential claims to be a personal token."""
    return credential.startswith(SECRET_PREFIX)


def identify(source: Session | Reader, secret: str, door: Door) -> Actor:
    """Who a personal token stands for, and what it may do; raises AuthenticationError once it is no longer good."""
    token = _TOKEN.first(source, digest=digest(secret))
    if token is None or (token.expires_at is not None and token.expires_at <= utc_now()):
        # One sentence for every reason: who guesses learns nothing.
        raise AuthenticationError(
            "This personal token was revoked, has expired, or is not complete."
            " Log in with your password and make another."
        )
    return Actor(
        user_id=token.user_id,
        session_id="",
        timezone=token.timezone,
        # What an administrator may do takes a login.
        is_admin=False,
        name=token.name,
        door=door,
        token_id=token.id,
        scopes=frozenset(scope for scope in Scope if scope in token.scopes),
        max_changes=_most_of(token),
        has_shares=token.has_shares,
    )


def note_use(session: Session, token_id: str) -> None:
    """Write down that a token was used, unless that was written within the hour."""
    now = utc_now()
    used = col(PersonalToken.last_used_at)
    session.exec(
        sa.update(PersonalToken)
        .where(col(PersonalToken.id) == token_id, used.is_(None) | (used < now - _USE_KEPT_TO))
        .values(last_used_at=now)
    )


def digest(secret: str) -> str:
    """What of a secret is stored."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _most_of(row: Any) -> int:
    """How many todos one call with a token may change."""
    return CHANGES_MAX if row.max_changes is None else int(row.max_changes)


def _read(row: PersonalToken) -> TokenRead:
    # Not validated again: a row repaired after damage must still be readable.
    return TokenRead.model_construct(
        id=row.id,
        name=row.name,
        scopes=[scope for scope in Scope if scope in row.scopes],
        created_at=row.created_at,
        expires_at=row.expires_at,
        max_changes=_most_of(row),
        last_used_at=row.last_used_at,
    )
