"""Names: who keeps which name, now that names are the same regardless of case.

Their users logged in by e-mail address, exactly as written. Ours log in by address or username, through one look-up, so
no name may mean two accounts, now or after somebody registers. So an address keeps its own name only with an `@` in it,
and a username only without one, as in all accounts of ours. Addresses are given out first, to the lowest id first: it
is what people type. Whoever comes second to a name keeps it to be shown, and logs in with the name and `#` and the old
id; `#` is in no name that anybody can register.
"""

from collections.abc import Iterable

from pydantic import ValidationError

from backend.adoption.report import RowNotes, What
from backend.adoption.texts import as_text, repaired, storable
from backend.models.user import USERNAME_MAX, USERNAME_MIN, UserUpdate, fold

EMAIL_STORED_MIN, EMAIL_STORED_MAX = 3, 255  # the table's own limits
_UNREACHABLE_DOMAIN = "adopted.invalid"  # RFC 2606: never anybody's
_NOBODY = "recovered"  # holds the names of accounts that never were


class Names:
    """The login names of one adoption. It holds a few hundred bytes for each user, and nothing for todos."""

    def __init__(self, emails: Iterable[tuple[int, object]]) -> None:
        self._taken: set[str] = set()
        self._email_keys: dict[int, str] = {}
        for old_id, value in emails:
            self._email_keys[old_id] = self._take(fold(_email(value, old_id)), str(old_id), is_email=True)

    def email(self, value: object, old_id: int, notes: RowNotes) -> tuple[str, str]:
        """The address to show, and the key to find it by."""
        email, key = _email(value, old_id), self._email_keys[old_id]
        if email != repaired(value, "email", notes).strip():
            notes.add(What.EMAIL_REPLACED, as_text(value), email)
        elif not _passes(email=email):
            notes.add(What.EMAIL_INVALID, email)
        if key != fold(email):
            notes.add(What.EMAIL_LOGIN_CHANGED, email, key)
        return email, key

    def username(self, value: object, old_id: int, notes: RowNotes) -> tuple[str, str]:
        """The username to show, and the key to find it by."""
        username = repaired(value, "username", notes).strip()
        if not USERNAME_MIN <= len(username) <= USERNAME_MAX:
            notes.add(What.USERNAME_REPLACED, as_text(value), f"user-{old_id}")
            username = f"user-{old_id}"
        elif not _passes(username=username):
            notes.add(What.USERNAME_INVALID, username)
        key = self._take(fold(username), str(old_id), is_email=False)
        if key != fold(username):
            notes.add(What.USERNAME_LOGIN_CHANGED, username, key)
        return username, key

    def recovered(self, name: str) -> tuple[str, str]:
        """Address and key for an account that never was; its username is `name`, found by `username_key`."""
        email = f"{name}@{_UNREACHABLE_DOMAIN}"
        return email, self._take(email, _NOBODY, is_email=True)

    def recovered_key(self, name: str) -> str:
        """The key for the username of an account that never was."""
        return self._take(name, _NOBODY, is_email=False)

    def _take(self, key: str, holder: str, *, is_email: bool) -> str:
        """The key itself where it may stand, else one like it; folding can make a name longer than its column."""
        longest = EMAIL_STORED_MAX if is_email else USERNAME_MAX
        candidate, attempt = key, 0
        may_stand = len(key) <= longest and ("@" in key) == is_email
        while not may_stand or candidate in self._taken:
            attempt += 1
            suffix = f"#{holder}" if attempt == 1 else f"#{holder}-{attempt}"
            candidate, may_stand = key[: longest - len(suffix)] + suffix, True
        self._taken.add(candidate)
        return candidate


def _email(value: object, old_id: int) -> str:
    email = storable(as_text(value)).strip()
    fits = EMAIL_STORED_MIN <= len(email) <= EMAIL_STORED_MAX
    return email if fits else f"user-{old_id}@{_UNREACHABLE_DOMAIN}"


def _passes(**field: str) -> bool:
    """Whether our own rules for accounts would take this name."""
    try:
        UserUpdate.model_validate(field)
    except ValidationError:
        return False
    return True
