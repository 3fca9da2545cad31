"""Undo: what a request wants to have taken back, from the newest entry of the log to the oldest.

The undoing is an operation itself, so that undoing it does everything again.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from backend.errors import FieldError, NotFoundError, invalid
from backend.models.history import UndoRead, UndoRequest
from backend.models.operation import Operation
from backend.models.plan import UndoAnswer, UndoPlanRequest
from backend.models.token import PersonalToken, Purpose, Scope
from backend.services import log, plans, rights, undoing
from backend.services.actor import Actor

# As many entries of the log as are held at once.
_AT_ONCE = 500


def undo(session: Session, actor: Actor, request: UndoRequest) -> UndoRead:
    """Take back what was asked for, as far as nobody has changed it since; what was left is listed with its reason."""
    actor.ensure(Scope.WRITE)
    _ensure_known(session, actor, request)
    owners = rights.owners(session, actor)
    for owner_id in owners:
        log.lock(session, owner_id)
    taken = undoing.Undoing(session, actor)
    with log.together(session) as operation_id:
        taken.take_back(_wanted(session, actor, owners, request))
    return UndoRead(
        operation_id=operation_id if taken.undone else None,
        undone=list(taken.undone),
        changed=list(taken.changed),
        conflicts=taken.conflicts,
    )


def planned(session: Session, actor: Actor, request: UndoPlanRequest) -> UndoAnswer:
    """The same, but what a time chooses is shown as a plan first, and taken back with the plan's id."""
    asked = UndoRequest.model_validate(request.model_dump(exclude={"plan_id"}))

    def work() -> UndoRead:
        return undo(session, actor, asked)

    if request.since is None:
        if request.plan_id is not None:
            raise invalid([FieldError("plan_id", "goes with since")])
        return UndoAnswer(**dict(work()), plan=None)
    if request.plan_id is not None:
        _, done = plans.commit(session, actor, request, (), work, request.plan_id)
        return UndoAnswer(**dict(done), plan=None)
    plan, would = plans.preview(session, actor, request, (), work)
    return UndoAnswer(
        operation_id=None, undone=[], changed=[], conflicts=would.conflicts, plan=plan if plan.count else None
    )


def _ensure_known(session: Session, actor: Actor, request: UndoRequest) -> None:
    """Raise InvalidInputError for a token that there is not and was not: by a slip of its name, nothing is taken back.

    What a revoked one did is still to be undone, so whoever stands in the log is known.
    """
    named = request.whose
    if named is None:
        return
    there = select(PersonalToken.id, PersonalToken.name).where(
        PersonalToken.user_id == actor.user_id, PersonalToken.purpose == Purpose.API
    )
    unknown = named - {word for row in session.exec(there) for word in row}
    if unknown:
        logged = sa.select(*map(col, (Operation.token_id, Operation.actor_id, Operation.actor_name))).where(
            col(Operation.owner_id) == actor.user_id,
            col(Operation.token_id).in_(unknown) | col(Operation.actor_name).in_(unknown),
        )
        known = session.execute(logged.distinct()).all()
        unknown = {name for name in unknown if not any(_is_by(entry, actor, {name}) for entry in known)}
    if unknown:
        names = ", ".join(f"`{name}`" for name in sorted(unknown))
        raise invalid(
            [
                FieldError(
                    "token_id" if unknown == {request.token_id} else "tokens",
                    f"No token of yours is or was called {names}. Give names or ids as GET /operations shows them, in"
                    " the same upper and lower case.",
                )
            ]
        )


def _wanted(session: Session, actor: Actor, owners: Sequence[str], request: UndoRequest) -> Iterator[Operation]:
    """The entries to take back, the newest first."""
    if request.operation_id is not None:
        yield from _of_operation(session, actor, owners, request.operation_id)
        return
    # What was undone already is not undone again; what was undone and done again is.
    taken_back: set[str] = set()
    chosen: dict[str, None] = {}
    for row in _newest_first(session, actor.user_id):
        if request.since is not None and row.at < request.since:
            break
        if row.operation_id in taken_back:
            continue
        if row.undoes is not None:
            taken_back.add(row.undoes)
            continue
        if request.whose is not None and not _is_by(row, actor, request.whose):
            continue
        if request.last is not None:
            # A token takes back what it did itself, and never the person's own last step by mistake.
            if row.actor_id != actor.user_id or (actor.token_id is not None and row.token_id != actor.token_id):
                continue
            if row.operation_id not in chosen and len(chosen) == request.last:
                break
        chosen[row.operation_id] = None
        yield row


def _of_operation(session: Session, actor: Actor, owners: Sequence[str], operation_id: str) -> Iterator[Operation]:
    """The entries of one operation that the actor may see; raises NotFoundError where there are none."""
    seen: dict[str | None, bool] = {None: False}

    def may_see(list_id: str | None) -> bool:
        if list_id is not None and list_id not in seen:
            seen[list_id] = rights.find_list(session, actor, list_id) is not None
        return seen[list_id]

    keys = session.exec(
        select(Operation.owner_id, Operation.seq, Operation.list_id)
        .where(col(Operation.owner_id).in_(owners), Operation.operation_id == operation_id)
        .order_by(col(Operation.seq).desc())
    ).all()
    visible = [(owner_id, seq) for owner_id, seq, list_id in keys if owner_id == actor.user_id or may_see(list_id)]
    if not visible:
        raise NotFoundError("There is no operation with this id, or it is no longer kept.")
    for at in range(0, len(visible), _AT_ONCE):
        some = visible[at : at + _AT_ONCE]
        found = session.exec(
            select(Operation).where(
                col(Operation.owner_id).in_({owner_id for owner_id, _ in some}),
                col(Operation.seq).in_([seq for _, seq in some]),
            )
        )
        by_key = {(row.owner_id, row.seq): row for row in found}
        yield from (by_key[key] for key in some)


def _is_by(entry: Any, actor: Actor, tokens: set[str]) -> bool:
    """Whether one of these tokens did it, by its id or the name it had. Others may call a token of theirs the same."""
    if entry.token_id is None:
        return False
    return entry.token_id in tokens or (entry.actor_id == actor.user_id and entry.actor_name in tokens)


def _newest_first(session: Session, owner_id: str) -> Iterator[Operation]:
    """An account's entries, some at a time; those that are written meanwhile are not among them."""
    last: int | None = None
    while True:
        statement = select(Operation).where(Operation.owner_id == owner_id)
        if last is not None:
            statement = statement.where(col(Operation.seq) < last)
        rows = session.exec(statement.order_by(col(Operation.seq).desc()).limit(_AT_ONCE)).all()
        yield from rows
        if not rows:
            return
        last = rows[-1].seq
