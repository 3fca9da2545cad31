"""A state machine over the services: three people do whatever they like, and nothing that must hold ever breaks.

After every step: no circle and no orphan among the parts of a todo, a total order, at most one open occurrence of an
untouched series, exact counts, and an index that says what the todos say. In the end the log, read from its beginning,
gives the state that the database has.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import Session, col, select

from backend import database
from backend.errors import AppError
from backend.models.history import UndoRequest
from backend.models.operation import Action, Kind, Ledger, Operation
from backend.models.todo import Todo, TodoCreate, TodoTag, TodoUpdate, TodoWord
from backend.models.todo_list import ListCreate, ListMember, TodoList
from backend.models.user import User, UserCreate, fold
from backend.models.words import words_of
from backend.services import accounts, lists, todo_rows, todos, trash, trees, undo
from backend.services.actor import Actor

PEOPLE = 3
NUMBERS = st.integers(0, 10_000)
TITLES = st.sampled_from(["Milk", "Äpfel kaufen", "買い物", "🎉 Party", "A b c"])


@contextmanager
def writing() -> Iterator[Session]:
    """A transaction that a refusal ends: expected of some steps, and nothing may remain of it."""
    try:
        with database.write_scope() as session:
            yield session
    except AppError:
        pass


class People(RuleBasedStateMachine):
    """Three accounts on one database; two of them share a list of the first."""

    @initialize()
    def begin(self) -> None:
        with database.write_scope() as session:
            for user in session.exec(select(User)).all():
                session.delete(user)
        self.actors: list[Actor] = []
        with database.write_scope() as session:
            for number in range(PEOPLE):
                data = UserCreate(email=f"p{number}@example.com", username=f"person{number}", password="password")
                made = accounts.register(session, data, "no hash", registration_open=True)
                self.actors.append(
                    Actor(made.id, "", "Europe/Berlin", is_admin=False, name=made.username, has_shares=True)
                )
        with database.write_scope() as session:
            self.shared = lists.create(session, self.actors[0], ListCreate(name="Ours")).id
            for actor, role in zip(self.actors[1:], ("editor", "viewer"), strict=True):
                session.add(
                    ListMember(owner_id=self.actors[0].user_id, list_id=self.shared, user_id=actor.user_id, role=role)
                )

    def one(self, number: int) -> str:
        """Some todo of anybody: trying with somebody else's is a part of it."""
        with database.read_scope() as session:
            ids = session.exec(select(Todo.id).order_by(col(Todo.id))).all()
        return ids[number % len(ids)] if ids else "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"

    @rule(who=st.integers(0, PEOPLE - 1), title=TITLES, under=st.none() | NUMBERS, shared=st.booleans())
    def create(self, who: int, title: str, under: int | None, shared: bool) -> None:
        parent = None if under is None else self.one(under)
        data = {"title": title, "parent_id": parent, "list_id": self.shared if shared and parent is None else None}
        with writing() as session:
            todos.create(session, self.actors[who], TodoCreate.model_validate(data))

    @rule(who=st.integers(0, PEOPLE - 1), title=TITLES, daily=st.sampled_from(["daily", "weekly"]))
    def create_recurring(self, who: int, title: str, daily: str) -> None:
        data = {"title": title, "due_date": "2027-03-01", "recurrence": daily, "tags": ["home"]}
        with writing() as session:
            todos.create(session, self.actors[who], TodoCreate.model_validate(data))

    @rule(
        who=st.integers(0, PEOPLE - 1),
        which=NUMBERS,
        changes=st.fixed_dictionaries(
            {},
            optional={
                "title": TITLES,
                "description": st.sampled_from(["", "long words", "ç"]),
                "tags": st.sampled_from([[], ["a"], ["A", "b"]]),
                "priority": st.sampled_from(["low", "high"]),
            },
        ),
    )
    def edit(self, who: int, which: int, changes: dict[str, Any]) -> None:
        with writing() as session:
            todos.update(session, self.actors[who], self.one(which), TodoUpdate.model_validate(changes))

    @rule(who=st.integers(0, PEOPLE - 1), which=NUMBERS, under=st.none() | NUMBERS)
    def nest(self, who: int, which: int, under: int | None) -> None:
        parent = None if under is None else self.one(under)
        with writing() as session:
            changes = TodoUpdate.model_validate({"parent_id": parent})
            todos.update(session, self.actors[who], self.one(which), changes)

    @rule(who=st.integers(0, PEOPLE - 1), which=NUMBERS, shared=st.booleans())
    def move(self, who: int, which: int, shared: bool) -> None:
        with writing() as session:
            changes = TodoUpdate.model_validate({"list_id": self.shared if shared else None})
            todos.update(session, self.actors[who], self.one(which), changes)

    @rule(
        who=st.integers(0, PEOPLE - 1),
        which=NUMBERS,
        verb=st.sampled_from([todos.complete, todos.reopen, todos.delete, todos.restore, todos.skip]),
    )
    def act(self, who: int, which: int, verb: Any) -> None:
        with writing() as session:
            verb(session, self.actors[who], self.one(which))

    @rule(who=st.integers(0, PEOPLE - 1), last=st.integers(1, 4))
    def take_back(self, who: int, last: int) -> None:
        with writing() as session:
            undo.undo(session, self.actors[who], UndoRequest(last=last))

    @rule(who=st.integers(0, PEOPLE - 1))
    def empty_trash(self, who: int) -> None:
        with writing() as session:
            trash.empty(session, self.actors[who])

    @invariant()
    def nothing_is_broken(self) -> None:
        if not hasattr(self, "actors"):
            return
        with database.read_scope() as session:
            rows = session.exec(select(Todo)).all()
            by_key = {(row.owner_id, row.id): row for row in rows}
            for row in rows:
                above = trees.ancestors(session, row)
                assert len(above) < trees.LEVELS_MAX
                if row.parent_id is not None and row.deleted_at is None:
                    parent = by_key[row.owner_id, row.parent_id]
                    assert parent.list_id == row.list_id
                    assert row.completed or not parent.completed or parent.deleted_at is not None
            lists_there = {(one.owner_id, one.id) for one in session.exec(select(TodoList))}
            assert all(row.list_id is None or (row.owner_id, row.list_id) in lists_there for row in rows)
            ids = Counter(row.id for row in rows)
            assert max(ids.values(), default=1) == 1
            occurrences = Counter((row.owner_id, row.series_id, row.occurrence) for row in rows if row.series_id)
            assert max(occurrences.values(), default=1) == 1
            self.derived_is_right(session, list(rows))

    def derived_is_right(self, session: Session, rows: list[Todo]) -> None:
        tags = {(tag.owner_id, tag.todo_id, tag.tag_key) for tag in session.exec(select(TodoTag))}
        assert tags == {(row.owner_id, row.id, fold(tag)) for row in rows for tag in row.tags}
        words = {(word.owner_id, word.todo_id, word.word) for word in session.exec(select(TodoWord))}
        assert words == {(row.owner_id, row.id, word) for row in rows for word in words_of(row.title, row.description)}
        for ledger in session.exec(select(Ledger)):
            own = [row for row in rows if row.owner_id == ledger.owner_id]
            trashed = sum(row.deleted_at is not None for row in own)
            done = sum(row.deleted_at is None and row.completed for row in own)
            assert (ledger.todos_trashed, ledger.todos_done) == (trashed, done)
            assert ledger.todos_open == len(own) - trashed - done

    def teardown(self) -> None:
        """The log, read from its beginning, gives what the database has."""
        if not hasattr(self, "actors"):
            return
        with database.read_scope() as session:
            for actor in self.actors:
                replayed: dict[str, dict[str, Any]] = {}
                entries = session.exec(
                    select(Operation)
                    .where(Operation.owner_id == actor.user_id, Operation.kind == Kind.TODO)
                    .order_by(col(Operation.seq))
                )
                for entry in entries:
                    if entry.action == Action.PURGE:
                        assert replayed.pop(entry.object_id) == entry.before
                        continue
                    known = replayed.setdefault(entry.object_id, {})
                    assert {name: known.get(name) for name in entry.before or {}} == (entry.before or {})
                    known |= entry.after or {}
                stored = session.exec(select(Todo).where(Todo.owner_id == actor.user_id)).all()
                assert replayed == {row.id: todo_rows.state_of(row) for row in stored}


def machine(examples: int, steps: int) -> type:
    case: Any = People.TestCase
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=examples < 100,
        suppress_health_check=list(HealthCheck),
    )
    return case  # type: ignore[no-any-return]


@pytest.mark.usefixtures("fresh_database")
def test_three_people_break_nothing() -> None:
    machine(30, 40)().runTest()


@pytest.mark.endurance
@pytest.mark.usefixtures("fresh_database")
def test_three_people_break_nothing_for_minutes() -> None:
    machine(200, 60)().runTest()
