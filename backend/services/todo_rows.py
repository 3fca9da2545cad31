"""How a stored todo comes, changes and goes: the one way for every service.

Whatever is derived from a todo is kept in line here, and nothing changes without its entry in the log.
"""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from backend.errors import IdTakenError
from backend.models import due
from backend.models.base import Instant, new_id, utc_now
from backend.models.due import Due
from backend.models.field import Priority, title_key
from backend.models.operation import Action, Kind
from backend.models.todo import Todo, TodoTag, TodoWord, tag_rows, word_rows
from backend.models.user import User
from backend.models.words import words_of
from backend.services import log, rights
from backend.services.actor import Actor

# What a todo says, as the log keeps it; the rest of its row is derived from these.
_LOGGED: dict[str, TypeAdapter[Any]] = {
    **dict.fromkeys(("title", "description", "position", "recurrence_from"), TypeAdapter(str)),
    **dict.fromkeys(
        (
            "due_timezone",
            "list_id",
            "parent_id",
            "assignee_id",
            "recurrence",
            "series_id",
            "series_start",
            "occurrence",
        ),
        TypeAdapter(str | None),
    ),
    "completed": TypeAdapter(bool),
    "priority": TypeAdapter(Priority),
    "tags": TypeAdapter(list[str]),
    "due_date": TypeAdapter(date | None),
    "due_time": TypeAdapter(time | None),
    "occurrences_missed": TypeAdapter(int),
    **dict.fromkeys(("remind_at", "completed_at", "deleted_at"), TypeAdapter(Instant | None)),
    "created_at": TypeAdapter(Instant),
}


def state_of(todo: Todo) -> dict[str, Any]:
    """Everything that a todo says, as JSON can hold it."""
    return log.as_json({name: getattr(todo, name) for name in _LOGGED})


def values_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The values of fields as the log holds them."""
    return {name: _LOGGED[name].validate_python(value) for name, value in state.items() if name in _LOGGED}


def add(session: Session, actor: Actor, todo: Todo) -> None:
    """Store a new todo."""
    ledger = log.lock(session, todo.owner_id)
    todo.title_key = title_key(todo.title)
    todo.due_until = due_of(todo).until(timezone_of(session, actor, todo.owner_id))
    session.add(todo)
    session.flush()
    _write_tags(session, todo, is_new=True)
    _write_words(session, todo, set(), words_of(todo.title, todo.description))
    log.count(ledger, log.bucket_of(todo), 1)
    _record(session, actor, todo, Action.CREATE, None, state_of(todo))
    session.flush()


def add_all(session: Session, actor: Actor, owner_id: str, todos: Sequence[Todo]) -> None:
    """Store many new todos of one account: a statement for each table, where `add` needs some for each todo."""
    if not todos:
        return
    ledger, timezone = log.lock(session, owner_id), timezone_of(session, actor, owner_id)
    tags: list[dict[str, str]] = []
    words: list[dict[str, str]] = []
    for todo in todos:
        todo.title_key = title_key(todo.title)
        todo.due_until = due_of(todo).until(timezone)
        tags += tag_rows(owner_id, todo.id, todo.tags)
        words += word_rows(owner_id, todo.id, todo.title, todo.description)
        log.count(ledger, log.bucket_of(todo), 1)
    columns = [column.key for column in sa.inspect(Todo).column_attrs]
    for table, rows in (
        (Todo, [{name: getattr(todo, name) for name in columns} for todo in todos]),
        (TodoTag, tags),
        (TodoWord, words),
    ):
        if rows:
            session.connection().execute(sa.insert(table), rows)
    entries = [log.Entry(todo.id, todo.list_id, None, state_of(todo)) for todo in todos]
    log.record_all(session, actor, owner_id, Action.CREATE, Kind.TODO, entries)
    session.flush()


def change(session: Session, actor: Actor, todo: Todo, action: Action, changes: Mapping[str, Any]) -> bool:
    """Set the named fields of a stored todo; False, and nothing happens, where they say what it says already."""
    before = {name: getattr(todo, name) for name, value in changes.items() if getattr(todo, name) != value}
    if not before:
        return False
    ledger = log.lock(session, todo.owner_id)
    bucket = log.bucket_of(todo)
    known_words = words_of(todo.title, todo.description) if before.keys() & {"title", "description"} else None
    for name in before:
        setattr(todo, name, changes[name])
    todo.title_key = title_key(todo.title)
    if before.keys() & set(due.FIELDS):
        todo.due_until = due_of(todo).until(timezone_of(session, actor, todo.owner_id))
    todo.version += 1
    todo.updated_at = utc_now()
    log.count(ledger, bucket, -1)
    log.count(ledger, log.bucket_of(todo), 1)
    if "tags" in before:
        _write_tags(session, todo)
    if known_words is not None:
        _write_words(session, todo, known_words, words_of(todo.title, todo.description))
    after = {name: getattr(todo, name) for name in before}
    _record(session, actor, todo, action, log.as_json(before), log.as_json(after))
    session.flush()
    return True


def remove(session: Session, actor: Actor, todo: Todo) -> None:
    """Take a todo away for good. The log keeps what it said for as long as it keeps anything."""
    ledger = log.lock(session, todo.owner_id)
    log.count(ledger, log.bucket_of(todo), -1)
    _record(session, actor, todo, Action.PURGE, state_of(todo), None)
    _write_words(session, todo, words_of(todo.title, todo.description), set())
    session.delete(todo)
    session.flush()


def transfer(
    session: Session,
    actor: Actor,
    todos: Sequence[Todo],
    owner_id: str,
    list_id: str | None,
    *,
    may_rename: bool = False,
) -> list[Todo]:
    """Carry todos over into a list or inbox of another account: out of the one partition, into the other.

    They keep their ids; where one is taken there it is IdTakenError, or with `may_rename` it gets a new one. What is a
    part of something that stays behind is a part no longer, and whoever has no business in that list is no assignee.
    """
    log.lock(session, owner_id)
    people = rights.people_of(session, owner_id, list_id)
    ids = {todo.id: todo.id for todo in todos}
    for todo in todos:
        if session.get(Todo, (owner_id, todo.id)) is not None:
            if not may_rename:
                raise IdTakenError("A todo with this id exists where it should go; move a copy of it instead.")
            ids[todo.id] = new_id()
    moved = []
    for todo in todos:
        values = {column.name: getattr(todo, column.name) for column in sa.inspect(Todo).columns}
        values |= {
            "owner_id": owner_id,
            "id": ids[todo.id],
            "list_id": list_id,
            "parent_id": ids.get(todo.parent_id or ""),
            "assignee_id": todo.assignee_id if todo.assignee_id in people else None,
            "version": todo.version + 1,
            "updated_at": utc_now(),
        }
        remove(session, actor, todo)
        add(session, actor, new := Todo(**values))
        moved.append(new)
    return moved


def due_of(source: Any) -> Due:
    """When something is due: of a todo, or of what is to become one."""
    return Due(source.due_date, source.due_time, source.due_timezone)


def timezone_of(session: Session, actor: Actor, owner_id: str) -> str:
    """Where the days of an account's todos begin and end."""
    if owner_id == actor.user_id:
        return actor.timezone
    return session.exec(select(User.timezone).where(User.id == owner_id)).one()


def _record(
    session: Session,
    actor: Actor,
    todo: Todo,
    action: Action,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    log.record(
        session,
        actor,
        todo.owner_id,
        action,
        Kind.TODO,
        todo.id,
        list_id=todo.list_id,
        before=before,
        after=after,
    )


def _write_tags(session: Session, todo: Todo, *, is_new: bool = False) -> None:
    """Bring the tag index in line with the todo's own tags."""
    if not is_new:
        # Nothing of the index is ever held in a session, so nothing held is searched for what this takes away.
        session.exec(
            sa.delete(TodoTag).where(col(TodoTag.owner_id) == todo.owner_id, col(TodoTag.todo_id) == todo.id),
            execution_options={"synchronize_session": False},
        )
    if todo.tags:
        session.exec(sa.insert(TodoTag), params=tag_rows(todo.owner_id, todo.id, todo.tags))


def _write_words(session: Session, todo: Todo, known: set[str], wanted: set[str]) -> None:
    """Bring the search index from the words that it knows to those that it should know."""
    if gone := known - wanted:
        session.exec(
            sa.delete(TodoWord).where(
                col(TodoWord.owner_id) == todo.owner_id,
                col(TodoWord.word).in_(sorted(gone)),
                col(TodoWord.todo_id) == todo.id,
            ),
            execution_options={"synchronize_session": False},
        )
    if new := wanted - known:
        rows = [{"owner_id": todo.owner_id, "word": word, "todo_id": todo.id} for word in sorted(new)]
        session.exec(sa.insert(TodoWord), params=rows)
