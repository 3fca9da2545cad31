"""The full domain: lists and sharing, subtasks, order, recurrence, the log of operations, the search index, tokens.

Columns are added in place, so that a large table of todos is not copied. Places in the manual order are given here to
the todos that are there; the words of the search index come with each account's ledger, when it is opened.

Revision ID: e3f08a6d71c4
Revises: b95d1c6f2e08
"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.postgresql import VARCHAR

from backend.models.todo import first_position

revision = "e3f08a6d71c4"
down_revision = "b95d1c6f2e08"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 1_000
TEXT_BYTES = 65_535

INDEXES = {
    "ix_todos_position": ["owner_id", "deleted_at", "completed", "position", "id"],
    "ix_todos_list": ["owner_id", "list_id", "deleted_at", "completed", "position", "id"],
    "ix_todos_parent": ["owner_id", "parent_id"],
    "ix_todos_completed_at": ["owner_id", "completed_at"],
    "ix_todos_remind_at": ["owner_id", "remind_at"],
}
COLUMNS = (
    "list_id",
    "parent_id",
    "position",
    "assignee_id",
    "remind_at",
    "recurrence",
    "recurrence_from",
    "series_id",
    "series_start",
    "occurrence",
    "occurrences_missed",
)
TABLES = (
    "idempotency_keys",
    "personal_tokens",
    "saved_filters",
    "todo_words",
    "ledgers",
    "operations",
    "list_invites",
    "list_members",
    "lists",
)


def bytewise(length: int) -> sa.types.TypeEngine[str]:
    """A text that is compared by its code points."""
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
        .with_variant(VARCHAR(length, collation="C"), "postgresql")
    )


def upgrade() -> None:
    """Add what is new, and derive it for what is there."""
    with op.batch_alter_table("todos") as todos:
        todos.add_column(sa.Column("list_id", sa.String(36)))
        todos.add_column(sa.Column("parent_id", sa.String(36)))
        todos.add_column(sa.Column("position", bytewise(120), nullable=False, server_default=""))
        todos.add_column(sa.Column("assignee_id", sa.String(36)))
        todos.add_column(sa.Column("remind_at", UTC))
        todos.add_column(sa.Column("recurrence", sa.String(500)))
        todos.add_column(sa.Column("recurrence_from", sa.String(16), nullable=False, server_default="due"))
        todos.add_column(sa.Column("series_id", sa.String(36)))
        todos.add_column(sa.Column("series_start", sa.String(32)))
        todos.add_column(sa.Column("occurrence", sa.String(32)))
        todos.add_column(sa.Column("occurrences_missed", sa.Integer(), nullable=False, server_default="0"))
    if op.get_context().dialect.name in {"mysql", "mariadb"}:
        op.alter_column("todos", "description", type_=mysql.MEDIUMTEXT(), existing_nullable=False)
    for name, columns in INDEXES.items():
        op.create_index(name, "todos", columns)
    op.create_index("uq_todos_occurrence", "todos", ["owner_id", "series_id", "occurrence"], unique=True)
    _create_lists()
    _create_log()
    op.create_table(
        "todo_words",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("word", bytewise(40), nullable=False),
        sa.Column("todo_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "word", "todo_id", name="pk_todo_words"),
        _of_user("todo_words", "owner_id"),
    )
    _create_keys()
    if not context.is_offline_mode():
        _place(op.get_bind())


def downgrade() -> None:
    """Take it away again; todos stay, what only the new columns said goes."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("uq_todos_occurrence", "todos")
    for name in INDEXES:
        op.drop_index(name, "todos")
    for column in COLUMNS:
        op.drop_column("todos", column)
    if op.get_context().dialect.name in {"mysql", "mariadb"} and not _has_long_descriptions():
        op.alter_column("todos", "description", type_=sa.Text(), existing_nullable=False)


def _has_long_descriptions() -> bool:
    """Whether one would not fit into what the column was before; then it stays as wide as it is, and nothing is cut."""
    if context.is_offline_mode():
        return True
    found = sa.text(f"SELECT 1 FROM todos WHERE octet_length(description) > {TEXT_BYTES} LIMIT 1")  # noqa: S608 - a constant
    return op.get_bind().execute(found).first() is not None


def _of_user(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=f"fk_{table}_{column}_users", ondelete="CASCADE")


def _of_list(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["owner_id", "list_id"],
        ["lists.owner_id", "lists.id"],
        name=f"fk_{table}_owner_id_list_id_lists",
        ondelete="CASCADE",
    )


def _create_lists() -> None:
    op.create_table(
        "lists",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("color", sa.String(7)),
        sa.Column("position", bytewise(120), nullable=False),
        sa.Column("is_archived", sa.Boolean(create_constraint=True, name=op.f("ck_lists_is_archived")), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.Column("deleted_at", UTC),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_lists"),
        _of_user("lists", "owner_id"),
    )
    op.create_table(
        "list_members",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("list_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "list_id", "user_id", name="pk_list_members"),
        _of_list("list_members"),
        _of_user("list_members", "user_id"),
        sa.CheckConstraint("role IN ('owner', 'editor', 'viewer')", name=op.f("ck_list_members_role")),
    )
    op.create_index("ix_list_members_user_id", "list_members", ["user_id"])
    op.create_table(
        "list_invites",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("list_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("token_digest", bytewise(64), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_list_invites"),
        _of_list("list_invites"),
        sa.CheckConstraint("role IN ('owner', 'editor', 'viewer')", name=op.f("ck_list_invites_role")),
    )
    op.create_index("ix_list_invites_token_digest", "list_invites", ["token_digest"])


def _create_log() -> None:
    op.create_table(
        "operations",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("seq", COUNTER, autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.String(36), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("token_id", sa.String(36)),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object_id", sa.String(36), nullable=False),
        sa.Column("list_id", sa.String(36)),
        sa.Column("before", sa.JSON()),
        sa.Column("after", sa.JSON()),
        sa.Column("undoes", sa.String(36)),
        sa.PrimaryKeyConstraint("owner_id", "seq", name="pk_operations"),
        _of_user("operations", "owner_id"),
    )
    op.create_index("ix_operations_owner_id_object_id_seq", "operations", ["owner_id", "object_id", "seq"])
    op.create_index("ix_operations_owner_id_operation_id", "operations", ["owner_id", "operation_id"])
    op.create_table(
        "ledgers",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
        sa.Column("seq", COUNTER, nullable=False),
        sa.Column("forgotten", COUNTER, nullable=False),
        sa.Column("todos_open", sa.Integer(), nullable=False),
        sa.Column("todos_done", sa.Integer(), nullable=False),
        sa.Column("todos_trashed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name="pk_ledgers"),
        _of_user("ledgers", "owner_id"),
    )


def _create_keys() -> None:
    op.create_table(
        "saved_filters",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("position", bytewise(120), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_saved_filters"),
        _of_user("saved_filters", "owner_id"),
    )
    op.create_table(
        "personal_tokens",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", bytewise(64), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("expires_at", UTC),
        sa.Column("last_used_at", UTC),
        sa.PrimaryKeyConstraint("id", name="pk_personal_tokens"),
        _of_user("personal_tokens", "user_id"),
    )
    op.create_index("ix_personal_tokens_user_id", "personal_tokens", ["user_id"])
    op.create_index("uq_personal_tokens_digest", "personal_tokens", ["digest"], unique=True)
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("key", bytewise(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", LONG_TEXT, nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_keys"),
        _of_user("idempotency_keys", "user_id"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _place(connection: sa.Connection) -> None:
    """Places of the todos that are there, some at a time, by key."""
    todos = sa.table(
        "todos",
        sa.column("owner_id", sa.String),
        sa.column("id", sa.String),
        sa.column("created_at", sa.String),
        sa.column("position", sa.String),
    )
    key = sa.tuple_(todos.c.owner_id, todos.c.id)
    place = (
        sa.update(todos)
        .where(todos.c.owner_id == sa.bindparam("of"), todos.c.id == sa.bindparam("key"))
        .values(position=sa.bindparam("place"))
    )
    last = ("", "")
    while rows := connection.execute(
        sa.select(todos.c.owner_id, todos.c.id, todos.c.created_at)
        .where(key > sa.tuple_(*(sa.literal(part) for part in last)))
        .order_by(todos.c.owner_id, todos.c.id)
        .limit(BATCH)
    ).all():
        connection.execute(
            place, [{"of": row.owner_id, "key": row.id, "place": _position(row.created_at)} for row in rows]
        )
        last = rows[-1].owner_id, rows[-1].id


def _position(created_at: object) -> str:
    """The place of a todo that was made then; SQLite answers the stored text, the others a time."""
    if isinstance(created_at, str):
        digits = "".join(sign for sign in created_at if sign.isdigit())
        return "t" + digits[:20].ljust(20, "0")
    return first_position(created_at)  # type: ignore[arg-type]
