"""Imports: what a file says becomes todos, a batch of rows in each transaction, all of them one operation.

A todo is known by its id in the actor's own account. One that is new is created, with its times and its history. One
that is known and says the same stays; one that says something else is changed, field by field, unless it was changed
here after what the file knows. A row without an id of its own is known by what it says, so it never changes anything.

Nothing here depends on what a batch has written: a dry run comes to the same numbers, and needs no lock to do so.

- `plan`     is what lasts from batch to batch: whose import, of what, and how far it has come.
- `batch`    is one transaction of it.
- `formats`  reads each format, and says what one of them would say of a todo that is here.
- `cleaning` takes out of a row what a todo cannot say.
- `todos`    gives each todo of a batch its place, and creates the new ones.
- `changes`  changes those that are known.
- `lists`    finds or makes the lists that todos stand in.
- `filters`  takes saved filters.
"""

from collections.abc import Iterable, Sequence

from pydantic import ValidationError
from sqlmodel import Session

from backend.errors import AppError, describe
from backend.exchange import record
from backend.exchange.record import Anything, FilterRecord, ListRecord, Problem, Record, Row
from backend.models.todo import Todo
from backend.models.token import Scope
from backend.services import log, series
from backend.services.actor import Actor
from backend.services.imports import filters
from backend.services.imports.batch import Batch
from backend.services.imports.lists import Lists
from backend.services.imports.plan import Plan, Progress
from backend.services.imports.todos import Todos

# Short transactions: others write between two of them.
BATCH = 200
ROWS_MAX = 250_000


def ensure_may(actor: Actor) -> None:
    """Raise PermissionDeniedError for a token that may not add or not change."""
    actor.ensure(Scope.ADD)
    actor.ensure(Scope.WRITE)


def take(session: Session, actor: Actor, plan: Plan, rows: Sequence[tuple[int, Row]]) -> Progress:
    """Take a batch of numbered rows; in a dry run only say what that would do. Answers what it did."""
    if plan.is_dry:
        return _take(session, actor, plan, rows)
    log.lock(session, actor.user_id)
    with log.together(session, operation_id=plan.operation_id):
        return _take(session, actor, plan, rows)


def follow(session: Session, actor: Actor, plan: Plan, ids: Iterable[str]) -> None:
    """Make the next occurrences of what the file ticked, where the file did not have them."""
    log.lock(session, actor.user_id)
    with log.together(session, operation_id=plan.operation_id):
        for todo_id in ids:
            todo = session.get(Todo, (actor.user_id, todo_id))
            if todo is not None and todo.completed and todo.deleted_at is None:
                series.advance(session, actor, todo)


def _take(session: Session, actor: Actor, plan: Plan, rows: Sequence[tuple[int, Row]]) -> Progress:
    batch = Batch(session, actor, plan)
    lists = Lists(batch)
    todos = Todos(batch, lists, [item for _, (_, item) in rows if isinstance(item, Record)])
    for number, (line, item) in rows:
        try:
            match item:
                case Problem():
                    batch.done.say(line, item.sentence, refused=item.refused)
                case Record():
                    todos.take(number, line, item)
                case ListRecord():
                    lists.take(line, item)
                case FilterRecord():
                    filters.take(batch, line, item)
                case _:
                    pass  # whose export it was; names and zone of an account stay its own
        except (AppError, ValidationError) as error:
            batch.done.say(line, record.problem(describe(error), _called(item)).sentence, refused=True)
    batch.store()
    return batch.done


def _called(item: Anything) -> str:
    match item:
        case ListRecord():
            return record.about("list", item.name)
        case FilterRecord():
            return record.about("filter", item.name)
        case Record():
            return record.about("todo", item.title)
        case _:
            return "This row"
