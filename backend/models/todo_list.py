"""TodoList: a list of todos, who shares it, and the invitations to it. The inbox is no row: `list_id` null."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, UtcDateTime, new_id, utc_now
from backend.models.columns import bytewise
from backend.models.field import NAME_MAX
from backend.models.todo import POSITION_MAX


class Role(StrEnum):
    """What a member may do: an owner everything, an editor change the todos, a viewer read them."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


_ROLES = ", ".join(f"'{role}'" for role in Role)


class TodoList(SQLModel, table=True):
    """A list. Its todos lie with its owner, whoever wrote them, so that one account's rows stay together."""

    __tablename__ = "lists"

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    name: str = TableField(sa_column=Column(String(NAME_MAX), nullable=False))
    color: str | None = TableField(default=None, sa_column=Column(String(7)))
    position: str = TableField(sa_column=Column(bytewise(POSITION_MAX), nullable=False))
    is_archived: bool = TableField(
        default=False, sa_column=Column(Boolean(create_constraint=True, name="is_archived"), nullable=False)
    )
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    deleted_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    version: int = 1


class ListMember(SQLModel, table=True):
    """Somebody who shares a list that is not theirs. Its owner has no row here."""

    __tablename__ = "list_members"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "list_id"], ["lists.owner_id", "lists.id"], ondelete="CASCADE"),
        CheckConstraint(f"role IN ({_ROLES})", name="role"),
        Index(None, "user_id"),
    )

    owner_id: str = TableField(sa_column=Column(String(ID_LENGTH), primary_key=True))
    list_id: str = TableField(sa_column=Column(String(ID_LENGTH), primary_key=True))
    user_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    role: str = TableField(sa_column=Column(String(16), nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))


class ListInvite(SQLModel, table=True):
    """A link that makes whoever opens it a member. Only the digest of its token is stored."""

    __tablename__ = "list_invites"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "list_id"], ["lists.owner_id", "lists.id"], ondelete="CASCADE"),
        CheckConstraint(f"role IN ({_ROLES})", name="role"),
        Index(None, "token_digest"),
    )

    owner_id: str = TableField(sa_column=Column(String(ID_LENGTH), primary_key=True))
    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    list_id: str = TableField(sa_column=Column(String(ID_LENGTH), nullable=False))
    role: str = TableField(sa_column=Column(String(16), nullable=False))
    token_digest: str = TableField(sa_column=Column(bytewise(64), nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = TableField(sa_column=Column(UtcDateTime, nullable=False))
