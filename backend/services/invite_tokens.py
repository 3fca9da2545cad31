"""Tokens of invitations: made by chance, so nobody guesses one, and stored as their digest, so nobody reads one."""

import hashlib
import secrets

_BYTES = 32


def new() -> str:
    """A new token, for an address."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """What of a token is stored. Not slow on purpose, as for passwords: there are too many tokens to try."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
