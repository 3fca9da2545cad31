"""Waiting for a database server: at a start it may still be coming up beside the app, or be restarting."""

import logging

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from backend.storage.faults import Fault, fault_of

logger = logging.getLogger(__name__)

NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}

_LONGEST_PAUSE_SECONDS = 2
_LINE_EVERY_SECONDS = 10

# While connecting, libpq gives no code. A server that speaks another language is waited for in vain, and named then.
_REFUSALS = ("password authentication failed", "does not exist", "no pg_hba.conf entry", "not permitted to log in")


class OutOfReachError(Exception):
    """The database server cannot be used; the text says why and what to do, without host, user or password."""


def until_up(engine: Engine, seconds: float, setting: str = "DATABASE_URL") -> None:
    """Return once the server answers; raises OutOfReachError after so many seconds, at once when it refuses us.

    `setting` is where people wrote down its URL.
    """
    name = NAMES.get(engine.dialect.name, engine.dialect.name)
    spoken_at: list[float] = []

    def report(state: RetryCallState) -> None:
        elapsed = state.seconds_since_start or 0.0
        if not spoken_at or elapsed - spoken_at[-1] >= _LINE_EVERY_SECONDS:
            spoken_at.append(elapsed)
            logger.warning("The %s server does not answer yet; waiting for it, up to %g s.", name, seconds)

    attempts = Retrying(
        retry=retry_if_exception(_is_coming_up),
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=0.1, max=_LONGEST_PAUSE_SECONDS),
        before_sleep=report,
        reraise=True,
    )
    try:
        attempts(_ask, engine)
    except DBAPIError as error:
        if _is_refused(error):
            raise OutOfReachError(
                f"The {name} server refuses the database, user or password of {setting}. Correct {setting}."
            ) from None
        raise OutOfReachError(
            f"The {name} server of {setting} did not answer within {seconds:g} s. Start it, or correct {setting}."
        ) from None
    if spoken_at:
        logger.info("The %s server answers.", name)


def _ask(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _is_coming_up(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and fault_of(error) is Fault.DISCONNECTED and not _is_refused(error)


def _is_refused(error: DBAPIError) -> bool:
    return fault_of(error) is Fault.REFUSED or any(words in str(error.orig) for words in _REFUSALS)
