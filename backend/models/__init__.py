"""Tables and shapes: every rule about a field lives here, once, for all doors."""

from backend.models.installation import Installation
from backend.models.session import LoginSession
from backend.models.todo import Todo, TodoTag
from backend.models.user import User

__all__ = ["Installation", "LoginSession", "Todo", "TodoTag", "User"]
