"""Logins: opened, refreshed, ended. A token is honoured only while its session's row stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from backend import news, security
from backend.errors import AuthenticationError, InvalidCredentialsError, NotFoundError
from backend.models.base import utc_now
from backend.models.operation import Door
from backend.models.session import LoginSession, SessionPage, SessionRead, TokenPair
from backend.models.todo_list import ListMember
from backend.models.user import User, fold
from backend.prepared import Prepared, Reader
from backend.security import TokenKind
from backend.services import tokens
from backend.services.actor import Actor
from backend.settings import Settings

# The login and the account of an access token, as long as both are there, and whether anybody shares a list with it.
_LOGIN = Prepared(
    sa.select(
        *map(col, (User.timezone, User.is_admin, User.username)),
        col(LoginSession.expires_at),
        select(ListMember.user_id).where(ListMember.user_id == User.id).exists().label("has_shares"),
    )
    .join(LoginSession, col(LoginSession.user_id) == User.id)
    .where(col(LoginSession.id) == sa.bindparam("session_id"), col(User.id) == sa.bindparam("user_id"))
)


@dataclass(frozen=True)
class Claimed:
    """The account that a login names, if there is one, with the hash to prove the password against."""

    user_id: str | None
    password_hash: str | None


def find(session: Session, name: str) -> Claimed:
    """Look an account up by e-mail address or username. No username looks like an address, so one name is enough."""
    key = fold(name)
    row = session.exec(
        select(User.id, User.password_hash).where((col(User.email_key) == key) | (col(User.username_key) == key))
    ).first()
    return Claimed(*row) if row else Claimed(None, None)


def prove(claimed: Claimed, password: str) -> str | None:
    """Check the password; the new hash where the old one is out of date. Slow: run it in a thread."""
    is_right, better_hash = security.verify_password(password, claimed.password_hash)
    if not is_right:
        raise InvalidCredentialsError("Name or password is wrong.")
    return better_hash


def open_for(session: Session, claimed: Claimed, better_hash: str | None, settings: Settings) -> TokenPair:
    """Open a session for a proved claim and hand out its first pair of tokens."""
    user = session.get(User, claimed.user_id)
    if user is None or user.password_hash != claimed.password_hash:
        raise InvalidCredentialsError("Name or password is wrong.")
    if better_hash is not None:
        user.password_hash = better_hash
    now = utc_now()
    session.exec(delete(LoginSession).where(col(LoginSession.expires_at) < now))
    login = LoginSession(user_id=user.id, expires_at=now + timedelta(days=settings.refresh_token_expire_days))
    session.add(login)
    session.flush()
    return _pair(login, settings)


def refresh(
    session: Session, refresh_token: str, settings: Settings, *, grace: timedelta = timedelta(0)
) -> TokenPair | None:
    """A new pair for the newest refresh token. None when it was used before: its session has just been ended.

    It answers instead of raising, because an exception would roll the ending back. Within `grace` of a refresh, the
    token before gets the newest pair too: two tabs of one page may use it at the same moment.
    """
    token = security.read_token(TokenKind.REFRESH, refresh_token)
    login = session.exec(select(LoginSession).where(LoginSession.id == token.session_id).with_for_update()).first()
    now = utc_now()
    if login is None or login.user_id != token.user_id or login.expires_at < now:
        raise AuthenticationError("This login has ended; log in again.")
    lifetime = timedelta(days=settings.refresh_token_expire_days)
    if login.generation == token.generation + 1 and now - (login.expires_at - lifetime) < grace:
        return _pair(login, settings)
    if login.generation != token.generation:
        session.delete(login)
        session.flush()
        return None
    login.generation += 1
    login.expires_at = now + lifetime
    session.flush()
    return _pair(login, settings)


def identify(source: Session | Reader, access_token: str, door: Door) -> Actor:
    """Who an access token or a personal token stands for; raises AuthenticationError once it is no longer honoured.

    Asked of the database for each request, or once for those that are there at the same moment (`access.glance`): what
    was ended anywhere is over at once, everywhere.
    """
    if tokens.is_one(access_token):
        return tokens.identify(source, access_token, door)
    token = security.read_token(TokenKind.ACCESS, access_token)
    row = _LOGIN.first(source, session_id=token.session_id, user_id=token.user_id)
    if row is None or row.expires_at < utc_now():
        raise AuthenticationError("This login has ended; log in again.")
    return Actor(
        user_id=token.user_id,
        session_id=token.session_id,
        timezone=row.timezone,
        is_admin=row.is_admin,
        name=row.username,
        has_shares=row.has_shares,
        door=door,
    )


def search(session: Session, actor: Actor, settings: Settings) -> SessionPage:
    """The account's logins that are still good, the one used last first."""
    actor.ensure_logged_in()
    rows = session.exec(
        select(LoginSession)
        .where(LoginSession.user_id == actor.user_id, col(LoginSession.expires_at) >= utc_now())
        .order_by(col(LoginSession.expires_at).desc(), col(LoginSession.id).desc())
    )
    lifetime = timedelta(days=settings.refresh_token_expire_days)
    return SessionPage(
        sessions=[
            SessionRead(
                id=row.id,
                created_at=row.created_at,
                # Another lifetime may have been set since; no login was used before it began.
                last_used_at=max(row.created_at, row.expires_at - lifetime),
                is_current=row.id == actor.session_id,
            )
            for row in rows
        ]
    )


def end_one(session: Session, actor: Actor, session_id: str) -> None:
    """End one login of the account, also this one; raises NotFoundError where it has ended already."""
    actor.ensure_logged_in()
    ended = session.exec(
        delete(LoginSession).where(col(LoginSession.user_id) == actor.user_id, col(LoginSession.id) == session_id)
    )
    if not ended.rowcount:
        raise NotFoundError("This login has ended already.")
    _tell(session, actor.user_id)


def end(session: Session, actor: Actor) -> None:
    """End this login: its tokens stop working at once."""
    actor.ensure_logged_in()
    session.exec(delete(LoginSession).where(col(LoginSession.id) == actor.session_id))
    _tell(session, actor.user_id)


def end_everywhere(session: Session, actor: Actor) -> None:
    """End every login of the account, this one too. Personal tokens go on working."""
    actor.ensure_logged_in()
    end_all(session, actor.user_id)


def end_all(session: Session, user_id: str) -> None:
    """End every login of an account."""
    session.exec(delete(LoginSession).where(col(LoginSession.user_id) == user_id))
    _tell(session, user_id)


def end_others(session: Session, actor: Actor) -> None:
    """End every other login of the account."""
    session.exec(
        delete(LoginSession).where(col(LoginSession.user_id) == actor.user_id, col(LoginSession.id) != actor.session_id)
    )
    _tell(session, actor.user_id)


def _tell(session: Session, user_id: str) -> None:
    """Whoever follows the account's changes looks whether its own login still stands."""
    news.mark(session.info, user_id)


def _pair(login: LoginSession, settings: Settings) -> TokenPair:
    now = utc_now()

    def signed(kind: TokenKind, expires_at: datetime) -> str:
        return security.sign(
            kind, user_id=login.user_id, session_id=login.id, generation=login.generation, expires_at=expires_at
        )

    return TokenPair(
        access_token=signed(TokenKind.ACCESS, security.access_expiry(settings, now)),
        refresh_token=signed(TokenKind.REFRESH, login.expires_at),
        expires_in=settings.access_token_expire_minutes * 60,
    )
