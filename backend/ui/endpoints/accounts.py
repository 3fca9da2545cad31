"""Published: making an account, logging in, and asking who that is."""

from typing import Any

import gradio as gr

from backend import access, database
from backend.models.session import Credentials
from backend.models.user import UserCreate
from backend.services import accounts
from backend.ui.endpoints import call


@call.refusing
async def register(
    request: gr.Request, email: str, username: str, password: str, timezone: str = "UTC"
) -> dict[str, Any]:
    """Create an account. Needs no login.

    Args:
        email: Your e-mail address.
        username: 3 to 50 characters of letters a-z, digits, _, - or .
        password: 8 to 128 characters.
        timezone: Where you live, such as Europe/Berlin; days like "today" are counted there.

    Returns:
        The account: id, email, username, timezone, is_admin, created_at.
    """
    data = UserCreate.model_validate({"email": email, "username": username, "password": password, "timezone": timezone})
    return call.plain(await access.sign_up(data, call.address(request)))


@call.refusing
async def login(request: gr.Request, username: str, password: str) -> dict[str, Any]:
    """Log in with a username or an e-mail address. Needs no login before.

    Args:
        username: Your username or e-mail address.
        password: Your password.

    Returns:
        access_token (send it as `Authorization: Bearer ...`), refresh_token, token_type, expires_in in seconds.
    """
    credentials = Credentials.model_validate({"username": username, "password": password})
    return call.plain(await access.sign_in(credentials, call.address(request)))


@call.refusing
async def whoami(request: gr.Request) -> dict[str, Any]:
    """Show the account that you are logged in as.

    Returns:
        The account: id, email, username, timezone, is_admin, created_at.
    """
    actor = await call.caller(request)
    return call.plain(await database.read(lambda session: accounts.get(session, actor)))
