"""Indexes of what few todos have hold those alone on SQLite, so that all others are stored faster.

Those of a database server stay whole, by the new names.

Revision ID: c1a86e3f5d07
Revises: 9b4f17d2c8e6
"""

import sqlalchemy as sa
from alembic import op

revision = "c1a86e3f5d07"
down_revision = "9b4f17d2c8e6"
branch_labels = None
depends_on = None

_COLUMNS = ("parent_id", "completed_at", "remind_at")


def upgrade() -> None:
    """Make each anew; on SQLite in place, because nothing but a constraint needs a copy of the table."""
    with op.batch_alter_table("todos") as todos:
        todos.drop_index("uq_todos_occurrence")
        todos.create_index(
            "uq_todos_occurrence",
            ["owner_id", "series_id", "occurrence"],
            unique=True,
            sqlite_where=sa.text("series_id IS NOT NULL"),
        )
        for column in _COLUMNS:
            name = column.removesuffix("_id")
            todos.drop_index(f"ix_todos_{name}")
            todos.create_index(
                f"ix_todos_with_{name}", ["owner_id", column], sqlite_where=sa.text(f"{column} IS NOT NULL")
            )


def downgrade() -> None:
    """Let them hold every todo again."""
    with op.batch_alter_table("todos") as todos:
        todos.drop_index("uq_todos_occurrence")
        todos.create_index("uq_todos_occurrence", ["owner_id", "series_id", "occurrence"], unique=True)
        for column in _COLUMNS:
            name = column.removesuffix("_id")
            todos.drop_index(f"ix_todos_with_{name}")
            todos.create_index(f"ix_todos_{name}", ["owner_id", column])
