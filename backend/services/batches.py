"""Batches: many operations in one transaction, all or each for itself."""

from collections.abc import Container
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from backend.errors import AppError, FieldError, describe, invalid
from backend.models.batch import BatchAction, BatchCreate, BatchError, BatchItem, BatchRead, BatchRequest, BatchResult
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate
from backend.models.token import Scope
from backend.services import log, todos
from backend.services.actor import Actor


def create(session: Session, actor: Actor, data: BatchCreate) -> BatchRead:
    """Add todos, each for itself. A token that may add none is told so once, not for each of them."""
    actor.ensure(Scope.ADD)
    return run(session, actor, data.request)


def run(session: Session, actor: Actor, request: BatchRequest) -> BatchRead:
    """Do the operations in their order. Atomic: the first refusal is raised, and nothing is changed.

    Otherwise each refusal stands in its result, and takes back what its own item has done, not the others. More
    operations than the actor's token may do in one call are refused as a whole, either way.
    """
    actor.ensure_may_touch(len(request.operations))
    results: list[BatchResult] = []
    log.lock(session, actor.user_id)
    with log.together(session) as operation_id:
        for index, item in enumerate(request.operations):
            try:
                with log.begin_part(session):
                    results.append(BatchResult.model_construct(index=index, todo=_do(session, actor, item), error=None))
            except (AppError, ValidationError) as error:
                refusal = describe(error)
                log.let_go(session)
                if request.atomic:
                    raise _at(index, refusal) from None
                results.append(
                    BatchResult(
                        index=index,
                        error=BatchError(code=refusal.code, detail=refusal.detail, status=refusal.status),
                    )
                )
    failed = sum(result.error is not None for result in results)
    return BatchRead.model_construct(
        operation_id=operation_id, succeeded=len(results) - failed, failed=failed, results=results
    )


def _do(session: Session, actor: Actor, item: BatchItem) -> TodoRead:
    if item.action is BatchAction.CREATE:
        return todos.create(session, actor, TodoCreate.model_validate({"id": item.id, **item.data}))
    if item.id is None:
        raise invalid([FieldError("id", "Say which todo.")])
    versions: Container[int] | None = None if item.version is None else {item.version}
    match item.action:
        case BatchAction.UPDATE:
            return todos.update(session, actor, item.id, TodoUpdate.model_validate(item.data), versions=versions)
        case BatchAction.COMPLETE:
            return todos.complete(session, actor, item.id)
        case BatchAction.REOPEN:
            return todos.reopen(session, actor, item.id)
        case BatchAction.DELETE:
            return todos.delete(session, actor, item.id, versions=versions)
        case BatchAction.RESTORE:
            return todos.restore(session, actor, item.id)


def _at(index: int, refusal: AppError) -> AppError:
    """The same refusal, with the place of the item that it is about."""
    place = f"operations.{index}"
    errors: list[FieldError] = [FieldError(f"{place}.{error.field}", error.message) for error in refusal.errors]
    more: dict[str, Any] = {"errors": errors or [FieldError(place, refusal.detail)], "current": refusal.current}
    return type(refusal)(f"Nothing was changed, because of operation {index}: {refusal.detail}", **more)
