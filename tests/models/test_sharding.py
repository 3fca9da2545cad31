"""Keys begin with the owner, so that a distributed PostgreSQL can keep each account on one machine.

What such a database asks for (Citus: https://docs.citusdata.com) and SQLite would never complain about: the owner is in
every unique key of a table that is spread, and in every foreign key between two of them.
"""

import sqlalchemy as sa

from backend.models import Installation

# Looked up by what a stranger says, before it is known who that is: whole on each machine.
WHOLE = {"installation", "users", "sessions", "personal_tokens"}

metadata = Installation.metadata


def owner_of(table: sa.Table) -> str:
    return next(iter(table.primary_key.columns)).name


def test_every_other_table_is_keyed_by_its_owner_first() -> None:
    spread = {name: owner_of(table) for name, table in metadata.tables.items() if name not in WHOLE}
    assert len(spread) >= 8
    assert set(spread.values()) == {"owner_id", "user_id"}


def test_every_unique_key_has_the_owner_in_it() -> None:
    for name, table in metadata.tables.items():
        unique = [index.columns.keys() for index in table.indexes if index.unique]
        unique += [one.columns.keys() for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
        assert name in WHOLE or all(owner_of(table) in columns for columns in unique), name


def test_what_is_spread_refers_to_its_own_owners_rows_or_to_what_is_whole() -> None:
    for name, table in metadata.tables.items():
        for key in table.foreign_key_constraints:
            pairs = {(one.parent.name, one.column.name) for one in key.elements}
            target = key.referred_table
            if target.name in WHOLE:
                continue
            assert name not in WHOLE, f"{name} would have to look on every machine"
            assert (owner_of(table), owner_of(target)) in pairs, f"{name} refers to {target.name} past its owner"
