"""Accounts: registering, changing, deleting. Hashing is slow and happens outside, before a transaction begins."""

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from backend.errors import AuthenticationError, EmailTakenError, RegistrationClosedError, UsernameTakenError
from backend.models.base import utc_now
from backend.models.user import User, UserCreate, UserRead, UserUpdate, fold
from backend.services import todos
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
    _flush(session)
    return _read(user)


def get(session: Session, actor: Actor) -> UserRead:
    """The actor's own account."""
    return _read(_own(session, actor))


def update(session: Session, actor: Actor, data: UserUpdate) -> UserRead:
    """Change what is named. A new timezone moves the days of dues that float."""
    user = _own(session, actor)
    changes = data.model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(user, name, value)
    user.email_key, user.username_key = fold(user.email), fold(user.username)
    user.updated_at = utc_now()
    _ensure_free(session, user)
    _flush(session)
    if user.timezone != actor.timezone:
        todos.follow_timezone(session, actor, user.timezone)
    return _read(user)


def delete(session: Session, actor: Actor) -> None:
    """Delete the account with everything of theirs. The password was checked before."""
    session.delete(_own(session, actor))
    session.flush()


def password_hash_of(session: Session, actor: Actor) -> str:
    """The stored hash, to prove the password against outside of any transaction."""
    return _own(session, actor).password_hash


def change_password(session: Session, actor: Actor, password_hash: str) -> None:
    """Store a new hash. Ending the other sessions is services.sessions' part."""
    user = _own(session, actor)
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


def _flush(session: Session) -> None:
    """Flush; where another transaction took the name between the look and this, say so as the look would have."""
    try:
        session.flush()
    except IntegrityError as error:
        if "email" in str(error.orig):
            raise EmailTakenError(
                "An account with this e-mail address exists; log in, or use another address."
            ) from None
        if "username" in str(error.orig):
            raise UsernameTakenError("This username is taken; choose another.") from None
        raise


def _read(user: User) -> UserRead:
    return UserRead(
        id=user.id,
        email=user.email,
        username=user.username,
        timezone=user.timezone,
        is_admin=user.is_admin,
        created_at=user.created_at,
    )
