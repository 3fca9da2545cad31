"""The feed of changes: whoever follows it to its end has what the database has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from backend import database
from backend.errors import CursorExpiredError, InvalidInputError, StorageUnavailableError
from backend.models.base import new_id, utc_now
from backend.models.feed import FeedRequest
from backend.models.operation import Ledger, Operation
from backend.models.saved_filter import FilterCreate, FilterUpdate
from backend.models.todo import Todo, TodoCreate, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoQuery
from backend.models.todo_list import ListCreate, ListMember
from backend.services import feed, lists, saved_filters, todos, trash
from backend.services.actor import Actor
from tests.services.conftest import Run

WRITERS, WRITES = 16, 12


class Follower:
    """A copy of an account's todos, and what else there is, kept right by the feed alone."""

    def __init__(self, run: Run, actor: Actor) -> None:
        self.run, self.actor = run, actor
        self.cursor: str | None = None
        self.copy: dict[str, TodoRead] = {}
        self.seen: set[tuple[str, str]] = set()

    def follow(self, limit: int = 7) -> None:
        while True:
            with database.read_scope() as session:
                page = feed.read(session, self.actor, FeedRequest(cursor=self.cursor, limit=limit))
            for change in page.changes:
                (self.seen.discard if change.deleted else self.seen.add)((change.kind, change.id))
                if change.deleted:
                    self.copy.pop(change.id, None)
                elif change.todo is not None:
                    self.copy[change.id] = change.todo
            self.cursor = page.next_cursor
            if not page.has_more:
                return

    def versions(self) -> dict[str, int]:
        return {todo.id: todo.version for todo in self.copy.values()}


def stored(actor: Actor) -> dict[str, int]:
    with database.read_scope() as session:
        return dict(session.exec(select(Todo.id, Todo.version).where(Todo.owner_id == actor.user_id)).all())


def test_it_begins_with_everything_that_is_there_page_by_page(run: Run, actor: Actor) -> None:
    for number in range(20):
        run(todos.create, actor, TodoCreate(title=f"Number {number}"))
    follower = Follower(run, actor)
    follower.follow()
    assert follower.versions() == stored(actor)


def test_an_account_without_todos_has_a_cursor_that_goes_on(run: Run, actor: Actor) -> None:
    follower = Follower(run, actor)
    follower.follow()
    todo = run(todos.create, actor, TodoCreate(title="First"))
    follower.follow()
    assert list(follower.copy) == [todo.id]


def test_changes_trash_and_tombstones_arrive(run: Run, actor: Actor) -> None:
    kept, gone = (run(todos.create, actor, TodoCreate(title=title)) for title in ("Kept", "Gone"))
    follower = Follower(run, actor)
    follower.follow()
    run(todos.update, actor, kept.id, TodoUpdate(title="Changed"))
    run(todos.delete, actor, gone.id)
    follower.follow()
    assert follower.copy[kept.id].title == "Changed"
    assert follower.copy[gone.id].deleted_at is not None
    run(trash.empty, actor)
    follower.follow()
    assert list(follower.copy) == [kept.id]


def test_lists_and_saved_filters_are_followed_from_the_beginning_to_their_end(
    run: Run, make_actor: Callable[..., Actor]
) -> None:
    actor, member = make_actor(), replace(make_actor(), has_shares=True)
    # Ids that their makers chose may be alike; a page that ends between them loses none.
    same = new_id()
    one = run(todos.create, actor, TodoCreate(id=same, title="Todo"))
    ours = run(lists.create, actor, ListCreate(id=same, name="Ours"))
    urgent = run(saved_filters.create, actor, FilterCreate(id=same, name="Urgent", query=TodoQuery(priority="high")))
    other = run(saved_filters.create, actor, FilterCreate(name="Other", query=TodoQuery()))
    run(
        lambda session: session.add(
            ListMember(owner_id=actor.user_id, list_id=ours.id, user_id=member.user_id, role="viewer")
        )
    )
    mine, theirs = Follower(run, actor), Follower(run, member)
    mine.follow(limit=2)
    theirs.follow(limit=1)
    assert mine.seen == {("todo", one.id), ("list", ours.id), ("filter", urgent.id), ("filter", other.id)}
    assert theirs.seen == {("list", ours.id)}
    run(saved_filters.update, actor, urgent.id, FilterUpdate(name="Very urgent"))
    run(saved_filters.delete, actor, other.id)
    run(lists.delete, actor, ours.id)
    with database.read_scope() as session:
        page = feed.read(session, actor, FeedRequest(cursor=mine.cursor))
    told = [(change.kind, change.id, change.deleted) for change in page.changes]
    assert told == [("filter", urgent.id, False), ("filter", other.id, True), ("list", ours.id, False)]
    theirs.follow()
    assert theirs.seen == set()
    run(trash.empty, actor)
    mine.follow()
    assert mine.seen == {("todo", one.id), ("filter", urgent.id)}


def test_a_change_during_the_beginning_is_not_missed(run: Run, actor: Actor) -> None:
    ids = [run(todos.create, actor, TodoCreate(title=f"Number {number}")).id for number in range(10)]
    follower = Follower(run, actor)
    with database.read_scope() as session:
        page = feed.read(session, actor, FeedRequest(limit=4))
    follower.cursor = page.next_cursor
    follower.copy = {change.id: change.todo for change in page.changes if change.todo}
    run(todos.update, actor, ids[0], TodoUpdate(title="Changed behind the reader"))
    run(todos.create, actor, TodoCreate(title="New"))
    follower.follow()
    assert follower.versions() == stored(actor)
    assert follower.copy[ids[0]].title == "Changed behind the reader"


def test_nobody_elses_changes_are_in_it(run: Run, make_actor: Callable[..., Actor]) -> None:
    me, other = make_actor(), make_actor()
    run(todos.create, other, TodoCreate(title="Theirs"))
    follower = Follower(run, me)
    follower.follow()
    assert follower.copy == {}
    theirs = Follower(run, other)
    theirs.follow()
    follower.cursor = theirs.cursor  # a cursor of somebody else opens nothing of theirs
    run(todos.create, other, TodoCreate(title="More of theirs"))
    follower.follow()
    assert follower.copy == {}


@pytest.mark.parametrize("cursor", ["", "nonsense", "W10", "bnVsbA", "*"])
def test_what_is_no_cursor_is_refused(actor: Actor, cursor: str) -> None:
    with database.read_scope() as session:
        if cursor in {"", "W10"}:  # absent, and an empty one: the beginning
            assert feed.read(session, actor, FeedRequest(cursor=cursor)).changes == []
        else:
            with pytest.raises(InvalidInputError):
                feed.read(session, actor, FeedRequest(cursor=cursor))


def test_a_cursor_into_what_is_no_longer_kept_expires(run: Run, actor: Actor) -> None:
    run(todos.create, actor, TodoCreate(title="Old"))
    follower = Follower(run, actor)
    follower.follow()
    run(todos.create, actor, TodoCreate(title="Also old"))
    with database.write_scope() as session:
        session.exec(sa.update(Operation).values(at=utc_now() - timedelta(days=trash.LOG_DAYS + 1)))
    run(todos.create, actor, TodoCreate(title="New"))
    while run(trash.tidy, actor.user_id, utc_now()):
        pass
    with pytest.raises(CursorExpiredError):
        follower.follow()
    fresh = Follower(run, actor)
    fresh.follow()
    assert len(fresh.copy) == 3


def test_a_cursor_of_a_database_that_was_put_back_expires(run: Run, actor: Actor) -> None:
    run(todos.create, actor, TodoCreate(title="One"))
    follower = Follower(run, actor)
    follower.follow()
    with database.write_scope() as session:
        session.exec(sa.delete(Ledger))
    run(todos.create, actor, TodoCreate(title="Two"))
    with pytest.raises(CursorExpiredError):
        follower.follow()


def test_what_was_in_the_trash_for_thirty_days_goes(run: Run, actor: Actor) -> None:
    old, new = (run(todos.create, actor, TodoCreate(title=title)) for title in ("Old", "New"))
    for todo in (old, new):
        run(todos.delete, actor, todo.id)
    long_ago = utc_now() - timedelta(days=trash.KEPT_DAYS, seconds=1)
    with database.write_scope() as session:
        session.exec(sa.update(Todo).where(Todo.id == old.id).values(deleted_at=long_ago))
    with database.read_scope() as session:
        assert trash.due_owners(session, utc_now()) == [actor.user_id]
    assert run(trash.tidy, actor.user_id, utc_now()) is False
    assert list(stored(actor)) == [new.id]


def persistently(service: Callable[..., Any], *args: Any) -> Any:
    """As a client does: a refusal because of too many others has changed nothing, and is tried again."""
    run = database._persistently(database._within(database.write_scope, lambda session: service(session, *args)))
    while True:
        try:
            return run()
        except StorageUnavailableError:
            pass


def test_a_reader_beside_many_writers_ends_with_the_databases_state(run: Run, actor: Actor) -> None:
    shared = [run(todos.create, actor, TodoCreate(title=f"Shared {number}")).id for number in range(5)]

    def write(writer: int) -> None:
        for number in range(WRITES):
            todo = persistently(todos.create, actor, TodoCreate(title=f"{writer} {number}"))
            persistently(todos.update, actor, shared[number % 5], TodoUpdate(title=f"{writer} was here {number}"))
            if number % 3 == 0:
                persistently(todos.delete, actor, todo.id)

    follower = Follower(run, actor)
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, writer) for writer in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            # On a server sixteen writers may have every connection of the pool; then a reader asks again.
            with suppress(StorageUnavailableError):
                follower.follow()
    for writer in writers:
        writer.result()
    follower.follow()
    assert len(follower.copy) == 5 + WRITERS * WRITES
    assert follower.versions() == stored(actor)
    with database.read_scope() as session:
        numbers = session.exec(select(Operation.seq).where(Operation.owner_id == actor.user_id)).all()
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
