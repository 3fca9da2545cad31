"""The README under test: its table, its front matter, and each of its examples against a running app."""

import re
import subprocess
import sys

import httpx
import pytest

from backend.settings import Settings
from tests.support import ROOT, LiveServer

README = (ROOT / "README.md").read_text()
FRONT_MATTER = dict(re.findall(r"^(\w+): (.+)$", README.split("---")[1], flags=re.MULTILINE))


def example(name: str) -> str:
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", README, flags=re.DOTALL)
    assert found, f"the README has no example {name}"
    return found[1]


def test_the_settings_table_says_what_the_settings_are() -> None:
    rows = {
        name: (default, meaning)
        for name, default, meaning in re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$", README, re.MULTILINE)
    }
    expected = {}
    for name, field in Settings.model_fields.items():
        default = getattr(field.default, "value", field.default)
        words = str(default).lower() if isinstance(default, bool) else str(default)
        expected[name.upper()] = ("" if default is None else f"`{words}`", field.description)
    assert rows == expected


def test_the_space_installs_the_gradio_that_is_pinned() -> None:
    requirements = (ROOT / "requirements.txt").read_text()
    assert f"gradio[mcp]=={FRONT_MATTER['sdk_version']}\n" in requirements
    assert FRONT_MATTER["sdk"] == "gradio"
    assert FRONT_MATTER["app_file"] == "app.py"
    assert len(FRONT_MATTER["short_description"]) <= 60


def test_everything_the_user_fixed_is_in_the_requirements() -> None:
    requirements = (ROOT / "requirements.txt").read_text()
    for package in ("gradio", "fastapi", "sqlmodel", "alembic", "passlib", "python-jose", "pydantic-settings"):
        assert re.search(rf"^{package}(\[\w+\])?==", requirements, flags=re.MULTILINE), package


def test_the_top_level_is_what_the_user_fixed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {path.split("/")[0] for path in tracked.splitlines() if not path.startswith(".")}
    fixed = {"app.py", "backend", "alembic", "tests", "alembic.ini", "requirements.txt", "README.md"}
    assert top <= fixed | {"pyproject.toml", "LICENSE"}


@pytest.fixture
def readme_server(live_server: LiveServer) -> LiveServer:
    """The live server with the README's account on it."""
    account = {"email": "test@example.com", "username": "testuser", "password": "SecurePass123!"}
    assert httpx.post(f"{live_server.url}/api/v1/auth/register", json=account).status_code in {201, 409}
    return live_server


def run(command: list[str], source: str, server: LiveServer) -> str:
    done = subprocess.run(
        [*command, source.replace("http://localhost:7860", server.url)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_curl_example(readme_server: LiveServer) -> None:
    printed = run(["bash", "-euc"], example("curl"), readme_server)
    assert '"title":"Buy milk"' in printed
    assert '"todos":[' in printed


def test_the_rest_example(readme_server: LiveServer) -> None:
    assert run([sys.executable, "-c"], example("rest"), readme_server).strip() == "Monday high"


def test_the_token_example(readme_server: LiveServer) -> None:
    printed = run([sys.executable, "-c"], example("token"), readme_server).splitlines()
    assert printed == [
        "This token may not do that: it lacks the scope `delete`. Use one that has it, or log in.",
        "1 taken back",
    ]


def test_the_notebook_example(readme_server: LiveServer) -> None:
    assert "Water the plants" in run([sys.executable, "-c"], example("notebook"), readme_server)
