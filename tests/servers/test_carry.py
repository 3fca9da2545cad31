"""Carrying tables from one database to another in stretches, while somebody writes: on tables of no particular kind."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, make_url

from backend.storage import carry, rows, stretches
from backend.storage.carry import Carried, MismatchError
from backend.storage.engine import for_writing, make_engine
from tests import databases

METADATA = sa.MetaData()
PEOPLE = sa.Table(
    "people",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name_key", sa.String(20), nullable=False, unique=True),
)
NOTES = sa.Table(
    "notes",
    METADATA,
    sa.Column("owner_id", sa.String(36), sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("parent_id", sa.String(36)),
    sa.Column("series_id", sa.String(8)),
    sa.Column("number", sa.Integer),
    sa.Column("body", sa.Text),
    sa.Column("extra", sa.JSON),
    # Without CASCADE: whoever removes a parent before its children is refused.
    sa.ForeignKeyConstraint(["owner_id", "parent_id"], ["notes.owner_id", "notes.id"], name="fk_parent"),
    sa.UniqueConstraint("owner_id", "series_id", "number", name="uq_series"),
)
TABLES = (PEOPLE, NOTES)


def quiet(*_: object) -> None:
    pass


def note(owner: int, place: int, **values: Any) -> dict[str, Any]:
    blank = {
        "parent_id": None,
        "series_id": None,
        "number": None,
        "body": f"ä😀 {place}",
        "extra": {"b": [1], "a": None},
    }
    return {"owner_id": f"p{owner:03}", "id": f"n{place:06}", **blank, **values}


@pytest.fixture(autouse=True)
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BATCH_ROWS", 10)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Engine]:
    engine = for_writing(make_engine(make_url(f"sqlite:///{tmp_path / 'source.db'}")))
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(PEOPLE), [{"id": f"p{n:03}", "name_key": f"name {n}"} for n in range(12)])
        connection.execute(sa.insert(NOTES), [note(n % 10, n) for n in range(300)])
        connection.execute(
            sa.insert(NOTES), [note(n % 10, 300 + n, parent_id=f"n{n:06}", series_id="s", number=n) for n in range(40)]
        )
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", *databases.SERVERS])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with databases.empty_engine(request.param, tmp_path / "target.db") as made:
        METADATA.create_all(made)
        yield for_writing(made)


def content(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [connection.execute(sa.select(table).order_by(*table.primary_key)).all() for table in TABLES]


def counted(carried: Carried) -> int:
    return sum(map(len, carried.values()))


def caught_up(source: Engine, target: Engine, carried: Carried) -> int:
    differing = carry.catch_up(source, target, carried, quiet)
    sums = carry.check(target, carried, quiet)
    assert content(target) == content(source)
    with source.connect() as connection:
        assert sums == {table.name: stretches.sum_of(connection, table) for table in TABLES}
    return differing


def change(source: Engine, *statements: sa.Executable) -> None:
    with source.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_copy_is_cut_into_stretches_that_have_no_gap(source: Engine, target: Engine) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    assert content(target) == content(source)
    assert counted(carried) == 3 + 35
    for table, known in carried.items():
        assert known[-1].upto is None, table
        assert sum(stretch.sum.rows for stretch in known) == sum(
            len(part) for part in [content(source)[TABLES.index(table)]]
        )


def test_of_what_did_not_change_nothing_is_carried_again(source: Engine, target: Engine) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    assert caught_up(source, target, carried) == 0
    assert all(stretch.has_arrived for known in carried.values() for stretch in known)


def test_only_stretches_that_changed_are_read_and_carried_again(
    source: Engine, target: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    caught_up(source, target, carried)
    before = {table: list(known) for table, known in carried.items()}
    change(
        source,
        sa.update(NOTES).where(NOTES.c.id == "n000123").values(body="changed"),
        sa.insert(NOTES).values(note(9, 999)),
        sa.delete(NOTES).where(NOTES.c.id == "n000050"),
    )
    read: list[int] = []
    batches = rows.batches

    def counting(connection: Connection, *arguments: Any, **options: Any) -> Iterator[list[rows.Row]]:
        for batch in batches(connection, *arguments, **options):
            if connection.engine.url == target.url:
                read.append(len(batch))
            yield batch

    with monkeypatch.context() as watched:
        watched.setattr(rows, "batches", counting)
        assert carry.catch_up(source, target, carried, quiet) == 3
    assert sum(read) < 170, "of 352 rows three changed, in three stretches that are read a few times each"
    carry.check(target, carried, quiet)
    assert content(target) == content(source)
    same = [stretch for stretch in carried[NOTES] if stretch in before[NOTES]]
    assert len(before[NOTES]) - len(same) == 2, "the third change lies behind the last row that there was"
    assert carried[PEOPLE] == before[PEOPLE]


def test_names_that_were_swapped_arrive(source: Engine, target: Engine) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    named = sa.update(PEOPLE)
    change(
        source,
        named.where(PEOPLE.c.id == "p000").values(name_key="between"),
        named.where(PEOPLE.c.id == "p011").values(name_key="name 0"),
        named.where(PEOPLE.c.id == "p000").values(name_key="name 11"),
        sa.update(NOTES).where(NOTES.c.id == "n000300").values(number=99),
        sa.update(NOTES).where(NOTES.c.id == "n000310").values(number=0),
        sa.update(NOTES).where(NOTES.c.id == "n000300").values(number=10),
    )
    assert caught_up(source, target, carried) == 4


def test_a_family_moves_dies_and_is_born_whatever_the_order_of_its_keys(source: Engine, target: Engine) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    change(
        source,
        sa.delete(NOTES).where(NOTES.c.id == "n000300"),
        sa.delete(NOTES).where(NOTES.c.id == "n000000"),  # the parent of the one before
        sa.update(NOTES).where(NOTES.c.id.in_(["n000301", "n000311"])).values(parent_id="n000021"),
        sa.delete(NOTES).where(NOTES.c.id == "n000001"),
        sa.insert(NOTES).values(note(5, 998)),
        sa.insert(NOTES).values(note(5, 997, parent_id="n000998")),
        sa.delete(PEOPLE).where(PEOPLE.c.id == "p003"),
    )
    caught_up(source, target, carried)


def test_a_stretch_that_grew_is_cut_again(source: Engine, target: Engine) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    change(source, *(sa.insert(NOTES).values(note(9, 1000 + n)) for n in range(60)))
    before = counted(carried)
    assert caught_up(source, target, carried) == 60
    assert counted(carried) == before + 6


def test_everything_may_go(source: Engine, target: Engine) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    change(source, sa.update(NOTES).values(parent_id=None), sa.delete(PEOPLE))
    caught_up(source, target, carried)
    change(source, sa.insert(PEOPLE).values(id="p1", name_key="again"))
    assert caught_up(source, target, carried) == 1


@pytest.mark.parametrize("seed", range(5))
def test_whatever_somebody_writes_arrives(source: Engine, target: Engine, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same changes each time
    carried = carry.copy(source, target, TABLES, quiet)
    for turn in range(4):
        with source.begin() as connection:
            for step in range(25):
                scramble(connection, chance, f"{turn}-{step}")
        caught_up(source, target, carried)
    assert caught_up(source, target, carried) == 0


def scramble(connection: Connection, chance: random.Random, name: str) -> None:
    """One change that the rules of the tables allow."""
    owner = chance.choice(connection.scalars(sa.select(PEOPLE.c.id)).all() or [None])
    ids = connection.scalars(sa.select(NOTES.c.id).where(NOTES.c.owner_id == owner)).all()
    some = chance.choice(ids or [None])
    mine = (NOTES.c.owner_id == owner) & (NOTES.c.id == some)
    match chance.randrange(7):
        case 0:
            connection.execute(sa.insert(PEOPLE).values(id=f"p{chance.randrange(999):03}-{name}", name_key=name))
        case 1 if owner:
            connection.execute(sa.update(PEOPLE).where(PEOPLE.c.id == owner).values(name_key=f"x{name}"))
        case 2 if owner and chance.random() < 0.2:
            connection.execute(sa.update(NOTES).where(NOTES.c.owner_id == owner).values(parent_id=None))
            connection.execute(sa.delete(PEOPLE).where(PEOPLE.c.id == owner))
        case 3 if some:
            connection.execute(sa.update(NOTES).where(mine).values(body=name, parent_id=chance.choice([None, *ids])))
        case 4 if some:
            connection.execute(
                sa.update(NOTES).where((NOTES.c.owner_id == owner) & (NOTES.c.parent_id == some)).values(parent_id=None)
            )
            connection.execute(sa.delete(NOTES).where(mine))
        case _ if owner:
            new = note(0, 0, id=f"n{chance.randrange(999_999):06}-{name}", parent_id=some) | {"owner_id": owner}
            connection.execute(sa.insert(NOTES).values(new))


@pytest.mark.parametrize(
    "spoil",
    [
        sa.update(NOTES).where(NOTES.c.id == "n000123").values(body="other"),
        sa.delete(NOTES).where(NOTES.c.id == "n000339"),
        sa.insert(NOTES).values(note(4, 123456)),
    ],
    ids=["changed", "gone", "too many"],
)
def test_what_arrived_otherwise_is_found(
    source: Engine, target: Engine, spoil: sa.Executable, request: pytest.FixtureRequest
) -> None:
    carried = carry.copy(source, target, TABLES, quiet)
    with target.begin() as connection:
        connection.execute(spoil)
    with pytest.raises(MismatchError, match="notes did not arrive as it was"):
        carry.check(target, carried, quiet)
    # Catching up puts it right; after that only a look at the rows themselves would find it.
    assert caught_up(source, target, carried) == 1
    if "changed" not in request.node.callspec.id:
        with target.begin() as connection:
            connection.execute(sa.delete(NOTES).where(NOTES.c.id == "n000339"))
        with pytest.raises(MismatchError):
            carry.check(target, carried, quiet)


def test_the_mark_of_a_stretch_is_that_of_its_rows_alone(source: Engine) -> None:
    def found(*bounds: rows.Key) -> list[bytes]:
        with source.connect() as connection:
            return stretches.marks(connection, NOTES, bounds)

    whole, halves = found(), found(("p004", "n000300"))
    assert len(whole) == 1
    assert len(halves) == 2
    change(source, sa.update(NOTES).where(NOTES.c.id == "n000009").values(body="other"))
    assert found() != whole
    assert [now == before for now, before in zip(found(("p004", "n000300")), halves, strict=True)] == [True, False]
    assert found(("p9999", "n"), ("q", "n"))[1:] == [found(("q", "n"))[1]] * 2, "stretches without rows"
