"""`POST /login`: the form that `gradio_client.Client(url, auth=(user, password))` posts."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

from backend import access, database
from backend.api.dependencies import Address
from backend.api.documentation import refuses
from backend.errors import AuthenticationError
from backend.models.operation import Door
from backend.models.session import Credentials
from backend.services import sessions

router = APIRouter(tags=["auth"])


class LoggedIn(BaseModel):
    """What Gradio's own login answers."""

    success: bool


@router.post("/login", response_model=LoggedIn, responses=refuses(401, 422, 429), operation_id="login_with_cookie")
async def login_with_cookie(
    request: Request, address: Address, username: Annotated[str, Form()], password: Annotated[str, Form()]
) -> Response:
    """Log a Gradio client in. The cookie serves the Gradio endpoints alone; REST takes tokens in headers.

    No script can read it, and no other site can make a browser send it.
    """
    pair = await access.sign_in(Credentials(username=username, password=password), address)
    response = JSONResponse({"success": True})
    response.set_cookie(
        access.COOKIE,
        pair.access_token,
        max_age=pair.expires_in,
        httponly=True,
        samesite="strict",
        secure=access.is_secure(request.headers, request.url.scheme),
    )
    return response


@router.api_route("/logout", methods=["GET", "POST"], include_in_schema=False)
async def logout_with_cookie(request: Request) -> Response:
    """End the session of the login cookie, and show the page."""
    try:
        actor = await access.identify(access.credential_of({}, request.cookies), Door.REST)
        await database.write(lambda session: sessions.end(session, actor))
    except AuthenticationError:
        pass  # it has ended already
    response = RedirectResponse("/", 303)
    response.delete_cookie(access.COOKIE)
    return response
