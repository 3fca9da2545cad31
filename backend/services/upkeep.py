"""What an administrator may see and say of the data's upkeep."""

from backend.errors import PermissionDeniedError
from backend.services.actor import Actor


def ensure_admin(actor: Actor) -> None:
    """Raise PermissionDeniedError for everybody but an administrator."""
    if not actor.is_admin:
        raise PermissionDeniedError("Only an administrator may see this.")
