"""Private handlers of the page for what belongs to an account: its profile, password, logins, tokens and calendar."""

from backend import access, database
from backend.models.base import Shape
from backend.models.session import PasswordChange, PasswordProof, SessionPage
from backend.models.token import TokenCreate, TokenCreated, TokenPage
from backend.models.transfer import CalendarRead
from backend.models.user import UserRead, UserUpdate
from backend.services import accounts, calendars, sessions, tokens
from backend.services.actor import Actor
from backend.settings import get_settings
from backend.ui.calls import Call, for_account, for_person


class CalendarSecret(Shape):
    """The secret of a new feed, shown this once; the script knows the address of the page, and makes one of it."""

    secret: str


@for_account
async def update_account(actor: Actor, call: Call) -> UserRead:
    """Change e-mail address, username or timezone."""
    changes = UserUpdate.model_validate(call.body)
    return await database.write(lambda session: accounts.update(session, actor, changes))


@for_person
async def change_password(actor: Actor, call: Call, address: str) -> None:
    """Change the password; every other login ends."""
    await access.change_password(actor, PasswordChange.model_validate(call.body), address)


@for_person
async def delete_account(actor: Actor, call: Call, address: str) -> None:
    """Delete the account and everything of it."""
    await access.delete_account(actor, PasswordProof.model_validate(call.body), address)


@for_account
async def list_sessions(actor: Actor, _call: Call) -> SessionPage:
    """Where the account is logged in."""
    return await database.read(lambda session: sessions.search(session, actor, get_settings()))


@for_account
async def end_session(actor: Actor, call: Call) -> None:
    """End one login."""
    await database.write(lambda session: sessions.end_one(session, actor, call.object_id))


@for_account
async def end_all_sessions(actor: Actor, _call: Call) -> None:
    """End every login, this one too."""
    await database.write(lambda session: sessions.end_everywhere(session, actor))


@for_account
async def list_tokens(actor: Actor, _call: Call) -> TokenPage:
    """The personal tokens, without their secrets."""
    return await database.read(lambda session: tokens.search(session, actor))


@for_account
async def add_token(actor: Actor, call: Call) -> TokenCreated:
    """Make a personal token; its secret is in this answer alone."""
    data = TokenCreate.model_validate(call.body)
    return await database.write(lambda session: tokens.create(session, actor, data))


@for_account
async def revoke_token(actor: Actor, call: Call) -> None:
    """Make a personal token worthless."""
    await database.write(lambda session: tokens.revoke(session, actor, call.object_id))


@for_account
async def get_calendar(actor: Actor, _call: Call) -> CalendarRead:
    """Whether the calendar feed has an address."""
    return await database.read(lambda session: calendars.get(session, actor))


@for_account
async def make_calendar(actor: Actor, _call: Call) -> CalendarSecret:
    """Make the feed a new secret address; the one before stops working."""
    secret, _ = await database.write(lambda session: calendars.open_for(session, actor))
    return CalendarSecret(secret=secret)


@for_account
async def delete_calendar(actor: Actor, _call: Call) -> None:
    """Let the feed's address stop working."""
    await database.write(lambda session: calendars.close(session, actor))


HANDLERS = [
    update_account,
    change_password,
    delete_account,
    list_sessions,
    end_session,
    end_all_sessions,
    list_tokens,
    add_token,
    revoke_token,
    get_calendar,
    make_calendar,
    delete_calendar,
]
