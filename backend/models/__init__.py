"""Tables and shapes: every rule about a field lives here, once, for all doors."""

from backend.models.idempotency import IdempotentAnswer
from backend.models.installation import Installation
from backend.models.operation import Ledger, Operation
from backend.models.saved_filter import SavedFilter
from backend.models.session import LoginSession
from backend.models.todo import Todo, TodoTag, TodoWord
from backend.models.todo_list import ListInvite, ListMember, TodoList
from backend.models.token import PersonalToken
from backend.models.user import User

__all__ = [
    "IdempotentAnswer",
    "Installation",
    "Ledger",
    "ListInvite",
    "ListMember",
    "LoginSession",
    "Operation",
    "PersonalToken",
    "SavedFilter",
    "Todo",
    "TodoList",
    "TodoTag",
    "TodoWord",
    "User",
]
