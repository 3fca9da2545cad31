"""What an adoption refuses. Nothing was changed if the caller rolls back, as it must."""

from backend.storage.adopter import RefusedError


class AdoptionError(RefusedError):
    """The adoption cannot be done, or what it copied is not what was there; the text says which."""
