"""A start of the app on a database of the old deployment: the one way in which its users meet the adoption."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from backend.adoption.adopter import OldDeployment
from backend.repair import TodoCaretaker
from backend.storage import layout, prepare, quarantine
from backend.storage.diagnose import State
from backend.storage.prepare import Prepared, Rules
from tests.adoption import old_deployment

RULES = Rules(("users", "todos"), TodoCaretaker(), OldDeployment())


def start(url: str) -> Prepared:
    prepared = prepare.prepare(make_url(url), layout.released(), RULES)
    prepared.close()
    return prepared


def counts(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        users, todos = (connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("users", "todos"))  # noqa: S608 - constants
        return int(users or 0), int(todos or 0)


@pytest.mark.parametrize("version", ["001", None, "something else"])
def test_a_file_of_the_old_deployment_is_taken_over_and_kept(
    file_engine: Engine, tmp_path: Path, version: str | None
) -> None:
    with file_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.SQLITE, version=version)
    before = counts(file_engine)
    file_engine.dispose()
    database = tmp_path / "old.db"
    report = start(f"sqlite:///{database}").report
    assert report.is_usable
    assert any("old deployment" in action for action in report.actions)
    assert counts(file_engine) == before
    kept = list(quarantine.folder_of(database).rglob("old.db"))
    with closing(sqlite3.connect(kept[0])) as connection:
        assert connection.execute("SELECT count(*) FROM todos").fetchone() == (before[1],)
    assert list(quarantine.folder_of(database).rglob("adoption.jsonl"))
    assert start(f"sqlite:///{database}").report.found is State.HEALTHY


def test_a_server_of_the_old_deployment_is_taken_over_in_place(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection:
        old_deployment.build(connection, old_deployment.POSTGRESQL)
    before = counts(postgresql_engine)
    url = postgresql_engine.url.render_as_string(hide_password=False)
    assert start(url).report.is_usable
    assert counts(postgresql_engine) == before
    with postgresql_engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM old_deployment_todos")) == before[1]
    assert start(url).report.found is State.HEALTHY
