"""Private handlers of the page for accounts: register, log in, stay logged in, log out."""

from datetime import timedelta

from backend import access, database
from backend.models.session import Credentials, PasswordReset, RefreshRequest, TokenPair
from backend.models.user import UserCreate, UserRead
from backend.services import accounts, sessions
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account, for_anyone

# A browser tells one tab late what another has stored, so two tabs may use one refresh token at the same moment.
_TABS_GRACE = timedelta(seconds=10)


@for_anyone
async def register(call: Call, address: str) -> UserRead:
    """Create an account."""
    return await access.sign_up(UserCreate.model_validate(call.body), address)


@for_anyone
async def login(call: Call, address: str) -> TokenPair:
    """Open a session for a name and a password."""
    return await access.sign_in(Credentials.model_validate(call.body), address)


@for_anyone
async def refresh(call: Call, address: str) -> TokenPair:
    """The next pair of tokens."""
    return await access.renew(RefreshRequest.model_validate(call.body), address, grace=_TABS_GRACE)


@for_anyone
async def reset_password(call: Call, address: str) -> None:
    """Set a new password with the token of a one-time link."""
    await access.reset_password(PasswordReset.model_validate(call.body), address)


@for_account
async def logout(actor: Actor, _call: Call) -> None:
    """End this session: its tokens stop working at once."""
    await database.write(lambda session: sessions.end(session, actor))


@for_account
async def whoami(actor: Actor, _call: Call) -> UserRead:
    """The account that is logged in."""
    return await database.read(lambda session: accounts.get(session, actor))


HANDLERS = [register, login, refresh, reset_password, logout, whoami]
