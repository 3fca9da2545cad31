"""`/api/v1/auth/tokens`: personal tokens, for programs and agents."""

from fastapi import APIRouter, Response

from backend import database
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected, refuses
from backend.models.token import TokenCreate, TokenCreated, TokenPage
from backend.services import tokens

router = APIRouter(prefix="/auth/tokens", tags=["auth"])


@router.get("", response_model=TokenPage, openapi_extra=protected(), operation_id="list_tokens")
async def list_tokens(caller: Caller) -> Response:
    """List the account's personal tokens, the newest first; never their secrets. Takes a login, not a token."""
    return answer(await database.read(lambda session: tokens.search(session, caller)))


# No Idempotency-Key: the answer to send again would have to be stored, and the secret with it.
@router.post(
    "",
    response_model=TokenCreated,
    status_code=201,
    responses=refuses(409),
    openapi_extra=protected(),
    operation_id="add_token",
)
async def add_token(data: TokenCreate, caller: Caller) -> Response:
    """Make a personal token for a program or an agent. The secret is in this answer and is never shown again."""
    return answer(await database.write(lambda session: tokens.create(session, caller, data)), 201)


@router.delete(
    "/{token_id}", status_code=204, responses=refuses(404), openapi_extra=protected(), operation_id="revoke_token"
)
async def revoke_token(token_id: str, caller: Caller) -> Response:
    """Revoke a personal token: it stops working at once. What was done with it stays."""
    await database.write(lambda session: tokens.revoke(session, caller, token_id))
    return Response(status_code=204)
