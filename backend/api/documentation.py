"""The API's documentation: what FastAPI cannot know by itself, said once for all operations."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from backend.api.problems import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{model}"
_TITLES = {
    400: "The request cannot be read",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    409: "Conflict",
    410: "No longer kept",
    412: "Changed in the meantime",
    413: "Too large",
    422: "Invalid input",
    429: "Too many attempts",
    503: "Storage unavailable",
}
# Any of the three ways works; the third is what the Authorize button of /docs fills in.
_SECURITY: list[dict[str, list[str]]] = [{"accessToken": []}, {"apiKey": []}, {"password": []}]


def refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for its `responses`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {status: {"description": _TITLES[status], "content": content} for status in statuses}


def document(app: FastAPI) -> None:
    """Make /openapi.json say what is true: the envelope, the credentials, the refusals that any operation may have."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    routes=app.routes,
                    openapi_version="3.1.0",
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def protected() -> dict[str, Any]:
    """What an operation that needs a login adds to its documentation."""
    return {"security": _SECURITY}


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    components = schema.setdefault("components", {})
    models = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)
    problem = Problem.model_json_schema(ref_template=_REF)
    models.update(problem.pop("$defs"))
    models["Problem"] = problem
    components["securitySchemes"] = {
        "accessToken": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "password": {"type": "oauth2", "flows": {"password": {"tokenUrl": "/api/v1/auth/token", "scopes": {}}}},
    }
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            statuses = {400, 413, 422, 503} if path.startswith("/api/") else {503}
            # What FastAPI says of a refused parameter names its own models, wherever the operation lives.
            statuses |= {422} & {int(status) for status in operation["responses"]}
            statuses |= {401, 403} if "security" in operation else set()
            operation["responses"] |= {str(status): answer for status, answer in refuses(*statuses).items()}
    return schema
