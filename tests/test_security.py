"""The key that signs logins: where it comes from, who can read it, and when a start is refused."""

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend import security
from backend.errors import ConfigurationError
from backend.security import SECRET_KEY_FILE, resolve_key
from backend.settings import Settings
from tests.support import ROOT

GOOD = "0f" * 32


def settings(folder: Path, **values: Any) -> Settings:
    named = {"secret_key": None, "environment": "development", "space_id": None, **values}
    return Settings(database_url=f"sqlite:///{folder / 'todo.db'}", **named)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.mark.parametrize(
    "key",
    [
        "weak-one",
        "0f" * 15 + "0",
        "your-secret-key-here-change-in-production",
        "CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME",
        "this-is-an-example-of-a-key-that-is-long",
        "placeholder-placeholder-placeholder-1234",
    ],
)
def test_production_refuses_a_weak_key_with_a_sentence_that_helps_and_does_not_repeat_it(
    folder: Path, key: str
) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32") as refused:
        resolve_key(settings(folder, secret_key=key, environment="production"))
    assert key not in str(refused.value)
    assert not (folder / SECRET_KEY_FILE).exists()


@pytest.mark.parametrize("key", [None, "", "   "])
def test_production_refuses_to_make_a_key_up(folder: Path, key: str | None) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32"):
        resolve_key(settings(folder, secret_key=key, environment="production"))
    assert not (folder / SECRET_KEY_FILE).exists()


@pytest.mark.parametrize("key", ["short", "", None])
def test_the_app_does_not_start_in_production_without_a_good_key(folder: Path, key: str | None) -> None:
    environment = {
        **os.environ,
        "ENVIRONMENT": " Production ",
        "DATABASE_URL": f"sqlite:///{folder / 'todo.db'}",
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("SECRET_KEY")
    if key is not None:
        environment["SECRET_KEY"] = key
    code = "from backend import security; security.signing_key()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "openssl rand -hex 32" in done.stderr


@pytest.mark.parametrize("environment", ["development", "test", "staging", "production"])
def test_a_good_key_is_taken_as_it_is(folder: Path, environment: str) -> None:
    assert resolve_key(settings(folder, secret_key=GOOD, environment=environment)) == GOOD
    assert list(folder.iterdir()) == []


def test_a_weak_key_is_good_enough_for_development_and_the_log_says_so_without_it(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert resolve_key(settings(folder, secret_key="mine")) == "mine"
    assert "refused in production" in caplog.text
    assert "mine" not in caplog.text


def test_a_missing_key_is_made_kept_for_its_owner_alone_and_survives_a_restart(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    usual = os.umask(0)
    try:
        key = resolve_key(settings(folder))
    finally:
        os.umask(usual)
    [file] = folder.iterdir()
    assert file.name == SECRET_KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == key
    assert len(bytes.fromhex(key)) == 32
    assert "kept beside the data" in caplog.text
    assert key not in caplog.text
    caplog.clear()
    assert resolve_key(settings(folder)) == key
    assert caplog.text == ""


def test_a_space_without_a_secret_comes_up_and_says_what_to_do(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    key = resolve_key(settings(folder, space_id="me/todos", environment="production"))
    assert len(key) == 64
    assert "Space" in caplog.text
    assert "openssl rand -hex 32" in caplog.text


@pytest.mark.parametrize("content", ["", "\n", "0f0f", " " * 64])
def test_a_key_file_that_a_crash_left_empty_never_signs_anything(
    folder: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / SECRET_KEY_FILE).write_text(content)
    key = resolve_key(settings(folder))
    assert len(bytes.fromhex(key)) == 32
    assert resolve_key(settings(folder)) == key
    assert "damaged" in caplog.text


def test_a_key_file_of_random_bytes_does_not_stop_the_start(folder: Path) -> None:
    (folder / SECRET_KEY_FILE).write_bytes(b"\xff\xfe\x00")
    assert len(bytes.fromhex(resolve_key(settings(folder)))) == 32


def test_a_folder_that_knows_no_links_keeps_the_key_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    key = resolve_key(settings(folder))
    assert [file.name for file in folder.iterdir()] == [SECRET_KEY_FILE]
    assert stat.S_IMODE((folder / SECRET_KEY_FILE).stat().st_mode) == 0o600
    assert resolve_key(settings(folder)) == key


def test_a_folder_that_keeps_nothing_costs_the_logins_and_not_the_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / SECRET_KEY_FILE).mkdir()
    first, second = resolve_key(settings(folder)), resolve_key(settings(folder))
    assert first != second
    assert "end at the next restart" in caplog.text


def test_a_key_that_can_be_read_is_used_where_nothing_can_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = resolve_key(settings(folder))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("open", "link", "mkdir"):
        monkeypatch.setattr(os, name, refuse)
    assert resolve_key(settings(folder)) == key


def test_processes_that_start_at_once_agree_on_one_key(folder: Path) -> None:
    code = (
        "from pathlib import Path; import sys; from backend import security;"
        " print(security._kept_key(Path(sys.argv[1]), survives=True))"
    )
    command = [sys.executable, "-c", code, str(folder / SECRET_KEY_FILE)]
    starts = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    keys = {start.communicate(timeout=60)[0].strip() for start in starts}
    assert keys == {(folder / SECRET_KEY_FILE).read_text()}
    assert [file.name for file in folder.iterdir()] == [SECRET_KEY_FILE]


def test_the_settings_never_show_the_key(folder: Path) -> None:
    assert GOOD not in repr(settings(folder, secret_key=GOOD))
    assert GOOD not in settings(folder, secret_key=GOOD).model_dump_json()


def test_hashing_twice_makes_two_hashes_that_both_verify(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    first, second = security.hash_password("SecurePass123!"), security.hash_password("SecurePass123!")
    assert first != second
    assert security.verify_password("SecurePass123!", first) == (True, None)
    assert security.verify_password("SecurePass123?", second) == (False, None)
    assert security.verify_password("SecurePass123!", None) == (False, None)
    assert "SecurePass" not in caplog.text
