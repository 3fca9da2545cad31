"""What is put in where damage took it, when a row of ours would be refused without."""

import pytest

from backend.repair import TodoCaretaker
from backend.storage.salvage.caretaker import Row

ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
LOST: Row = {"id": ID, "username": "", "email": "", "password_hash": "", "is_admin": None}


def test_an_account_keeps_the_names_that_its_indexes_know() -> None:
    row = {**LOST, "username_key": "anna", "email_key": "anna@example.com"}
    mended = TodoCaretaker().mend("users", row, "CHECK constraint failed: username_length")
    assert mended is not None
    assert (mended["username"], mended["email"]) == ("anna", "anna@example.com")


@pytest.mark.parametrize(
    ("error", "known"),
    [("CHECK", {}), ("UNIQUE", {"username_key": "taken", "email_key": "taken@example.com"})],
)
def test_an_account_whose_names_are_unknown_or_taken_gets_others(error: str, known: Row) -> None:
    mended = TodoCaretaker().mend("users", {**LOST, **known}, error)
    assert mended is not None
    assert (mended["username"], mended["email"]) == (f"recovered-{ID}", f"recovered-{ID}@example.invalid")


def test_a_right_of_which_the_bounds_are_lost_is_the_least_there_is() -> None:
    caretaker = TodoCaretaker()
    token: Row = {"name": "script", "scopes": "[1", "max_changes": None, "expires_at": None}
    bounded = caretaker.complete("personal_tokens", dict(token), {"max_changes", "expires_at"}, {"scopes"})
    assert bounded == {"name": "script", "scopes": "[]", "max_changes": 1, "expires_at": "1970-01-01T00:00:00.000000Z"}
    # What was never bounded stays so.
    assert caretaker.complete("personal_tokens", dict(token), {"name"}, set()) == token
    user: Row = {"username": "ada", "is_admin": 3, "password_hash": "$argon2id$"}
    assert caretaker.complete("users", dict(user), set(), {"is_admin"}) == {**user, "is_admin": 0}


@pytest.mark.parametrize("child", ["todos", "lists", "list_members", "saved_filters"])
def test_who_has_or_shares_anything_gets_an_account_that_nobody_can_log_in_to(child: str) -> None:
    made = TodoCaretaker().parent(child, "users", {"id": ID}, {})
    assert made is not None
    assert (made["id"], made["password_hash"], made["is_admin"]) == (ID, "!", 0)


def test_for_a_login_alone_nobody_is_made_up() -> None:
    assert TodoCaretaker().parent("sessions", "users", {"id": ID}, {}) is None
