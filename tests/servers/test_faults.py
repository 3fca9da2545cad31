"""What a driver's error means: the code counts, whichever of them a driver knows."""

import pymysql  # type: ignore[import-untyped]
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from backend.storage import faults
from backend.storage.faults import Fault


@pytest.mark.parametrize(
    ("number", "sqlstate", "fault"),
    [
        (1213, "40001", Fault.CONFLICT),
        (1205, "HY000", Fault.CONFLICT),
        (1020, "HY000", Fault.CONFLICT),
        (1062, "23000", Fault.LOST_RACE),
        (1452, "23000", Fault.LOST_RACE),
        (1040, "08004", Fault.DISCONNECTED),
        (1053, "08S01", Fault.DISCONNECTED),
        (2013, None, Fault.DISCONNECTED),
        (1045, "28000", Fault.REFUSED),
        (1049, "42000", Fault.REFUSED),
        (1142, "42000", Fault.REFUSED),
        (1290, "HY000", Fault.BUSY),
        (1021, "HY000", Fault.FULL),
    ],
)
def test_mysqls_number_counts_and_not_its_vague_sqlstate(number: int, sqlstate: str | None, fault: Fault) -> None:
    reported = pymysql.err.OperationalError(number, "words")
    reported.sqlstate = sqlstate
    kind = IntegrityError if fault is Fault.LOST_RACE else OperationalError
    error: DBAPIError = kind("SELECT 1", {}, reported)
    assert faults.fault_of(error) is fault
    assert faults.words_of(error) == f"OperationalError [{number}]", "no host, no user, no key of anybody's row"


@pytest.mark.parametrize(
    ("reported", "fault"),
    [
        (errors.DeadlockDetected("x"), Fault.CONFLICT),
        (errors.SerializationFailure("x"), Fault.CONFLICT),
        (errors.UniqueViolation("x"), Fault.LOST_RACE),
        (errors.CannotConnectNow("x"), Fault.DISCONNECTED),
        (errors.InvalidPassword("x"), Fault.REFUSED),
        (errors.InvalidCatalogName("x"), Fault.REFUSED),
        (errors.ReadOnlySqlTransaction("x"), Fault.BUSY),
        (errors.SyntaxError("x"), Fault.OTHER),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_postgresqls_sqlstate_counts(reported: Exception, fault: Fault) -> None:
    is_ours = fault is Fault.OTHER
    assert faults.fault_of((DBAPIError if is_ours else OperationalError)("SELECT 1", {}, reported)) is fault
