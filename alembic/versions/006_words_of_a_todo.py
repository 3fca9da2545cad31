"""An index of the words of each todo, so that a search looks at a todo instead of everything that has a common word.

Revision ID: 9b4f17d2c8e6
Revises: 5d2c8be41f97
"""

from alembic import op

revision = "9b4f17d2c8e6"
down_revision = "5d2c8be41f97"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index; on SQLite in place, because nothing but a constraint needs a copy of the table."""
    with op.batch_alter_table("todo_words") as words:
        words.create_index("ix_todo_words_todo", ["owner_id", "todo_id", "word"])


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("todo_words") as words:
        words.drop_index("ix_todo_words_todo")
