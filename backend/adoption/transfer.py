"""The transfer: streams the old tables into ours, and counts both sides before it believes itself."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import col

from backend import derived
from backend.adoption import rows, todos, users
from backend.adoption.errors import AdoptionError
from backend.adoption.layout import TODOS, USERS, OldLayout, OldTable, recognise
from backend.adoption.names import Names
from backend.adoption.report import AdoptionReport, Notes, RowNotes, What
from backend.adoption.texts import as_text
from backend.adoption.times import RELEASED
from backend.models.todo import Todo, TodoTag
from backend.models.user import User


def adopt(source: Connection, target: Connection) -> AdoptionReport:
    """Copy a database of the old deployment into our empty tables at head. The caller commits, or rolls back.

    The source is only read. On PostgreSQL its tables are locked against writing until its transaction ends.
    """
    layout = recognise(source)
    if layout is None:
        raise AdoptionError("This is no database of the old deployment.")
    return transfer(source, layout, target)


def transfer(source: Connection, layout: OldLayout, target: Connection) -> AdoptionReport:
    """Copy what the layout names, wherever its tables are called by now."""
    if target.scalar(sa.select(col(User.id)).limit(1)) is not None:
        raise AdoptionError("The database to adopt into has accounts already; the two are never mixed.")
    with rows.steady(source, layout), rows.roomy(target):
        report = _Transfer(source, target, layout).run()
        derived.rebuild(target)
        _verify(source, layout, target, report)
    return report


class _Transfer:
    """One run, with what it has to remember between pages: the users, never the todos."""

    def __init__(self, source: Connection, target: Connection, layout: OldLayout) -> None:
        self.source, self.target, self.layout = source, target, layout
        self.notes = Notes()
        self.owner_ids: dict[int, str] = {}
        self.recovered_ids: dict[int | None, str] = {}
        self.names = Names(self._emails())

    def run(self) -> AdoptionReport:
        self._note_layout()
        user_count = self._users(self.layout.users) if self.layout.users else 0
        todo_count, tag_count = self._todos(self.layout.todos) if self.layout.todos else (0, 0)
        return AdoptionReport(user_count, todo_count, tag_count, len(self.recovered_ids), tuple(self.notes.findings))

    def _emails(self) -> Iterator[tuple[int, object]]:
        if self.layout.users is not None:
            for page in rows.pages(self.source, self.layout.users, "id", "email"):
                for row in page:
                    yield row["id"], row["email"]

    def _note_layout(self) -> None:
        for name, table in ((USERS, self.layout.users), (TODOS, self.layout.todos)):
            if table is None:
                self.notes.add(name, None, What.TABLE_MISSING)
                continue
            for column in table.missing:
                self.notes.add(name, None, What.COLUMN_MISSING, column)
            for column in table.unknown:
                self.notes.add(name, None, What.COLUMN_UNKNOWN, column)
        for name in self.layout.unknown_tables:
            self.notes.add(name, None, What.TABLE_UNKNOWN)

    def _users(self, table: OldTable) -> int:
        count, earlier = 0, RELEASED
        for page in rows.pages(self.source, table):
            batch = []
            for row in page:
                made = users.converted(
                    row, self.names, earlier, RowNotes(self.notes, USERS, row["id"]), is_admin=not self.owner_ids
                )
                earlier = made["created_at"]
                self.owner_ids[row["id"]] = made["id"]
                batch.append(made)
            self.target.execute(sa.insert(User), batch)
            count += len(batch)
        return count

    def _todos(self, table: OldTable) -> tuple[int, int]:
        count, tag_count, earlier = 0, 0, RELEASED
        for page in rows.pages(self.source, table):
            batch = []
            for row in page:
                notes = RowNotes(self.notes, TODOS, row["id"])
                made = todos.converted(row, self._owner_of(row, notes), earlier, notes)
                earlier = made["created_at"]
                batch.append(made)
            self.target.execute(sa.insert(Todo), batch)
            count += len(batch)
            tag_count += sum(len(made["tags"]) for made in batch)
        return count, tag_count

    def _owner_of(self, row: Mapping[str, Any], notes: RowNotes) -> str:
        """The owner's new id. A todo whose owner is gone gets an account that stands for the missing one."""
        given = row["user_id"]
        old_owner = given if isinstance(given, int) else None
        if old_owner is not None and old_owner in self.owner_ids:
            return self.owner_ids[old_owner]
        if old_owner not in self.recovered_ids:
            account = users.recovered(old_owner, self.names)
            self.target.execute(sa.insert(User), [account])
            self.recovered_ids[old_owner] = account["id"]
        notes.add(What.OWNER_RECOVERED, None if given is None else as_text(given), self.recovered_ids[old_owner])
        return self.recovered_ids[old_owner]


def _verify(source: Connection, layout: OldLayout, target: Connection, report: AdoptionReport) -> None:
    """Compare what is in both databases, not what the run thinks it did."""
    old_users = rows.count(source, layout.users) if layout.users else 0
    old_todos = rows.count(source, layout.todos) if layout.todos else 0
    for name, model, wanted in (
        ("users", User, old_users + report.recovered_owners),
        ("todos", Todo, old_todos),
        ("tags", TodoTag, report.tags),
    ):
        found = target.scalar(sa.select(sa.func.count()).select_from(model))
        if found != wanted:
            raise AdoptionError(f"{found} {name} are there after the adoption, and {wanted} should be.")
