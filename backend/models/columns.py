"""Column types: how a value is stored where databases disagree about it."""

from datetime import time

from sqlalchemy import SmallInteger, String, Text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from backend.models import due
from backend.models.field import Priority


def bytewise(length: int) -> TypeEngine[str]:
    """A text that every database compares by its code points, whatever its locale says: keys, not words for people."""
    return (
        String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
        .with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
    )


# MySQL's TEXT ends at 64 KiB, which 20,000 characters can pass.
LONG_TEXT: TypeEngine[str] = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


_PRIORITIES = tuple(Priority)
_RANKS = {priority: priority.rank for priority in Priority}


class Ranked(TypeDecorator[Priority]):
    """A priority as its rank, so that an index sorts it by urgency."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Priority | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """The rank of a priority."""
        return None if value is None else _RANKS[value]

    def process_result_value(self, value: int | None, dialect: Dialect) -> Priority | None:  # noqa: ARG002
        """The priority of a rank."""
        return None if value is None else _PRIORITIES[value - 1]


class WallClock(TypeDecorator[time]):
    """A time of day as the text it was said in: MySQL's TIME is a duration, and comes back as one."""

    impl = String(8)
    cache_ok = True

    def process_bind_param(self, value: time | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """`09:00`."""
        return None if value is None else due.clock(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> time | None:  # noqa: ARG002
        """The time that the text says."""
        return None if value is None else time.fromisoformat(value)
