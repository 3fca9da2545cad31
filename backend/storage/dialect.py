"""Dialects: what each kind of database server must be told so that all of them behave like SQLite does here.

- Keys are compared byte by byte. By default MariaDB takes "a" for "A" and "ä", and one emoji for any other, and
  PostgreSQL sorts as its language does: tags would be refused, names taken by mistake, and cursors would run in another
  order.
- A value that does not fit is refused, never cut off, which MySQL does outside of its strict mode.
- A statement sees what was committed before it (READ COMMITTED), and never waits long for somebody else's lock.
"""

from typing import Any

from sqlalchemy import Column, Engine, String, Table, create_engine, event
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

POOL_RECYCLE_SECONDS = 1_800
# With one process this stays below the connections that small hosting plans allow.
POOL_SIZE, POOL_OVERFLOW, POOL_TIMEOUT_SECONDS = 5, 10, 10
CONNECT_TIMEOUT_SECONDS = 10
LOCK_TIMEOUT_SECONDS = 10

# How the names of columns end that are compared, and sorted by, as bytes.
_BYTEWISE = ("_id", "_key", "id", "position")

_AT_CONNECT = {
    # The driver hands times out in the session's zone, and fails for the first and last year in any but UTC.
    "postgresql": ("SET TIME ZONE 'UTC'", f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"),
    "mysql": (
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
        f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT_SECONDS}, lock_wait_timeout = {LOCK_TIMEOUT_SECONDS}",
    ),
}

# Under which name a connection remembers the pool that it was opened for.
_POOL = "pool"


def make_server_engine(url: URL) -> Engine:
    """An engine for a database across the network. A connection that died in the pool is noticed before it is used."""
    arguments: dict[str, Any] = {}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = CONNECT_TIMEOUT_SECONDS
    if url.get_backend_name() == "postgresql":
        # Prepared statements belong to a connection, and the poolers of hosting providers hand out another each time.
        arguments["prepare_threshold"] = None
    engine = create_engine(
        url,
        connect_args=arguments,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        pool_pre_ping=True,
        pool_recycle=POOL_RECYCLE_SECONDS,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_SECONDS,
    )
    statements = _AT_CONNECT["postgresql" if url.get_backend_name() == "postgresql" else "mysql"]

    def greet(connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_POOL] = engine.pool
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()

    def close_late(_: Any, entry: ConnectionPoolEntry) -> None:
        """What was in use when the engine was disposed of comes back to a pool that nobody will ever look into."""
        if entry.info.get(_POOL) is not engine.pool:
            entry.invalidate()

    event.listen(engine, "connect", greet)
    event.listen(engine, "checkin", close_late)
    return engine


@event.listens_for(Table, "before_create")
def _compare_bytes(table: Table, _: Any, *, _ddl_runner: Any, **__: Any) -> None:
    """Give every table that a migration makes the rules above, so that no migration has to speak a dialect."""
    dialect: Dialect = _ddl_runner.dialect
    if dialect.name in {"mysql", "mariadb"}:
        # NO PAD: with the older utf8mb4_bin "a" and "a " are one key.
        collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", collation)):
            table.kwargs[f"{dialect.name}_{option}"] = value
    elif dialect.name == "postgresql":
        for column in table.columns:
            compare_bytes(column)


def compare_bytes(column: Column[Any]) -> None:
    """Let PostgreSQL compare a column's texts byte by byte, where it is a key or says a place in an order.

    Keys alone: under "C" lower() knows ASCII only, and titles are searched with it.
    """
    kind = column.type
    is_key = column.primary_key or column.name.endswith(_BYTEWISE)
    if is_key and type(kind) is String and "postgresql" not in kind._variant_mapping:  # noqa: SLF001 - no public way to ask
        # As a variant: another kind of database may be next to get this table.
        column.type = kind.with_variant(String(kind.length, collation="C"), "postgresql")
