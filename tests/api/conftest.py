"""Accounts for REST tests, made without hashing: each test would spend most of its time on two Argon2 runs."""

from collections.abc import Callable
from functools import cache

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import database, security
from backend.models.user import UserCreate
from backend.services import accounts, sessions
from backend.services.sessions import Claimed
from backend.settings import get_settings
from tests.support import PASSWORD, Account


@cache
def hashed(password: str) -> str:
    return security.hash_password(password)


@pytest.fixture
def make_account(client: TestClient) -> Callable[..., Account]:
    """Makes accounts with an open login, as the services make them; their password is a real one."""
    count = 0

    def make(**fields: str) -> Account:
        nonlocal count
        count += 1
        data = UserCreate.model_validate(
            {"email": f"user{count}@example.com", "username": f"user{count}", "password": PASSWORD, **fields}
        )
        with database.write_scope() as session:
            user = accounts.register(session, data, hashed(data.password), registration_open=True)
            tokens = sessions.open_for(session, Claimed(user.id, hashed(data.password)), None, get_settings())
        return Account(client, user.id, user.username, user.email, tokens.model_dump())

    return make


@pytest.fixture
def alone() -> Callable[[Callable[[ASGIApp], ASGIApp]], TestClient]:
    """A middleware with nothing behind it: what it leaves to others is answered 418."""

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the protocol's signature
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return lambda middleware: TestClient(middleware(nothing))
