"""Statements compiled once, and run on the driver's own connection, for the few that nearly every request needs.

For a row found by its key SQLite needs some ten microseconds, and the way there and back through a session some
hundreds: the statement is built, looked up and sent, a connection taken from the pool and given back. A `Prepared`
statement is still SQLAlchemy's, with the same tables and types; only the way is shorter. On another database it goes
the usual way.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.attributes import instance_state, manager_of_class
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel

Entity = TypeVar("Entity", bound=SQLModel)

_HELD = "connection_of_transaction"


class Reader:
    """A connection to SQLite that one thread keeps for short reads. It sees what is committed, as a session does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # Taken out of the pool for good: the pool would roll back and check it each time it is given back.
        pooled = engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        self._pooled = pooled
        self.driver: sqlite3.Connection = driver

    @contextmanager
    def snapshot(self) -> Iterator["Reader"]:
        """Everything read inside is of one moment."""
        self.driver.execute("BEGIN")
        try:
            yield self
        finally:
            self.driver.rollback()

    def close(self) -> None:
        """Let go of the file."""
        self._pooled.close()


class Prepared:
    """A statement with `bindparam`s for what differs from one request to the next. Its rows have the columns' names.

    `columns` are those that an insert sets.
    """

    def __init__(self, statement: Any, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: _Compiled | None = None

    def all(self, source: Reader | Session, **values: Any) -> list[Any]:
        """Every row that a query finds."""
        if isinstance(source, Reader):
            return self._for(source.engine.dialect).rows(source.driver, values)
        source.flush()
        connection, driver = _connection_of(source)
        if driver is None:
            return list(connection.execute(self._statement, values))
        found: list[Any] = _translated(self._for(connection.dialect).rows, driver, values)
        return found

    def first(self, source: Reader | Session, **values: Any) -> Any:
        """The first row, None where there is none."""
        rows = self.all(source, **values)
        return rows[0] if rows else None

    def stored(self, reader: Reader, **values: Any) -> list[tuple[Any, ...]]:
        """Every row as SQLite keeps it: two are equal where the same is stored. What one says, `read` knows."""
        return self._for(reader.engine.dialect).stored(reader.driver, values).fetchall()

    def read(self, reader: Reader, stored: tuple[Any, ...]) -> Any:
        """What a stored row says."""
        return self._for(reader.engine.dialect).read(stored)

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change something, once for each row of values."""
        connection, driver = _connection_of(session)
        if driver is None:
            connection.execute(self._statement, rows)
        else:
            _translated(self._for(connection.dialect).run, driver, rows)

    def _for(self, dialect: Dialect) -> "_Compiled":
        if self._compiled is None:
            self._compiled = _Compiled(self._statement, self._columns, dialect)
        return self._compiled


def held(entity: SQLModel) -> Mapping[str, Any]:
    """What an object holds, its columns by their names: to ask it for each of them takes five times as long."""
    for name in tuple(instance_state(entity).expired_attributes):
        getattr(entity, name)  # the first one reads all of them
    return vars(entity)


def view(entity: SQLModel) -> Any:
    """What an object holds now, as attributes to look at, for who looks at most of them."""
    return SimpleNamespace(**held(entity))


class ByKey(Generic[Entity]):
    """Objects found by their primary key, as `Session.get` finds them: a fourth of its time where SQLite is asked."""

    def __init__(self, entity: type[Entity]) -> None:
        mapper: Any = sa.inspect(entity)
        self._entity, self._mapper = entity, mapper
        self._names = [column.key for column in mapper.primary_key]
        self._statement = Prepared(
            sa.select(*mapper.columns).where(*(column == sa.bindparam(column.key) for column in mapper.primary_key))
        )

    def get(self, session: Session, *key: str) -> Entity | None:
        """The object with this key, the one that the session holds already if it does."""
        is_held = self._mapper.identity_key_from_primary_key(key) in session.identity_map
        if is_held or _connection_of(session)[1] is None:
            return session.get(self._entity, key)
        row = self._statement.first(session, **dict(zip(self._names, key, strict=True)))
        if row is None:
            return None
        return self._known(session, row._asdict())

    def _known(self, session: Session, values: Mapping[str, Any]) -> Entity:
        """An object with these values as its columns, all of them, which the session knows as a stored one.

        What `make_transient_to_detached` does, without looking for columns that are not: half of the time.
        """
        made: Entity = manager_of_class(self._entity).new_instance()
        made.__dict__.update(values)
        instance_state(made).key = self._mapper.identity_key_from_primary_key([values[name] for name in self._names])
        session.add(made)
        return made


class _Compiled:
    """What the driver is told, and how its answers become what the columns hold."""

    def __init__(self, statement: Any, columns: Sequence[str] | None, dialect: Dialect) -> None:
        # Lists are spelled out, for the driver knows none.
        compiled = statement.compile(dialect=dialect, column_keys=columns, compile_kwargs={"render_postcompile": True})
        self._sql = str(compiled)
        said = {name for parameter, name in compiled.bind_names.items() if not parameter.required}
        self._fixed = {name: value for name, value in compiled.params.items() if name in said}
        names = list(compiled.positiontup or ())
        # At once what one by one takes as long as SQLite itself. Of one name alone it would not answer a row.
        self._named = itemgetter(*names) if len(names) > 1 else lambda values: tuple(values[name] for name in names)
        kinds = {name: parameter.type for parameter, name in compiled.bind_names.items()}
        processes = [(number, _on_the_way_in(kinds[name], dialect)) for number, name in enumerate(names)]
        # Most columns are empty in most rows, and most types keep that as it is; JSON says null.
        self._bound = [(number, process, process(None) is None) for number, process in processes if process is not None]
        self._values = self._processed if self._bound or self._fixed else self._named
        answered: list[ColumnElement[Any]] = list(getattr(statement, "selected_columns", ()))
        readings = [(number, _on_the_way_out(column.type, dialect)) for number, column in enumerate(answered)]
        self._read = [(number, process) for number, process in readings if process is not None]
        row: Any = namedtuple("Row", [column.key for column in answered])  # type: ignore[misc]  # noqa: PYI024 - as the statement names them
        self._row = row._make

    def rows(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> list[Any]:
        return [self.read(stored) for stored in self.stored(driver, values)]

    def stored(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return driver.execute(self._sql, self._values(values))

    def read(self, stored: tuple[Any, ...]) -> Any:
        row = list(stored)
        for number, process in self._read:
            if row[number] is not None:
                row[number] = process(row[number])
        return self._row(row)

    def run(self, driver: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        driver.executemany(self._sql, map(self._values, rows)).close()

    def _processed(self, values: Mapping[str, Any]) -> Sequence[Any]:
        row = list(self._named({**self._fixed, **values} if self._fixed else values))
        for number, process, keeps_none in self._bound:
            if row[number] is not None or not keeps_none:
                row[number] = process(row[number])
        return row


def _connection_of(session: Session) -> tuple[Connection, sqlite3.Connection | None]:
    """The connection of the session's transaction, and the driver's own where it is SQLite's.

    To ask the session for it costs as much as finding a row by its key. A savepoint is another transaction, and begins
    on the connection when the session is asked for it.
    """
    held: tuple[Any, tuple[Connection, sqlite3.Connection | None]] | None = session.info.get(_HELD)
    now = session.get_nested_transaction() or session.get_transaction()
    if held is not None and held[0] is now and now is not None:
        return held[1]
    connection = session.connection()
    driver: Any = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    session.info[_HELD] = session.get_nested_transaction() or session.get_transaction(), (connection, driver)
    return connection, driver


def _translated(run: Callable[..., Any], driver: sqlite3.Connection, values: Any) -> Any:
    """What fails fails as it does through SQLAlchemy, whose errors the doors know; never with the values."""
    try:
        return run(driver, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance("", None, error, sqlite3.Error, hide_parameters=True) from error


def _on_the_way_in(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _on_the_way_out(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
