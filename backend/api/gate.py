"""The gate between REST and the UI.

Blocks are mounted at "/" and take every request that no route matches in full, so a 404 or a 405 of the API would come
as Gradio's web page. The gate stands before the mount and answers for the paths that are ours.
"""

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from backend.errors import MethodNotAllowedError, NotFoundError

_OURS = ("/api", "/health", "/docs", "/redoc", "/openapi.json", "/login", "/calendar")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def is_ours(path: str) -> bool:
    """Whether a path is REST's to answer, and not the UI's."""
    return any(path == ours or path.startswith(ours + "/") for ours in _OURS)


def close(app: FastAPI) -> None:
    """Put the gate behind every route that the app has now."""
    app.router.routes.append(_Gate(list(app.router.routes)))


class _Gate(BaseRoute):
    def __init__(self, routes: list[BaseRoute]) -> None:
        self._routes = routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" and is_ours(scope["path"]) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the protocol's signature
        path, method = scope["path"], scope["method"]
        allowed = [known for known in _METHODS if self._is_known({**scope, "method": known})]
        if not allowed:
            raise NotFoundError(f"There is nothing at {path}. The API's addresses are listed at /docs.")
        raise MethodNotAllowedError(
            f"This address does not know {method}; it takes {', '.join(allowed)}.", allow=allowed
        )

    def _is_known(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)
