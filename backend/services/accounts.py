"""Accounts: registering, changing, deleting. Hashing is slow and happens outside, before a transaction begins."""

from sqlmodel import Session, col, select

from backend import security
from backend.errors import (
    AuthenticationError,
    EmailTakenError,
    NotFoundError,
    RegistrationClosedError,
    UsernameTakenError,
)
from backend.models.base import utc_now
from backend.models.installation import Installation
from backend.models.user import User, UserCreate, UserRead, UserUpdate, fold
from backend.security import ResetToken
from backend.services import members, todos
from backend.services.actor import Actor


def ensure_open(session: Session, *, registration_open: bool) -> bool:
    """True when this would be the first account; raises RegistrationClosedError where no more are taken."""
    is_first = session.exec(select(User.id).limit(1)).first() is None
    if not is_first and not registration_open:
        raise RegistrationClosedError("This installation takes no new accounts. Ask its administrator for one.")
    return is_first


def register(session: Session, data: UserCreate, password_hash: str, *, registration_open: bool) -> UserRead:
    """Create an account; the first one of an installation is its admin."""
    is_first = ensure_open(session, registration_open=registration_open)
    if is_first:
        # Two at once would both be the first: the second waits here until the other is done, and looks again.
        session.exec(select(Installation).with_for_update()).all()
        is_first = ensure_open(session, registration_open=registration_open)
    user = User(
        email=data.email,
        email_key=fold(data.email),
        username=data.username,
        username_key=fold(data.username),
        password_hash=password_hash,
        timezone=data.timezone,
        is_admin=is_first,
    )
    _ensure_free(session, user)
    session.add(user)
    session.flush()
    return _read(user)


def make_admin(session: Session, username: str) -> None:
    """Make an account an administrator. For whoever looks after the installation; no door offers it."""
    user = session.exec(select(User).where(User.username_key == fold(username))).one()
    user.is_admin = True
    session.flush()


def get(session: Session, actor: Actor) -> UserRead:
    """The actor's own account."""
    return _read(_own(session, actor))


def update(session: Session, actor: Actor, data: UserUpdate) -> UserRead:
    """Change what is named. A new timezone moves the days of dues that float."""
    actor.ensure_logged_in()
    user = _own(session, actor)
    changes = data.model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(user, name, value)
        # Only what was named: an account adopted with a name that another one has too keeps the key it was given.
        if name in {"email", "username"}:
            setattr(user, f"{name}_key", fold(value))
    user.updated_at = utc_now()
    _ensure_free(session, user)
    session.flush()
    if user.timezone != actor.timezone:
        todos.follow_timezone(session, actor, user.timezone)
    return _read(user)


def delete(session: Session, actor: Actor) -> None:
    """Delete the account with everything of theirs. The password was checked before.

    Lists that others share go on with them, as services.members says.
    """
    actor.ensure_logged_in()
    members.leave_all(session, actor)
    session.delete(_own(session, actor))
    session.flush()


def password_hash_of(session: Session, actor: Actor) -> str:
    """The stored hash, to prove the password against outside of any transaction."""
    actor.ensure_logged_in()
    return _own(session, actor).password_hash


def change_password(session: Session, actor: Actor, password_hash: str) -> None:
    """Store a new hash. Ending the other sessions is services.sessions' part; personal tokens go on working."""
    actor.ensure_logged_in()
    user = _own(session, actor)
    user.password_hash = password_hash
    user.updated_at = utc_now()
    session.flush()


def reset_token(session: Session, name: str) -> str:
    """A token that sets a new password once. For whoever looks after the installation; no door gives one away."""
    key = fold(name)
    user = session.exec(select(User).where((col(User.email_key) == key) | (col(User.username_key) == key))).first()
    if user is None:
        raise NotFoundError(f"There is no account called {name}.")
    return security.sign_reset(user.id, user.password_hash, utc_now())


def ensure_reset(session: Session, token: ResetToken) -> None:
    """Raise ResetLinkError unless the token is still good: before the slow hashing, so that a guess costs nothing."""
    user = session.get(User, token.user_id)
    if user is None or not token.fits(user.password_hash):
        raise security.reset_refused()


def reset_password(session: Session, token: ResetToken, password_hash: str) -> None:
    """Store a new hash in the place of the one that the token was made for; of two at once the second is refused."""
    user = session.exec(select(User).where(User.id == token.user_id).with_for_update()).first()
    if user is None or not token.fits(user.password_hash):
        raise security.reset_refused()
    user.password_hash = password_hash
    user.updated_at = utc_now()
    session.flush()


def _own(session: Session, actor: Actor) -> User:
    user = session.get(User, actor.user_id)
    if user is None:
        raise AuthenticationError("This account no longer exists.")
    return user


def _ensure_free(session: Session, user: User) -> None:
    with session.no_autoflush:
        others = session.exec(
            select(User.email_key, User.username_key).where(
                col(User.id) != user.id,
                (col(User.email_key) == user.email_key) | (col(User.username_key) == user.username_key),
            )
        ).all()
    if any(email_key == user.email_key for email_key, _ in others):
        raise EmailTakenError("An account with this e-mail address exists; log in, or use another address.")
    if others:
        raise UsernameTakenError("This username is taken; choose another.")


def _read(user: User) -> UserRead:
    return UserRead(
        id=user.id,
        email=user.email,
        username=user.username,
        timezone=user.timezone,
        is_admin=user.is_admin,
        created_at=user.created_at,
    )
