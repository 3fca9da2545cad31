"""Initial schema.

Accounts, todos and their tags. Every constraint stands inline in CREATE TABLE: SQLite cannot add one later, and
no operator here belongs to one database alone. What needs more (an e-mail address, a time zone) is checked in Python.

Revision ID: 299861bd0370
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

# Not "001": databases of the old deployment carry that name with another layout.
revision = "299861bd0370"
down_revision = None
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "users",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("email_key", sa.String(255), nullable=False),
        sa.Column("username", sa.String(50), nullable=False),
        sa.Column("username_key", sa.String(50), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
        sa.CheckConstraint("length(username) BETWEEN 3 AND 50", name=op.f("ck_users_username_length")),
        sa.CheckConstraint("length(email) >= 3", name=op.f("ck_users_email_length")),
    )
    op.create_table(
        "todos",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("title_key", sa.String(100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("completed", sa.Boolean(create_constraint=True, name=op.f("ck_todos_completed")), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("due_time", sa.String(8), nullable=True),
        sa.Column("due_timezone", sa.String(64), nullable=True),
        sa.Column("due_until", UTC, nullable=True),
        sa.Column("completed_at", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.Column("deleted_at", UTC, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_todos"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_todos_owner_id_users", ondelete="CASCADE"),
        sa.CheckConstraint("length(title) >= 1", name=op.f("ck_todos_title_not_empty")),
        sa.CheckConstraint("priority BETWEEN 1 AND 3", name=op.f("ck_todos_priority_rank")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_todos_version_positive")),
    )
    for name, *columns in (
        ("ix_todos_created", "created_at"),
        ("ix_todos_open_created", "completed", "created_at"),
        ("ix_todos_open_due", "completed", "due_until"),
        ("ix_todos_open_priority", "completed", "priority"),
        ("ix_todos_updated", "updated_at"),
        ("ix_todos_title", "title_key"),
    ):
        op.create_index(name, "todos", ["owner_id", "deleted_at", *columns, "id"])
    op.create_table(
        "todo_tags",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("todo_id", sa.String(36), nullable=False),
        sa.Column("tag_key", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "tag_key", "todo_id", name="pk_todo_tags"),
        sa.ForeignKeyConstraint(
            ["owner_id", "todo_id"],
            ["todos.owner_id", "todos.id"],
            name="fk_todo_tags_owner_id_todo_id_todos",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_todo_tags_owner_id_todo_id", "todo_tags", ["owner_id", "todo_id"])


def downgrade() -> None:
    """Drop the tables, children first."""
    for table in ("todo_tags", "todos", "users"):
        op.drop_table(table)
