"""What all tables and shapes share: ids, UTC times, named constraints, strict shapes."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any, Self

import uuid_utils
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

ID_LENGTH = 36

_set = object.__setattr__  # past pydantic's own, which checks

# Named, so that Alembic's batch mode and an error message can speak of a constraint on every database.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


def new_id() -> str:
    """A UUIDv7 (RFC 9562): unique without a server, and rising with time, so that indexes grow at one end."""
    return str(uuid_utils.uuid7())


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def as_id(value: str) -> str:
    """A UUID in its one spelling, lower case with hyphens; raises ValueError for any other text."""
    try:
        parsed = uuid_utils.UUID(value)
    except (TypeError, ValueError):
        raise ValueError("must be a UUID, for example 0192f0c1-2b3a-7c4d-8e5f-60718293a4b5") from None
    return str(parsed)


Id = Annotated[str, Field(max_length=64, json_schema_extra={"format": "uuid"}), AfterValidator(as_id)]


def _as_instant(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from None


_NUMBER = re.compile(r"\s*[+-]?\d*\.?\d*(e[+-]?\d+)?\s*", re.IGNORECASE)


def _written_out(value: Any) -> Any:
    """Pydantic takes a bare number for the seconds since 1970; 2027 would be one evening of that year."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("must be written out, such as 2027-03-01 or 2027-03-01T09:00:00Z")
    return value


# A moment, in UTC; one without a zone is taken as UTC.
Instant = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_as_instant)]
Day = Annotated[date, BeforeValidator(_written_out)]


_UTC_LENGTH = len("2027-03-01T09:00:00.000000")


@lru_cache(maxsize=64)
def rfc3339(moment: datetime) -> str:
    """The text of an aware time, in UTC. A change says the same one in several columns."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='microseconds')[:_UTC_LENGTH]}Z"


class _Rfc3339(sqlite.DATETIME):
    """SQLite's text of a UTC time. Written and read by `datetime` itself, in a tenth of the time that patterns take."""

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002
        """`2027-03-01T09:00:00.000000Z`."""
        return lambda value: None if value is None else f"{value.isoformat(timespec='microseconds')}Z"

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002
        """The time that the text says, also one with a space for the T, or without Z."""
        return lambda value: None if value is None else datetime.fromisoformat(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC times on every database: PostgreSQL keeps the zone, SQLite and MySQL would forget it.

    SQLite holds RFC 3339 text with microseconds and Z: it sorts as time and reads as what the API answers.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Microseconds everywhere; MySQL would round to seconds."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_Rfc3339())  # type: ignore[no-untyped-call]
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Any:
        """On SQLite in one go, for what says its zone: a row has five times."""
        process = super().bind_processor(dialect)
        if dialect.name != "sqlite" or process is None:
            return process
        return lambda value: process(value) if value is None or value.tzinfo is None else rfc3339(value)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody knows which instant it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone must not reach the database.")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware UTC, whatever the database answered."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FieldsOf:
    """Says of an object which fields it may have, where its check comes later, one by one in a batch."""

    def __init__(self, shape: type[BaseModel]) -> None:
        self._shape = shape

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the shape in place of any object's."""
        return handler(self._shape.__pydantic_core_schema__)


class Shape(BaseModel):
    """Input or output of a door: unknown fields are refused, so that a typo never silently does nothing."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def unchecked(cls, **values: Any) -> Self:
        """An object that says exactly this, every field of it, in the order in which they are answered.

        What `model_construct` makes in a fourth of its time: that looks for aliases and defaults, field by field.
        """
        made = cls.__new__(cls)
        _set(made, "__dict__", values)
        _set(made, "__pydantic_fields_set__", set(values))
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made

    @field_validator("*")
    @classmethod
    def _has_no_nul(cls, value: Any) -> Any:
        """PostgreSQL cannot hold or compare the NUL character, so no door takes it, whatever the database."""
        texts = (value,) if isinstance(value, str) else value if isinstance(value, list) else ()
        for text in texts:
            if isinstance(text, str) and "\x00" in text:
                raise ValueError("must not contain the NUL character")
        return value
