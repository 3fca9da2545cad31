"""Accounts with very many todos, stored at once: for what must not cost more where there are more.

The rows are what the services would have written, derived ones too, without the hours that writing them one by one
takes. Another account gets the same ones by a copy inside the database: ids are only unique within an account.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from backend.models.base import new_id
from backend.models.due import Due
from backend.models.field import Priority, title_key
from backend.models.operation import Action, Door, Kind, Ledger, Operation
from backend.models.todo import Todo, TodoTag, TodoWord, first_position, tag_rows, word_rows
from backend.models.todo_list import TodoList
from backend.models.user import User

# In every title, so that what begins with "t" is everything.
EVERYWHERE = "task"
TAGS = tuple(f"tag {number}" for number in range(40))
PER_BATCH = 5_000
_SYLLABLES = "ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu".split()  # noqa: SIM905 - reads best in one line
_TABLES: tuple[Any, ...] = (TodoList, Todo, TodoTag, TodoWord, Operation)


def add_account(connection: Connection, number: int) -> str:
    """A new account without todos. Answers its id."""
    owner_id, now = new_id(), datetime.now(UTC)
    name = f"crowd{number}"
    user = User(
        id=owner_id,
        email=f"{name}@example.com",
        email_key=f"{name}@example.com",
        username=name,
        username_key=name,
        password_hash="no hash",
        timezone="UTC",
        created_at=now,
        updated_at=now,
    )
    _insert(connection, User, [user.model_dump()])
    return owner_id


def fill(connection: Connection, owner_id: str, count: int, *, now: datetime | None = None) -> None:
    """Give an account this many todos, with their tags, words, lists and log. They reach two years back."""
    chance = random.Random(count)  # noqa: S311 - the same todos at each run
    now = now or datetime.now(UTC)
    lists = [new_id() for _ in range(10)]
    _insert(
        connection,
        TodoList,
        [
            {
                "owner_id": owner_id,
                "id": list_id,
                "name": f"List {number}",
                "position": first_position(now),
                "is_archived": False,
                "created_at": now,
                "updated_at": now,
                "version": 1,
            }
            for number, list_id in enumerate(lists)
        ],
    )
    batch: list[dict[str, Any]] = []
    buckets = dict.fromkeys(("open", "done", "trashed"), 0)
    for row in _todos(chance, owner_id, lists, count, now):
        buckets["trashed" if row["deleted_at"] else "done" if row["completed"] else "open"] += 1
        batch.append(row)
        if len(batch) == PER_BATCH:
            _store(connection, batch)
            batch = []
    _store(connection, batch)
    _insert(
        connection,
        Operation,
        [
            {
                "owner_id": owner_id,
                "seq": seq,
                "operation_id": new_id(),
                "at": now,
                "actor_id": owner_id,
                "actor_name": "crowd",
                "door": Door.SYSTEM,
                "action": Action.CREATE,
                "kind": Kind.TODO,
                "object_id": new_id(),
                "after": {},
            }
            for seq in range(1, count + 1)
        ],
    )
    counts = {f"todos_{bucket}": number for bucket, number in buckets.items()}
    _insert(connection, Ledger, [{"owner_id": owner_id, "epoch": new_id(), "seq": count, "forgotten": 0, **counts}])


def copy(connection: Connection, from_owner: str, to_owner: str) -> None:
    """Give an account the same todos as another one, word for word."""
    for model in (*_TABLES, Ledger):
        table = model.__table__
        columns = [sa.literal(to_owner) if name == "owner_id" else table.c[name] for name in table.columns.keys()]  # noqa: SIM118 - a collection of columns, not a dict
        rows = sa.select(*columns).where(table.c.owner_id == from_owner)
        connection.execute(sa.insert(table).from_select(list(table.columns.keys()), rows))


def _todos(
    chance: random.Random, owner_id: str, lists: list[str], count: int, now: datetime
) -> Iterator[dict[str, Any]]:
    for number in range(count):
        # Rare and common words, as a language has them.
        words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(3)]
        title = " ".join((EVERYWHERE, *words, str(number)))
        created = now - timedelta(days=730) + timedelta(days=730) * number / count
        is_done = chance.random() < 0.6
        due_date = (created + timedelta(days=chance.randint(1, 400))).date() if chance.random() < 0.5 else None
        is_deleted = chance.random() < 0.03
        done_at = created + (now - created) * chance.random()
        yield {
            "owner_id": owner_id,
            "id": new_id(),
            "title": title,
            "title_key": title_key(title),
            "description": "",
            "completed": is_done,
            "priority": chance.choice(list(Priority)),
            "tags": chance.sample(TAGS, chance.choice((0, 0, 1, 2))),
            "due_date": due_date,
            "due_until": Due(due_date, None, None).until("UTC"),
            "completed_at": done_at if is_done else None,
            "created_at": created,
            "updated_at": done_at,
            "deleted_at": now - timedelta(days=10) * chance.random() if is_deleted else None,
            "version": 1,
            "list_id": chance.choice([None, *lists]),
            "position": first_position(created),
            "recurrence_from": "due",
            "occurrences_missed": 0,
        }


def _store(connection: Connection, rows: list[dict[str, Any]]) -> None:
    _insert(connection, Todo, rows)
    _insert(connection, TodoTag, [one for row in rows for one in tag_rows(row["owner_id"], row["id"], row["tags"])])
    words = (one for row in rows for one in word_rows(row["owner_id"], row["id"], row["title"], row["description"]))
    _insert(connection, TodoWord, list(words))


def _insert(connection: Connection, model: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), PER_BATCH):
        connection.execute(sa.insert(model.__table__), rows[start : start + PER_BATCH])
