"""Transfers: a whole account leaves as a file, or a file comes in, in many short transactions and bounded memory.

Shared by every door. Reading and writing a file is slow, so it happens in threads, and others are served meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import SEEK_END
from itertools import islice
from typing import BinaryIO, TypeVar

import anyio

from backend import database
from backend.errors import AppError, InProgressError
from backend.exchange import csv_file, feed, ics, json_file, todotxt
from backend.exchange.record import Problem, Record, Row
from backend.models.base import utc_now
from backend.models.transfer import Format, ImportRead
from backend.services import calendars, exports, imports
from backend.services.actor import Actor
from backend.services.imports.formats import READERS
from backend.services.imports.plan import Plan
from backend.services.trees import LEVELS_MAX

T = TypeVar("T")

# Told again and again how far a transfer has come, from 0 to 1.
Told = Callable[[float], None]

_READ_BYTES = 65_536
# Between two batches, so that others who want to write come in between.
_PAUSE_SECONDS = 0.01

_importing: set[str] = set()


@dataclass(frozen=True)
class Kind:
    """How a format is called on the web."""

    media_type: str
    ending: str


KINDS = {
    Format.JSON: Kind("application/json", "json"),
    Format.CSV: Kind("text/csv; charset=utf-8", "csv"),
    Format.ICS: Kind("text/calendar; charset=utf-8", "ics"),
    Format.TODOTXT: Kind("text/plain; charset=utf-8", "txt"),
}


def _untold(_fraction: float) -> None:
    """Nobody watches."""


def written(actor: Actor, wanted: Format, told: Told = _untold) -> Iterator[bytes]:
    """The actor's account as a file, piece by piece; each page is read in a transaction of its own. For a thread."""
    account = _read(lambda session: exports.account(session, actor))
    lists = _read(lambda session: exports.lists(session, actor))
    total = _read(lambda session: exports.count(session, actor))
    todos = _todos(actor, {one.id: one.name for one in lists}, total, told)
    match wanted:
        case Format.JSON:
            filters = _read(lambda session: exports.filters(session, actor))
            return json_file.write(todos, account=account, exported_at=utc_now(), lists=lists, saved_filters=filters)
        case Format.CSV:
            return csv_file.write(todos)
        case Format.ICS:
            return ics.write(todos)
        case Format.TODOTXT:
            return todotxt.write(todos)


def calendar(actor: Actor, base_url: str) -> Iterator[bytes]:
    """The actor's calendar feed, piece by piece. For a thread."""
    return feed.write(_dues(actor), timezone=actor.timezone, base_url=base_url)


async def take(actor: Actor, file: BinaryIO, wanted: Format, *, is_dry: bool, told: Told = _untold) -> ImportRead:
    """Import a file; raises InvalidInputError where it is none of that format, InProgressError beside another import.

    It is many transactions and one operation. Where one fails, those before it stay: importing the file again goes on
    from there, because nothing is taken twice.
    """
    imports.ensure_may(actor)
    if actor.user_id in _importing:
        raise InProgressError("Another file is being imported into this account. Try again when that is done.")
    plan = Plan(wanted, is_dry)
    _importing.add(actor.user_id)
    try:
        if actor.token_id is not None and not is_dry:
            await _ensure_may_change_so_many(actor, file, wanted)
        await _rounds(actor, plan, file, told)
        await _follow(actor, plan)
    except AppError as error:
        done = plan.progress
        if is_dry or not done.changed:
            raise
        raise type(error)(
            f"{error.detail} {done.changed:,} todos of the file were imported before; import it again"
            " to go on from there.",
            errors=error.errors,
            retry_after_seconds=error.retry_after_seconds,
        ) from error
    finally:
        _importing.discard(actor.user_id)
    return plan.result()


async def _ensure_may_change_so_many(actor: Actor, file: BinaryIO, wanted: Format) -> None:
    """Raise LimitReachedError before the first of many transactions, where they are more todos than a token may change.

    A dry run comes to the same numbers.
    """
    would = Plan(wanted, is_dry=True)
    await _rounds(actor, would, file, _untold)
    actor.ensure_may_touch(would.progress.changed)


async def _rounds(actor: Actor, plan: Plan, file: BinaryIO, told: Told) -> None:
    """Over the file once, and again for the todos that stand before their parents, as long as that helps."""
    size = max(1, file.seek(0, SEEK_END))
    waiting: set[int] | None = None
    for number in range(LEVELS_MAX + 1):
        rows = _rows(actor, plan.format, file, waiting)
        plan.progress.waiting = set()
        while batch := await database.in_thread(lambda rows=rows: list(islice(rows, imports.BATCH))):  # type: ignore[misc]
            work = partial(imports.take, actor=actor, plan=plan, rows=batch)
            run = database.read if plan.is_dry else database.write
            plan.progress.absorb(await run(work, is_slow=True))
            # By its bytes in the first round, which takes the longest by far.
            told(1.0 if number else file.tell() / size)
            await anyio.sleep(_PAUSE_SECONDS)
        left = plan.progress.waiting
        if not left:
            return
        plan.is_last_round = left == waiting or number == LEVELS_MAX - 1
        waiting = left


async def _follow(actor: Actor, plan: Plan) -> None:
    ticked = plan.progress.ticked
    for start in range(0, len(ticked), imports.BATCH):
        ids = ticked[start : start + imports.BATCH]
        await database.write(partial(imports.follow, actor=actor, plan=plan, ids=ids), is_slow=True)


def _rows(actor: Actor, wanted: Format, file: BinaryIO, waiting: set[int] | None) -> Iterator[tuple[int, Row]]:
    """The rows with their numbers; of a later round only those that wait."""
    file.seek(0)
    todos = 0
    source = iter(partial(file.read, _READ_BYTES), b"")
    for number, row in enumerate(READERS[wanted](source, timezone=actor.timezone)):
        todos += isinstance(row[1], Record)
        if todos > imports.ROWS_MAX:
            if waiting is None:
                said = (
                    f"The file has more than {imports.ROWS_MAX:,} todos; those from here on were not taken. Split it."
                )
                yield number, (row[0], Problem(said, stops=True))
            return
        if waiting is None or number in waiting:
            yield number, row


def _todos(actor: Actor, list_names: dict[str, str], total: int, told: Told) -> Iterator[Record]:
    after, done = "", 0
    while page := _read(partial(exports.page, actor=actor, after=after, list_names=list_names)):
        yield from page
        done += len(page)
        told(min(1.0, done / max(1, total)))  # more may have been added meanwhile
        after = str(page[-1].id)


def _dues(actor: Actor) -> Iterator[Record]:
    after: tuple[datetime, str] | None = None
    while page := _read(partial(calendars.page, actor=actor, after=after)):
        yield from (item for _, item in page)
        until, last = page[-1]
        after = until, str(last.id)


def _read(work: Callable[[database.Session], T]) -> T:
    with database.read_scope() as session:
        return work(session)
