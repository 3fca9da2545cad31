"""Reading the log of operations."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.history import OperationFilter, OperationPage, OperationRead
from backend.models.operation import Operation
from backend.models.token import Scope
from backend.services.actor import Actor


def search(session: Session, actor: Actor, wanted: OperationFilter) -> OperationPage:
    """The entries about the actor's own todos and lists, whoever made them; the newest first."""
    actor.ensure(Scope.READ)
    conditions = [col(Operation.owner_id) == actor.user_id]
    conditions += [
        getattr(Operation, name) == value
        for name in ("object_id", "operation_id", "token_id")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.since is not None:
        conditions.append(col(Operation.at) >= wanted.since)
    total = session.exec(select(sa.func.count()).select_from(Operation).where(*conditions)).one()
    if wanted.cursor is not None:
        if not (wanted.cursor.isascii() and wanted.cursor.isdigit() and len(wanted.cursor) <= 18):  # noqa: PLR2004
            raise invalid([FieldError("cursor", "is not a next_cursor of this list; start from the first page")])
        conditions.append(col(Operation.seq) < int(wanted.cursor))
    rows: Sequence[Operation] = session.exec(
        select(Operation).where(*conditions).order_by(col(Operation.seq).desc()).limit(wanted.limit + 1)
    ).all()
    page = rows[: wanted.limit]
    return OperationPage(
        operations=[OperationRead.of(row) for row in page],
        next_cursor=str(page[-1].seq) if len(rows) > wanted.limit else None,
        total=total,
    )
