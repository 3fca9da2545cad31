"""PersonalToken: a key that an account gives to a program or an agent, with what it may do."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column, ForeignKey, Index, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, UtcDateTime, new_id, utc_now
from backend.models.columns import bytewise
from backend.models.field import NAME_MAX


class Scope(StrEnum):
    """What a token may do: look, add what is new, change what is there, move it to the trash."""

    READ = "read"
    ADD = "add"
    WRITE = "write"
    DELETE = "delete"


class PersonalToken(SQLModel, table=True):
    """A key, of which only the digest is stored."""

    __tablename__ = "personal_tokens"
    __table_args__ = (Index(None, "user_id"), Index("uq_personal_tokens_digest", "digest", unique=True))

    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    user_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), nullable=False)
    )
    name: str = TableField(sa_column=Column(String(NAME_MAX), nullable=False))
    digest: str = TableField(sa_column=Column(bytewise(64), nullable=False))
    # "calendar" is a secret address of the calendar feed and nothing else.
    purpose: str = TableField(default="api", sa_column=Column(String(16), nullable=False))
    scopes: list[str] = TableField(sa_column=Column(JSON, nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    last_used_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
