"""Password hashes and signed tokens: the only place that knows how secrets are made and checked.

Argon2id with OWASP's first recommendation (m=19 MiB, t=2, p=1; Password Storage Cheat Sheet), some 50 ms of CPU.
Hashes of older deployments are bcrypt of the password's first 72 bytes; they verify, and ask to be made anew.
"""

import hashlib
import hmac
import logging
import os
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from cachetools import LRUCache
from jose import JWTError, jwt
from passlib.context import CryptContext
from passlib.exc import UnknownHashError

from backend.errors import AuthenticationError, ConfigurationError, ResetLinkError
from backend.settings import Environment, Settings, get_settings

logger = logging.getLogger(__name__)

ALGORITHM = "HS256"
ISSUER = "todo"
SECRET_KEY_MIN_CHARACTERS = 32
RESET_MINUTES = 60
SECRET_KEY_FILE = ".todo_secret_key"  # noqa: S105 - the name of the file, not the secret

_BCRYPT_MAX_BYTES = 72
_SEAL_CHARACTERS = 16
_PLACEHOLDERS = ("your-secret", "change", "placeholder", "example", "secret-key-here", "insecure")
_HOW_TO_MAKE_ONE = "Make one with `openssl rand -hex 32` and set it as SECRET_KEY (on a Space: Settings, Secrets)."

# The claims of tokens whose signature was checked, the ones used last.
_signed_here: LRUCache[tuple[str, str], dict[str, Any]] = LRUCache(10_000)
_looking = threading.Lock()

_passwords = CryptContext(
    schemes=["argon2", "bcrypt"],
    deprecated=["bcrypt"],
    argon2__type="ID",
    argon2__memory_cost=19 * 1024,
    argon2__time_cost=2,
    argon2__parallelism=1,
)


class TokenKind(StrEnum):
    """What a token is good for; one kind never passes for the other."""

    ACCESS = "access"
    REFRESH = "refresh"
    RESET = "reset"


@dataclass(frozen=True)
class Token:
    """The claims of a token that was signed here and has not expired."""

    user_id: str
    session_id: str
    generation: int


@dataclass(frozen=True)
class ResetToken:
    """The claims of a token that lets somebody set a new password, once."""

    user_id: str
    stored_mark: str

    def fits(self, password_hash: str) -> bool:
        """Whether the password is still the one that the token was made for; setting another uses the token up."""
        return hmac.compare_digest(self.stored_mark, _mark_of(password_hash))


def hash_password(password: str) -> str:
    """Hash a new password. Slow on purpose: run it in a thread."""
    return _passwords.hash(password)


def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether the password is right, and a better hash to store where the old one is out of date.

    Without a stored hash (an unknown name) it takes the same time as a wrong password, so that nobody learns from
    the clock which names exist. Slow on purpose: run it in a thread.
    """
    known = stored or _dummy_hash()
    # bcrypt 4 and later refuse what older ones cut off; the old deployments cut.
    secret = password.encode()[:_BCRYPT_MAX_BYTES] if known.startswith("$2") else password
    try:
        is_right = bool(_passwords.verify(secret, known))
    except (UnknownHashError, ValueError):
        logger.warning("A stored password hash is unreadable; its owner needs a new password.")
        return False, None
    if not is_right or stored is None:
        return False, None
    return True, hash_password(password) if _passwords.needs_update(known) else None


def sign(kind: TokenKind, *, user_id: str, session_id: str, generation: int, expires_at: datetime) -> str:
    """Sign a token for a session; the session's row in the database decides how long it is honoured."""
    claims = {
        "iss": ISSUER,
        "typ": kind.value,
        "sub": user_id,
        "sid": session_id,
        "gen": generation,
        "iat": datetime.now(UTC),
        "exp": expires_at,
    }
    return jwt.encode(claims, signing_key(), algorithm=ALGORITHM)


def read_token(kind: TokenKind, token: str) -> Token:
    """The claims of a token of this kind; raises AuthenticationError for any other text."""
    try:
        claims = _claims_of(token)
        found = Token(user_id=str(claims["sub"]), session_id=str(claims["sid"]), generation=int(claims["gen"]))
        is_of_kind = claims["typ"] == kind
    except (JWTError, KeyError, TypeError, ValueError, RecursionError):  # the last: a header of nested brackets
        is_of_kind = False
    if not is_of_kind:
        raise AuthenticationError("The token is not valid or has expired; log in again.")
    return found


def _claims_of(token: str) -> dict[str, Any]:
    """What a token says that was signed here; raises JWTError for any other, and once it has expired.

    A signature that was right stays right, so it is checked once (0.1 ms saved for each request after the first). For
    how long it is honoured is another matter, and asked every time.
    """
    with _looking:
        claims = _signed_here.get((signing_key(), token))
    if claims is not None and claims["exp"] >= time.time():
        return claims
    claims = jwt.decode(
        token,
        signing_key(),
        algorithms=[ALGORITHM],
        issuer=ISSUER,
        options={f"require_{claim}": True for claim in ("iss", "sub", "exp", "iat")},
    )
    with _looking:
        _signed_here[signing_key(), token] = claims
    return claims


def sign_reset(user_id: str, password_hash: str, now: datetime) -> str:
    """Sign a token that sets a new password within RESET_MINUTES, as long as the present one is in use."""
    claims = {
        "iss": ISSUER,
        "typ": TokenKind.RESET.value,
        "sub": user_id,
        "pwd": _mark_of(password_hash),
        "iat": now,
        "exp": now + timedelta(minutes=RESET_MINUTES),
    }
    return jwt.encode(claims, signing_key(), algorithm=ALGORITHM)


def read_reset(token: str) -> ResetToken:
    """The claims of a reset token; raises ResetLinkError for any other text."""
    try:
        claims = _claims_of(token)
        if claims["typ"] != TokenKind.RESET:
            raise reset_refused()
        return ResetToken(user_id=str(claims["sub"]), stored_mark=str(claims["pwd"]))
    except (JWTError, KeyError, TypeError, ValueError, RecursionError):
        raise reset_refused() from None


def reset_refused() -> ResetLinkError:
    """One sentence for every reason: who guesses learns nothing."""
    return ResetLinkError(
        "This link was used already, has expired, or is not complete. Ask for a new one; your password is as it was."
    )


def _mark_of(password_hash: str) -> str:
    """Tells one stored hash from another, and nothing about either: tokens can be read by whoever holds them."""
    return hmac.new(signing_key().encode(), password_hash.encode(), hashlib.sha256).hexdigest()[:32]


def seal(*texts: str) -> str:
    """A short mark that only this installation can make of these texts: who shows it again was given it here."""
    said = "\0".join(("seal", *texts))
    return hmac.new(signing_key().encode(), said.encode(), hashlib.sha256).hexdigest()[:_SEAL_CHARACTERS]


def access_expiry(settings: Settings, now: datetime) -> datetime:
    """When an access token made now ends."""
    return now + timedelta(minutes=settings.access_token_expire_minutes)


@cache
def signing_key() -> str:
    """The key that signs tokens; raises ConfigurationError where a start would be unsafe."""
    return resolve_key(get_settings())


def resolve_key(settings: Settings) -> str:
    """SECRET_KEY from the settings, or one generated beside the data so that logins survive a restart."""
    key = settings.secret_key.get_secret_value() if settings.secret_key else None
    is_production = settings.environment is Environment.PRODUCTION
    if key is not None:
        if fault := _weakness(key):
            if is_production or settings.is_space:
                raise ConfigurationError(f"SECRET_KEY {fault}. {_HOW_TO_MAKE_ONE}")
            logger.warning("SECRET_KEY %s; fine for development, refused in production.", fault)
        return key
    if is_production and not settings.is_space:
        raise ConfigurationError(f"SECRET_KEY is not set, and ENVIRONMENT is production. {_HOW_TO_MAKE_ONE}")
    return _kept_key(settings.lasting_dir / SECRET_KEY_FILE, survives=settings.data_survives)


def _weakness(key: str) -> str | None:
    if any(word in key.lower() for word in _PLACEHOLDERS):
        return "is a placeholder"
    if len(key) < SECRET_KEY_MIN_CHARACTERS:
        return f"is shorter than {SECRET_KEY_MIN_CHARACTERS} characters"
    return None


def _kept_key(path: Path, *, survives: bool) -> str:
    """Read the generated key, or make it: whoever creates the file first wins, the others read theirs."""
    try:
        if key := _readable_key(path):
            return key
        path.parent.mkdir(parents=True, exist_ok=True)
        if _publish_key(path):
            fate = "beside the data" if survives else "on this Space's disk, so logins end when it restarts"
            logger.warning("SECRET_KEY is not set: one was generated and kept %s. %s", fate, _HOW_TO_MAKE_ONE)
        return path.read_text().strip()
    except OSError:
        logger.warning(
            "SECRET_KEY is not set and the data folder cannot keep one: logins end at the next restart. %s",
            _HOW_TO_MAKE_ONE,
        )
        return secrets.token_hex(32)


def _readable_key(path: Path) -> str | None:
    """The key in the file; None also for one that a crash left empty: with no key anybody could sign."""
    try:
        key = path.read_text(errors="replace").strip()
    except FileNotFoundError:
        return None
    if len(key) >= SECRET_KEY_MIN_CHARACTERS:
        return key
    logger.warning("The kept SECRET_KEY is damaged; a new one takes its place, and everybody logs in once more.")
    path.unlink()
    return None


def _publish_key(path: Path) -> bool:
    """Write a new key; False where another process was first."""
    # A draft, complete before it gets its name, so that no other process ever reads half a key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        except OSError:  # mounted buckets know no links; a Space has one process, so that none can be between these two
            if path.exists():
                return False
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return True


@cache
def _dummy_hash() -> str:
    return hash_password(secrets.token_hex(16))
