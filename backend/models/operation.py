"""Operation: the log of what was changed, by whom, and what was there before. Written with the change itself.

Everything that was changed can be read from here, taken back, and followed. Entries of one action share an
`operation_id`. `seq` counts an account's changes without a gap in the order in which they were committed, because the
account's ledger is locked while it is counted up: a reader that has seen 7 will never be surprised by a late 6, also on
a database whose own sequences promise nothing of the kind.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, UtcDateTime, new_id
from backend.models.field import NAME_MAX


class Door(StrEnum):
    """Where a change came in."""

    REST = "rest"
    UI = "ui"
    GRADIO = "gradio"
    MCP = "mcp"
    CLI = "cli"
    SYSTEM = "system"


class Kind(StrEnum):
    """What was changed."""

    TODO = "todo"
    LIST = "list"
    FILTER = "filter"


class Action(StrEnum):
    """What was done to it."""

    CREATE = "create"
    UPDATE = "update"
    COMPLETE = "complete"
    REOPEN = "reopen"
    DELETE = "delete"
    RESTORE = "restore"
    PURGE = "purge"


class Operation(SQLModel, table=True):
    """One object changed by one action. `before` and `after` hold the fields that changed, all of them at its ends."""

    __tablename__ = "operations"
    __table_args__ = (Index(None, "owner_id", "object_id", "seq"), Index(None, "owner_id", "operation_id"))

    # Whose partition the object lies in; for a shared list that is the list's owner.
    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    seq: int = TableField(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    )
    operation_id: str = TableField(sa_column=Column(String(ID_LENGTH), nullable=False))
    at: datetime = TableField(sa_column=Column(UtcDateTime, nullable=False))
    # No references: the log outlives the account, the token and the object that it speaks of.
    actor_id: str = TableField(sa_column=Column(String(ID_LENGTH), nullable=False))
    token_id: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))
    actor_name: str = TableField(sa_column=Column(String(NAME_MAX), nullable=False))
    door: str = TableField(sa_column=Column(String(16), nullable=False))
    action: str = TableField(sa_column=Column(String(16), nullable=False))
    kind: str = TableField(sa_column=Column(String(16), nullable=False))
    object_id: str = TableField(sa_column=Column(String(ID_LENGTH), nullable=False))
    # Where it is seen: members follow the lists that they share.
    list_id: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))
    before: dict[str, Any] | None = TableField(default=None, sa_column=Column(JSON))
    after: dict[str, Any] | None = TableField(default=None, sa_column=Column(JSON))
    undoes: str | None = TableField(default=None, sa_column=Column(String(ID_LENGTH)))


class Ledger(SQLModel, table=True):
    """What is counted for an account: its changes, and how many todos it has. Made where it is missing.

    A ledger that was made anew has another `epoch`: who followed the old one has to look at everything once more.
    """

    __tablename__ = "ledgers"

    owner_id: str = TableField(
        sa_column=Column(String(ID_LENGTH), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    epoch: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), nullable=False))
    seq: int = TableField(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), nullable=False))
    # Of the log's beginning, what was kept no longer: the last number that is gone.
    forgotten: int = TableField(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), nullable=False))
    todos_open: int = TableField(sa_column=Column(Integer, nullable=False))
    todos_done: int = TableField(sa_column=Column(Integer, nullable=False))
    todos_trashed: int = TableField(sa_column=Column(Integer, nullable=False))
