"""How a stored todo comes, changes and goes: the one way for every service.

Whatever is derived from a todo is kept in line here, and nothing changes without its entry in the log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm.attributes import instance_state, set_committed_value
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
from backend.prepared import Prepared, held
from backend.services import log, rights
from backend.services.actor import Actor

# As many todos as are read, or written about, in one statement.
AT_ONCE = 500
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
_logged_of = itemgetter(*_LOGGED)


_COLUMNS = tuple(column.key for column in sa.inspect(Todo).column_attrs)
_DEFAULTS = {
    name: field.default
    for name, field in Todo.model_fields.items()
    if not field.is_required() and field.default_factory is None
}
_MADE: dict[str, Any] = {
    name: field.default_factory for name, field in Todo.model_fields.items() if field.default_factory
}
_INSERT_TAG = Prepared(sa.insert(TodoTag), ["owner_id", "todo_id", "tag_key"])
_INSERT_WORD = Prepared(sa.insert(TodoWord), ["owner_id", "todo_id", "word"])


def new(values: dict[str, Any]) -> SimpleNamespace:
    """A row that is still to be stored; what is not named says what it says by default."""
    made = {name: make() for name, make in _MADE.items() if name not in values}
    return SimpleNamespace(**(_DEFAULTS | made | values))


def state_of(todo: Todo) -> dict[str, Any]:
    """Everything that a todo says, as JSON can hold it."""
    return _state_of(held(todo))


def values_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The values of fields as the log holds them."""
    return {name: _LOGGED[name].validate_python(value) for name, value in state.items() if name in _LOGGED}


def add(session: Session, actor: Actor, row: SimpleNamespace) -> None:
    """Store a new todo. The session does not come to know it: whoever asks for it finds it in the database."""
    owner_id = row.owner_id
    ledger = log.lock(session, owner_id)
    _derive(row, timezone_of(session, actor, owner_id))
    # Half of its columns say nothing, which is what they say by themselves; to tell the driver of each takes its time.
    said = {name: value for name, value in vars(row).items() if value is not None}
    _insert_of(tuple(said)).run(session, [said])
    _write_tags(session, owner_id, [row])
    _write_words(session, row, set(), words_of(row.title, row.description))
    log.count(ledger, log.bucket_of(row), 1)
    entry = log.Entry(row.id, row.list_id, None, _state_of(vars(row)))
    log.record_all(session, actor, owner_id, Action.CREATE, Kind.TODO, [entry], row.updated_at)
    session.flush()


def add_all(session: Session, actor: Actor, owner_id: str, rows: Sequence[SimpleNamespace]) -> None:
    """Store many new todos of one account: a statement for each table, where `add` needs some for each todo."""
    if not rows:
        return
    ledger, timezone = log.lock(session, owner_id), timezone_of(session, actor, owner_id)
    tags: list[dict[str, str]] = []
    words: list[dict[str, str]] = []
    for row in rows:
        _derive(row, timezone)
        tags += tag_rows(owner_id, row.id, row.tags)
        words += word_rows(owner_id, row.id, row.title, row.description)
        log.count(ledger, log.bucket_of(row), 1)
    for statement, some in (
        (_insert_of(_COLUMNS), [vars(row) for row in rows]),
        (_INSERT_TAG, tags),
        (_INSERT_WORD, words),
    ):
        if some:
            statement.run(session, some)
    entries = [log.Entry(row.id, row.list_id, None, _state_of(vars(row))) for row in rows]
    log.record_all(session, actor, owner_id, Action.CREATE, Kind.TODO, entries)
    session.flush()


def change(session: Session, actor: Actor, todo: Todo, action: Action, changes: Mapping[str, Any]) -> bool:
    """Set the named fields of a stored todo; False, and nothing happens, where they say what it says already."""
    return bool(change_all(session, actor, todo.owner_id, action, [(todo, changes)]))


def change_all(
    session: Session, actor: Actor, owner_id: str, action: Action, wanted: Iterable[tuple[Todo, Mapping[str, Any]]]
) -> list[Todo]:
    """Set the named fields of many todos of one account: a statement for each table, an entry for each that changes.

    Answers those; where the fields say what a todo says already, nothing happens to it.
    """
    changing = [(todo, before, changes) for todo, changes in wanted if (before := _replaced(todo, changes))]
    if not changing:
        return []
    ledger, now = log.lock(session, owner_id), utc_now()
    timezone = None
    entries = []
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for todo, before, changes in changing:
        bucket = log.bucket_of(todo)
        known_words = words_of(todo.title, todo.description) if before.keys() & {"title", "description"} else None
        new = {name: changes[name] for name in before} | {"version": todo.version + 1, "updated_at": now}
        derived: dict[str, Any] = {}
        _say(todo, new)
        if "title" in before:
            derived["title_key"] = title_key(todo.title)
        if before.keys() & set(due.FIELDS):
            timezone = timezone or timezone_of(session, actor, owner_id)
            derived["due_until"] = due_of(todo).until(timezone)
        _say(todo, derived)
        new |= derived
        rows.setdefault(tuple(new), []).append({f"new_{name}": value for name, value in new.items()} | _key_of(todo))
        log.count(ledger, bucket, -1)
        log.count(ledger, log.bucket_of(todo), 1)
        if known_words is not None:
            _write_words(session, todo, known_words, words_of(todo.title, todo.description))
        after = {name: getattr(todo, name) for name in before}
        entries.append(log.Entry(todo.id, todo.list_id, log.as_json(before), log.as_json(after)))
    for names, some in rows.items():
        _update_of(names).run(session, some)
    _rewrite_tags(session, owner_id, [todo for todo, before, _ in changing if "tags" in before])
    log.record_all(session, actor, owner_id, action, Kind.TODO, entries, now)
    session.flush()
    return [todo for todo, *_ in changing]


def remove(session: Session, actor: Actor, todo: Todo) -> None:
    """Take a todo away for good. The log keeps what it said for as long as it keeps anything."""
    remove_all(session, actor, todo.owner_id, [todo])


def remove_all(session: Session, actor: Actor, owner_id: str, todos: Sequence[Todo]) -> None:
    """Take many todos of one account away for good."""
    if not todos:
        return
    ledger = log.lock(session, owner_id)
    entries = []
    for todo in todos:
        log.count(ledger, log.bucket_of(todo), -1)
        entries.append(log.Entry(todo.id, todo.list_id, state_of(todo), None))
        _write_words(session, todo, words_of(todo.title, todo.description), set())
        session.delete(todo)
    log.record_all(session, actor, owner_id, Action.PURGE, Kind.TODO, entries)
    session.flush()


def some_at_a_time(session: Session, owner_id: str, ids: Sequence[str]) -> Iterator[Sequence[Todo]]:
    """The todos with these ids, in their order: of very many, only some are held at once."""
    for at in range(0, len(ids), AT_ONCE):
        chosen = select(Todo).where(Todo.owner_id == owner_id, col(Todo.id).in_(ids[at : at + AT_ONCE]))
        yield session.exec(chosen.order_by(col(Todo.id))).all()


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
        if _is_known(session, owner_id, todo.series_id, todo.occurrence):
            values["series_id"] = new_id()  # it was there before; so it goes on by itself
        remove(session, actor, todo)
        add(session, actor, new(values))
        moved.append(session.get_one(Todo, (owner_id, ids[todo.id])))
    return moved


def _is_known(session: Session, owner_id: str, series_id: str | None, occurrence: str | None) -> bool:
    """Whether an account has this occurrence of a series."""
    if series_id is None:
        return False
    same = (Todo.owner_id == owner_id, Todo.series_id == series_id, Todo.occurrence == occurrence)
    return session.exec(select(Todo.id).where(*same)).first() is not None


def due_of(source: Any) -> Due:
    """When something is due: of a todo, or of what is to become one."""
    return Due(source.due_date, source.due_time, source.due_timezone)


def timezone_of(session: Session, actor: Actor, owner_id: str) -> str:
    """Where the days of an account's todos begin and end."""
    if owner_id == actor.user_id:
        return actor.timezone
    return session.exec(select(User.timezone).where(User.id == owner_id)).one()


@lru_cache(maxsize=128)
def _insert_of(names: tuple[str, ...]) -> Prepared:
    """What stores a todo that says these columns."""
    return Prepared(sa.insert(Todo), names)


@lru_cache(maxsize=128)
def _update_of(names: tuple[str, ...]) -> Prepared:
    """What sets these columns of a todo, and leaves the indexes of all others alone."""
    its_key = (col(Todo.owner_id) == sa.bindparam("its_owner"), col(Todo.id) == sa.bindparam("its_id"))
    return Prepared(sa.update(Todo).where(*its_key).values({name: sa.bindparam(f"new_{name}") for name in names}))


def _key_of(todo: Todo) -> dict[str, str]:
    return {"its_owner": todo.owner_id, "its_id": todo.id}


def _state_of(says: Mapping[str, Any]) -> dict[str, Any]:
    return log.as_json(dict(zip(_LOGGED, _logged_of(says), strict=True)))


def _derive(row: SimpleNamespace, timezone: str) -> None:
    """Let a new todo say what follows from the rest."""
    row.title_key, row.due_until = title_key(row.title), due_of(row).until(timezone)


def _say(todo: Todo, values: Mapping[str, Any]) -> None:
    """Let a todo say what is, or is about to be, stored: the session has nothing to do for that."""
    state = instance_state(todo)
    if not state.committed_state and not state.expired_attributes:
        vars(todo).update(values)  # nothing is to be forgotten; one by one takes as long as the log's entry
        return
    for name, value in values.items():
        set_committed_value(todo, name, value)


def _replaced(todo: Todo, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a todo says where it is to say something else."""
    return {name: getattr(todo, name) for name, value in changes.items() if getattr(todo, name) != value}


def _rewrite_tags(session: Session, owner_id: str, todos: Sequence[Todo]) -> None:
    """Bring the tag index in line with the todos' own tags."""
    for at in range(0, len(todos), AT_ONCE):
        some = todos[at : at + AT_ONCE]
        # Nothing of the index is ever held in a session, so nothing held is searched for what this takes away.
        session.exec(
            sa.delete(TodoTag).where(
                col(TodoTag.owner_id) == owner_id, col(TodoTag.todo_id).in_([todo.id for todo in some])
            ),
            execution_options={"synchronize_session": False},
        )
        _write_tags(session, owner_id, some)


def _write_tags(session: Session, owner_id: str, todos: Sequence[Any]) -> None:
    if rows := [row for todo in todos for row in tag_rows(owner_id, todo.id, todo.tags)]:
        _INSERT_TAG.run(session, rows)


def _write_words(session: Session, todo: Any, known: set[str], wanted: set[str]) -> None:
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
        owner_id, todo_id = todo.owner_id, todo.id
        rows = [{"owner_id": owner_id, "word": word, "todo_id": todo_id} for word in sorted(new)]
        _INSERT_WORD.run(session, rows)
