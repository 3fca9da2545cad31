"""What every door does before a service is asked: who is calling, from where, how often, and the slow hashing.

Shared by REST and the UI, so that both know the same callers and the same limits. It knows neither of their frameworks.
"""

import asyncio
import hashlib
import ipaddress
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import anyio
from pydantic import BaseModel
from pydantic_core import from_json

from backend import attempts, database, security
from backend.errors import AuthenticationError, InProgressError, InvalidCredentialsError, describe
from backend.models.base import Shape
from backend.models.idempotency import RequestKey
from backend.models.operation import Door
from backend.models.session import (
    Credentials,
    PasswordChange,
    PasswordProof,
    PasswordReset,
    RefreshRequest,
    TokenPair,
)
from backend.models.user import UserCreate, UserRead, fold
from backend.prepared import Reader
from backend.services import accounts, idempotency, sessions, tokens
from backend.services.actor import Actor
from backend.settings import get_settings
from backend.turns import ThisTurn

COOKIE = "todo_session"

_NOTED_SECONDS = 3_600
_CREATED = 201

T = TypeVar("T")

# More at once than there are processors are done no sooner; each holds 19 MiB, and a thread that others wait for.
_hashes = anyio.CapacityLimiter(os.cpu_count() or 1)
_in_progress: set[tuple[str, str]] = set()
# Who was asked for (an eighth of the CPU of a tick, with 32 at once).
_callers: ThisTurn[tuple[str, Door], Actor] = ThisTurn()
# Which personal tokens' uses were noted by this process, and when; and the noting that is under way.
_noted: dict[str, float] = {}
_storing: set[asyncio.Task[None]] = set()


def credential_of(headers: Mapping[str, str], cookies: Mapping[str, str] | None = None) -> str:
    """The token that a request carries; raises AuthenticationError where it carries none."""
    found = presented(headers, cookies)
    if found is None:
        raise AuthenticationError("Log in first: send an access token as `Authorization: Bearer ...` or `X-API-Key`.")
    return found


def presented(headers: Mapping[str, str], cookies: Mapping[str, str] | None = None) -> str | None:
    """The token in Authorization, X-API-Key, or the login cookie where the door takes one; None without any.

    On a private Space the Hugging Face token takes Authorization up; it is not ours, and the next place is asked.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip() and not token.strip().startswith("hf_"):
        return token.strip()
    return headers.get("x-api-key") or (cookies or {}).get(COOKIE) or None


async def identify(token: str, door: Door) -> Actor:
    """Who a token stands for, at this door."""
    # At once, or the usual way, which also says why not.
    actor = database.glance(lambda reader: sessions.identify(reader, token, door))
    if actor is None:
        actor = await database.read(lambda session: sessions.identify(session, token, door))
    if actor.token_id is not None:
        _note_use(actor.token_id)
    return actor


def identify_at_once(reader: Reader, token: str, door: Door) -> Actor:
    """The same, within a glance at the database."""
    known = _callers.known()
    actor = known.get((token, door))
    if actor is None:
        actor = known[token, door] = sessions.identify(reader, token, door)
        if actor.token_id is not None:
            _note_use(actor.token_id)
    return actor


def glance(token: str, door: Door) -> Actor | None:
    """The same, where nothing else is looked at; None where `identify` has to be asked."""
    actor = _callers.known().get((token, door))
    return actor or database.glance(lambda reader: identify_at_once(reader, token, door))


def _note_use(token_id: str) -> None:
    """Have it written down that a personal token was used, once an hour, by a thread that nobody waits for."""
    now = time.monotonic()
    if now - _noted.get(token_id, -math.inf) < _NOTED_SECONDS:
        return
    for old in [known for known, at in _noted.items() if now - at >= _NOTED_SECONDS]:
        del _noted[old]
    _noted[token_id] = now
    task = asyncio.create_task(_store_use(token_id))
    _storing.add(task)
    task.add_done_callback(_storing.discard)


async def _store_use(token_id: str) -> None:
    def store() -> None:
        with database.write_scope() as session:
            tokens.note_use(session, token_id)

    try:
        await database.in_thread(store)
    except Exception as error:  # noqa: BLE001 - nobody asked for it, so nobody is refused; what is unexpected is logged
        describe(error)
        _noted.pop(token_id, None)


def address_of(headers: Mapping[str, str], peer: str | None) -> str:
    """Where a request comes from. Behind our own proxy, the last public address that proxies have added.

    The caller writes what it likes at the front of X-Forwarded-For; only the end of it is the proxy's own word.
    """
    if get_settings().is_behind_proxy:
        # All of them: a caller may send one of its own before the one that the proxy adds.
        hops = ",".join(value for name, value in headers.items() if name == "x-forwarded-for")
        for part in reversed(hops.split(",")):
            try:
                address = ipaddress.ip_address(part.strip())
            except ValueError:
                break
            if address.is_global:
                return _network_of(address)
    return peer or "unknown"


def _network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """What one caller has: an address of IPv4, a /64 of IPv6 (RFC 6177), from which it may take many."""
    if address.version == 4:  # noqa: PLR2004 - the protocol's number
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def is_behind_proxy() -> bool:
    """Whether forwarded headers are a proxy's word, and not whatever the caller writes."""
    return get_settings().is_behind_proxy


def is_secure(headers: Mapping[str, str], scheme: str) -> bool:
    """Whether the caller speaks https, also where our proxy ends the encryption."""
    if is_behind_proxy():
        scheme = headers.get("x-forwarded-proto", scheme).split(",")[0].strip()
    return scheme == "https"


async def sign_up(data: UserCreate, address: str) -> UserRead:
    """Create an account."""
    await _count("register", data.email, address)
    is_open = get_settings().registration_open
    await database.read(lambda session: accounts.ensure_open(session, registration_open=is_open))
    password_hash = await _hashing(lambda: security.hash_password(data.password))
    return await database.write(
        lambda session: accounts.register(session, data, password_hash, registration_open=is_open)
    )


async def sign_in(credentials: Credentials, address: str) -> TokenPair:
    """Open a session for a name and a password."""
    claimed = await database.read(lambda session: sessions.find(session, credentials.name))
    # By account where there is one: its e-mail address and its username share their attempts.
    await _count("login", claimed.user_id or credentials.name, address)
    try:
        return await _open(claimed, credentials.password)
    except InvalidCredentialsError:
        # Perhaps right, for a hash that another login has made anew at this moment: then it is worth a second look.
        now = await database.read(lambda session: sessions.find(session, credentials.name))
        if now == claimed:
            raise
        return await _open(now, credentials.password)


async def renew(request: RefreshRequest, address: str, *, grace: timedelta = timedelta(0)) -> TokenPair:
    """The next pair of tokens; a refresh token that was used before, longer than `grace` ago, ends its session."""
    token = security.read_token(security.TokenKind.REFRESH, request.refresh_token)
    await _count("refresh", token.session_id, address)
    pair = await database.write(
        lambda session: sessions.refresh(session, request.refresh_token, get_settings(), grace=grace)
    )
    if pair is None:
        raise AuthenticationError("This refresh token was used before, so its login has been ended; log in again.")
    return pair


async def change_password(actor: Actor, change: PasswordChange, address: str) -> None:
    """Set a new password and end every other login. Personal tokens have secrets of their own, and go on working."""
    await _prove(actor, change.current_password, address)
    password_hash = await _hashing(lambda: security.hash_password(change.new_password))

    def store(session: database.Session) -> None:
        accounts.change_password(session, actor, password_hash)
        sessions.end_others(session, actor)

    await database.write(store)


async def reset_password(reset: PasswordReset, address: str) -> None:
    """Set a new password with a one-time link, and end every login of the account."""
    await _count("reset", address, address)
    token = security.read_reset(reset.token)
    await database.read(lambda session: accounts.ensure_reset(session, token))
    password_hash = await _hashing(lambda: security.hash_password(reset.new_password))

    def store(session: database.Session) -> None:
        accounts.reset_password(session, token, password_hash)
        sessions.end_all(session, token.user_id)

    await database.write(store)


async def delete_account(actor: Actor, proof: PasswordProof, address: str) -> None:
    """Delete the account and everything of theirs, given its password."""
    await _prove(actor, proof.password, address)
    await database.write(lambda session: accounts.delete(session, actor))


@contextmanager
def alone(actor: Actor, request: idempotency.Request | None) -> Iterator[None]:
    """Raise InProgressError while a request with the same key is being worked on."""
    mark = (actor.user_id, request.key_of(actor)) if request is not None else None
    if request is not None and mark in _in_progress:
        raise InProgressError(request.words.in_progress)
    if mark is not None:
        _in_progress.add(mark)
    try:
        yield
    finally:
        if mark is not None:
            _in_progress.discard(mark)


async def answer_once(
    actor: Actor,
    request: idempotency.Request | None,
    status: int,
    work: Callable[[database.Session], Shape],
    *,
    is_slow: bool = False,
) -> idempotency.Answer:
    """Do work that changes something, and answer; to a request that comes again, the first answer again."""
    with alone(actor, request):
        return await database.write(
            lambda session: idempotency.once(session, actor, request, status, work), is_slow=is_slow
        )


async def answer_by_key(
    actor: Actor,
    key: str | None,
    data: BaseModel,
    work: Callable[[database.Session], Shape],
    *,
    words: idempotency.Words = idempotency.OF_A_KEY,
    is_slow: bool = False,
) -> dict[str, Any]:
    """The answer to a call that adds something; with a key that was used for it before, the first one again."""
    key = RequestKey.model_validate({"idempotency_key": key}).idempotency_key
    digest = hashlib.sha256(json.dumps([type(data).__name__, data.model_dump(mode="json")]).encode()).hexdigest()
    request = None if key is None else idempotency.Request(key, digest, words)
    done = await answer_once(actor, request, _CREATED, work, is_slow=is_slow)
    answer: dict[str, Any] = from_json(done.body)
    return answer


async def _hashing(work: Callable[[], T]) -> T:
    return await database.in_thread(work, _hashes)


async def _open(claimed: sessions.Claimed, password: str) -> TokenPair:
    better_hash = await _hashing(lambda: sessions.prove(claimed, password))
    return await database.write(lambda session: sessions.open_for(session, claimed, better_hash, get_settings()))


async def _prove(actor: Actor, password: str, address: str) -> None:
    actor.ensure_logged_in()  # before it is counted: a token must not use up its owner's attempts
    await _count("prove", actor.user_id, address)
    stored = await database.read(lambda session: accounts.password_hash_of(session, actor))
    is_right, _ = await _hashing(lambda: security.verify_password(password, stored))
    if not is_right:
        raise InvalidCredentialsError("The password is wrong.")


async def _count(action: str, account: str, address: str) -> None:
    await attempts.count(get_settings().login_rate_limit, action, fold(account), address)
