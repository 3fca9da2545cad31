"""PersonalToken: a key that an account gives to a program or an agent, with what it may do."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, StringConstraints, field_validator
from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, SmallInteger, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, Id, Instant, Shape, UtcDateTime, new_id, utc_now
from backend.models.columns import bytewise
from backend.models.field import NAME_MAX, in_one_line, printable

SECRET_PREFIX = "todo_pat_"  # noqa: S105 - how a secret begins, not one
TOKENS_MAX = 50
# How many todos one call may change, with a token that was not given less.
CHANGES_MAX = 100


class Scope(StrEnum):
    """What a token may do: look, add what is new, change what is there, move it to the trash."""

    READ = "read"
    ADD = "add"
    WRITE = "write"
    DELETE = "delete"


class Purpose(StrEnum):
    """What a key opens: the API, or the calendar feed and nothing else."""

    API = "api"
    CALENDAR = "calendar"


TokenName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX), AfterValidator(printable)
]


class TokenCreate(Shape):
    """A new personal token."""

    name: Annotated[TokenName, AfterValidator(in_one_line)] = Field(
        description="For you, and for the log of what was changed.", examples=["claude-laptop"]
    )
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=len(Scope),
        description=(
            "read: look; add: make what is new; write: change what is there;"
            " delete: move it to the trash, and empty that."
        ),
        examples=[["read", "add"]],
    )
    expires_at: Instant | None = Field(None, description="When it stops working; null is never.")
    max_changes: StrictInt = Field(
        CHANGES_MAX,
        ge=1,
        le=CHANGES_MAX,
        description="How many todos one call may change, with those taken along: parts, all of a list or the trash.",
    )

    @field_validator("scopes")
    @classmethod
    def _each_once(cls, value: list[Scope]) -> list[Scope]:
        return [scope for scope in Scope if scope in value]

    @field_validator("expires_at")
    @classmethod
    def _lies_ahead(cls, value: datetime | None) -> datetime | None:
        if value is not None and value <= utc_now():
            raise ValueError("must lie in the future")
        return value


class TokenRead(Shape):
    """A personal token, without its secret, which nobody can read again."""

    id: Id
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    max_changes: int = Field(description="How many todos one call may change.")
    last_used_at: datetime | None = Field(description="Kept to the hour.")


class TokenCreated(TokenRead):
    """A new personal token with its secret, shown this once."""

    token: str = Field(description="Send it as `Authorization: Bearer ...` or `X-API-Key`.")


class TokenPage(Shape):
    """The personal tokens of an account, the newest first."""

    tokens: list[TokenRead]
    total: int
    next_cursor: str | None


class PersonalToken(SQLModel, table=True):
    """A key, of which only the digest is stored."""

    __tablename__ = "personal_tokens"
    __table_args__ = (
        CheckConstraint(f"max_changes BETWEEN 1 AND {CHANGES_MAX}", name="max_changes"),
        Index(None, "user_id"),
        Index("uq_personal_tokens_digest", "digest", unique=True),
    )

    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    user_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), nullable=False)
    )
    name: str = TableField(sa_column=Column(String(NAME_MAX), nullable=False))
    digest: str = TableField(sa_column=Column(bytewise(64), nullable=False))
    purpose: str = TableField(default=Purpose.API, sa_column=Column(String(16), nullable=False))
    scopes: list[str] = TableField(sa_column=Column(JSON, nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    last_used_at: datetime | None = TableField(default=None, sa_column=Column(UtcDateTime))
    # None in tokens from before there was a choice.
    max_changes: int | None = TableField(default=None, sa_column=Column(SmallInteger))
