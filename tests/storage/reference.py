"""Databases to damage: seeded, with churn, long texts and everything else that makes a real file untidy."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.storage.salvage.layouts import Layout, Value, read_layout

HEAD_DDL = (
    (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    ),
    (
        "CREATE TABLE users (id CHAR(36) NOT NULL, email VARCHAR(255) NOT NULL, email_key VARCHAR(255) NOT NULL, "
        "username VARCHAR(50) NOT NULL, username_key VARCHAR(50) NOT NULL, password_hash VARCHAR(255) NOT NULL, "
        "timezone VARCHAR(64) NOT NULL, is_admin BOOLEAN NOT NULL, created_at DATETIME NOT NULL, "
        "updated_at DATETIME NOT NULL, CONSTRAINT pk_users PRIMARY KEY (id), "
        "CONSTRAINT uq_users_email_key UNIQUE (email_key), CONSTRAINT uq_users_username_key UNIQUE (username_key), "
        "CONSTRAINT ck_users_username CHECK (length(username) >= 3))"
    ),
    (
        "CREATE TABLE sessions (id CHAR(36) NOT NULL, user_id CHAR(36) NOT NULL, generation INTEGER NOT NULL, "
        "created_at DATETIME NOT NULL, expires_at DATETIME NOT NULL, CONSTRAINT pk_sessions PRIMARY KEY (id), "
        "CONSTRAINT fk_sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE)"
    ),
    "CREATE INDEX ix_sessions_user ON sessions (user_id)",
    (
        "CREATE TABLE todos (owner_id CHAR(36) NOT NULL, id CHAR(36) NOT NULL, title VARCHAR(500) NOT NULL, "
        "title_key VARCHAR(100) NOT NULL, description TEXT NOT NULL, completed BOOLEAN NOT NULL, "
        "priority SMALLINT NOT NULL, tags JSON NOT NULL, due_date DATE, due_time VARCHAR(8), due_timezone VARCHAR(64), "
        "due_until DATETIME, completed_at DATETIME, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, "
        "deleted_at DATETIME, version INTEGER NOT NULL, CONSTRAINT pk_todos PRIMARY KEY (owner_id, id), "
        "CONSTRAINT fk_todos_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE, "
        "CONSTRAINT ck_priority CHECK (priority IN (1, 2, 3)), CONSTRAINT ck_completed CHECK (completed IN (0, 1)), "
        "CONSTRAINT ck_title CHECK (length(title) BETWEEN 1 AND 500))"
    ),
    "CREATE INDEX ix_todos_created ON todos (owner_id, deleted_at, created_at, id)",
    "CREATE INDEX ix_todos_done_created ON todos (owner_id, deleted_at, completed, created_at, id)",
    "CREATE INDEX ix_todos_due ON todos (owner_id, deleted_at, completed, due_until, id)",
    "CREATE INDEX ix_todos_priority ON todos (owner_id, deleted_at, completed, priority, id)",
    "CREATE INDEX ix_todos_updated ON todos (owner_id, deleted_at, updated_at, id)",
    "CREATE INDEX ix_todos_title ON todos (owner_id, deleted_at, title_key, id)",
    (
        "CREATE TABLE todo_tags (owner_id CHAR(36) NOT NULL, todo_id CHAR(36) NOT NULL, tag_key VARCHAR(50) NOT NULL, "
        "CONSTRAINT pk_todo_tags PRIMARY KEY (owner_id, todo_id, tag_key), CONSTRAINT fk_tags_todo "
        "FOREIGN KEY (owner_id, todo_id) REFERENCES todos (owner_id, id) ON DELETE CASCADE)"
    ),
    "CREATE INDEX ix_tags_tag ON todo_tags (owner_id, tag_key, todo_id)",
)

OLD_DDL = (
    (
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL, username VARCHAR(100) NOT NULL, "
        "hashed_password VARCHAR(255) NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, "
        "CONSTRAINT chk_username_length CHECK (length(username) BETWEEN 3 AND 50))"
    ),
    "CREATE UNIQUE INDEX idx_users_email ON users (email)",
    "CREATE UNIQUE INDEX idx_users_username ON users (username)",
    (
        "CREATE TABLE todos (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, title VARCHAR(10000) NOT NULL, "
        "description TEXT DEFAULT '', completed BOOLEAN NOT NULL DEFAULT 0, "
        "priority VARCHAR(10) NOT NULL DEFAULT 'medium', "
        "tags JSON DEFAULT '[]', due_date TIMESTAMP, recurrence VARCHAR(100), created_at TIMESTAMP NOT NULL, "
        "updated_at TIMESTAMP NOT NULL, CONSTRAINT chk_priority CHECK (priority IN ('low', 'medium', 'high')), "
        "FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE)"
    ),
    "CREATE INDEX idx_todos_user_id ON todos (user_id)",
    "CREATE INDEX idx_todos_completed ON todos (completed)",
    "CREATE INDEX idx_todos_priority ON todos (priority)",
    "CREATE INDEX idx_todos_user_completed ON todos (user_id, completed)",
    "CREATE INDEX idx_todos_due_date ON todos (due_date)",
)

HEAD = read_layout("head", HEAD_DDL)
OLD = read_layout("old", OLD_DDL)
LAYOUTS: tuple[Layout, ...] = (HEAD, OLD)
DDL = {"head": HEAD_DDL, "old": OLD_DDL}

_WORDS = "milk dentist Müller invoice tax bread Zürich garden plan café report 東京 bike paint 🌱 letter school birthday insurance train ticket backup router lamp review slides Über weekly budget physio plants".split()
_START = datetime(2025, 3, 1, 8, tzinfo=UTC)


def create_empty(path: Path, which: str = "head") -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in DDL[which]:
            connection.execute(statement)
        if which == "head":
            connection.execute("INSERT INTO alembic_version VALUES ('b2c4d6e8f0a1')")
        connection.commit()


class Author:
    """Writes and changes the rows of one database."""

    def __init__(self, path: Path, which: str, seed: int, secure_delete: bool) -> None:
        self.random = random.Random(seed)
        self.which = which
        self.connection = sqlite3.connect(path, isolation_level=None)
        # Without it, deleted rows stay readable in free pages: what the salvage must not mistake for living ones.
        self.connection.execute(f"PRAGMA secure_delete = {int(secure_delete)}")
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("PRAGMA journal_mode = MEMORY")
        self.users: list[str | int] = []
        self.clock = _START

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def now(self) -> str:
        self.clock += timedelta(seconds=self.random.randint(1, 900), microseconds=self.random.randint(0, 999_999))
        return self.stamp(self.clock)

    def stamp(self, moment: datetime) -> str:
        if self.which == "old":
            return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def words(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=self.random.randint(least, most)))

    def description(self) -> str:
        chance = self.random.random()
        if chance < 0.55:
            return ""
        if chance < 0.985:
            return self.words(3, 30)
        return self.words(700, 2500)

    def add_users(self, count: int) -> None:
        for number in range(count):
            created = self.now()
            name = f"{self.random.choice(_WORDS)}{number:05}"
            email = f"{name}@example.org"
            secret = "$argon2id$v=19$m=19456,t=2,p=1$" + self.uuid() + self.uuid()
            if self.which == "old":
                row: list[Value] = [number + 1, email, name, secret, created, created]
                self.users.append(number + 1)
            else:
                identity = self.uuid()
                row = [identity, email, email.lower(), name, name.lower(), secret, "Europe/Berlin"]
                row += [int(number == 0), created, created]
                self.users.append(identity)
                for _ in range(2):
                    session: list[Value] = [self.uuid(), identity, self.random.randint(1, 9), created, self.now()]
                    self.insert("sessions", session)
            self.insert("users", row)

    def add_todos(self, count: int) -> None:
        for _ in range(count):
            created = self.now()
            moment = self.clock + timedelta(days=self.random.randint(-20, 200))
            has_due = self.random.random() < 0.4
            due = self.stamp(moment) if has_due else None
            done = self.random.random() < 0.3
            tags = sorted(set(self.random.choices(_WORDS, k=self.random.choice((0, 0, 0, 1, 2)))))
            title, owner = self.words(2, 9)[:480], self.random.choice(self.users)
            listed = json.dumps(tags, ensure_ascii=False)
            if self.which == "old":
                priority = self.random.choice(("low", "medium", "high"))
                row: list[Value] = [None, owner, title, self.description(), int(done), priority, listed]
                row += [due, None, created, created]
                self.insert("todos", row)
                continue
            identity = self.uuid()
            row = [owner, identity, title, title.lower()[:100], self.description(), int(done)]
            row += [self.random.randint(1, 3), listed, due and due[:10]]
            row += [due and "09:30", due and "Europe/Berlin", due, created if done else None]
            row += [created, created, created if self.random.random() < 0.05 else None, 1]
            self.insert("todos", row)
            for tag in tags:
                self.insert("todo_tags", [owner, identity, tag.lower()])

    def delete_todos(self, share: float) -> int:
        chosen = self.chosen(share)
        for rowid in chosen:
            if self.which == "head":
                self.connection.execute(
                    "DELETE FROM todo_tags WHERE (owner_id, todo_id) IN (SELECT owner_id, id FROM todos WHERE rowid=?)",
                    (rowid,),
                )
            self.connection.execute("DELETE FROM todos WHERE rowid = ?", (rowid,))
        return len(chosen)

    def edit_todos(self, share: float) -> None:
        version = ", version = version + 1" if self.which == "head" else ""
        for rowid in self.chosen(share):
            self.connection.execute(
                f"UPDATE todos SET description = ?, completed = ?, updated_at = ?{version} WHERE rowid = ?",
                (self.description(), self.random.randint(0, 1), self.now(), rowid),
            )

    def chosen(self, share: float) -> list[int]:
        rowids = [rowid for (rowid,) in self.connection.execute("SELECT rowid FROM todos ORDER BY rowid")]
        return sorted(self.random.sample(rowids, int(len(rowids) * share)))

    def insert(self, table: str, row: list[Value]) -> None:
        # Columns that later releases have added stand after these, and have defaults.
        columns = [name for _, name, *_ in self.connection.execute(f"PRAGMA table_info({table})")][: len(row)]
        self.connection.execute(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(row))})", row)

    def transaction(self, *steps: Callable[[], object]) -> None:
        self.connection.execute("BEGIN")
        for step in steps:
            step()
        self.connection.execute("COMMIT")


def build(
    path: Path,
    *,
    which: str = "head",
    users: int = 100,
    todos: int = 20_000,
    seed: int = 1,
    secure_delete: bool = False,
    backup: Path | None = None,
) -> None:
    """A database that has seen some life. `backup` gets a copy from before the last 1 % deletes and edits, 2 % new."""
    create_empty(path, which)
    author = Author(path, which, seed, secure_delete)
    with closing(author.connection):
        author.transaction(lambda: author.add_users(users), lambda: author.add_todos(int(todos * 0.9)))
        author.transaction(lambda: author.delete_todos(0.1), lambda: author.edit_todos(0.1))
        author.transaction(lambda: author.add_todos(int(todos * 0.2)), lambda: author.delete_todos(0.05))
        author.transaction(lambda: author.edit_todos(0.05))
        if backup is not None:
            shutil.copyfile(path, backup)
            author.transaction(
                lambda: author.delete_todos(0.01),
                lambda: author.edit_todos(0.01),
                lambda: author.add_todos(todos // 50),
            )
