"""Paths: with or without a slash at their end, they name the same resource."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.api import gate


class SlashTolerance:
    """Drop the slash at the end of a path of ours. A redirect would make a proxied https POST lose its body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "http" and scope["path"].endswith("/") and gate.is_ours(scope["path"]):
            scope = {**scope, "path": scope["path"].rstrip("/")}
        await self.app(scope, receive, send)
