"""Who may import whom. Each refusal says what would go wrong, so that nobody has to look for the reason."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import ROOT

WEB, PAGE = ("fastapi", "starlette"), ("gradio", "gradio_client")


@dataclass(frozen=True)
class Layer:
    """What a part of the house may lean on, and what goes wrong when it leans on more."""

    ours: frozenset[str]
    harm: str
    frameworks: frozenset[str] = field(default_factory=frozenset)


def layer(*ours: str, harm: str, frameworks: tuple[str, ...] = ()) -> Layer:
    return Layer(frozenset(ours), harm, frozenset(frameworks))


DOOR = (
    "access",
    "database",
    "news",
    "prepared",
    "replay",
    "transfers",
    "upkeep",
    "services",
    "models",
    "errors",
    "settings",
)
LAYERS = {
    "app": layer("main", "errors", "settings", harm="the entry would hold a part of the product"),
    "main": layer(
        "api",
        "agents",
        "ui",
        "security",
        "settings",
        "uncollected",
        "errors",
        harm="putting the doors together would become a door of its own",
    ),
    "api": layer(
        *DOOR, "signals", "turns", frameworks=WEB, harm="REST could not be served, tested or understood without the UI"
    ),
    "ui": layer(
        *DOOR,
        "notebooks",
        frameworks=PAGE,
        harm="the UI would go through the web API instead of the services",
    ),
    "agents": layer(
        *("access", "database", "replay", "services", "models", "errors", "settings"),
        harm="agents would go through another door",
    ),
    "notebooks": layer(harm="what is handed out for other machines would depend on this one"),
    "access": layer(
        "attempts",
        "database",
        "prepared",
        "services",
        "models",
        "security",
        "turns",
        "errors",
        "settings",
        harm="what both doors share would belong to one of them",
    ),
    "turns": layer(harm="what one turn knows would reach further than that"),
    "attempts": layer("errors", "settings", harm="counting attempts would need a database that may be what is busy"),
    "transfers": layer(
        "database",
        "exchange",
        "services",
        "models",
        "errors",
        harm="files could come in and leave by one of the doors only",
    ),
    "__main__": layer("cli", harm="a command would hold a part of the product"),
    "cli": layer(
        "database",
        "adoption",
        "move",
        "storage",
        "services",
        "models",
        "security",
        "errors",
        "settings",
        harm="looking after the data would need a web server",
    ),
    "move": layer("storage", "models", "errors", "settings", harm="moving the data would start the product on it"),
    "database": layer(
        "storage",
        "repair",
        "derived",
        "adoption",
        "news",
        "prepared",
        "rounds",
        "slow",
        "errors",
        "settings",
        harm="importing the database would drag the product with it",
    ),
    "repair": layer("storage", "models", harm="healing would depend on more than what a row means"),
    "derived": layer("models", harm="what is made anew after a heal would depend on more than the rows it is made of"),
    "services": layer(
        "exchange",
        "models",
        "derived",
        "news",
        "prepared",
        "quick",
        "security",
        "errors",
        "settings",
        harm="a rule would open its own transactions, or the UI could not use it without a web server",
    ),
    "exchange": layer("models", "errors", harm="a file could not be read or written without a database"),
    "quick": layer(
        "models", "errors", harm="what a text means would depend on what is stored, and could not be tried alone"
    ),
    "models": layer("errors", "settings", harm="Alembic could not read the tables without starting the product"),
    "security": layer("errors", "settings", harm="secrets would be made where they cannot be checked alone"),
    "adoption": layer(
        "models", "derived", "storage", harm="it could not run before there is a database to start the product on"
    ),
    "storage": layer(harm="healing a database would depend on what a todo is, and break when todos change"),
    "upkeep": layer(
        "database", "services", "models", "errors", harm="what the installation does for itself would need a door"
    ),
    "replay": layer(harm="what a request says could not be read twice without knowing what it is about"),
    "slow": layer(harm="what runs in a thread would depend on what it is"),
    "uncollected": layer(harm="how a part is imported would depend on what it is"),
    "rounds": layer(harm="when something is committed would depend on what it is"),
    "prepared": layer(harm="a statement could not be read without what it is about"),
    "news": layer(harm="whoever waits for a change would wait for more than that"),
    "signals": layer("news", "settings", harm="carrying news between processes would need to know what it is about"),
    "settings": layer("errors", harm="the settings could not be read before everything else"),
    "__init__": layer(harm="importing anything of ours would import all of it"),
    "errors": layer(harm="a refusal could not be raised by whoever needs it"),
    "alembic/env.py": layer(
        "models", "settings", "storage", harm="a migration would migrate in the middle of a migration"
    ),
}
FRAMEWORK_HARM = {
    **dict.fromkeys(WEB, "then the UI and the notebook could not use it without a web server"),
    **dict.fromkeys(PAGE, "then REST would pay seconds of start-up for a page that it does not serve"),
}


def part_of(path: str) -> str:
    """The layer that a file belongs to: `backend/api/todos.py` is `api`."""
    if path == "alembic/env.py":
        return path
    return Path(path).parts[1].removesuffix(".py") if path.startswith("backend/") else Path(path).stem


def imports(tree: ast.AST, path: str) -> Iterator[str]:
    """Every module that the source names, however it imports it."""
    package = Path(path).parent.parts
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(
                    [*(package[: len(package) - level + 1] if level else ()), *([module] if module else [])]
                )
                # `from backend import database` names a module of ours; `from x import y` of others is x.
                yield from (f"{base}.{name.name}" for name in names) if base == "backend" else [base]
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__")):
                yield from (str(text.value) for text in node.args[:1] if isinstance(text, ast.Constant))


def reads_environment(tree: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names and getattr(node.value, "id", None) == "os")
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {name.name for name in node.names})
        for node in ast.walk(tree)
    )


def violations(path: str, source: str) -> Iterator[str]:
    """What a file imports against the rule, each with its harm."""
    tree, here = ast.parse(source), part_of(path)
    if here not in LAYERS:
        yield f"{path}: {here} has no place in the architecture; give it one in LAYERS, with the harm of breaking it"
        return
    rule = LAYERS[here]
    for module in imports(tree, path):
        top, _, rest = module.partition(".")
        if top == "backend" and rest:
            other = rest.split(".")[0]
            if other != here and other not in rule.ours:
                yield f"{path} imports {module}: {rule.harm}"
            if here == "alembic/env.py" and other == "storage" and module != "backend.storage.engine":
                yield f"{path} imports {module}: {rule.harm}"
        elif top in FRAMEWORK_HARM and top not in rule.frameworks:
            yield f"{path} imports {top}: {FRAMEWORK_HARM[top]}"
    if reads_environment(tree) and here != "settings":
        yield f"{path} reads the environment: then the README's table of settings would not be all of them"


def sources() -> list[Path]:
    return [ROOT / "app.py", ROOT / "alembic" / "env.py", *sorted((ROOT / "backend").rglob("*.py"))]


def loaded_by(statement: str) -> set[str]:
    """Every module that is there after a statement in a fresh Python."""
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("path", "source", "harm"),
    [
        ("backend/services/todos.py", "import fastapi", "without a web server"),
        ("backend/services/todos.py", "from starlette.requests import Request", "without a web server"),
        ("backend/services/todos.py", "import gradio as gr", "seconds of start-up"),
        ("backend/services/todos.py", "from backend import database", "open its own transactions"),
        ("backend/services/todos.py", "from backend.database import write_scope", "open its own transactions"),
        ("backend/services/todos.py", "from ..database import write_scope", "open its own transactions"),
        ("backend/services/todos.py", "def f():\n    from backend import access", "open its own transactions"),
        ("backend/services/todos.py", "import importlib\nimportlib.import_module('backend.database')", "transactions"),
        ("backend/services/todos.py", "__import__('fastapi')", "without a web server"),
        ("backend/api/todos.py", "from backend.ui import page", "without the UI"),
        ("backend/api/todos.py", "import gradio_client", "seconds of start-up"),
        ("backend/api/todos.py", "from backend.storage import heal", "without the UI"),
        ("backend/ui/todos.py", "from backend.api.todos import add_todo", "instead of the services"),
        ("backend/ui/todos.py", "from fastapi import Request", "without a web server"),
        ("backend/access.py", "from starlette.requests import Request", "without a web server"),
        ("backend/access.py", "from backend.api import dependencies", "belong to one of them"),
        ("backend/models/todo.py", "from backend.services import todos", "Alembic"),
        ("backend/models/todo.py", "from backend import database", "Alembic"),
        ("backend/storage/prepare.py", "from backend.models import todo", "what a todo is"),
        ("backend/storage/prepare.py", "from backend.settings import get_settings", "what a todo is"),
        ("backend/database.py", "from backend.models.todo import Todo", "drag the product"),
        ("backend/exchange/ics.py", "from backend.services import todos", "without a database"),
        ("backend/errors.py", "from backend.models.todo import Todo", "raised by whoever needs it"),
        ("backend/security.py", "from backend.services import sessions", "checked alone"),
        ("alembic/env.py", "from backend import database", "in the middle of a migration"),
        ("alembic/env.py", "from backend.storage.prepare import prepare", "in the middle of a migration"),
        ("app.py", "from backend.services import todos", "the entry"),
        ("backend/security.py", "import os\nos.environ['SECRET_KEY']", "table of settings"),
        ("backend/services/todos.py", "from os import getenv", "table of settings"),
        ("app.py", "import os\nos.getenv('PORT')", "table of settings"),
        ("backend/rules/todos.py", "", "no place in the architecture"),
    ],
)
def test_an_offending_line_is_found_and_its_harm_named(path: str, source: str, harm: str) -> None:
    [message] = violations(path, source)
    assert message.startswith(path)
    assert harm in message


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("backend/services/todos.py", "from backend.models.todo import Todo\nfrom backend.services import cursors"),
        ("backend/services/todos.py", "import sqlalchemy\nimport os\nos.replace('a', 'b')"),
        ("backend/api/todos.py", "from fastapi import APIRouter\nfrom backend import database"),
        ("backend/ui/todos.py", "import gradio as gr\nfrom backend.services import todos"),
        ("backend/settings.py", "import os\nos.environ['PORT']"),
        ("alembic/env.py", "import backend.models\nfrom backend.storage.engine import make_engine"),
    ],
)
def test_an_honest_line_passes(path: str, source: str) -> None:
    assert list(violations(path, source)) == []


def test_every_file_keeps_the_rule() -> None:
    files = sources()
    assert len(files) > 40
    found = [fault for file in files for fault in violations(file.relative_to(ROOT).as_posix(), file.read_text())]
    assert not found, "\n".join(found)


def test_rest_starts_without_what_only_the_page_agents_and_migrations_need() -> None:
    loaded = loaded_by("import backend.main")
    assert "fastapi" in loaded
    assert not loaded & {"gradio", "gradio_client", "mcp", "alembic", "pandas", "huggingface_hub", "httpx"}


def test_services_and_models_load_without_any_framework_and_without_touching_a_database() -> None:
    loaded = loaded_by("from backend.services import accounts, searches, sessions, stats, todos")
    assert "backend.models.todo" in loaded
    assert not loaded & {"fastapi", "starlette", "gradio", "backend.database"}
