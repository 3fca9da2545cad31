"""Databases of the old deployment, made by the statements that its migrations sent, as the databases recorded them."""

from collections.abc import Mapping
from typing import Any

import bcrypt
import sqlalchemy as sa
from sqlalchemy import Connection

_USERS = """CREATE TABLE users (
    id INTEGER NOT NULL,
    email VARCHAR(255) NOT NULL,
    username VARCHAR(100) NOT NULL,
    hashed_password VARCHAR(255) NOT NULL,
    created_at TIMESTAMP DEFAULT {now} NOT NULL,
    updated_at TIMESTAMP DEFAULT {now} NOT NULL,
    PRIMARY KEY (id){check}
)"""
_USERS_CHECK = ", CONSTRAINT chk_username_length CHECK (LENGTH(username) >= 3 AND LENGTH(username) <= 50)"
_USERS_INDEXES = (
    "CREATE UNIQUE INDEX idx_users_email ON users (email)",
    "CREATE UNIQUE INDEX idx_users_username ON users (username)",
)
_TODOS = """CREATE TABLE todos (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    title VARCHAR(10000) NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    completed BOOLEAN DEFAULT '0' NOT NULL,
    priority VARCHAR(10) DEFAULT 'medium' NOT NULL,
    tags JSON DEFAULT '[]' NOT NULL,
    due_date TIMESTAMP,
    recurrence VARCHAR(100),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT chk_priority CHECK (priority IN ('low', 'medium', 'high')),
    CONSTRAINT chk_title_length CHECK (LENGTH(title) >= 1 AND LENGTH(title) <= 10000),
    CONSTRAINT chk_description_length CHECK (LENGTH(description) <= 10000)
)"""
_TODOS_INDEXES = (
    "CREATE INDEX idx_todos_user_id ON todos (user_id)",
    "CREATE INDEX idx_todos_completed ON todos (completed)",
    "CREATE INDEX idx_todos_priority ON todos (priority)",
    "CREATE INDEX idx_todos_user_completed ON todos (user_id, completed)",
    "CREATE INDEX idx_todos_due_date ON todos (due_date)",
)
_VERSION = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)

SQLITE = (
    _VERSION,
    _USERS.format(now="CURRENT_TIMESTAMP", check=_USERS_CHECK),
    *_USERS_INDEXES,
    _TODOS,
    *_TODOS_INDEXES,
)
# The first release's migration on SQLite: it stopped at its first ALTER TABLE ... ADD CONSTRAINT.
HALF_START = (_VERSION, _USERS.format(now="(NOW())", check=""), *_USERS_INDEXES)
# No migration made this: the tables after damage or by hand, without a rule that would refuse an awkward row.
LOOSE = (
    _USERS.format(now="CURRENT_TIMESTAMP", check="").replace(" NOT NULL", ""),
    _TODOS.split(",\n    FOREIGN KEY", maxsplit=1)[0].replace(" NOT NULL", "") + ")",
)

POSTGRESQL = (
    _VERSION,
    """CREATE TABLE users (id SERIAL NOT NULL, email VARCHAR(255) NOT NULL, username VARCHAR(100) NOT NULL,
    hashed_password VARCHAR(255) NOT NULL, created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT NOW() NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE DEFAULT NOW() NOT NULL, PRIMARY KEY (id))""",
    *_USERS_INDEXES,
    r"""ALTER TABLE users ADD CONSTRAINT chk_email_format
    CHECK (email ~* '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$')""",
    """ALTER TABLE users ADD CONSTRAINT chk_username_length
    CHECK (LENGTH(username) >= 3 AND LENGTH(username) <= 50)""",
    """CREATE TABLE todos (id SERIAL NOT NULL, user_id INTEGER NOT NULL, title VARCHAR(10000) NOT NULL,
    description TEXT DEFAULT '' NOT NULL, completed BOOLEAN DEFAULT 'false' NOT NULL,
    priority VARCHAR(10) DEFAULT 'medium' NOT NULL, tags TEXT[] DEFAULT '{}' NOT NULL,
    due_date TIMESTAMP WITHOUT TIME ZONE, recurrence VARCHAR(100),
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT NOW() NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE DEFAULT NOW() NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE)""",
    *_TODOS_INDEXES[:-1],
    "CREATE INDEX idx_todos_due_date ON todos (due_date) WHERE due_date IS NOT NULL",
    "CREATE INDEX idx_todos_tags ON todos USING gin (tags)",
    "ALTER TABLE todos ADD CONSTRAINT chk_priority CHECK (priority IN ('low', 'medium', 'high'))",
    "ALTER TABLE todos ADD CONSTRAINT chk_title_length CHECK (LENGTH(title) >= 1 AND LENGTH(title) <= 10000)",
    "ALTER TABLE todos ADD CONSTRAINT chk_description_length CHECK (LENGTH(description) <= 10000)",
    """CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER AS $$
    BEGIN NEW.updated_at = NOW(); RETURN NEW; END; $$ language 'plpgsql'""",
    """CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()""",
    """CREATE TRIGGER update_todos_updated_at BEFORE UPDATE ON todos
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()""",
)

CREATED, UPDATED = "2026-02-03 04:05:06.789012", "2026-03-04 05:06:07.000001"


def build(connection: Connection, statements: tuple[str, ...], version: str | None = "001") -> None:
    """Send the statements, and write a version row where there is a table for one."""
    for statement in statements:
        connection.exec_driver_sql(statement)
    if version is not None and _VERSION in statements:
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})


def old_hash(password: str) -> str:
    """What their passlib stored: bcrypt of the first 72 bytes; few rounds, because tests are many."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


PASSWORD = "SecurePass123!"
_HASH = old_hash(PASSWORD)


def add_user(connection: Connection, old_id: int, **fields: Any) -> None:
    """A user whose fields are plain, but for those that are given."""
    row = {
        "id": old_id,
        "email": f"user{old_id}@example.com",
        "username": f"user{old_id}",
        "hashed_password": _HASH,
        "created_at": CREATED,
        "updated_at": UPDATED,
    }
    _insert(connection, "users", row | fields)


def add_todo(connection: Connection, old_id: int, **fields: Any) -> None:
    """A todo of user 1 whose fields are plain, but for those that are given."""
    row = {"id": old_id, "user_id": 1, "title": f"Todo {old_id}", "created_at": CREATED, "updated_at": UPDATED}
    _insert(connection, "todos", row | fields)


def _insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    connection.execute(sa.insert(sa.table(table, *(sa.column(name) for name in row))), dict(row))
