"""What storage cannot know when it heals: what a todo, a list, an account and a login mean.

Storage saves rows; where one is refused by a rule or lacks its parent, it asks here what to put in.
"""

import json
import sqlite3
from collections.abc import Collection
from typing import ClassVar, TypeGuard

from backend.models.base import new_id
from backend.models.field import NAME_MAX, TITLE_KEY_MAX, Priority
from backend.models.operation import Action, Door, Kind
from backend.models.todo_list import Role
from backend.models.user import USERNAME_MAX, USERNAME_MIN, fold
from backend.storage.salvage.caretaker import Caretaker, Reference, Row
from backend.storage.salvage.layouts import Value

_LOST_TITLE = "(title lost)"
_LOST_NAME = "(name lost)"
_RECOVERED = "recovered-"
_FIRST_POSITION = "a0"
# No password verifies against it, and no library takes it for a hash of its own.
_NO_PASSWORD = "!"  # noqa: S105 - the opposite of one
_LONG_AGO = "1970-01-01T00:00:00.000000Z"


# What gives somebody a right, with the least of it: what is lost must not become more than it was. And what the app
# could not read where it is empty.
_LEAST: dict[str, Row] = {
    "users": {"is_admin": 0, "password_hash": _NO_PASSWORD, "timezone": "UTC"},
    "list_members": {"role": Role.VIEWER.value},
    "list_invites": {"role": Role.VIEWER.value, "expires_at": _LONG_AGO},
    "personal_tokens": {"scopes": "[]", "max_changes": 1, "expires_at": _LONG_AGO},
    "saved_filters": {"name": _LOST_NAME, "query": "{}", "position": _FIRST_POSITION, "version": 1},
    "operations": {"actor_name": "", "door": Door.SYSTEM.value, "action": Action.UPDATE.value, "kind": Kind.TODO.value},
}


class TodoCaretaker(Caretaker):
    """Keeps every row that says anything: with a placeholder where a value is gone, never without owner and list."""

    references: ClassVar = (
        Reference("todos", "lists", ("owner_id", "list_id"), ("owner_id", "id")),
        Reference("todos", "todos", ("owner_id", "parent_id"), ("owner_id", "id")),
    )

    def complete(self, table: str, row: Row, lost: Collection[str], doubted: Collection[str]) -> Row:
        """Fill what a list shows and an index sorts by, and let no right become more than it was."""
        row |= {name: least for name, least in _LEAST.get(table, {}).items() if name in lost or name in doubted}
        match table:
            case "todos":
                return _whole_todo(row)
            case "lists":
                return _whole_list(row)
            case "operations":
                return _whole_operation(row)
            case _:
                return row

    def choose(self, table: str, column: str, choices: tuple[Value, ...]) -> Value:
        """The least of the roles."""
        return _LEAST.get(table, {}).get(column, choices[0])

    def mend(self, table: str, row: Row, error: str) -> Row | None:
        """The row within the rules; what was refused stands in rejected.jsonl as it was."""
        match table:
            case "todos":
                return _whole_todo(row)
            case "lists":
                return _whole_list(row)
            case "users":
                return _whole_user(row, is_taken="UNIQUE" in error)
            case _:
                # Logins are opened anew, and tags stand in the todo itself.
                return None

    def parent(self, child: str, parent: str, key: Row, row: Row) -> Row | None:  # noqa: ARG002
        """A list for todos that have lost theirs; and an account for who had any, or shares a list of somebody's."""
        match child, parent:
            case "todos", "lists":
                return _whole_list(key)
            case "todos" | "lists" | "list_members" | "saved_filters", "users":
                return _whole_user(
                    {"id": key["id"], "timezone": "UTC", "created_at": _LONG_AGO, "updated_at": _LONG_AGO}
                )
            case _:
                return None

    def finish(self, connection: sqlite3.Connection) -> None:
        """Give lists and accounts with a placeholder the name that the log of operations says they had."""
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "operations" in tables:  # no release before the log had lists
            _name_lists(connection)
            _name_users(connection)
        if "installation" in tables:
            # Where nothing tells that it was moved elsewhere, it is in use.
            connection.execute("INSERT OR IGNORE INTO installation (id, state) VALUES (1, 'active')")


def _name_lists(connection: sqlite3.Connection) -> None:
    logged = connection.execute(
        "SELECT o.after, l.owner_id, l.id FROM lists AS l JOIN operations AS o ON o.owner_id = l.owner_id"
        " AND o.object_id = l.id WHERE l.name = ? AND o.kind = 'list' ORDER BY o.seq",
        [_LOST_NAME],
    )
    named = [(name, *key) for after, *key in logged.fetchall() if (name := _name_in(after)) is not None]
    connection.executemany("UPDATE lists SET name = ? WHERE owner_id = ? AND id = ?", named)


def _name_users(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM users WHERE username = ? || id", [_RECOVERED]).fetchone() is None:
        return  # the log is long, and has no index for this
    acted = connection.execute(
        "SELECT actor_id, actor_name, max(at) FROM operations WHERE token_id IS NULL"
        " AND actor_id IN (SELECT id FROM users WHERE username = ? || id) GROUP BY actor_id",
        [_RECOVERED],
    )
    named = [(name, fold(name), user_id) for user_id, name, _ in acted.fetchall() if _is_username(name)]
    # Where somebody has the name by now, the placeholder stays.
    connection.executemany("UPDATE OR IGNORE users SET username = ?, username_key = ? WHERE id = ?", named)


def _name_in(after: object) -> str | None:
    try:
        name = json.loads(after).get("name") if isinstance(after, str) else None
    except (ValueError, AttributeError, RecursionError):  # what was saved from damage may be anything
        return None
    return name if isinstance(name, str) and 0 < len(name) <= NAME_MAX else None


def _is_username(name: object) -> TypeGuard[str]:
    return isinstance(name, str) and USERNAME_MIN <= len(name) <= USERNAME_MAX


def _whole_todo(row: Row) -> Row:
    title = row.get("title")
    whole = {**row, "title": title if isinstance(title, str) and title else _LOST_TITLE}
    whole["title_key"] = fold(str(whole["title"]))[:TITLE_KEY_MAX]
    if whole.get("priority") not in {priority.rank for priority in Priority}:
        whole["priority"] = Priority.MEDIUM.rank
    if whole.get("completed") not in {0, 1}:
        whole["completed"] = 0
    version = whole.get("version")
    whole["version"] = max(version, 1) if isinstance(version, int) else 1
    for name in ("created_at", "updated_at"):
        whole[name] = whole.get(name) or _LONG_AGO
    return whole


def _whole_list(row: Row) -> Row:
    name, version = row.get("name"), row.get("version")
    return {
        **row,
        "name": name if isinstance(name, str) and name else _LOST_NAME,
        "position": row.get("position") or _FIRST_POSITION,
        "is_archived": 1 if row.get("is_archived") == 1 else 0,
        "created_at": row.get("created_at") or _LONG_AGO,
        "updated_at": row.get("updated_at") or _LONG_AGO,
        "version": max(version, 1) if isinstance(version, int) else 1,
    }


def _whole_operation(row: Row) -> Row:
    ids = {"operation_id": new_id(), "object_id": new_id(), "actor_id": row.get("owner_id")}
    return {**row, **{name: other for name, other in ids.items() if not row.get(name)}}


def _whole_user(row: Row, *, is_taken: bool = False) -> Row:
    identity = str(row.get("id") or new_id())
    # The keys that indexes hold are the names as they are compared: whoever logs in with one is let in.
    username, email = (row.get(name) or row.get(f"{name}_key") for name in ("username", "email"))
    if is_taken or not _is_username(username):
        username = f"{_RECOVERED}{identity}"
    if is_taken or not isinstance(email, str) or not email:
        email = f"{_RECOVERED}{identity}@example.invalid"
    return {
        **row,
        "id": identity,
        "username": username,
        "username_key": fold(username),
        "email": email,
        "email_key": fold(email),
        "password_hash": row.get("password_hash") or _NO_PASSWORD,
        "is_admin": 1 if row.get("is_admin") == 1 else 0,
    }
