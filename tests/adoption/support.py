"""Adopting into the test's own database, and looking at what arrived there."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from backend import database
from backend.adoption import AdoptionReport, adopt


def adopted(source: Connection) -> AdoptionReport:
    """Adopt into the test's own database, which is at head."""
    with database.write_scope() as session:
        return adopt(source, session.connection())


def ours(query: str) -> list[dict[str, Any]]:
    """Rows of the test's own database, as it stores them."""
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.text(query)).mappings()]
