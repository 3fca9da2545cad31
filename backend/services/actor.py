"""Actor: the account on whose behalf a service acts, and what its credentials allow."""

from dataclasses import dataclass

from backend.errors import LimitReachedError, PermissionDeniedError
from backend.models.operation import Door
from backend.models.token import CHANGES_MAX, Scope

EVERYTHING = frozenset(Scope)


@dataclass(frozen=True)
class Actor:
    """Who asks. Services take it from the door that checked the token, never from an argument of the caller."""

    user_id: str
    session_id: str
    timezone: str
    is_admin: bool
    # For the log: the username, or the name of the personal token that was used.
    name: str = ""
    door: Door = Door.SYSTEM
    token_id: str | None = None
    # Of a personal token: how many todos one call may change. Who has logged in is bound by no such number.
    max_changes: int = CHANGES_MAX
    scopes: frozenset[Scope] = EVERYTHING
    # Whether somebody shares a list with this account; most do not, and then no query has to look for it.
    has_shares: bool = False

    def ensure(self, scope: Scope) -> None:
        """Raise PermissionDeniedError where the token that was used does not allow this."""
        if scope not in self.scopes:
            raise PermissionDeniedError(
                f"This token may not do that: it lacks the scope `{scope}`. Use one that has it, or log in."
            )

    def ensure_may_touch(self, count: int) -> None:
        """Raise LimitReachedError where one call with a personal token would change more todos than it may.

        `log.together` asks this of every operation. Who knows the number beforehand asks it before the work.
        """
        if self.token_id is not None and count > self.max_changes:
            raise LimitReachedError(
                f"This would change {count} todos, and one call with this token may change {self.max_changes} at most."
                " Nothing was changed; take fewer at once, or log in with your password."
            )

    def ensure_logged_in(self) -> None:
        """Raise PermissionDeniedError for a personal token, whatever its scopes: this takes a login with a password.

        Otherwise whoever finds a token could lock its owner out, or make more of them.
        """
        if self.token_id is not None:
            raise PermissionDeniedError("A personal token may not do that. Log in with your password to do it.")
