"""User: an account. E-mail address and username are unique regardless of case, and checked here, in Python."""

import re
from datetime import datetime
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, field_validator
from sqlalchemy import CheckConstraint, Column, String, UniqueConstraint
from sqlmodel import Field as TableField
from sqlmodel import SQLModel

from backend.models.base import ID_LENGTH, Id, Shape, UtcDateTime, new_id, utc_now

USERNAME_MIN, USERNAME_MAX = 3, 50
PASSWORD_MIN, PASSWORD_MAX = 8, 128
EMAIL_MAX = 254  # RFC 5321, as corrected by erratum 1690 to RFC 3696
TIMEZONE_MAX = 64

_USERNAME = re.compile(r"[A-Za-z0-9_.\-]+")


def fold(name: str) -> str:
    """The form in which names are compared: what differs only by case is the same name."""
    return name.strip().casefold()


@cache
def _zones() -> frozenset[str]:
    # "localtime" is whatever this machine says, and unknown to the next one that opens the database.
    return frozenset(available_timezones() - {"localtime"})


def as_timezone(value: str) -> str:
    """An IANA zone name; raises ValueError for any other text."""
    if value not in _zones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin or UTC")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError):  # a name of the index whose data is no zone, such as a listing file
        raise ValueError("must be an IANA time zone such as Europe/Berlin or UTC") from None
    return value


Timezone = Annotated[str, Field(max_length=TIMEZONE_MAX, examples=["Europe/Berlin"]), AfterValidator(as_timezone)]
Password = Annotated[
    str, Field(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX, json_schema_extra={"format": "password"})
]


class _NameRules(Shape):
    """The rules for names, for every shape that carries them."""

    @field_validator("email", check_fields=False)
    @classmethod
    def _is_email(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            # No look-up of the domain: a Space may not reach DNS, and registering must not wait for it.
            return validate_email(value.strip(), check_deliverability=False).normalized
        except EmailNotValidError as error:
            why = str(error).rstrip(".")
            raise ValueError(f"must be an e-mail address such as name@example.com ({why})") from None

    @field_validator("username", check_fields=False)
    @classmethod
    def _is_username(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = value.strip()
        if not USERNAME_MIN <= len(value) <= USERNAME_MAX or not _USERNAME.fullmatch(value):
            raise ValueError(f"must be {USERNAME_MIN} to {USERNAME_MAX} characters of letters a-z, digits, _, - or .")
        return value


class UserCreate(_NameRules):
    """What registration takes."""

    email: str = Field(max_length=EMAIL_MAX, examples=["test@example.com"])
    username: str = Field(max_length=USERNAME_MAX, examples=["testuser"])
    password: Password = Field(examples=["SecurePass123!"])
    timezone: Timezone = "UTC"


class UserUpdate(_NameRules):
    """Changes to an account; what is not named stays as it is."""

    email: str = Field(default_factory=str, max_length=EMAIL_MAX)
    username: str = Field(default_factory=str, max_length=USERNAME_MAX)
    timezone: Timezone = Field(default_factory=str)


class UserRead(Shape):
    """An account as its owner sees it."""

    id: Id
    email: str
    username: str
    timezone: str
    is_admin: bool
    created_at: datetime


class User(SQLModel, table=True):
    """An account. The `_key` columns hold the folded names, because databases disagree about case."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email_key"),
        UniqueConstraint("username_key"),
        CheckConstraint(f"length(username) BETWEEN {USERNAME_MIN} AND {USERNAME_MAX}", name="username_length"),
        CheckConstraint("length(email) >= 3", name="email_length"),
    )

    id: str = TableField(default_factory=new_id, sa_column=Column(String(ID_LENGTH), primary_key=True))
    email: str = TableField(sa_column=Column(String(255), nullable=False))
    email_key: str = TableField(sa_column=Column(String(255), nullable=False))
    username: str = TableField(sa_column=Column(String(USERNAME_MAX), nullable=False))
    username_key: str = TableField(sa_column=Column(String(USERNAME_MAX), nullable=False))
    password_hash: str = TableField(sa_column=Column(String(255), nullable=False))
    timezone: str = TableField(sa_column=Column(String(TIMEZONE_MAX), nullable=False))
    is_admin: bool = False
    created_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = TableField(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
