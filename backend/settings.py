"""Settings: the only place that reads the environment."""

import json
import os
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from limits import parse
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from backend.errors import ConfigurationError

# The common spellings of hosting providers, and the drivers that we install for them.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}

# The release, as /health and the API's documentation name it.
VERSION = "1.0.0"

# Where Hugging Face mounts the storage of a Space that has some.
SPACE_MOUNT = Path("/data")


class Environment(StrEnum):
    """Where the app runs: production refuses weak secrets."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Every setting, its default and its meaning; the README's table is checked against this class."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field(
        "sqlite:///./todo_app.db", description="Where todos are kept: SQLite by default, PostgreSQL or MySQL by URL."
    )
    database_wait_seconds: int = Field(
        60, ge=0, description="Seconds that a start waits for a PostgreSQL or MySQL server that is still coming up."
    )
    redis_url: SecretStr | None = Field(
        None, description="A Redis that several processes of the app share, as `redis://host:6379/0`. One needs none."
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs logins. At least 32 characters; made with `openssl rand -hex 32`."
    )
    environment: Environment = Field(
        Environment.DEVELOPMENT, description="`production` refuses to start with a placeholder or short SECRET_KEY."
    )
    registration_open: bool = Field(
        default=True, description="`false` closes registration once the first account exists."
    )
    access_token_expire_minutes: int = Field(
        1440,
        ge=1,
        le=525_600,
        description="Life of an access token in minutes. Logging out ends it at once, whatever this says.",
    )
    refresh_token_expire_days: int = Field(30, ge=1, le=3_650, description="Days a login lasts without being used.")
    login_rate_limit: str = Field(
        "10/minute", description="Login, register and refresh attempts per account; three times as many per address."
    )
    backend_cors_origins: Annotated[list[str], NoDecode] = Field(
        [], description="Web origins that may call the REST API, as a JSON list or separated by commas."
    )
    trust_proxy_headers: bool | None = Field(
        None, description="Whether a proxy in front sets X-Forwarded-For and -Proto. Default: only on a Space."
    )
    data_dir: Path | None = Field(
        None, description="A folder that outlives restarts, for snapshots of SQLite. Default: `/data` on a Space."
    )
    backup_repo: str | None = Field(
        None, description="`YOU/NAME` of a private Hugging Face dataset that gets snapshots of SQLite too."
    )
    hf_token: SecretStr | None = Field(
        None, description="A Hugging Face token that may write to BACKUP_REPO; needed for that alone."
    )
    host: str = Field("0.0.0.0", description="Address that `python app.py` listens on.")  # noqa: S104 - a Space must be reachable
    port: int = Field(7860, ge=1, le=65535, description="Port that `python app.py` listens on.")
    log_level: str = Field("INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR.")
    space_id: str | None = Field(None, description="Set by Hugging Face on a Space; not for you to set.")
    space_host: str | None = Field(
        None, description="The Space's own host name, set by Hugging Face; links in messages lead there."
    )

    @field_validator("environment", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("redis_url", "secret_key", "data_dir", "backup_repo", "hf_token", mode="before")
    @classmethod
    def _blank_means_absent(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("login_rate_limit")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        try:
            rate = parse(value)
        except ValueError:
            rate = None
        if rate is None or rate.amount < 1:
            raise ValueError("LOGIN_RATE_LIMIT is a rate such as 10/minute or 100/hour.")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("LOG_LEVEL is one of DEBUG, INFO, WARNING, ERROR.")
        return value.upper()

    @field_validator("backend_cors_origins", mode="before")
    @classmethod
    def _json_or_commas(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.strip().startswith("["):
            return json.loads(value)
        return [origin.strip().rstrip("/") for origin in value.split(",") if origin.strip()]

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        return as_database_url(value, "DATABASE_URL").render_as_string(hide_password=False)

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_redis(value.get_secret_value()):
            raise ValueError("REDIS_URL is no address of a Redis; write redis://localhost:6379/0, for example.")
        return value

    @property
    def url(self) -> URL:
        """The database's URL, taken apart."""
        return make_url(self.database_url)

    @property
    def is_space(self) -> bool:
        """True on a Hugging Face Space."""
        return self.space_id is not None

    @property
    def base_url(self) -> str:
        """Where people open the page."""
        return f"https://{self.space_host}" if self.is_space and self.space_host else f"http://localhost:{self.port}"

    @property
    def is_behind_proxy(self) -> bool:
        """True where forwarded headers come from a proxy of ours and not from the caller."""
        return self.is_space if self.trust_proxy_headers is None else self.trust_proxy_headers

    @property
    def data_survives(self) -> bool:
        """Whether files outlive a restart: a Space without a mount at /data starts from an empty disk each time."""
        return not self.is_space or (self.data_dir or SPACE_MOUNT).is_dir()

    @property
    def lasting_dir(self) -> Path:
        """The folder whose content survives longest: the one named, a Space's mount, else the database's folder."""
        if self.data_dir is not None:
            return self.data_dir
        if self.is_space and SPACE_MOUNT.is_dir():
            return SPACE_MOUNT
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            return Path(self.url.database).resolve().parent
        return Path.cwd()


def as_database_url(value: str, name: str) -> URL:
    """A database URL with our driver's name in it; the ValueError never repeats the URL, which holds a password."""
    try:
        url = make_url(value.strip())
    except ArgumentError:
        raise ValueError(f"{name} is not a database URL; write sqlite:///./todo_app.db, for example.") from None
    # Also with somebody else's driver in it: URLs are copied from guides, and the driver is ours to choose.
    kind = url.drivername.partition("+")[0]
    if kind in _DRIVERS:
        url = url.set(drivername=_DRIVERS[kind])
    if url.get_backend_name() not in {"sqlite", "postgresql", "mysql", "mariadb"}:
        raise ValueError(f"{name} must start with sqlite, postgresql, mysql or mariadb.")
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError(f"{name} names a database in memory, which forgets everything; name a file.")
    return url


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is no number
        return False
    return parts.scheme in {"redis", "rediss"} and parts.hostname is not None and port != 0


@cache
def get_settings() -> Settings:
    """The settings, read once; a wrong one raises ConfigurationError with a sentence that names it."""
    try:
        return Settings()
    except ValidationError as error:
        # Never the value itself: it may be a secret.
        faults = (f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise ConfigurationError("A setting is wrong. " + " ".join(faults)) from None


def set_up_packages() -> None:
    """Settings of packages that they take from the environment alone; what somebody has set there stays."""
    # After each call Gradio makes a data frame of all calls, for a page that is switched off: not for so many calls.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
