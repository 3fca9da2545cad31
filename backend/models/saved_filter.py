"""SavedFilter: a search that somebody wants to come back to."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, UtcDateTime, new_id, utc_now
from backend.models.columns import bytewise
from backend.models.field import NAME_MAX
from backend.models.todo import POSITION_MAX


class SavedFilter(SQLModel, table=True):
    """A name and the query that it stands for."""

    __tablename__ = "saved_filters"

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    name: str = TableField(sa_column=Column(String(NAME_MAX), nullable=False))
    query: dict[str, Any] = TableField(sa_column=Column(JSON, nullable=False))
    position: str = TableField(sa_column=Column(bytewise(POSITION_MAX), nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    version: int = 1
