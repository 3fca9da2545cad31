"""Errors on the web: one envelope for all of them, application/problem+json of RFC 9457."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from backend import errors
from backend.errors import AppError, FieldError, describe, field_errors, invalid

MEDIA_TYPE = "application/problem+json"
# What curl does on its own with `-d`.
_NO_JSON = "must be JSON, and say so: send the header Content-Type: application/json"
TOO_LARGE = "The request is larger than 1 MiB; send less at once."


class ProblemField(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """A refusal. `code` is stable, for programs; `detail` is a sentence that says what to do, for people."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no todo with this id."])
    code: str = Field(examples=["not_found"])
    errors: list[ProblemField] = Field(description="For validation errors: each field that is wrong.")
    current: dict[str, object] | None = Field(
        default=None, description="For version_conflict: the object as it is now. Absent otherwise."
    )


def install(app: FastAPI) -> None:
    """Render every failure of the app in the envelope, also those that FastAPI and Starlette raise themselves."""

    async def render_app_error(_: Request, error: Exception) -> Response:
        return render(describe(error))

    async def render_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):  # FastAPI gives a position where the field stands
            return render(invalid(field_errors([{"type": "json_invalid", "loc": ()}])))
        wrong = [fault["type"] for fault in faults if fault["loc"] == ("body",)]
        # Without a header and without a body nothing was meant to be JSON.
        if wrong and "json" not in request.headers.get("content-type", "json" if wrong == ["missing"] else ""):
            return render(invalid([FieldError("request", _NO_JSON)]))
        # The first part says where FastAPI found the field; callers know their field, not our plumbing.
        return render(invalid(field_errors({**fault, "loc": fault["loc"][1:]} for fault in faults)))

    async def render_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        return render(_as_app_error(error))

    app.add_exception_handler(AppError, render_app_error)
    app.add_exception_handler(ValidationError, render_app_error)
    app.add_exception_handler(RequestValidationError, render_invalid)
    app.add_exception_handler(HTTPException, render_http)
    app.add_exception_handler(Exception, render_app_error)


def render(error: AppError) -> Response:
    """The envelope of a refusal, with the headers that go with its status."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "errors": [{"field": fault.field, "message": fault.message} for fault in error.errors],
    }
    if error.current is not None:
        body["current"] = error.current
    return Response(to_json(body), error.status, dict(error.headers), MEDIA_TYPE)


def _as_app_error(error: HTTPException) -> AppError:
    """The refusal of ours that means what a framework's exception means."""
    match error.status_code:
        case 401:
            return errors.AuthenticationError(str(error.detail))
        case 404:
            return errors.NotFoundError("There is nothing at this address. The API's addresses are listed at /docs.")
        case 405:
            return errors.MethodNotAllowedError("This address does not know that method; see /docs.")
        case 413:
            return errors.PayloadTooLargeError(TOO_LARGE)
        case status if status < 500:  # noqa: PLR2004 - where the server's own faults begin
            return errors.BadRequestError("The request cannot be read; see /docs for its form.")
        case _:
            return describe(error)
