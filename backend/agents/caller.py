"""Who calls: looked up once for each request, at the entrance, and known to whatever needs an account."""

from typing import Any

from backend import access
from backend.errors import AuthenticationError
from backend.models.operation import Door
from backend.services.actor import Actor

_PLACE = "todos.caller"


async def looked_up(scope: Any) -> Any:
    """The same request with its caller; raises AuthenticationError for a credential that is wrong, expired or revoked.

    Clients show a 401 as they connect, and call themselves connected whatever a tool says later. Anything else that is
    in the way, no credential or a database out of reach, is left to what needs an account: the tools can be listed.

    The token comes in a header; a cookie would let any page of the web speak for its reader.
    """
    caller: Actor | Exception
    # The first of a name counts, as at the other doors.
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
    try:
        caller = await access.identify(access.credential_of(headers), Door.MCP)
    except Exception as error:
        if isinstance(error, AuthenticationError) and access.presented(headers) is not None:
            raise
        caller = error  # raised where somebody asks who calls
    return {**scope, _PLACE: caller}


def of(request: Any) -> Actor:
    """The account that a request speaks for; raises why there is none."""
    caller: Actor | Exception = request.scope[_PLACE]
    if isinstance(caller, Exception):
        raise caller
    return caller
