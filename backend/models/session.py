"""LoginSession: one row for each login that is still good. Without its row no token is honoured."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field, model_validator
from sqlalchemy import Column, ForeignKey, Index, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, Id, Shape, UtcDateTime, new_id, utc_now
from backend.models.user import Password


class LoginSession(SQLModel, table=True):
    """A login. `generation` counts its refreshes: a refresh token of an earlier generation was used twice."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    user_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), nullable=False)
    )
    generation: int = 0
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = TableField(sa_column=Column(UtcDateTime, nullable=False))


class Credentials(Shape):
    """A name and a password. Either field takes either name: an e-mail address or a username."""

    username: str | None = Field(default=None, max_length=255)
    email: str | None = Field(default=None, max_length=255)
    password: str = Field(max_length=1024)

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not self.name:
            raise ValueError("Give a username or an e-mail address.")
        return self

    @property
    def name(self) -> str:
        """The name given, e-mail address or username."""
        return self.username or self.email or ""


class RefreshRequest(Shape):
    """The refresh token of the newest pair."""

    refresh_token: str = Field(max_length=4096)


class TokenPair(Shape):
    """A login: `access_token` for each request, `refresh_token` once, for the next pair. Seconds in `expires_in`."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the word that RFC 6750 asks for
    expires_in: int


class PasswordChange(Shape):
    """The password in use, and the one to use from now on."""

    current_password: str = Field(max_length=1024)
    new_password: Password


class PasswordReset(Shape):
    """The token of a reset link, and the password to use from now on."""

    token: str = Field(max_length=4096)
    new_password: Password


class PasswordProof(Shape):
    """The account's password, where an action cannot be taken back."""

    password: str = Field(max_length=1024)


class SessionRead(Shape):
    """A login that is still good."""

    id: Id
    created_at: datetime
    last_used_at: datetime = Field(description="When it last took a new pair of tokens, or began.")
    is_current: bool = Field(description="Whether it is the one that asks.")


class SessionPage(Shape):
    """All logins of an account, the one used last first."""

    sessions: list[SessionRead]
