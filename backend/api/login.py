"""`POST /login`: the form that `gradio_client.Client(url, auth=(user, password))` posts."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from backend import access
from backend.api.dependencies import Address
from backend.api.documentation import refuses
from backend.models.session import Credentials

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
