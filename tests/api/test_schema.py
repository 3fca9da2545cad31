"""/openapi.json under fire: schemathesis makes requests of it, good and bad, and no answer may leave the document."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CHECKS

from backend import database
from backend.api.application import create_api
from backend.settings import get_settings
from tests.support import Account

# A stream of events never ends, and whoever reads to its end waits for ever; tests/api/test_history.py reads it.
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", create_api(get_settings())).exclude(
    operation_id="stream_events"
)

# Some refusals are about several fields at once (a time needs a day) or about what no schema can say (an IANA zone).
NOT_SAYABLE: list[Any] = [CHECKS.get_one("positive_data_acceptance")]
# `Depends` reads the whole form as text; a form has no types to get wrong.
# And in a query, one value is a list of one.
TEXTS = {
    *("token", "login_with_cookie", "list_todos", "list_trash", "delete_todos"),
    *("list_operations", "list_changes", "export_todos", "import_todos"),
}
# Other methods read the last word of these paths as an id, and say that no todo has it; so `Allow` names them, and is
# right.
WORDS = {"list_trash", "empty_trash", "quick_add", "batch", "export_todos", "import_todos"}
# What comes by chance; what is at the edge of each field and beyond comes by itself, some 3,400 requests, each time.
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "10"))


@pytest.fixture(autouse=True)
def no_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app runs twice here, for its document and for the account: at its end one would wait for the other's turn."""
    monkeypatch.setattr(database, "make_keeper", lambda: None)


def fire(case: Case[Any], account: Account) -> None:
    excluded = NOT_SAYABLE.copy()
    if case.operation.definition.raw["operationId"] in TEXTS:
        excluded.append(CHECKS.get_one("negative_data_rejection"))
    if case.operation.definition.raw["operationId"] in WORDS:
        excluded.append(CHECKS.get_one("allow_header_conformance"))
    case.call_and_validate(headers=account.headers, excluded_checks=excluded)


def bounded(examples: int, **others: Any) -> Callable[..., Any]:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None, **others
    )


@SCHEMA.parametrize()
@bounded(EXAMPLES, derandomize=True)
def test_no_answer_is_outside_the_document(case: Case[Any], account: Account) -> None:
    fire(case, account)


@pytest.mark.endurance
@SCHEMA.parametrize()
# Without the requests at the edges: they are the same each time, and are made while tests are collected.
@bounded(300, phases=[Phase.generate, Phase.shrink])
def test_no_answer_is_outside_the_document_for_minutes(case: Case[Any], account: Account) -> None:
    fire(case, account)
