"""How many todos one call with a personal token may change; null in tokens that were never asked.

Revision ID: 5d2c8be41f97
Revises: e3f08a6d71c4
"""

import sqlalchemy as sa
from alembic import op

revision = "5d2c8be41f97"
down_revision = "e3f08a6d71c4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column with its rule inline, in place."""
    rule = sa.CheckConstraint("max_changes BETWEEN 1 AND 100", name=op.f("ck_personal_tokens_max_changes"))
    with op.batch_alter_table("personal_tokens") as tokens:
        tokens.add_column(sa.Column("max_changes", sa.SmallInteger(), rule))


def downgrade() -> None:
    """Drop it, and the rule with it; a token may then change as many as every other."""
    op.drop_column("personal_tokens", "max_changes")
