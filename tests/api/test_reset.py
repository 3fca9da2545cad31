"""`POST /auth/reset`: a one-time link sets a new password, and nothing else does."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from backend import access, database, security
from backend.models.base import utc_now
from backend.models.user import User
from backend.services import accounts
from backend.settings import get_settings
from tests.support import PASSWORD, Account

API = "/api/v1/auth"
NEW = "AnotherPass456!"


def token_for(account: Account) -> str:
    with database.read_scope() as session:
        return accounts.reset_token(session, account.username)


def reset(client: TestClient, token: str, password: str = NEW) -> tuple[int, str]:
    answer = client.post(f"{API}/reset", json={"token": token, "new_password": password})
    return answer.status_code, answer.json()["code"] if answer.content else ""


def log_in(client: TestClient, account: Account, password: str) -> int:
    return client.post(f"{API}/login", json={"username": account.username, "password": password}).status_code


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "W1tb" * 900 + ".x.x"])
def test_any_other_text_is_refused(client: TestClient, token: str) -> None:
    assert reset(client, token) == (400, "reset_link_invalid")


def test_the_tokens_of_a_login_are_refused_and_a_reset_token_logs_nobody_in(account: Account) -> None:
    for kind in ("access_token", "refresh_token"):
        assert reset(account.client, account.tokens[kind]) == (400, "reset_link_invalid")
    headers = {"Authorization": f"Bearer {token_for(account)}"}
    assert account.client.get(f"{API}/me", headers=headers).status_code == 401


def test_a_link_of_more_than_an_hour_ago_is_refused(account: Account) -> None:
    with database.read_scope() as session:
        stored = session.exec(select(User)).one()
        late = utc_now() - timedelta(minutes=security.RESET_MINUTES, seconds=5)
        token = security.sign_reset(stored.id, stored.password_hash, late)
    assert reset(account.client, token) == (400, "reset_link_invalid")


def test_a_link_that_another_key_signed_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(security, "signing_key", lambda: "x" * 64)
        token = token_for(account)
    assert reset(account.client, token) == (400, "reset_link_invalid")


def test_a_short_password_is_refused_and_the_link_stays_good(account: Account) -> None:
    token = token_for(account)
    assert reset(account.client, token, "short") == (422, "validation_error")
    assert reset(account.client, token) == (204, "")


def test_it_sets_the_password_once_and_ends_every_session(account: Account) -> None:
    token, other = token_for(account), token_for(account)
    assert reset(account.client, token) == (204, "")
    assert log_in(account.client, account, PASSWORD) == 401
    assert log_in(account.client, account, NEW) == 200
    assert account.call("GET", "/auth/me").status_code == 401
    renewed = account.client.post(f"{API}/refresh", json={"refresh_token": account.tokens["refresh_token"]})
    assert renewed.status_code == 401
    for used in (token, other):
        assert reset(account.client, used, "ThirdPass789!") == (400, "reset_link_invalid")
    assert log_in(account.client, account, NEW) == 200


def test_a_changed_password_makes_an_older_link_useless(account: Account) -> None:
    token = token_for(account)
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert account.call("POST", "/auth/me/password", json=change).status_code == 204
    assert reset(account.client, token, "ThirdPass789!") == (400, "reset_link_invalid")


def test_guessing_is_limited(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = get_settings().model_copy(update={"login_rate_limit": "3/minute"})
    monkeypatch.setattr(access, "get_settings", lambda: strict)
    assert [reset(client, "nonsense")[0] for _ in range(4)] == [400, 400, 400, 429]


def test_the_token_says_nothing_of_the_password(account: Account) -> None:
    with database.read_scope() as session:
        stored = session.exec(select(User.password_hash)).one()
    claims = security._claims_of(token_for(account))
    assert set(claims) == {"iss", "typ", "sub", "pwd", "iat", "exp"}
    assert claims["pwd"] not in stored
