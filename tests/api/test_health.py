"""What /health tells: to strangers whether they can rely on it, to an administrator everything but paths."""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend import database
from backend.settings import VERSION
from backend.storage import memory
from backend.storage.diagnose import State
from backend.storage.healed import Healed
from backend.storage.memory import Memory
from tests.support import Account

HEALED = Healed(State.CORRUPT, "todo.db.quarantine/20261122T203055Z-corrupt-3f9a1c2e", saved=90, expected=100, lost=10)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the start have found something."""

    def change(**found: Any) -> None:
        monkeypatch.setattr(database, "report", replace(database.report, **found))

    return change


def details(admin: Account) -> dict[str, Any]:
    answer = admin.client.get("/health", headers=admin.headers)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_a_stranger_learns_the_status_and_what_becomes_of_the_data(client: TestClient) -> None:
    assert client.get("/health").json() == {
        "status": "healthy",
        "version": VERSION,
        "survives_restart": True,
        "detail": "What is stored here is kept, also when the app restarts.",
    }


def test_a_stranger_is_told_that_a_restart_loses_everything(
    own_database: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.home is not None
    monkeypatch.setattr(database, "home", replace(database.home, survives_restart=False, live=own_database))
    told = client.get("/health").json()
    assert told["status"] == "healthy"
    assert told["survives_restart"] is False
    assert "restart loses everything" in told["detail"]


def test_who_is_no_administrator_is_told_no_more_than_a_stranger(make_account: Callable[..., Account]) -> None:
    make_account()
    second = make_account()
    assert second.client.get("/health", headers=second.headers).json() == second.client.get("/health").json()


def test_an_administrator_sees_how_the_storage_is(own_database: Path, account: Account) -> None:
    told = details(account)
    assert told["status"] == "healthy"
    assert (told["found"], told["dialect"], told["journal_mode"], told["data_dir"]) == (
        database.report.found,
        "sqlite",
        "wal",
        "local",
    )
    assert told["sqlite"].count(".") == 2
    assert isinstance(told["wal_reset_bug"], bool)
    assert told["schema"]["match"]
    assert told["schema"]["revision"] == told["schema"]["head"] == database.report.head != ""
    assert told["check"]["result"] == "ok"
    assert told["check"]["kind"] in {"quick", "full"}
    assert told["disk"]["free_bytes"] > 0
    assert told["disk"]["db_bytes"] > 0
    assert told["backup"]["last_error"] is None
    assert told["heal"] is None
    assert own_database.exists()


def test_an_administrator_sees_the_last_heal_and_no_path(
    own_database: Path, account: Account, report: Callable[..., None]
) -> None:
    report(last_heal=asdict(HEALED), unacknowledged=HEALED.notice, healed=HEALED)
    told = details(account)
    assert told["status"] == "degraded"
    assert told["heal"] == {
        "last": HEALED.at,
        "state": "corrupt",
        "saved": 90,
        "partial": 0,
        "from_index": 0,
        "from_backup": 0,
        "lost": 10,
        "quarantine": "20261122T203055Z-corrupt-3f9a1c2e",
        "acknowledged": False,
    }
    assert str(own_database.parent) not in str(told)


def test_an_acknowledged_loss_makes_it_healthy_again_also_in_another_process(
    own_database: Path, account: Account, report: Callable[..., None]
) -> None:
    report(last_heal=asdict(HEALED), unacknowledged=HEALED.notice)
    memory.write_down(own_database, Memory(unacknowledged=HEALED.notice))
    assert details(account)["status"] == "degraded"
    memory.acknowledge(own_database)  # as another process of the app does
    told = details(account)
    assert told["status"] == "healthy"
    assert told["heal"]["acknowledged"] is True
    report(unacknowledged="Another loss.")
    assert details(account)["status"] == "degraded"
    assert account.call("POST", "/admin/acknowledge").status_code == 204
    assert details(account)["status"] == "healthy"


def test_a_note_of_a_heal_that_makes_no_sense_is_left_out(account: Account, report: Callable[..., None]) -> None:
    report(last_heal={"at": "yesterday", "saved": "some"})
    assert details(account)["heal"] is None


@pytest.mark.parametrize("found", [{"is_read_only": True}, {"is_damaged": True}])
def test_it_is_not_ready_where_not_everything_can_be_done(
    client: TestClient, report: Callable[..., None], found: dict[str, bool]
) -> None:
    assert client.get("/health/ready").status_code == 200
    report(**found)
    assert client.get("/health").json()["status"] == "degraded"
    assert client.get("/health").status_code == 200
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "degraded")
    assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize("found", [{"is_read_only": True}, {"is_damaged": True}])
def test_where_it_says_so_nothing_is_changed(
    account: Account, report: Callable[..., None], found: dict[str, bool]
) -> None:
    account.add("kept")
    report(**found)
    refused = account.call("POST", "/todos", json={"title": "not into a damaged file"})
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert [todo["title"] for todo in account.call("GET", "/todos").json()["todos"]] == ["kept"]


def test_a_file_that_goes_bad_under_the_running_app_is_told_in_words(own_database: Path, account: Account) -> None:
    for number in range(60):
        account.add(f"Todo {number}", description="x" * 2_000)
    database.engine.dispose()
    content = own_database.read_bytes()
    # Everything but the first page, which holds the schema: it opens, and cannot be read.
    own_database.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    before = database.report
    try:
        answer = account.call("GET", "/todos")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "storage_unavailable"
        assert "restart" in answer.json()["detail"]
        assert "malformed" not in answer.text
        ready = account.client.get("/health/ready")
        assert ready.status_code == 503
    finally:
        database.report = before


def test_of_what_was_put_aside_the_reports_can_be_downloaded_and_the_database_says_why_not(
    account: Account, own_database: Path
) -> None:
    quarantine = own_database.with_name("todo.db.quarantine")
    folder = quarantine / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-corrupt-3f9a1c2e"
    older = quarantine / "20261122T203055Z-reset-3f9a1c2e"
    for each in (folder, older):
        each.mkdir(parents=True)
        for name in ("todo.db", "report.json"):
            (each / name).write_text("{}")
    [listed] = account.call("GET", "/admin/quarantine").json()["quarantine"]
    assert listed == {"name": folder.name, "files": {"todo.db": 2, "report.json": 2}}
    place = f"/admin/quarantine/{folder.name}"
    assert account.call("GET", f"{place}/report.json").text == "{}"
    refused = account.call("GET", f"{place}/todo.db")
    assert refused.status_code == 404
    assert "is not to be downloaded" in refused.json()["detail"]
    for name in ("other.db", "x%00"):
        unknown = account.call("GET", f"{place}/{name}")
        assert (unknown.status_code, "is not to be downloaded" in unknown.text) == (404, False)
    # What was put aside before this account was made may be of people who were here before a reset.
    assert account.call("GET", f"/admin/quarantine/{older.name}/report.json").status_code == 404


def test_it_is_not_ready_where_a_change_would_be_refused(own_database: Path, client: TestClient) -> None:
    def told(path: str) -> tuple[int, str, str]:
        answer = client.get(path)
        return answer.status_code, answer.json()["status"], answer.json()["detail"].rpartition(". ")[2]

    other = sqlite3.connect(own_database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert told("/health/ready") == (503, "degraded", "Right now nothing can be changed.")
    assert told("/health")[:2] == (200, "healthy")  # somebody's lock goes by
    other.execute("UPDATE installation SET state = 'moved'")
    other.execute("COMMIT")
    assert told("/health/ready") == (503, "degraded", "Right now nothing can be changed.")
    assert told("/health") == (200, "degraded", "Right now nothing can be changed.")
    other.execute("UPDATE installation SET state = 'active'")
    other.close()
    assert told("/health/ready")[:2] == (200, "healthy")
