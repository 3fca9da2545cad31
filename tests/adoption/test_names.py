"""Names that were two in the old deployment and are one in ours: nobody loses a login, and nobody gets another's."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from backend import database
from backend.adoption import AdoptionReport, What
from backend.errors import InvalidCredentialsError
from backend.services import sessions
from tests.adoption.old_deployment import PASSWORD, add_todo, add_user, old_hash
from tests.adoption.support import adopted, ours


def account_of(name: str, password: str) -> str:
    """Who a name and a password open, as the services say."""
    with database.read_scope() as session:
        claimed = sessions.find(session, name)
    assert sessions.prove(claimed, password) is not None  # bcrypt verifies, and asks to be replaced
    [user] = ours(f"SELECT username FROM users WHERE id = '{claimed.user_id}'")  # noqa: S608 - our own id
    return str(user["username"])


def findings(report: AdoptionReport) -> set[tuple[int | None, What, str | None]]:
    return {(finding.old_id, finding.what, finding.became) for finding in report.findings}


def add(connection: Connection, old_id: int, email: str, username: str) -> None:
    add_user(connection, old_id, email=email, username=username, hashed_password=old_hash(f"password {old_id}"))


def test_the_same_address_by_case(old: Connection) -> None:
    add(old, 2, "ann@example.com", "ann")
    add(old, 3, "Ann@Example.com", "ann three")
    report = adopted(old)
    assert account_of("ANN@example.com", "password 2") == "ann"
    with pytest.raises(InvalidCredentialsError):
        account_of("Ann@Example.com", "password 3")
    assert account_of("Ann Three", "password 3") == "ann three"
    assert account_of("ann@example.com#3", "password 3") == "ann three"
    assert findings(report) == {
        (3, What.EMAIL_LOGIN_CHANGED, "ann@example.com#3"),
        (3, What.USERNAME_INVALID, None),
    }
    assert ours("SELECT email FROM users WHERE username = 'ann three'") == [{"email": "Ann@Example.com"}]


def test_both_names_taken(old: Connection) -> None:
    add(old, 2, "bob@example.com", "bob")
    add(old, 3, "BOB@example.com", "Bob")
    report = adopted(old)
    assert account_of("bob", "password 2") == "bob"
    assert account_of("bob#3", "password 3") == "Bob"
    assert (3, What.USERNAME_LOGIN_CHANGED, "bob#3") in findings(report)


def test_a_username_that_is_anothers_address_opens_nothing_of_theirs(old: Connection) -> None:
    add(old, 2, "mallory@example.com", "victim@example.com")
    add(old, 3, "victim@example.com", "victim")
    adopted(old)
    assert account_of("victim@example.com", "password 3") == "victim"
    with pytest.raises(InvalidCredentialsError):
        account_of("victim@example.com", "password 2")
    assert account_of("mallory@example.com", "password 2") == "victim@example.com"


def test_a_username_that_is_ones_own_address(old: Connection) -> None:
    add(old, 2, "eve@example.com", "Eve@example.com")
    report = adopted(old)
    assert account_of("eve@example.com", "password 2") == "Eve@example.com"
    assert findings(report) == {
        (2, What.USERNAME_INVALID, None),
        (2, What.USERNAME_LOGIN_CHANGED, "eve@example.com#2"),
    }


def test_nobody_can_register_into_the_name_of_another(loose: Connection, client: TestClient) -> None:
    add(loose, 1, "rob", "rob@example.com")  # the two fields confused
    adopted(loose)
    new = {"email": "rob@example.com", "username": "rob", "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=new).status_code == 201
    for name in ("rob@example.com", "rob"):
        assert client.post("/api/v1/auth/login", json={"username": name, "password": PASSWORD}).status_code == 200
        answer = client.post("/api/v1/auth/login", json={"username": f"{name}#1", "password": "password 1"})
        assert answer.status_code == 200, answer.text


def test_names_that_our_rules_refuse_go_on_working(old: Connection) -> None:
    add(old, 2, "x@localhost.local", "Jörg Müller 🎿")
    report = adopted(old)
    assert account_of("x@localhost.local", "password 2") == "Jörg Müller 🎿"
    assert account_of("jörg müller 🎿", "password 2") == "Jörg Müller 🎿"
    assert {what for _, what, _ in findings(report)} == {What.EMAIL_INVALID, What.USERNAME_INVALID}


def test_a_name_that_grows_when_folded(old: Connection) -> None:
    add(old, 2, "long@example.com", "ß" * 50)
    report = adopted(old)
    key = "s" * 48 + "#2"
    assert (2, What.USERNAME_LOGIN_CHANGED, key) in findings(report)
    assert account_of(key, "password 2") == "ß" * 50


def test_names_that_are_none(loose: Connection) -> None:
    add_user(loose, 1, email=None, username=None)
    add_user(loose, 2, email="", username="x")
    add_user(loose, 3, email="a" * 300 + "@example.com", username="y" * 80)
    add_user(loose, 4, email="user-1@adopted.invalid", username="user-1")
    report = adopted(loose)
    for old_id in (1, 2, 3):
        assert account_of(f"user-{old_id}", PASSWORD) == f"user-{old_id}"
        assert account_of(f"user-{old_id}@adopted.invalid", PASSWORD) == f"user-{old_id}"
    assert account_of("user-1#4", PASSWORD) == "user-1"
    assert report.tally[What.EMAIL_REPLACED] == 3
    assert "a" * 300 + "@example.com" in {finding.original for finding in report.findings}


@pytest.mark.parametrize("stored", [None, "", "plain text", "$2b$12$cut", "x" * 300, "nul\x00"])
def test_a_hash_that_cannot_be_right_is_noted_and_never_shown(loose: Connection, stored: str | None) -> None:
    add_user(loose, 1, hashed_password=stored)
    report = adopted(loose)
    assert report.tally == {What.PASSWORD_UNREADABLE: 1}
    assert [(finding.original, finding.became) for finding in report.findings] == [(None, None)]
    [user] = ours("SELECT password_hash FROM users")
    assert user["password_hash"] in {stored, "!"}
    with pytest.raises(InvalidCredentialsError):
        account_of("user1", stored or "!")


def test_no_hash_is_in_the_report(loose: Connection) -> None:
    for old_id in range(1, 5):
        add_user(loose, old_id, email="Same@example.com", username="same", created_at=None)
    assert "$2b$" not in "\n".join(adopted(loose).json_lines())


def test_over_rest_with_long_passwords_and_a_name_given_twice(old: Connection, client: TestClient) -> None:
    password = "ä" * 36 + "z"  # 73 bytes, of which the old deployment took 72
    add(old, 2, "two@example.com", "two")
    add_user(old, 3, email="Two@example.com", username="three", hashed_password=old_hash(password))
    add_todo(old, 1, user_id=3, title="x" * 600, due_date="2026-04-05 00:00:00")
    adopted(old)

    def log_in(**names: str) -> dict[str, str]:
        answer = client.post("/api/v1/auth/login", json={**names, "password": password})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    headers = log_in(username="three")
    [todo] = client.get("/api/v1/todos", headers=headers).json()["todos"]
    assert (todo["description"], todo["weekday"], todo["due_time"]) == ("x" * 600, "Sunday", None)
    # Changing something else does not cost the account the name that it was given.
    changed = client.patch("/api/v1/auth/me", json={"timezone": "Asia/Tokyo"}, headers=headers)
    assert changed.status_code == 200, changed.text
    log_in(username="two@example.com#3")  # the first login has made an argon2 hash of it
    assert client.patch(f"/api/v1/todos/{todo['id']}", json={"completed": True}, headers=headers).status_code == 200
