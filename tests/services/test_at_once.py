"""Several at once: what must happen once happens once, and nothing is lost."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from backend import database, slow
from backend.errors import AppError, StorageUnavailableError
from backend.models.history import OperationFilter
from backend.models.todo import Todo, TodoCreate, TodoTag, TodoUpdate
from backend.models.todo_filter import TodoFilter
from backend.models.user import User, UserCreate, fold
from backend.rounds import Rounds
from backend.security import hash_password
from backend.services import accounts, operations, searches, sessions, todos
from backend.services.actor import Actor
from backend.settings import get_settings
from backend.storage import lock, memory
from tests.storage.helpers import until
from tests.support import PASSWORD

MANY = 8


def at_once(work: Callable[[int], object]) -> Counter[str]:
    """Runs the work in threads that start together; how often each outcome came, by its code."""
    gate = threading.Barrier(MANY)
    outcomes: list[str] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            outcomes.append("ok" if work(number) is not None else "nothing")
        except AppError as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == MANY
    return Counter(outcomes)


def writing(work: Callable[[database.Session], Any]) -> Any:
    """As the doors do it: a transaction that lost a race against another one is done again."""
    return anyio.run(database.write, work)


def newcomer(number: int, email: str) -> UserCreate:
    return UserCreate(email=email, username=f"newcomer{number}", password=PASSWORD)


# Scopes


def test_a_scope_for_reading_keeps_nothing_that_is_written(actor: Actor) -> None:
    with database.read_scope() as session:
        todos.create(session, actor, TodoCreate(title="x"))
    with database.read_scope() as session:
        assert searches.search(session, actor, TodoFilter()).total == 0


def test_a_scope_for_writing_keeps_nothing_when_it_fails(actor: Actor) -> None:
    def create_then_fail(session: database.Session) -> None:
        todos.create(session, actor, TodoCreate(title="x"))
        raise KeyError

    with pytest.raises(KeyError):
        writing(create_then_fail)
    with database.read_scope() as session:
        assert searches.search(session, actor, TodoFilter()).total == 0


def test_no_service_commits(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise AssertionError

    with database.write_scope() as session, monkeypatch.context() as forbidden:
        forbidden.setattr(type(session), "commit", refuse)
        todo = todos.create(session, actor, TodoCreate(title="x", tags=["home"]))
        todos.update(session, actor, todo.id, TodoUpdate(title="y", tags=["work"]))
        todos.complete(session, actor, todo.id)
        todos.delete(session, actor, todo.id)
        todos.restore(session, actor, todo.id)
        todos.follow_timezone(session, actor, "Asia/Tokyo")
    with database.read_scope() as session:
        assert todos.get(session, actor, todo.id).title == "y"


def test_a_failure_of_the_database_is_said_in_our_words(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("disk I/O error at /secret/path"))

    with database.read_scope() as session:
        monkeypatch.setattr(type(session), "get_bind", fail)
    with pytest.raises(StorageUnavailableError) as refused, database.read_scope() as session:
        todos.get(session, actor, "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5")
    assert "secret" not in refused.value.detail


def test_who_waits_for_a_slow_writer_holds_up_nobody(actor: Actor) -> None:
    begun, others_are_served = threading.Event(), threading.Event()
    happened = []

    def slow(session: database.Session) -> None:
        todos.create(session, actor, TodoCreate(title="slow"))
        begun.set()
        assert others_are_served.wait(4), "the event loop stood still"
        happened.append("slow")

    async def quick() -> None:
        await database.write(lambda session: todos.create(session, actor, TodoCreate(title="quick")))
        happened.append("quick")

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(partial(database.write, slow, is_slow=True))
            await anyio.to_thread.run_sync(begun.wait)
            group.start_soon(quick)
            await anyio.sleep(0.05)  # the quick one waits for its turn, and the loop comes back here
            others_are_served.set()

    anyio.run(everybody)
    assert happened == ["slow", "quick"]


def test_a_round_that_still_waits_for_others_is_over_when_a_slow_writer_takes_its_turn() -> None:
    """Held by its thread, the database would be waited for by the event loop."""
    done: list[int] = []

    def note(number: int, _: Session) -> None:
        done.append(number)

    def alone(work: Callable[[Session], Any]) -> Any:
        return work(Session())

    rounds = Rounds(alone, lambda works: [alone(work) for work in works])

    async def everybody() -> None:
        waiting = [asyncio.create_task(rounds.take_part(partial(note, number))) for number in (1, 2)]
        await asyncio.sleep(0)
        assert done == []
        rounds.close()
        assert done == [1, 2]
        await asyncio.gather(*waiting)
        for _ in range(10):
            await asyncio.sleep(0)
        rounds.close()
        await rounds.take_part(partial(note, 3))

    asyncio.run(everybody())
    assert done == [1, 2, 3]


def test_a_work_that_raises_what_no_future_takes_keeps_nobody_waiting() -> None:
    rounds = Rounds(lambda work: work(Session()), lambda works: [work(Session()) for work in works])

    async def everybody() -> list[Any]:
        works = (rounds.take_part(lambda _: next(iter(()))), rounds.take_part(lambda _: "served"))
        return list(await asyncio.wait_for(asyncio.gather(*works, return_exceptions=True), 5))

    failed, served = asyncio.run(everybody())
    assert isinstance(failed, RuntimeError)
    assert served == "served"


@pytest.fixture
def commits() -> list[object]:
    """Grows by one with each transaction that is committed."""
    made: list[object] = []
    sa.event.listen(database.engine, "commit", made.append)
    return made


def at_the_same_moment(*works: Callable[[database.Session], Any]) -> list[Any]:
    """What each was answered, or its refusal."""

    async def everybody() -> list[Any]:
        return await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)

    return asyncio.run(everybody())


@pytest.mark.usefixtures("own_database")
def test_what_comes_at_the_same_moment_is_committed_together(actor: Actor, commits: list[object]) -> None:
    adding = [partial(todos.create, actor=actor, data=TodoCreate(title=f"{number}")) for number in range(20)]
    created = at_the_same_moment(*adding)
    assert len(commits) == 1
    with database.read_scope() as session:
        assert [todos.get(session, actor, todo.id).title for todo in created] == [f"{number}" for number in range(20)]
        entries = operations.search(session, actor, OperationFilter(limit=50)).operations
    assert sorted(one.object_id for one in entries) == sorted(todo.id for todo in created)
    assert len({one.operation_id for one in entries}) == 20


@pytest.mark.usefixtures("own_database")
def test_who_is_on_the_way_when_a_round_begins_comes_into_it(actor: Actor, commits: list[object]) -> None:
    """A request that lies at the socket becomes a piece of work two turns of the event loop later."""

    async def after_turns(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await database.write(partial(todos.create, actor=actor, data=TodoCreate(title=f"{turns}")))

    async def everybody() -> None:
        await asyncio.gather(*map(after_turns, range(0, 21, 2)))

    asyncio.run(everybody())
    assert len(commits) == 1


@pytest.mark.usefixtures("own_database")
def test_who_is_refused_among_others_takes_nothing_from_them(actor: Actor) -> None:
    def fail_half_way(session: database.Session) -> None:
        todos.create(session, actor, TodoCreate(title="never"))
        raise KeyError

    answers = at_the_same_moment(
        partial(todos.create, actor=actor, data=TodoCreate(title="first")),
        fail_half_way,
        partial(todos.complete, actor=actor, todo_id="0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"),
        partial(todos.create, actor=actor, data=TodoCreate(title="last")),
    )
    assert [type(one).__name__ for one in answers] == ["TodoRead", "KeyError", "NotFoundError", "TodoRead"]
    with database.read_scope() as session:
        assert {todo.title for todo in searches.search(session, actor, TodoFilter()).todos} == {"first", "last"}


@pytest.mark.usefixtures("own_database")
def test_more_than_fit_in_a_round_come_into_the_next(actor: Actor, commits: list[object]) -> None:
    adding = [partial(todos.create, actor=actor, data=TodoCreate(title="x")) for _ in range(70)]
    assert len({todo.id for todo in at_the_same_moment(*adding)}) == 70
    assert len(commits) == 3


# Races


def test_of_many_changes_to_one_version_one_is_made(actor: Actor) -> None:
    todo = writing(lambda session: todos.create(session, actor, TodoCreate(title="x")))

    def change(number: int) -> Any:
        data = TodoUpdate(title=f"by {number}")
        return writing(lambda session: todos.update(session, actor, todo.id, data, versions={1}))

    assert at_once(change) == {"ok": 1, "version_conflict": MANY - 1}


def test_of_many_changes_to_different_fields_none_is_lost(actor: Actor) -> None:
    todo = writing(lambda session: todos.create(session, actor, TodoCreate(title="x")))
    changes: list[dict[str, Any]] = [
        {"title": "New"},
        {"description": "text"},
        {"priority": "high"},
        {"tags": ["home"]},
        {"due_date": "2027-03-01"},
        {"completed": True},
        {"title": "New"},
        {"description": "text"},
    ]

    def change(number: int) -> Any:
        data = TodoUpdate.model_validate(changes[number])
        return writing(lambda session: todos.update(session, actor, todo.id, data))

    assert at_once(change) == {"ok": MANY}
    with database.read_scope() as session:
        now = todos.get(session, actor, todo.id)
    assert (now.title, now.description, now.priority, now.tags, str(now.due_date), now.completed) == (
        *("New", "text", "high", ["home"], "2027-03-01"),
        True,
    )
    assert now.version == 7


def test_of_many_creations_with_one_id_one_todo_results(actor: Actor) -> None:
    data = TodoCreate(title="x", id="0192f0c1-2b3a-7c4d-8e5f-60718293a4b5")
    assert at_once(lambda _: writing(lambda session: todos.create(session, actor, data))) == {"ok": MANY}
    with database.read_scope() as session:
        assert searches.search(session, actor, TodoFilter()).total == 1


def test_of_many_registrations_with_one_address_one_is_taken() -> None:
    def register(number: int) -> Any:
        data = newcomer(number, "Same@example.com" if number % 2 else "same@EXAMPLE.com")
        return writing(lambda session: accounts.register(session, data, "no hash", registration_open=True))

    assert at_once(register) == {"ok": 1, "email_taken": MANY - 1}


def test_of_many_first_accounts_one_is_the_admin() -> None:
    def register(number: int) -> Any:
        data = newcomer(number, f"newcomer{number}@example.com")
        return writing(lambda session: accounts.register(session, data, "no hash", registration_open=True))

    assert at_once(register) == {"ok": MANY}
    with database.read_scope() as session:
        assert len(session.exec(select(User).where(col(User.is_admin))).all()) == 1


def test_a_closed_installation_takes_one_of_many_first_accounts() -> None:
    def register(number: int) -> Any:
        data = newcomer(number, f"newcomer{number}@example.com")
        return writing(lambda session: accounts.register(session, data, "no hash", registration_open=False))

    assert at_once(register) == {"ok": 1, "registration_closed": MANY - 1}


def test_a_refresh_token_used_by_many_at_once_ends_its_session() -> None:
    password_hash = hash_password(PASSWORD)
    data = newcomer(0, "newcomer@example.com")
    user = writing(lambda session: accounts.register(session, data, password_hash, registration_open=True))
    claimed = sessions.Claimed(user.id, password_hash)
    pair = writing(lambda session: sessions.open_for(session, claimed, None, get_settings()))
    outcomes = at_once(lambda _: writing(lambda session: sessions.refresh(session, pair.refresh_token, get_settings())))
    # The first gets the next pair, the second ends the session, for the others it has ended.
    assert outcomes == {"ok": 1, "nothing": 1, "not_authenticated": MANY - 2}


# What is derived


def test_the_index_of_tags_follows_the_todos(actor: Actor) -> None:
    todo = writing(lambda session: todos.create(session, actor, TodoCreate(title="x", tags=["Straße", "a"])))
    for tags in (["a", "b"], [], ["STRASSE", "ß" * 100], ["b"]):
        data = TodoUpdate(tags=list(tags))
        writing(partial(todos.update, actor=actor, todo_id=todo.id, data=data))
        with database.read_scope() as session:
            assert set(session.exec(select(TodoTag.tag_key)).all()) == {fold(tag) for tag in tags}


def test_every_due_that_floats_follows_its_owner(make_actor: Callable[..., Actor]) -> None:
    actor, other = make_actor("Europe/Berlin"), make_actor("Europe/Berlin")
    for one in (actor, other):
        for due in (
            {},
            {"due_date": "2027-03-01"},
            {"due_date": "2027-03-01T09:00"},
            {"due_date": "2027-03-01T09:00Z"},
        ):
            data = TodoCreate.model_validate({"title": str(due), **due})
            writing(partial(todos.create, actor=one, data=data))
    writing(lambda session: todos.follow_timezone(session, actor, "Asia/Tokyo"))
    with database.read_scope() as session:
        rows = session.exec(select(Todo.owner_id, Todo.due_until).order_by(col(Todo.owner_id), col(Todo.id))).all()
    moments = {
        owner: [str(until)[:16] for of, until in rows if of == owner] for owner in (actor.user_id, other.user_id)
    }
    fixed = "2027-03-01 09:00"
    assert moments[actor.user_id] == ["None", "2027-03-01 14:59", "2027-03-01 00:00", fixed]
    assert moments[other.user_id] == ["None", "2027-03-01 22:59", "2027-03-01 08:00", fixed]


@pytest.mark.skipif(database.engine.dialect.name != "sqlite", reason="a server's database is nobody's to be left well")
def test_the_database_is_not_left_well_while_a_thread_still_writes(actor: Actor) -> None:
    has_begun, goes_on, has_ended = threading.Event(), threading.Event(), threading.Event()
    assert database.home is not None
    live = database.home.live

    database.take_up()  # an app that ended before in this process has left it

    def write(session: database.Session) -> None:
        has_begun.set()
        todos.create(session, actor, TodoCreate(title="late"))
        goes_on.wait(10)
        has_ended.set()

    async def stop() -> None:
        """As uvicorn does with a request that does not end: it gives up the task, and the thread goes on."""
        given_up = asyncio.create_task(database.write(write, is_slow=True))
        assert await asyncio.to_thread(has_begun.wait, 10)
        given_up.cancel()
        await asyncio.wait({given_up})
        database.let_go()

    try:
        asyncio.run(stop())
        assert not memory.recall(live).is_clean
        assert not lock.Occupancy(live).is_free()
        goes_on.set()
        assert has_ended.wait(10)
        until(lambda: not slow.at_work, seconds=10)
        database.let_go()
        assert memory.recall(live).is_clean
        assert lock.Occupancy(live).is_free()
    finally:
        goes_on.set()
        database.take_up()
