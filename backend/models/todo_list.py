"""TodoList: a list of todos, who shares it, and the invitations to it. The inbox is no row: `list_id` null."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, StringConstraints
from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, Id, Shape, UtcDateTime, new_id, utc_now
from backend.models.columns import bytewise
from backend.models.field import NAME_MAX, Words, printable
from backend.models.todo import POSITION_MAX

INVITE_HOURS_DEFAULT, INVITE_HOURS_MAX = 168, 720
LISTS_LIMIT_DEFAULT, LISTS_LIMIT_MAX = 100, 1_000
_COLOR = r"^#[0-9A-Fa-f]{6}$"


class Role(StrEnum):
    """What a member may do: an owner everything, an editor change the todos, a viewer read them."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    @property
    def rank(self) -> int:
        """The higher, the more the role may do."""
        return list(reversed(Role)).index(self)


_ROLES = ", ".join(f"'{role}'" for role in Role)

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX), AfterValidator(printable)
]


def _color(value: str) -> str:
    if not re.fullmatch(_COLOR, value):
        raise ValueError("must be a colour such as #2f6fde")
    return value.lower()  # compared without regard to case, so it is kept in one


Color = Annotated[str, AfterValidator(_color), Field(json_schema_extra={"pattern": _COLOR})]


class ListCreate(Shape):
    """A new list. Only the name is needed."""

    id: Id | None = Field(None, description="Chosen by the client, so that a retry makes no second list.")
    name: Name = Field(examples=["Groceries"])
    color: Color | None = Field(None, description="#rrggbb", examples=["#2563eb"])
    is_archived: StrictBool = False


class ListUpdate(Shape):
    """Changes to a list. What is absent stays, `null` clears."""

    name: Name = Field(default_factory=str)
    color: Color | None = Field(None, description="#rrggbb; null is none.")
    is_archived: StrictBool = Field(
        default_factory=bool,
        description="Todos of an archived list stay out of what is due by day, unless the list is named.",
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Only what was named."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ListMove(Shape):
    """Where a list goes in the manual order; `null` is before or after none: the end, or the start."""

    before_id: Id | None = Field(None, description="The list that comes next; null for the end.")
    after_id: Id | None = Field(None, description="The list that comes before; null for the start.")


class ListRead(Shape):
    """A list as somebody who may see it sees it."""

    id: Id
    name: str
    color: str | None
    is_archived: bool
    position: str = Field(description="Sorts the manual order of its owner, by code points.")
    role: Role = Field(description="What the reader may do: an owner all, an editor change todos, a viewer look.")
    owner_id: Id = Field(description="Whose list it is.")
    owner_name: str
    open_count: int = Field(description="How many of its todos are open.")
    members_count: int = Field(description="How many people share it with its owner.")
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(description="Counts the changes; the ETag.")


class ListFilter(Shape):
    """Which lists, and how many at a time."""

    is_archived: bool | None = Field(None, description="true, false, or absent for both.")
    deleted: bool = Field(default=False, description="Those in the trash instead, which are one's own.")
    limit: int = Field(LISTS_LIMIT_DEFAULT, ge=1, le=LISTS_LIMIT_MAX)
    cursor: Words | None = Field(None, max_length=2_000, description="next_cursor of the page before.")


class ListPage(Shape):
    """One page of lists, and how to get the next."""

    lists: list[ListRead]
    total: int
    next_cursor: str | None


class MemberUpdate(Shape):
    """What a member may do from now on."""

    role: Role


class MemberRead(Shape):
    """Somebody who can see a list."""

    user_id: Id
    username: str
    role: Role
    is_list_owner: bool = Field(description="True for the account whose list it is.")
    joined_at: datetime


class MemberPage(Shape):
    """Everybody who can see a list, its owner first."""

    members: list[MemberRead]
    total: int
    next_cursor: str | None


class InviteCreate(Shape):
    """An invitation to a list."""

    role: Role = Field(Role.EDITOR, description="What whoever accepts it may do.")
    expires_in_hours: int = Field(INVITE_HOURS_DEFAULT, ge=1, le=INVITE_HOURS_MAX)


class InviteRead(Shape):
    """An invitation, without the token, which nobody can read again."""

    id: Id
    list_id: Id
    role: Role
    created_at: datetime
    expires_at: datetime


class InviteCreated(InviteRead):
    """A new invitation with its token, shown this once."""

    token: str
    url: str = Field(description="Opens the invitation in the web page.")


class InviteLook(Shape):
    """What an invitation is to, for whoever has its token and has not accepted it yet."""

    list_id: Id
    name: str
    owner_name: str
    role: Role = Field(description="What whoever accepts it may do.")


class InvitePage(Shape):
    """The invitations to a list that can still be accepted, the newest first."""

    invites: list[InviteRead]
    total: int
    next_cursor: str | None


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
