"""Searching todos: filters, orders, pages. A page is found by key, so that page 1,000 costs what page 1 costs.

What is searched for is looked up in the index of words: a todo is found when it has, for each term, a word that begins
with it. Only a search without a single letter or digit reads the texts themselves.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from backend.errors import FieldError, invalid
from backend.models.base import utc_now
from backend.models.todo import Todo, TodoRead, TodoTag, TodoWord
from backend.models.todo_filter import NO_PARENT, DueWord, SortBy, SortOrder, TodoFilter, TodoPage
from backend.models.token import Scope
from backend.models.user import fold
from backend.models.words import prefixes_of
from backend.services import cursors, log, rights, trees, visibility
from backend.services.actor import Actor

# After every sign that a word can have.
_LAST_SIGN = "\U0010ffff"
# As many todos as are named one by one.
_FEW = 500
# More than these are met soon enough where the list is walked through in its order.
_MANY = 2_500
_FIRST_MOMENT, _LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# Everything in a filter but what a ledger counts by, and what only orders and pages.
_NARROWING = TodoFilter.model_fields.keys() - {"completed", "sort_by", "sort_order", "limit", "skip", "cursor"}
# The orders whose index has the open todos and the done ones apart.
_APART = {SortBy.DUE_DATE, SortBy.PRIORITY, SortBy.POSITION}
READ_COLUMNS = list(sa.inspect(Todo).columns)


class _Said(NamedTuple):
    """Words and tags in two forms: to find all todos that have them, and to ask of one todo whether it has them.

    Left to themselves, databases gather everything that has a common word for one page of it: few see that a page ends.
    """

    gathered: list[ColumnElement[bool]]
    walked: list[ColumnElement[bool]]
    are_few: bool


def search(session: Session, actor: Actor, wanted: TodoFilter) -> TodoPage:
    """One page of the actor's todos that pass every filter, with their total."""
    actor.ensure(Scope.READ)
    return _page(session, actor, wanted, deleted=False)


def trash(session: Session, actor: Actor, wanted: TodoFilter) -> TodoPage:
    """One page of what the actor has deleted, by the same filters."""
    actor.ensure(Scope.READ)
    return _page(session, actor, wanted, deleted=True)


def _page(session: Session, actor: Actor, wanted: TodoFilter, *, deleted: bool) -> TodoPage:
    said, others = _conditions(session, actor, wanted, deleted=deleted)
    total = _total(session, actor, wanted, [*said.gathered, *others], deleted=deleted)
    passing = [*(said.walked if total > _MANY else said.gathered), *others]
    statement = _statement(wanted, passing, session.get_bind().dialect.name, deleted=deleted)
    # One more than asked for tells whether there is a next page.
    statement = statement.offset(wanted.skip or None).limit(wanted.limit + 1)
    rows = session.exec(statement).all() if total > wanted.skip else []  # type: ignore[call-overload]
    page = rows[: wanted.limit]
    owners = {row.owner_id for row in page} if actor.has_shares else {actor.user_id}
    parts = trees.count_parts(session, owners, [row.id for row in page])

    def parts_of(row: Any) -> tuple[int, int]:
        owner_id = row.owner_id if actor.has_shares else actor.user_id
        return parts.get((owner_id, row.id), trees.NO_PARTS)

    now = utc_now()
    seen = [TodoRead.of(row, timezone=actor.timezone, now=now, parts=parts_of(row)) for row in page]
    return page_of(wanted, seen, total, page[-1] if len(rows) > wanted.limit else None)


def page_of(wanted: TodoFilter, seen: list[TodoRead], total: int, last: Any) -> TodoPage:
    """A page of what was seen; `last` is the row that it ends with, None where there is no next page."""
    return TodoPage.model_construct(
        todos=seen,
        total=total,
        next_cursor=cursors.write(wanted, last) if last is not None else None,
        skip=wanted.skip,
        limit=wanted.limit,
    )


def is_plain(wanted: TodoFilter) -> bool:
    """Whether nothing is wanted but what a ledger counts: then a page is the same until the ledger moves on."""
    return not any(getattr(wanted, name) for name in _NARROWING)


def plain_statement(actor: Actor, wanted: TodoFilter) -> sa.Select[Any]:
    """The rows of a plain page on SQLite, each with its parts, for an actor with whom nobody shares a list."""
    passing = conditions(Session(), actor, wanted)  # which asks nothing: it looks for shares and for words only
    rows = _statement(wanted, passing, "sqlite", deleted=False, extra=trees.part_counts())
    return rows.offset(wanted.skip or None).limit(wanted.limit + 1)


def counted(ledger: Any, wanted: TodoFilter, *, deleted: bool = False) -> int | None:
    """How many todos pass a plain filter, from the account's ledger; None where it counts something else."""
    if deleted:
        return int(ledger.todos_trashed) if wanted.completed is None else None
    parts: dict[bool, int] = {False: ledger.todos_open, True: ledger.todos_done}
    return sum(parts.values()) if wanted.completed is None else parts[wanted.completed]


def _total(
    session: Session,
    actor: Actor,
    wanted: TodoFilter,
    passing: Sequence[ColumnElement[bool]],
    *,
    deleted: bool,
) -> int:
    """How many pass: read from the account's ledger where that counts just these, else counted."""
    if not actor.has_shares and is_plain(wanted):
        ledger = log.ledger_of(session, actor.user_id)
        known = counted(ledger, wanted, deleted=deleted) if ledger is not None else None
        if known is not None:
            return known
    return session.exec(select(sa.func.count()).select_from(Todo).where(*passing)).one()


def conditions(session: Session, actor: Actor, wanted: TodoFilter) -> list[ColumnElement[bool]]:
    """What a todo that the actor may see has to fulfil to pass every filter."""
    said, others = _conditions(session, actor, wanted, deleted=False)
    return [*said.gathered, *others]


def _conditions(
    session: Session, actor: Actor, wanted: TodoFilter, *, deleted: bool
) -> tuple[_Said, list[ColumnElement[bool]]]:
    """The same in two parts: what is searched for, and all other filters."""
    found = [
        *visibility.conditions(session, actor, wanted),
        col(Todo.deleted_at).is_not(None) if deleted else col(Todo.deleted_at).is_(None),
    ]
    if wanted.completed is not None:
        found.append(col(Todo.completed) == wanted.completed)
    if wanted.priority is not None:
        found.append(col(Todo.priority) == wanted.priority)
    if wanted.updated_since is not None:
        found.append(col(Todo.updated_at) >= wanted.updated_since)
    if wanted.parent_id is not None:
        no_parent = wanted.parent_id == NO_PARENT
        found.append(col(Todo.parent_id).is_(None) if no_parent else trees.is_part_of(wanted.parent_id))
    due = _due(actor, wanted)
    if due and not deleted and wanted.list_id is None and wanted.due is not DueWord.NONE:
        found.append(visibility.not_archived())
    if due and wanted.completed is None:
        # What is always so: it names the column that stands before the due in the index of dues.
        found.append(col(Todo.completed).in_([False, True]))
    found += due
    owners = rights.owners(session, actor)
    said = _says(session, owners, wanted.search or "")
    tags = [[tag] for tag in wanted.tags_all] + ([wanted.tags] if wanted.tags else [])
    walked = [_unindexed(_has_tag(any_of)) for any_of in tags]
    gathered = walked if said.are_few else [_among_tagged(owners, any_of) for any_of in tags]
    said = _Said([*said.gathered, *gathered], [*said.walked, *walked], said.are_few)
    # A database would rather walk through everything that an index has for these than look up a few by their ids.
    # And the version, always at least 1, is in no index: SQLite takes one that answers everything for the cheaper way.
    return said, [col(Todo.version) >= 1, *map(_unindexed, found)] if said.are_few else found


def _says(session: Session, owners: Sequence[str], query: str) -> _Said:
    """What has, for each term of a query, a word that begins with it."""
    terms = prefixes_of(query)
    if not terms:
        texts = [_contains(word) for word in query.split()]
        return _Said(texts, texts, are_few=False)
    # What "but" is the beginning of has "bu" as a beginning too.
    terms = [term for term in terms if not any(other != term and other.startswith(term) for other in terms)]
    found = [_has_words(session, owner_id, terms, query) for owner_id in owners]
    return _Said(
        [sa.or_(*(sa.and_(*one.gathered) for one in found))],
        [sa.or_(*(sa.and_(*one.walked) for one in found))],
        are_few=all(one.are_few for one in found),
    )


def _has_words(session: Session, owner_id: str, terms: Sequence[str], query: str) -> _Said:
    """Which todos of an account they are: by their ids where a term is rare, and looked up where it is common."""
    own = col(Todo.owner_id) == owner_id
    if log.ledger_of(session, owner_id) is None:
        # Its words come with its ledger; until then the texts are read.
        texts = [own, *map(_contains, query.split())]
        return _Said(texts, texts, are_few=False)
    few: set[str] | None = None
    gathered, walked = [own], [own]
    for term in sorted(terms, key=len, reverse=True):  # the longest is the rarest, as words go, and is asked for first
        having = [col(TodoWord.owner_id) == owner_id, col(TodoWord.word).between(term, term + _LAST_SIGN)]
        found = select(TodoWord.todo_id).where(*having)
        ids = session.exec(found.limit(_FEW + 1)).all()
        if len(ids) > _FEW:
            gathered.append(col(Todo.id).in_(found))
            walked.append(_unindexed(sa.exists().where(*having, col(TodoWord.todo_id) == Todo.id)))
        else:
            few = set(ids) if few is None else few & set(ids)
    if few is None:
        return _Said(gathered, walked, are_few=False)
    # Each of them is looked at, and its words.
    walked.insert(1, col(Todo.id).in_(sorted(few)))
    return _Said(walked, walked, are_few=True)


def _unindexed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition, in a form that no database takes for a way to find rows."""
    return sa.case((condition, 1), else_=0) == 1


def _contains(word: str) -> ColumnElement[bool]:
    return col(Todo.title).icontains(word, autoescape=True) | col(Todo.description).icontains(word, autoescape=True)


def _among_tagged(owners: Sequence[str], tags: Sequence[str]) -> ColumnElement[bool]:
    """Is one of those that have any of these tags. By owner, so that they are gathered once and not for each todo."""
    keys = [fold(tag) for tag in tags]
    return sa.or_(
        *(
            (col(Todo.owner_id) == owner_id)
            & col(Todo.id).in_(
                select(TodoTag.todo_id).where(TodoTag.owner_id == owner_id, col(TodoTag.tag_key).in_(keys))
            )
            for owner_id in owners
        )
    )


def _has_tag(tags: Sequence[str]) -> ColumnElement[bool]:
    """Has any of these tags: asked of one todo."""
    return sa.exists().where(
        col(TodoTag.owner_id) == Todo.owner_id,
        col(TodoTag.todo_id) == Todo.id,
        col(TodoTag.tag_key).in_([fold(tag) for tag in tags]),
    )


def _due(actor: Actor, wanted: TodoFilter) -> list[ColumnElement[bool]]:
    until = col(Todo.due_until)
    today = datetime.now(ZoneInfo(actor.timezone)).date()
    conditions: list[ColumnElement[bool]] = []

    def within(first: date, last: date) -> list[ColumnElement[bool]]:
        return [until >= _midnight(first, actor), until < _midnight(last, actor, days_later=1)]

    match wanted.due:
        case DueWord.OVERDUE:
            conditions += [until < utc_now(), ~col(Todo.completed)]
        case DueWord.TODAY:
            conditions += within(today, today)
        case DueWord.TOMORROW:
            conditions += within(today + timedelta(days=1), today + timedelta(days=1))
        case DueWord.WEEK:
            conditions += within(today, today + timedelta(days=6))
        case DueWord.NONE:
            conditions.append(until.is_(None))
        case None:
            pass
    if wanted.due_before is not None:
        conditions.append(until < _midnight(wanted.due_before, actor))
    if wanted.due_after is not None:
        conditions.append(until >= _midnight(wanted.due_after, actor, days_later=1))
    return conditions


def _midnight(day: date, actor: Actor, *, days_later: int = 0) -> datetime:
    try:
        return datetime.combine(day + timedelta(days=days_later), time(), ZoneInfo(actor.timezone)).astimezone(UTC)
    except OverflowError:  # before the first or after the last day that Python knows
        return _FIRST_MOMENT if day == date.min else _LAST_MOMENT


def _statement(
    wanted: TodoFilter,
    passing: Sequence[ColumnElement[bool]],
    dialect: str,
    *,
    deleted: bool,
    extra: Sequence[ColumnElement[Any]] = (),
) -> sa.Select[Any]:
    """The rows in the wanted order, after the cursor.

    Each part of them stands in an index as it is wanted, so that its beginning is read and nothing is sorted but these
    beginnings, to make one list of them.
    """
    if wanted.cursor is not None and wanted.skip:
        raise invalid([FieldError("skip", "Use a cursor or skip, not both.")])
    key: Any = getattr(Todo, cursors.key_of(wanted.sort_by))
    descends = wanted.sort_order is SortOrder.DESC
    # What is null in every row: only when it is named does PostgreSQL see that the index has in order what follows,
    # and only when it is not does MariaDB. SQLite knows.
    is_named = dialect == "postgresql"
    before = [col(Todo.deleted_at)] if is_named and not deleted else []
    parts = [
        sa.select(*READ_COLUMNS, *extra)
        .where(*passing, *part)
        .order_by(*_order(descends, *before, *([key] if is_dated or is_named else []), col(Todo.id)))
        for part, is_dated in _parts(wanted, key, dialect)
    ]
    if len(parts) == 1:
        return parts[0]
    enough = wanted.skip + wanted.limit + 1
    rows = sa.union_all(*(sa.select(part.limit(enough).subquery()) for part in parts)).subquery()
    key = rows.c[key.name]
    # What has no due comes last, whichever way the list runs.
    return sa.select(rows).order_by(key.is_(None), *_order(descends, key, rows.c.id))


def _order(descends: bool, *columns: Any) -> list[Any]:
    return [column.desc() if descends else column.asc() for column in columns]


def _parts(wanted: TodoFilter, key: Any, dialect: str) -> list[tuple[list[ColumnElement[bool]], bool]]:
    """What together makes the list, and whether it has a key: the order's index may have open and done ones apart."""
    last = cursors.read(wanted, wanted.cursor) if wanted.cursor is not None else None
    ways = _after(wanted, key, dialect, *last) if last is not None else [[]]
    parts = [(after, True) for after in ways]
    if wanted.sort_by is SortBy.DUE_DATE:
        is_past_dated = last is not None and last[0] is None
        undated = ([key.is_(None), *(ways[0] if is_past_dated else [])], False)
        dated = [([key.is_not(None), *after], True) for after in ways]
        parts = [undated] if is_past_dated or wanted.due is DueWord.NONE else [*dated, undated]
    if wanted.completed is None and wanted.sort_by in _APART:
        # Not by IS, which finds MariaDB nothing in an index.
        parts = [
            ([*part, col(Todo.completed) == is_done], has_key) for part, has_key in parts for is_done in (False, True)
        ]
    return parts


def _after(wanted: TodoFilter, key: Any, dialect: str, last_key: Any, last_id: str) -> list[list[ColumnElement[bool]]]:
    """What comes after the last row of the page before, also when that row has changed or gone since: in one or two.

    Very many todos may have a key in common, as those of an import have their time: a page begins among them, not
    before them.
    """
    descends = wanted.sort_order is SortOrder.DESC
    ids = col(Todo.id) < last_id if descends else col(Todo.id) > last_id
    if last_key is None:
        return [[key.is_(None), ids]]
    if wanted.sort_by is SortBy.PRIORITY and wanted.priority == last_key:
        return [[ids]]
    if dialect in {"mysql", "mariadb"}:  # which find no place in an index by two columns at once
        return [[key == last_key, ids], [key < last_key if descends else key > last_key]]
    row, last = sa.tuple_(key, col(Todo.id)), sa.tuple_(sa.literal(last_key, key.type), sa.literal(last_id))
    return [[row < last if descends else row > last]]
