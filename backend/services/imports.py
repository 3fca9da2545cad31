"""Imports: what a file says becomes todos, a batch of rows in each transaction, all of them one operation.

A todo is known by its id in the actor's own account. One that is new is created, with its times and its history. One
that is known and says the same stays; one that says something else is changed, field by field, unless it was changed
here after what the file knows. A row without an id of its own is known by what it says, so it never changes anything.

Nothing here depends on what a batch has written: a dry run comes to the same numbers, and needs no lock to do so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlmodel import Session, col, select

from backend import quick
from backend.errors import AppError, FieldError, describe, invalid
from backend.exchange import csv_file, ics, json_file, record, todotxt
from backend.exchange.record import Anything, FilterRecord, ListRecord, Problem, Record, Row
from backend.models import due, recurrence
from backend.models.base import new_id, utc_now
from backend.models.field import NAME_MAX
from backend.models.operation import Action, Kind
from backend.models.recurrence_rule import parse
from backend.models.saved_filter import SavedFilter
from backend.models.todo import POSITION_MAX, Todo, first_position
from backend.models.todo_filter import TodoQuery
from backend.models.todo_list import TodoList
from backend.models.token import Scope
from backend.models.transfer import REPORT_MAX, Format, ImportLine, ImportRead
from backend.models.user import fold
from backend.services import exports, list_rows, log, series, todo_rows, trees
from backend.services.actor import Actor

# Short transactions: others write between two of them.
BATCH = 200
ROWS_MAX = 250_000
LISTS_MAX = 1_000

READERS = {Format.JSON: json_file.read, Format.CSV: csv_file.read, Format.ICS: ics.read, Format.TODOTXT: todotxt.read}
# Formats that lose something: what they say is compared with what they would say of the todo as it is here.
_LOSSY = {Format.ICS: (ics.write, ics.read), Format.TODOTXT: (todotxt.write, todotxt.read)}

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_POSITION = re.compile(rf"[0-9A-Za-z]{{1,{POSITION_MAX}}}")
_SERIES = ("series_id", "series_start", "occurrence", "occurrences_missed")
_COMPARED = (
    *("title", "description", "completed", "completed_at", "priority", "tags"),
    *due.FIELDS,
    *("remind_at", "recurrence", "recurrence_from", *_SERIES, "position", "deleted_at"),
)
_NEWER_HERE = "It was changed here after this file was written, and stays as it is."
_NO_ID = "It is here already and says something else; only a row with an id of its own changes a todo."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a todo of the file stands: how deep in its tree, the top being 1, and in which list."""

    depth: int
    list_id: str | None


# Few places are told from each other, and many todos stand at them.
_place = lru_cache(maxsize=4_096)(Place)


@dataclass
class Progress:
    """What is known of a file so far: of all that was committed, or of the batch that is being worked on."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    lists_created: int = 0
    filters_created: int = 0
    report: list[ImportLine] = field(default_factory=list)
    report_total: int = 0
    taken: dict[int, Place] = field(default_factory=dict)  # todos of the file, by the number of their id
    occurrences: set[int] = field(default_factory=set)  # digests, for a few bytes each
    list_ids: dict[str, str] = field(default_factory=dict)  # of the file, and which ones of ours they are
    list_names: dict[str, str] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)  # rows whose parent has not come yet
    ticked: list[str] = field(default_factory=list)

    def absorb(self, batch: "Progress") -> None:
        """Add what a batch did, once it is committed."""
        for name in ("created", "updated", "unchanged", "refused", "lists_created", "filters_created", "report_total"):
            setattr(self, name, getattr(self, name) + getattr(batch, name))
        self.report += batch.report[: REPORT_MAX - len(self.report)]
        for name in ("taken", "occurrences", "list_ids", "list_names", "waiting"):
            getattr(self, name).update(getattr(batch, name))
        self.ticked += batch.ticked


@dataclass
class Plan:
    """An import: whose, of what, and how far it has come."""

    format: Format
    is_dry: bool
    operation_id: str = field(default_factory=new_id)
    now: datetime = field(default_factory=utc_now)
    # In the last round over the file, who still waits for a parent is taken without one.
    is_last_round: bool = False
    progress: Progress = field(default_factory=Progress)

    def result(self) -> ImportRead:
        """What to answer."""
        done = self.progress
        has_changed = done.created + done.updated + done.lists_created + done.filters_created > 0
        return ImportRead(
            dry_run=self.is_dry,
            **{name: getattr(done, name) for name in ("created", "updated", "unchanged", "refused")},
            lists_created=done.lists_created,
            filters_created=done.filters_created,
            report=sorted(done.report, key=lambda item: item.line),
            report_total=done.report_total,
            operation_id=self.operation_id if has_changed and not self.is_dry else None,
        )


def ensure_may(actor: Actor) -> None:
    """Raise PermissionDeniedError for a token that may not add or not change."""
    actor.ensure(Scope.ADD)
    actor.ensure(Scope.WRITE)


def take(session: Session, actor: Actor, plan: Plan, rows: Sequence[tuple[int, Row]]) -> Progress:
    """Take a batch of numbered rows; in a dry run only say what that would do. Answers what it did."""
    if plan.is_dry:
        return _Batch(session, actor, plan, rows).run(rows)
    log.lock(session, actor.user_id)
    with log.together(session, operation_id=plan.operation_id):
        return _Batch(session, actor, plan, rows).run(rows)


def follow(session: Session, actor: Actor, plan: Plan, ids: Iterable[str]) -> None:
    """Make the next occurrences of what the file ticked, where the file did not have them."""
    log.lock(session, actor.user_id)
    with log.together(session, operation_id=plan.operation_id):
        for todo_id in ids:
            todo = session.get(Todo, (actor.user_id, todo_id))
            if todo is not None and todo.completed and todo.deleted_at is None:
                series.advance(session, actor, todo)


class _Batch:
    """The rows of one transaction."""

    def __init__(self, session: Session, actor: Actor, plan: Plan, rows: Sequence[tuple[int, Row]]) -> None:
        self.session, self.actor, self.plan = session, actor, plan
        self.before, self.done = plan.progress, Progress()
        self.new: list[Todo] = []
        records = [item for _, (_, item) in rows if isinstance(item, Record)]
        self.known = self._todos(*{item.id for item in records}, *{item.parent_id for item in records})
        self.others = self._occurrences({_series_id(item.series_id) for item in records})
        asked = {item.id for item in records}
        self.ours = self._as_said([todo for todo in self.known.values() if todo.id in asked])

    def run(self, rows: Sequence[tuple[int, Row]]) -> Progress:
        """Take the rows in their order."""
        for number, (line, item) in rows:
            try:
                self._take(number, line, item)
            except (AppError, ValidationError) as error:
                refusal = describe(error)
                self._refuse(line, record.problem(refusal, _called(item)).sentence)
        self._store()
        return self.done

    def _take(self, number: int, line: int, item: Anything) -> None:
        match item:
            case Problem():
                self._say(line, item.sentence, refused=item.refused)
                self.done.refused += item.refused
            case Record():
                self._todo(number, line, item)
            case ListRecord():
                self._list(line, item)
            case FilterRecord():
                self._filter(line, item)
            case _:
                pass  # whose export it was; names and zone of an account stay its own

    # Todos

    def _todo(self, number: int, line: int, item: Record) -> None:
        key = UUID(item.id).int
        if self._taken(key) is not None:
            self._refuse(line, "This todo was not taken: another one before it in the file has the same id.")
            return
        item, notices = _cleaned(item, self.actor, self.plan.now)
        known = self.known.get(str(item.id))
        names_place = known is None or bool({"list_id", "list_name", "parent_id"} & item.said)
        parent = self._parent(item) if names_place else None
        if parent is None and names_place and item.parent_id is not None and not self.plan.is_last_round:
            self.done.waiting.add(number)
            return
        if names_place and item.parent_id is not None and (parent is None or parent.depth >= trees.LEVELS_MAX):
            notices.append(
                "Its parent is not in the file; it was taken on its own."
                if parent is None
                else f"Todos are nested {trees.LEVELS_MAX} levels deep at most; it was taken on its own."
            )
            item, parent = replace(item, parent_id=None), None
        occurrence = (item.series_id, item.occurrence)
        if None not in occurrence and (
            self.others.get(occurrence, item.id) != item.id or self._has_occurrence(occurrence)
        ):
            self._refuse(line, "This todo was not taken: another one is the same occurrence of its series.")
            return
        self.done.taken[key] = (
            self._create(item, parent, notices) if known is None else self._change(item, known, parent, notices)
        )
        if None not in occurrence:
            self.done.occurrences.add(hash(occurrence))
        for notice in notices:
            self._say(line, notice)

    def _create(self, item: Record, parent: Place | None, notices: list[str]) -> Place:
        list_id = parent.list_id if parent else self._list_of(item, notices)
        now = self.plan.now
        created_at = item.created_at or now
        number = self.before.created + self.done.created
        values = (
            {name: getattr(item, name) for name in (*_COMPARED, "id", "parent_id")}
            | _begun(item)
            | {
                "owner_id": self.actor.user_id,
                "list_id": list_id,
                "tags": list(item.tags),
                # In the order of the file.
                "position": item.position or first_position(now + timedelta(microseconds=number)),
                "completed_at": (item.completed_at or item.updated_at or now) if item.completed else None,
                "created_at": created_at,
                "updated_at": item.updated_at or max(now, created_at),
            }
        )
        self.done.created += 1
        if not self.plan.is_dry:
            self.new.append(Todo(**values))
        return _place(parent.depth + 1 if parent else 1, list_id)

    def _change(self, item: Record, known: Todo, parent: Place | None, notices: list[str]) -> Place:
        changes = self._differences(item, known, parent, notices)
        ours = self.ours[known.id]
        is_older = item.updated_at is not None and ours.updated_at is not None and item.updated_at < ours.updated_at
        if known.deleted_at is not None and item.deleted_at is None:
            changes["deleted_at"] = None  # as after the trash was emptied, when it would be created
        elif changes and ("id" not in item.said or is_older):
            notices.append(_NEWER_HERE if "id" in item.said else _NO_ID)
            changes = {}
        if changes:
            changes = self._consequences(known, changes)
            self.done.updated += 1
        else:
            self.done.unchanged += 1
        if changes.get("parent_id", known.parent_id) is None:
            depth = 1
        else:
            depth = parent.depth + 1 if parent else len(trees.ancestors(self.session, known)) + 1
        if changes and not self.plan.is_dry:
            self._apply(known, changes)
        return _place(depth, changes.get("list_id", known.list_id))

    def _differences(self, item: Record, known: Todo, parent: Place | None, notices: list[str]) -> dict[str, Any]:
        """What the file says otherwise than we do, of what it speaks of."""
        ours = self.ours[known.id]
        changes = {
            name: getattr(item, name)
            for name in _COMPARED
            if name in item.said and getattr(item, name) != getattr(ours, name)
        }
        if item.series_id is None or not changes.keys() & {"recurrence", *_SERIES}:
            changes = {name: value for name, value in changes.items() if name not in _SERIES}
        if item.position is None or self.plan.format in _LOSSY:
            changes.pop("position", None)
        if "tags" in changes:
            changes["tags"] = list(item.tags)
        if not item.completed or item.completed_at is None:
            changes.pop("completed_at", None)
        if "parent_id" in item.said and item.parent_id != known.parent_id:
            changes["parent_id"] = item.parent_id
        if {"list_id", "list_name"} & item.said or parent is not None:
            list_id = parent.list_id if parent else self._list_of(item, notices)
            if list_id != known.list_id:
                changes["list_id"] = list_id
                if parent is None and known.parent_id is not None:
                    changes["parent_id"] = None  # moved to another list, it is a part no longer
        return changes

    def _consequences(self, known: Todo, changes: dict[str, Any]) -> dict[str, Any]:
        """The changes with what follows from them; raises InvalidInputError where they cannot be."""
        when = todo_rows.due_of(known).merged(changes)
        changes |= {name: getattr(when, name) for name in due.FIELDS}
        if not changes.keys() & {"series_id", "occurrence"}:
            changes |= series.follow(known, changes, when)
        if changes.get("completed", known.completed) and not known.completed:
            changes.setdefault("completed_at", self.plan.now)
        if changes.get("completed") is False:
            changes["completed_at"] = None
        if changes.get("deleted_at", known.deleted_at) is None and known.deleted_at is not None:
            above = changes.get("parent_id", known.parent_id)
            if above is not None and self._taken(UUID(above).int) is None and not self._is_live(above):
                changes["parent_id"] = None
        if changes.get("parent_id") is not None and not self.plan.is_dry:
            self._store()
            parent = self.session.get(Todo, (self.actor.user_id, changes["parent_id"]))
            if parent is None:
                raise invalid([FieldError("parent_id", "There is no todo with this id.")])
            trees.ensure_fits(self.session, known, parent)
        return changes

    def _apply(self, known: Todo, changes: Mapping[str, Any]) -> None:
        was_done, list_id = known.completed, known.list_id
        action = Action.UPDATE
        if "deleted_at" in changes:
            action = Action.RESTORE if changes["deleted_at"] is None else Action.DELETE
        elif changes.get("completed", was_done) != was_done:
            action = Action.REOPEN if was_done else Action.COMPLETE
        todo_rows.change(self.session, self.actor, known, action, changes)
        if known.list_id != list_id:
            for part in trees.descendants(self.session, known):  # a tree moves as a whole
                todo_rows.change(self.session, self.actor, part, Action.UPDATE, {"list_id": known.list_id})
        if known.completed and not was_done and known.recurrence is not None:
            self.done.ticked.append(known.id)

    def _parent(self, item: Record) -> Place | None:
        """Where the parent stands; None where there is none, or not yet."""
        if item.parent_id is None or item.parent_id == item.id:
            return None
        if (place := self._taken(UUID(item.parent_id).int)) is not None:
            return place
        row = self.known.get(item.parent_id)
        if row is None or (row.deleted_at is not None and item.deleted_at is None):
            return None
        return _place(len(trees.ancestors(self.session, row)) + 1, row.list_id)

    def _is_live(self, todo_id: str) -> bool:
        row = self.session.get(Todo, (self.actor.user_id, todo_id))
        return row is not None and row.deleted_at is None

    def _store(self) -> None:
        todo_rows.add_all(self.session, self.actor, self.actor.user_id, self.new)
        self.new = []

    # Lists and filters

    @cached_property
    def _lists(self) -> dict[str, TodoList]:
        rows = self.session.exec(select(TodoList).where(TodoList.owner_id == self.actor.user_id))
        return {row.id: row for row in rows}

    def _named(self, name: str) -> str | None:
        """The list of that name; of two, the older one."""
        key = fold(name)
        for names in (self.done.list_names, self.before.list_names):
            if key in names:
                return names[key]
        found = [row for row in self._lists.values() if row.deleted_at is None and fold(row.name) == key]
        return min(found, key=lambda row: (row.created_at, row.id)).id if found else None

    def _list_of(self, item: Record, notices: list[str]) -> str | None:
        """The list that a todo names: by its id, else by its name, else made."""
        for ids in (self.done.list_ids, self.before.list_ids):
            if item.list_id in ids:
                return ids[item.list_id]
        row = self._lists.get(item.list_id or "")
        if row is not None and (row.deleted_at is None or item.deleted_at is not None or not item.list_name):
            return row.id
        name = (item.list_name or "").strip()[:NAME_MAX].strip()
        if not name:
            if item.list_id is not None:
                notices.append("Its list is not in the file; it stands in the inbox.")
            return None
        found = self._named(name)
        if found is None:
            if self._lists_made() >= LISTS_MAX:
                notices.append(f"One import makes {LISTS_MAX:,} lists at most; it stands in the inbox.")
                return None
            found = self._make_list(name, item.list_id if row is None else None, {})
        if item.list_id is not None:
            self.done.list_ids[item.list_id] = found
        return found

    def _lists_made(self) -> int:
        return self.before.lists_created + self.done.lists_created

    def _make_list(self, name: str, list_id: str | None, values: Mapping[str, Any]) -> str:
        self.done.lists_created += 1
        now = self.plan.now
        made = TodoList(
            owner_id=self.actor.user_id,
            id=list_id or new_id(),
            **{
                "name": name,
                "position": first_position(now + timedelta(microseconds=self._lists_made())),
                "created_at": now,
                "updated_at": now,
                **{field: value for field, value in values.items() if value is not None},
            },
        )
        if not self.plan.is_dry:
            list_rows.add(self.session, self.actor, made)
        if made.deleted_at is None:
            self.done.list_names[fold(name)] = made.id
        self.done.list_ids[made.id] = made.id
        return made.id

    def _list(self, line: int, item: ListRecord) -> None:
        name = item.name.strip()
        if not 1 <= len(name) <= NAME_MAX:
            raise invalid([FieldError("name", f"must have 1 to {NAME_MAX} characters")])
        says: dict[str, Any] = {"name": name, "is_archived": item.is_archived}
        if item.color is None or _COLOR.fullmatch(item.color):
            says["color"] = item.color and item.color.lower()
        else:
            self._say(line, "Its colour is not one such as #2563eb, and was left out.")
        if item.position is not None and _POSITION.fullmatch(item.position):
            says["position"] = item.position
        row = self._lists.get(item.id)
        if row is None and (same := self._named(name)) is not None and item.deleted_at is None:
            self.done.list_ids[item.id] = same
        elif row is None:
            if self._lists_made() >= LISTS_MAX:
                raise invalid([FieldError("lists", f"One import makes {LISTS_MAX:,} lists at most.")])
            times = {name: getattr(item, name) for name in ("created_at", "updated_at", "deleted_at")}
            self._make_list(name, item.id, says | times)
        else:
            self.done.list_ids[item.id] = item.id
            if item.updated_at is not None and item.updated_at < row.updated_at:
                says = {}
            action = Action.UPDATE
            if row.deleted_at is not None and item.deleted_at is None:
                says["deleted_at"], action = None, Action.RESTORE
            if not self.plan.is_dry:
                list_rows.change(self.session, self.actor, row, action, says)

    def _filter(self, line: int, item: FilterRecord) -> None:
        name = item.name.strip()
        if not 1 <= len(name) <= NAME_MAX:
            raise invalid([FieldError("name", f"must have 1 to {NAME_MAX} characters")])
        TodoQuery.model_validate(item.query)
        row = self.session.get(SavedFilter, (self.actor.user_id, item.id))
        if row is not None:
            if (row.name, row.query) != (name, item.query):
                self._say(line, "A filter with this id is here already and says something else; it stays as it is.")
            return
        made = SavedFilter(
            owner_id=self.actor.user_id,
            id=item.id,
            name=name,
            query=item.query,
            position=item.position
            if item.position is not None and _POSITION.fullmatch(item.position)
            else first_position(self.plan.now + timedelta(microseconds=self.done.filters_created)),
            created_at=item.created_at or self.plan.now,
            updated_at=item.updated_at or self.plan.now,
        )
        self.done.filters_created += 1
        if self.plan.is_dry:
            return
        self.session.add(made)
        self.session.flush()
        after = {"name": made.name, "query": made.query, "position": made.position}
        log.record(self.session, self.actor, made.owner_id, Action.CREATE, Kind.FILTER, made.id, after=after)

    # What is known

    def _todos(self, *ids: str | None) -> dict[str, Todo]:
        wanted = sorted({one for one in ids if one is not None})
        rows = self.session.exec(select(Todo).where(Todo.owner_id == self.actor.user_id, col(Todo.id).in_(wanted)))
        return {row.id: row for row in rows}

    def _occurrences(self, series_ids: set[str | None]) -> dict[tuple[str | None, str | None], str]:
        wanted = sorted({one for one in series_ids if one is not None})
        if not wanted:
            return {}
        rows = self.session.exec(
            select(Todo.series_id, Todo.occurrence, Todo.id).where(
                Todo.owner_id == self.actor.user_id, col(Todo.series_id).in_(wanted)
            )
        )
        return {(series_id, occurrence): todo_id for series_id, occurrence, todo_id in rows}

    def _as_said(self, todos: Sequence[Todo]) -> dict[str, Record]:
        """Todos as the file's format would say them."""
        records = {todo.id: exports.record_of(todo, {}) for todo in todos}
        if records and self.plan.format in _LOSSY:
            write, read = _LOSSY[self.plan.format]
            # What lies in the trash is not written; here it is only compared.
            shown = (replace(item, deleted_at=None) for item in records.values())
            said = (item for _, item in read(write(shown), timezone=self.actor.timezone) if isinstance(item, Record))
            records |= {str(item.id): replace(item, deleted_at=records[str(item.id)].deleted_at) for item in said}
        return records

    def _taken(self, key: int) -> Place | None:
        return self.done.taken.get(key) or self.before.taken.get(key)

    def _has_occurrence(self, occurrence: tuple[str | None, str | None]) -> bool:
        digest = hash(occurrence)
        return digest in self.done.occurrences or digest in self.before.occurrences

    def _refuse(self, line: int, sentence: str) -> None:
        self.done.refused += 1
        self._say(line, sentence, refused=True)

    def _say(self, line: int, sentence: str, *, refused: bool = False) -> None:
        self.done.report_total += 1
        if len(self.done.report) < REPORT_MAX:
            self.done.report.append(ImportLine(line=line, refused=refused, message=sentence))


def _called(item: Anything) -> str:
    match item:
        case ListRecord():
            return "This list"
        case FilterRecord():
            return "This filter"
        case _:
            return "This todo"


def _series_id(said: str | None) -> str | None:
    """The id of a series, whatever another program calls it."""
    return None if said is None else record.foreign_id(said)


def _cleaned(item: Record, actor: Actor, now: datetime) -> tuple[Record, list[str]]:
    """A record that says only what a todo can, and what had to be left out for that."""
    notices: list[str] = []
    if item.due_text is not None:
        item = _in_words(item, actor, now, notices)
    rule = item.recurrence
    if rule is not None:
        try:
            rule = parse(rule)
        except ValueError as error:
            notices.append(f"Its recurrence was left out: {str(error).rstrip('.')}.")
            rule = None
        if rule is not None and item.due_date is None:
            notices.append("Its recurrence was left out: what repeats needs a due.")
            rule = None
    is_series = item.series_id is not None and _is_wall(item.series_start) and _is_wall(item.occurrence)
    return replace(
        item,
        recurrence=rule,
        series_id=_series_id(item.series_id) if is_series else None,
        series_start=item.series_start if is_series else None,
        occurrence=item.occurrence if is_series else None,
        position=item.position if item.position is not None and _POSITION.fullmatch(item.position) else None,
    ), notices


def _is_wall(said: str | None) -> bool:
    if said is None:
        return False
    try:
        recurrence.wall(said)
    except ValueError:
        return False
    return True


def _begun(item: Record) -> dict[str, Any]:
    """The series of a todo that repeats and is in none yet."""
    if item.recurrence is None or item.series_id is not None:
        return {}
    return series.begin(item.recurrence, todo_rows.due_of(item))


def _in_words(item: Record, actor: Actor, now: datetime, notices: list[str]) -> Record:
    """A due that a file says in words, such as `every monday`, as quick add reads it."""
    try:
        # The word before it is the title, without which nothing can be read.
        reading = quick.read(
            f"x {item.due_text}", now=now.astimezone(ZoneInfo(actor.timezone)), timezone=actor.timezone
        )
    except AppError:
        reading = None
    if reading is None or reading.title != "x" or reading.tags or reading.list_name or reading.due_date is None:
        notices.append(f"Its due {str(item.due_text)[:100]!r} could not be read, and stands in its description.")
        description = "\n\n".join(filter(None, (item.description, f"Due: {item.due_text}")))
        return replace(item, description=description)
    return replace(
        item,
        due_date=reading.due_date,
        due_time=reading.due_time,
        due_timezone=reading.due_timezone,
        recurrence=reading.recurrence,
        recurrence_from=reading.recurrence_from.value,
    )
