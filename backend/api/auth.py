"""`/api/v1/auth`: accounts and logins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.security import OAuth2PasswordRequestForm

from backend import access, database
from backend.api.dependencies import Address, Caller, answer
from backend.api.documentation import protected, refuses
from backend.models.session import (
    Credentials,
    PasswordChange,
    PasswordProof,
    PasswordReset,
    RefreshRequest,
    TokenPair,
)
from backend.models.user import UserCreate, UserRead, UserUpdate
from backend.services import accounts, sessions

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/register", response_model=UserRead, status_code=201, responses=refuses(403, 409, 429), operation_id="register"
)
async def register(data: UserCreate, address: Address) -> Response:
    """Create an account. The first account of an installation is its admin."""
    return answer(await access.sign_up(data, address), 201)


@router.post("/login", response_model=TokenPair, responses=refuses(401, 429), operation_id="login")
async def login(credentials: Credentials, address: Address) -> Response:
    """Log in with a username or an e-mail address, in either field."""
    return answer(await access.sign_in(credentials, address))


@router.post("/token", response_model=TokenPair, responses=refuses(401, 429), operation_id="token")
async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()], address: Address) -> Response:
    """Log in with the password form of OAuth 2, as the Authorize button of /docs does."""
    return answer(await access.sign_in(Credentials(username=form.username, password=form.password), address))


@router.post("/refresh", response_model=TokenPair, responses=refuses(401, 429), operation_id="refresh")
async def refresh(request: RefreshRequest, address: Address) -> Response:
    """Get the next pair of tokens. A refresh token used twice ends its whole session."""
    return answer(await access.renew(request, address))


@router.post("/logout", status_code=204, openapi_extra=protected(), operation_id="logout")
async def logout(caller: Caller) -> Response:
    """End this session: its tokens stop working at once."""
    await database.write(lambda session: sessions.end(session, caller))
    return Response(status_code=204)


@router.post("/reset", status_code=204, responses=refuses(429), operation_id="reset_password")
async def reset_password(reset: PasswordReset, address: Address) -> Response:
    """Set a new password with the token of a one-time link; every login of the account ends.

    Whoever looks after the installation makes such a link with `python -m backend reset-password NAME`.
    """
    await access.reset_password(reset, address)
    return Response(status_code=204)


@router.get("/me", response_model=UserRead, openapi_extra=protected(), operation_id="whoami")
async def whoami(caller: Caller) -> Response:
    """Show the account."""
    return answer(await database.read(lambda session: accounts.get(session, caller)))


@router.patch(
    "/me", response_model=UserRead, responses=refuses(409), openapi_extra=protected(), operation_id="update_account"
)
async def update_account(changes: UserUpdate, caller: Caller) -> Response:
    """Change e-mail address, username or timezone; what is not named stays."""
    return answer(await database.write(lambda session: accounts.update(session, caller, changes)))


@router.delete("/me", status_code=204, responses=refuses(429), openapi_extra=protected(), operation_id="delete_account")
async def delete_account(proof: PasswordProof, caller: Caller, address: Address) -> Response:
    """Delete the account and everything of it, for good. Needs the password."""
    await access.delete_account(caller, proof, address)
    return Response(status_code=204)


@router.post(
    "/me/password", status_code=204, responses=refuses(429), openapi_extra=protected(), operation_id="change_password"
)
async def change_password(change: PasswordChange, caller: Caller, address: Address) -> Response:
    """Change the password; every other session ends. Personal tokens go on working: revoke those by themselves."""
    await access.change_password(caller, change, address)
    return Response(status_code=204)
