"""`/api/v1/auth`: accounts and logins, attacked first."""

import base64
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jose import jwt
from passlib.hash import bcrypt
from sqlalchemy import text

from backend import access, attempts, database, security
from backend.api.application import create_api
from backend.errors import AppError
from backend.models.operation import Door
from backend.security import TokenKind
from backend.services import sessions
from backend.settings import Settings, get_settings
from tests.support import PASSWORD, Account

API = "/api/v1"
NEW_PASSWORD = "another password"


@pytest.fixture
def with_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Settings that differ for one test."""

    def change(**values: object) -> None:
        changed = get_settings().model_copy(update=values)
        monkeypatch.setattr(access, "get_settings", lambda: changed)

    return change


def login(client: TestClient, password: str = PASSWORD, **names: str) -> Any:
    return client.post(f"{API}/auth/login", json={"password": password, **names})


def me(client: TestClient, token: str) -> int:
    return client.get(f"{API}/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code


def refresh(client: TestClient, token: str) -> Any:
    return client.post(f"{API}/auth/refresh", json={"refresh_token": token})


def row(query: str, **values: object) -> Any:
    """What stands in the database, whichever it is; an UPDATE answers nothing."""
    with database.engine.begin() as connection:
        found = connection.execute(text(query), values)
        return tuple(found.one()) if found.returns_rows else None


# Registering


@pytest.mark.parametrize(
    "email", ["TEST@EXAMPLE.COM", "Test@Example.com", " test@example.com "], ids=["upper", "mixed", "spaces"]
)
def test_an_address_is_taken_regardless_of_case(client: TestClient, email: str) -> None:
    data = {"email": "test@example.com", "username": "testuser", "password": PASSWORD}
    assert client.post(f"{API}/auth/register", json=data).status_code == 201
    again = client.post(f"{API}/auth/register", json=data | {"email": email, "username": "other"})
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    again = client.post(f"{API}/auth/register", json=data | {"email": "other@example.com", "username": " TestUser "})
    assert (again.status_code, again.json()["code"]) == (409, "username_taken")


def test_registering_answers_the_account_and_never_the_password(client: TestClient) -> None:
    data = {"email": "Test@Example.com", "username": "testuser", "password": PASSWORD, "timezone": "Europe/Berlin"}
    answer = client.post(f"{API}/auth/register", json=data)
    assert answer.status_code == 201
    account = answer.json()
    assert set(account) == {"id", "email", "username", "timezone", "is_admin", "created_at"}
    assert (account["email"], account["username"], account["timezone"]) == (
        "Test@example.com",  # the part before the @ belongs to its owner, capitals and all
        "testuser",
        "Europe/Berlin",
    )
    assert account["created_at"].endswith("Z")


def test_the_first_account_is_the_admin_and_no_other_is(make_account: Callable[..., Account]) -> None:
    first, second = make_account(), make_account()
    assert [one.call("GET", "/auth/me").json()["is_admin"] for one in (first, second)] == [True, False]


def test_a_closed_installation_still_takes_its_first_account(
    client: TestClient, with_settings: Callable[..., None]
) -> None:
    with_settings(registration_open=False)
    data = {"email": "first@example.com", "username": "first", "password": PASSWORD}
    assert client.post(f"{API}/auth/register", json=data).json()["is_admin"] is True
    data = {"email": "second@example.com", "username": "second", "password": PASSWORD}
    assert client.post(f"{API}/auth/register", json=data).status_code == 403


def test_the_password_is_stored_as_argon2id_with_owasps_parameters(account: Account) -> None:
    assert account.id
    [stored] = row("SELECT password_hash FROM users")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_neither_password_nor_token_reaches_the_log(
    client: TestClient, make_account: Callable[..., Account], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = make_account()
    login(client, "wrong " + PASSWORD, username=account.username)
    refresh(client, account.tokens["refresh_token"])
    refresh(client, account.tokens["refresh_token"])
    account.call("POST", "/auth/me/password", json={"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    said = [secret for secret in (PASSWORD, NEW_PASSWORD, "eyJ", "$argon2") if secret in caplog.text]
    assert not said


# Logging in


def test_the_hash_is_verified_once_whether_the_name_is_known_or_not(
    client: TestClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = security._passwords.verify

    def count(secret: str | bytes, stored: str) -> bool:
        verified.append(stored.rsplit("$", 2)[0])
        return bool(verify(secret, stored))

    security._dummy_hash()
    monkeypatch.setattr(security._passwords, "verify", count)
    for name in (account.username, "nobody", account.email, "nobody@example.com"):
        assert login(client, NEW_PASSWORD, username=name).status_code == 401
    # Once each, and against a hash of the same cost.
    assert verified == ["$argon2id$v=19$m=19456,t=2,p=1"] * 4


@pytest.mark.parametrize("field", ["username", "email"])
@pytest.mark.parametrize("name", ["user1", "USER1", " user1 ", "user1@example.com", "User1@Example.Com"])
def test_either_field_takes_either_name(client: TestClient, account: Account, field: str, name: str) -> None:
    answer = login(client, **{field: name})
    assert answer.status_code == 200, account
    pair = answer.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 24 * 60 * 60)
    assert me(client, pair["access_token"]) == 200


def test_the_token_form_of_oauth2_logs_in(client: TestClient, account: Account) -> None:
    form = {"grant_type": "password", "username": account.email, "password": PASSWORD, "scope": ""}
    answer = client.post(f"{API}/auth/token", data=form)
    assert answer.status_code == 200
    assert me(client, answer.json()["access_token"]) == 200


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_token_is_taken_from_either_header(client: TestClient, account: Account, header: str) -> None:
    token = account.tokens["access_token"]
    value = f"bearer {token}" if header == "Authorization" else token
    assert client.get(f"{API}/auth/me", headers={header: value}).status_code == 200


def test_on_a_private_space_the_hugging_face_token_makes_room_for_ours(client: TestClient, account: Account) -> None:
    headers = {"Authorization": "Bearer hf_abcdefgh", "X-API-Key": account.tokens["access_token"]}
    assert client.get(f"{API}/auth/me", headers=headers).status_code == 200


# Hashes of an old deployment

LONG = "ä" * 50  # 100 bytes, of which bcrypt took 72


@pytest.mark.parametrize("password", [PASSWORD, LONG, "€" * 24 + "x", "a" * 71 + "é"])
def test_a_bcrypt_hash_logs_in_once_and_is_argon2id_from_then_on(
    client: TestClient, account: Account, password: str
) -> None:
    old = bcrypt.using(rounds=4, ident="2b").hash(password.encode()[:72])
    assert old.startswith("$2b$")
    row("UPDATE users SET password_hash = :stored", stored=old)
    assert login(client, "x" + password, username=account.username).status_code == 401
    assert row("SELECT password_hash FROM users") == (old,)
    assert login(client, password, email=account.email).status_code == 200
    [stored] = row("SELECT password_hash FROM users")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert login(client, password, username=account.username).status_code == 200
    assert row("SELECT password_hash FROM users") == (stored,)


def test_after_the_rehash_every_byte_of_a_long_password_counts(client: TestClient, account: Account) -> None:
    old = bcrypt.using(rounds=4, ident="2b").hash(LONG.encode()[:72])
    row("UPDATE users SET password_hash = :stored", stored=old)
    assert login(client, LONG, username=account.username).status_code == 200
    assert login(client, LONG[:-1] + "x", username=account.username).status_code == 401


@pytest.mark.parametrize("stored", ["", "nonsense", "$2b$04$broken", "$argon2id$v=19$m=19456,t=2,p=1$broken", "$1$md5"])
def test_a_hash_that_nobody_can_read_refuses_and_does_not_crash(
    client: TestClient, account: Account, stored: str
) -> None:
    row("UPDATE users SET password_hash = :stored", stored=stored)
    answer = login(client, username=account.username)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def test_a_password_that_changes_during_a_login_is_not_let_in_by_the_old_one(
    client: TestClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove = sessions.prove

    def prove_slowly(claimed: sessions.Claimed, password: str) -> str | None:
        proved = prove(claimed, password)
        row("UPDATE users SET password_hash = :stored", stored=security.hash_password(NEW_PASSWORD))
        return proved

    monkeypatch.setattr(sessions, "prove", prove_slowly)
    assert login(client, username=account.username).status_code == 401


def test_two_logins_at_once_on_an_old_hash_are_both_let_in(
    client: TestClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    row("UPDATE users SET password_hash = :stored", stored=bcrypt.using(rounds=4).hash(PASSWORD))
    prove = sessions.prove

    def prove_while_another_logs_in(claimed: sessions.Claimed, password: str) -> str | None:
        proved = prove(claimed, password)
        monkeypatch.setattr(sessions, "prove", prove)
        # The other one is faster, and has made the hash anew.
        row("UPDATE users SET password_hash = :stored", stored=security.hash_password(PASSWORD))
        return proved

    monkeypatch.setattr(sessions, "prove", prove_while_another_logs_in)
    assert login(client, username=account.username).status_code == 200


# Tokens that are forged, old, or of another kind


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.get_unverified_claims(token))


def encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def resigned(claims: Mapping[str, Any], key: str | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(dict(claims), key or security.signing_key(), algorithm=algorithm)


FORGERIES: dict[str, Callable[[dict[str, Any], str], str]] = {
    "alg none": lambda claims, _: f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}.",
    "alg none, old signature": lambda claims, token: (
        f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}.{token.rsplit('.', 1)[1]}"
    ),
    "alg NONE in capitals": lambda claims, _: f"{encoded({'alg': 'NONE'})}.{encoded(claims)}.",
    "no alg": lambda claims, token: f"{encoded({'typ': 'JWT'})}.{encoded(claims)}.{token.rsplit('.', 1)[1]}",
    "another algorithm": lambda claims, _: resigned(claims, algorithm="HS512"),
    "another key": lambda claims, _: resigned(claims, "not-our-key-" * 4),
    "an empty key": lambda claims, _: jwt.encode(claims, "", algorithm="HS256"),
    "another issuer": lambda claims, _: resigned({**claims, "iss": "somebody"}),
    "no issuer": lambda claims, _: resigned({name: value for name, value in claims.items() if name != "iss"}),
    "expired": lambda claims, _: resigned({**claims, "exp": int(time.time()) - 1}),
    "never expires": lambda claims, _: resigned({name: value for name, value in claims.items() if name != "exp"}),
    "not yet valid": lambda claims, _: resigned({**claims, "nbf": int(time.time()) + 3600}),
    "another user": lambda claims, _: resigned({**claims, "sub": "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"}),
    "another session": lambda claims, _: resigned({**claims, "sid": "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"}),
    "no session": lambda claims, _: resigned({name: value for name, value in claims.items() if name != "sid"}),
    "no kind": lambda claims, _: resigned({name: value for name, value in claims.items() if name != "typ"}),
    "a kind of its own": lambda claims, _: resigned({**claims, "typ": "admin"}),
    "generation is no number": lambda claims, _: resigned({**claims, "gen": "many"}),
    "other claims, old signature": lambda claims, token: ".".join(
        [token.split(".")[0], encoded({**claims, "exp": claims["exp"] + 1}), token.split(".")[2]]
    ),
    "cut off": lambda _, token: token[:-1],
    "one letter more": lambda _, token: token + "A",
    "empty": lambda *_: "",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_forged_token_opens_nothing(
    client: TestClient, account: Account, kind: str, forge: Callable[[dict[str, Any], str], str]
) -> None:
    token = account.tokens[kind]
    forged = forge(claims_of(token), token)
    assert forged != token
    status = me(client, forged) if kind == "access_token" else refresh(client, forged).status_code
    assert status == 401
    # And the attempt has ended nobody's login.
    assert me(client, account.tokens["access_token"]) == 200


def test_the_forger_would_succeed_with_our_key_and_the_right_claims(client: TestClient, account: Account) -> None:
    assert me(client, resigned(claims_of(account.tokens["access_token"]))) == 200


def test_a_refresh_token_is_no_access_token_and_the_reverse(client: TestClient, account: Account) -> None:
    assert me(client, account.tokens["refresh_token"]) == 401
    assert refresh(client, account.tokens["access_token"]).status_code == 401
    assert me(client, account.tokens["access_token"]) == 200


def test_a_token_is_worth_nothing_once_its_session_has_expired(client: TestClient, account: Account) -> None:
    row("UPDATE sessions SET expires_at = '2020-01-01 00:00:00'")
    assert me(client, account.tokens["access_token"]) == 401
    assert refresh(client, account.tokens["refresh_token"]).status_code == 401


def test_an_access_token_ends_when_the_settings_say() -> None:
    now = datetime(2027, 3, 1, tzinfo=UTC)
    minutes = get_settings().access_token_expire_minutes
    assert security.access_expiry(get_settings(), now) - now == timedelta(minutes=minutes)


# Refreshing and logging out


def test_a_refresh_token_used_twice_ends_its_whole_session(client: TestClient, account: Account) -> None:
    other = login(client, username=account.username).json()
    stolen = account.tokens["refresh_token"]
    newest = refresh(client, stolen).json()
    assert me(client, newest["access_token"]) == 200
    again = refresh(client, stolen)
    assert again.status_code == 401
    assert "used before" in again.json()["detail"]
    assert me(client, newest["access_token"]) == 401
    assert refresh(client, newest["refresh_token"]).status_code == 401
    # The thief's victim keeps the other devices.
    assert me(client, other["access_token"]) == 200


def test_a_refresh_hands_out_a_new_pair_each_time(client: TestClient, account: Account) -> None:
    tokens = [account.tokens["refresh_token"]]
    for _ in range(3):
        answer = refresh(client, tokens[-1])
        assert answer.status_code == 200
        assert me(client, answer.json()["access_token"]) == 200
        tokens.append(answer.json()["refresh_token"])
    assert len(set(tokens)) == 4


def test_logging_out_ends_both_tokens_at_once_and_no_other_login(client: TestClient, account: Account) -> None:
    other = login(client, username=account.username).json()
    answer = account.call("POST", "/auth/logout")
    assert (answer.status_code, answer.content) == (204, b"")
    assert me(client, account.tokens["access_token"]) == 401
    assert refresh(client, account.tokens["refresh_token"]).status_code == 401
    assert account.call("POST", "/auth/logout").status_code == 401
    assert me(client, other["access_token"]) == 200


def test_a_login_sweeps_up_logins_that_have_expired(client: TestClient, account: Account) -> None:
    row("UPDATE sessions SET expires_at = '2020-01-01 00:00:00'")
    login(client, username=account.username)
    assert row("SELECT count(*) FROM sessions") == (1,)


# The account itself


def test_a_wrong_password_changes_and_deletes_nothing(account: Account) -> None:
    change = {"current_password": NEW_PASSWORD, "new_password": NEW_PASSWORD}
    refused = account.call("POST", "/auth/me/password", json=change)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    refused = account.call("DELETE", "/auth/me", json={"password": NEW_PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    assert login(account.client, username=account.username).status_code == 200


def test_changing_the_password_ends_every_other_login(client: TestClient, account: Account) -> None:
    other = login(client, username=account.username).json()
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert account.call("POST", "/auth/me/password", json=change).status_code == 204
    assert me(client, account.tokens["access_token"]) == 200
    assert me(client, other["access_token"]) == 401
    assert refresh(client, other["refresh_token"]).status_code == 401
    assert login(client, username=account.username).status_code == 401
    assert login(client, NEW_PASSWORD, username=account.username).status_code == 200


@pytest.mark.parametrize("change", [{"email": None}, {"username": None}, {"timezone": None}, {"password": "x" * 9}])
def test_an_account_cannot_lose_a_name_or_take_a_password_on_the_side(account: Account, change: dict[str, Any]) -> None:
    before = account.call("GET", "/auth/me").json()
    assert account.call("PATCH", "/auth/me", json=change).status_code == 422
    assert account.call("PATCH", "/auth/me", json={"is_admin": True}).status_code == 422
    assert account.call("GET", "/auth/me").json() == before


@pytest.mark.parametrize(
    "change",
    [{}, {"email": "new@example.com"}, {"username": "new-name"}, {"timezone": "Asia/Tokyo"}, {"username": "USER1"}],
)
def test_an_account_changes_what_is_named_and_nothing_else(account: Account, change: dict[str, str]) -> None:
    before = account.call("GET", "/auth/me").json()
    changed = account.call("PATCH", "/auth/me", json=change)
    assert changed.status_code == 200
    assert changed.json() == before | change
    assert account.call("GET", "/auth/me").json() == before | change
    assert login(account.client, username=(before | change)["username"]).status_code == 200


def test_deleting_an_account_takes_everything_of_it_and_frees_its_names(make_account: Callable[..., Account]) -> None:
    account, other = make_account(), make_account()
    account.add("mine", tags=["home"])
    kept = other.add("theirs", tags=["home"])
    assert account.call("DELETE", "/auth/me", json={"password": PASSWORD}).status_code == 204
    assert account.call("GET", "/todos").status_code == 401
    assert refresh(account.client, account.tokens["refresh_token"]).status_code == 401
    assert login(account.client, username=account.username).status_code == 401
    for table, column in (("users", "id"), ("todos", "owner_id"), ("todo_tags", "owner_id"), ("sessions", "user_id")):
        found = row(f"SELECT count(*), max({column}) FROM {table}")  # noqa: S608 - constants
        assert found == (1, other.id), table
    assert other.call("GET", f"/todos/{kept['id']}").json() == kept
    assert make_account(email=account.email, username=account.username).id != account.id


# How often


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/auth/login/"])
def test_attempts_are_counted_per_account_under_all_its_names(
    client: TestClient, account: Account, with_settings: Callable[..., None], path: str
) -> None:
    with_settings(login_rate_limit="4/minute", trust_proxy_headers=True)
    for number, name in enumerate([account.username, account.email.upper(), f" {account.username.upper()} "] * 2):
        # From another address each time, so that only the account is the same.
        headers = {"X-Forwarded-For": f"1.1.1.{number}"}
        status = client.post(path, json={"username": name, "password": NEW_PASSWORD}, headers=headers).status_code
        assert status == (401 if number < 4 else 429)
    # The right password does not help either, or the limit would tell which it is.
    headers = {"X-Forwarded-For": "1.1.1.99"}
    right = client.post(path, json={"username": account.username, "password": PASSWORD}, headers=headers)
    assert right.status_code == 429


def test_attempts_are_counted_per_address_over_all_accounts(
    client: TestClient, with_settings: Callable[..., None]
) -> None:
    with_settings(login_rate_limit="2/minute")
    statuses = [login(client, username=f"name{number}").status_code for number in range(8)]
    assert statuses == [401] * 6 + [429] * 2


def test_no_more_passwords_are_hashed_at_once_than_there_are_processors(
    client: TestClient, with_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(login_rate_limit="1000/minute")
    verify, here, at_once = security.verify_password, set[int](), list[int]()

    def counted(*arguments: Any) -> Any:
        here.add(threading.get_ident())
        at_once.append(len(here))
        time.sleep(0.02)  # so that all who may be here at once are
        try:
            return verify(*arguments)
        finally:
            here.discard(threading.get_ident())

    monkeypatch.setattr(security, "verify_password", counted)
    many = 4 * (os.cpu_count() or 1)
    with ThreadPoolExecutor(many) as threads:
        statuses = list(threads.map(lambda number: login(client, username=f"n{number}").status_code, range(many)))
    assert statuses == [401] * many
    assert max(at_once) <= (os.cpu_count() or 1)


def test_registering_and_refreshing_are_counted_too(
    client: TestClient, account: Account, with_settings: Callable[..., None]
) -> None:
    with_settings(login_rate_limit="2/minute")
    data = {"email": account.email, "username": "whoever", "password": PASSWORD}
    codes = [client.post(f"{API}/auth/register", json=data).status_code for _ in range(3)]
    assert codes == [409, 409, 429]
    token = account.tokens["refresh_token"]
    for _ in range(2):
        token = refresh(client, token).json()["refresh_token"]
    assert refresh(client, token).status_code == 429


def test_proving_the_password_of_an_open_login_is_counted_too(
    account: Account, with_settings: Callable[..., None]
) -> None:
    with_settings(login_rate_limit="2/minute")
    change = {"current_password": NEW_PASSWORD, "new_password": NEW_PASSWORD}
    codes = [account.call("POST", "/auth/me/password", json=change).status_code for _ in range(3)]
    assert codes == [401, 401, 429]
    assert account.call("DELETE", "/auth/me", json={"password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    ("trusts", "headers", "address"),
    [
        (False, [("X-Forwarded-For", "1.2.3.4")], "testclient"),
        (True, [], "testclient"),
        (True, [("X-Forwarded-For", "1.2.3.4")], "1.2.3.4"),
        # Whoever calls writes the front; only what the proxy has added counts.
        (True, [("X-Forwarded-For", "9.9.9.9, 1.2.3.4")], "1.2.3.4"),
        (True, [("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-For", "1.2.3.4")], "1.2.3.4"),
        (True, [("X-Forwarded-For", "1.2.3.4, 10.0.0.7, 192.168.1.1")], "1.2.3.4"),
        (True, [("X-Forwarded-For", "2606:4700::1111")], "2606:4700::/64"),
        (True, [("X-Forwarded-For", "nonsense")], "testclient"),
        (True, [("X-Forwarded-For", "1.2.3.4, nonsense")], "testclient"),
        (True, [("X-Forwarded-For", "10.0.0.7")], "testclient"),
    ],
)
def test_the_address_is_the_proxys_word_where_a_proxy_is_and_the_peer_where_none_is(
    client: TestClient,
    with_settings: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    trusts: bool,
    headers: list[tuple[str, str]],
    address: str,
) -> None:
    with_settings(trust_proxy_headers=trusts)
    counted: list[tuple[str, ...]] = []

    async def count(_counter: object, _limit: object, key: tuple[str, ...]) -> None:
        counted.append(key)

    monkeypatch.setattr(attempts.Counter, "hit", count)
    client.post(f"{API}/auth/login", json={"username": "a", "password": "b"}, headers=headers)
    assert counted[0] == ("login", "address", address)


def test_a_proxy_is_trusted_on_a_space_and_nowhere_else_unless_told() -> None:
    settings = get_settings()
    assert not settings.is_behind_proxy
    assert settings.model_copy(update={"space_id": "me/todos"}).is_behind_proxy
    assert not settings.model_copy(update={"space_id": "me/todos", "trust_proxy_headers": False}).is_behind_proxy


# The form login of gradio_client


@pytest.mark.parametrize("proto", ["https", "https, http"])
def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(
    client: TestClient, account: Account, with_settings: Callable[..., None], proto: str
) -> None:
    form = {"username": account.username, "password": PASSWORD}
    forged = client.post("/login", data=form, headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    assert "secure" not in forged.lower()
    with_settings(trust_proxy_headers=True)
    said = client.post("/login", data=form, headers={"X-Forwarded-Proto": proto}).headers["Set-Cookie"]
    attributes = {part.strip().lower() for part in said.split(";")[1:]}
    assert {"httponly", "samesite=strict", "secure", "path=/", "max-age=86400"} <= attributes


def test_a_cookie_session_ends_with_everything_else(client: TestClient, account: Account) -> None:
    client.post("/login", data={"username": account.username, "password": PASSWORD}).raise_for_status()
    token = client.cookies[access.COOKIE]
    assert me(client, token) == 200
    client.cookies.clear()
    client.post(f"{API}/auth/logout", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    assert me(client, token) == 401


# Other web origins


def test_a_foreign_origin_is_not_let_in() -> None:
    settings = Settings(backend_cors_origins=["https://todo.example"])
    with TestClient(create_api(settings)) as client:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        assert "Access-Control-Allow-Origin" not in client.options(f"{API}/todos", headers=headers).headers
        assert "Access-Control-Allow-Origin" not in client.get("/health", headers=headers).headers
    with TestClient(create_api(get_settings())) as client:
        headers = {"Origin": "https://todo.example", "Access-Control-Request-Method": "GET"}
        assert "Access-Control-Allow-Origin" not in client.options(f"{API}/todos", headers=headers).headers


def test_no_origin_is_ever_allowed_to_send_cookies() -> None:
    with TestClient(create_api(Settings(backend_cors_origins=["https://todo.example"]))) as client:
        answer = client.get("/health", headers={"Origin": "https://todo.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://todo.example"
        assert "Access-Control-Allow-Credentials" not in answer.headers


# What a service says when the account has gone in between


def test_an_access_token_of_a_session_without_its_row_is_refused_by_the_service(account: Account) -> None:
    account.call("POST", "/auth/logout")
    with database.read_scope() as session, pytest.raises(AppError, match="log in again"):
        sessions.identify(session, account.tokens["access_token"], Door.REST)


def test_reading_a_token_gives_back_what_was_signed() -> None:
    ends = datetime.now(UTC) + timedelta(minutes=1)
    token = security.sign(TokenKind.ACCESS, user_id="u", session_id="s", generation=3, expires_at=ends)
    assert security.read_token(TokenKind.ACCESS, token) == security.Token("u", "s", 3)
