"""Actor: the account on whose behalf a service acts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Who asks. Services take it from the door that checked the token, never from an argument of the caller."""

    user_id: str
    session_id: str
    timezone: str
    is_admin: bool
