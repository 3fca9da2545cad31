"""Installation: one row about this database as a whole.

Revision ID: b95d1c6f2e08
Revises: 7c41e8a90b52
"""

import sqlalchemy as sa
from alembic import op

revision = "b95d1c6f2e08"
down_revision = "7c41e8a90b52"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table with its row."""
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
    )
    # Deleted first, so that a migration that was cut short can run again.
    op.execute("DELETE FROM installation")
    op.execute("INSERT INTO installation (id, state) VALUES (1, 'active')")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("installation")
