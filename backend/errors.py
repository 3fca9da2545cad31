"""The refusals that the product knows, and the one place where an exception becomes words.

An error carries the status and the stable code that every door shows. Services raise them; doors only render them.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import ValidationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of the input."""

    field: str
    message: str


class ConfigurationError(Exception):
    """The app cannot start with these settings; the text says which, and what to do."""


class AppError(Exception):
    """A refusal with a sentence for the user, the HTTP status it has on the web, and a stable code."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        retry_after_seconds: int | None = None,
        current: Mapping[str, Any] | None = None,
        allow: Iterable[str] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after_seconds = retry_after_seconds
        self.current = current
        self.headers = {"Allow": ", ".join(allow)} if allow else {}
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)
        if self.status == 401:  # noqa: PLR2004 - RFC 9110, 11.6.1: a 401 names the scheme that would do
            self.headers["WWW-Authenticate"] = "Bearer"

    @property
    def line(self) -> str:
        """The sentence with its code, for doors that show one line of text."""
        return f"{self.detail} [{self.code}]"


class BadRequestError(AppError):
    """The request itself cannot be read."""


class ResetLinkError(AppError):
    """The link to set a new password is not one of ours, was used, or has expired."""

    code = "reset_link_invalid"
    title = "The link is no longer good"


class InvalidInputError(AppError):
    """A field is wrong; `errors` says which and why."""

    status = 422
    code = "validation_error"
    title = "Invalid input"


class AuthenticationError(AppError):
    """Nobody is logged in, or the token is no longer valid."""

    status = 401
    code = "not_authenticated"
    title = "Not logged in"


class InvalidCredentialsError(AuthenticationError):
    """Name and password do not belong together; never says which of the two is wrong."""

    code = "invalid_credentials"
    title = "Wrong name or password"


class PermissionDeniedError(AppError):
    """The account is known, and may not do this."""

    status = 403
    code = "permission_denied"
    title = "Not allowed"


class RegistrationClosedError(PermissionDeniedError):
    """This installation takes no new accounts."""

    code = "registration_closed"
    title = "Registration is closed"


class NotFoundError(AppError):
    """There is no such thing for this account; another account's things count as absent."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowedError(AppError):
    """The address exists and knows other methods."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class ConflictError(AppError):
    """The request contradicts what is stored."""

    status = 409
    code = "conflict"
    title = "Conflict"


class EmailTakenError(ConflictError):
    """Another account has this e-mail address."""

    code = "email_taken"
    title = "E-mail address taken"


class UsernameTakenError(ConflictError):
    """Another account has this username."""

    code = "username_taken"
    title = "Username taken"


class IdTakenError(ConflictError):
    """A todo with this id exists and says something else."""

    code = "id_taken"
    title = "Id taken"


class LimitReachedError(ConflictError):
    """There are as many of these as an account can have."""

    code = "limit_reached"
    title = "Limit reached"


class IdempotencyMismatchError(AppError):
    """The key was used for another request before."""

    status = 422
    code = "idempotency_mismatch"
    title = "Key used for another request"


class InProgressError(ConflictError):
    """The same request is still being worked on."""

    code = "request_in_progress"
    title = "Still in progress"


class CursorExpiredError(AppError):
    """What a cursor points at is no longer kept."""

    status = 410
    code = "cursor_expired"
    title = "Cursor expired"


class VersionConflictError(AppError):
    """The object has changed since the caller read it; `current` is the object as it is."""

    status = 412
    code = "version_conflict"
    title = "Changed in the meantime"


class PayloadTooLargeError(AppError):
    """The request is larger than the server takes."""

    status = 413
    code = "payload_too_large"
    title = "Too large"


class RateLimitedError(AppError):
    """Too many attempts; `retry_after_seconds` says how long to wait."""

    status = 429
    code = "rate_limited"
    title = "Too many attempts"


class StorageUnavailableError(AppError):
    """The database cannot be used right now; nothing was changed."""

    status = 503
    code = "storage_unavailable"
    title = "Storage unavailable"


class InternalError(AppError):
    """Something went wrong that is not the caller's fault."""

    status = 500
    code = "internal_error"
    title = "Internal error"


def field_errors(faults: Iterable[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Turn pydantic's error dictionaries into field errors, without the input, which may be a password."""
    return tuple(
        FieldError(
            field=".".join(str(part) for part in fault["loc"]) or "request",
            message=_message(fault),
        )
        for fault in faults
    )


def _message(fault: Mapping[str, Any]) -> str:
    """Pydantic's words, but for those that only a programmer would say."""
    # Pydantic speaks of items in a text too; what was sent tells them apart, and is not repeated.
    counted = "characters" if isinstance(fault.get("input", ""), str) else "entries"
    match fault["type"], fault.get("ctx", {}):
        case "string_too_short" | "too_short", {"min_length": least}:
            return "must not be empty" if least == 1 else f"must have at least {least} {counted}"
        case "string_too_long" | "too_long", {"max_length": most}:
            return f"must have at most {most} {counted}"
        case kind, _:
            return _WORDS.get(str(kind)) or str(fault["msg"]).removeprefix("Value error, ")


def invalid(errors: Iterable[FieldError]) -> InvalidInputError:
    """An InvalidInputError whose sentence names each field, so that it reads well where only the sentence is shown."""
    errors = tuple(errors)
    return InvalidInputError(" ".join(f"{error.field}: {_sentence(error.message)}" for error in errors), errors=errors)


def missing(*fields: str) -> InvalidInputError:
    """The refusal of input without these fields, in the words of every shape."""
    return invalid(FieldError(field, _WORDS["missing"]) for field in fields)


def unknown(*fields: str) -> InvalidInputError:
    """The refusal of input with these fields, which nobody knows, in the words of every shape."""
    return invalid(FieldError(field, _WORDS["extra_forbidden"]) for field in fields)


def describe(error: Exception) -> AppError:
    """The refusal that a caller may see for any exception; what is not meant for callers is logged, not shown."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, ValidationError):
        return invalid(field_errors(error.errors(include_url=False)))
    logger.error("Unexpected error", exc_info=error)
    return InternalError("Something went wrong on the server; nothing was changed. Please try again.")


# Pydantic speaks of dictionaries and of our classes, and differently at each door; callers send JSON.
_WORDS = {
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be an object with named fields"),
    "string_type": "must be a text",
    "list_type": "must be a list",
    "json_invalid": "The body is not valid JSON",
    "missing": "Field required",
    "extra_forbidden": "There is no field of this name",
}


def _sentence(message: str) -> str:
    return message if message.endswith((".", "!", "?")) else f"{message}."
