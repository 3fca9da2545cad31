"""IdempotentAnswer: what was answered to a request that may come again. Stored with its effect, in one transaction."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import Column, ForeignKey, Index, SmallInteger, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, Shape, UtcDateTime, utc_now
from backend.models.columns import LONG_TEXT, bytewise
from backend.models.field import printable

KEY_MAX = 255


class RequestKey(Shape):
    """A key of the caller's own for a request that may be sent again."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=KEY_MAX), AfterValidator(printable)] | None = None


class IdempotentAnswer(SQLModel, table=True):
    """An answer, by the account and the key that it chose. `digest` tells whether the same was asked again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    user_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    key: str = TableField(sa_column=Column(bytewise(KEY_MAX), primary_key=True))
    digest: str = TableField(sa_column=Column(String(64), nullable=False))
    status: int = TableField(sa_column=Column(SmallInteger, nullable=False))
    body: str = TableField(sa_column=Column(LONG_TEXT, nullable=False))
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
