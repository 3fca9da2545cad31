"""The notebook that people download: clean as it lies here, and each of its cells does what it says."""

import ast
import json
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from backend import notebooks
from tests.support import PASSWORD, ROOT, LiveServer


def said(cell: Any) -> str:
    """What a cell answered."""
    return "".join(output["data"]["text/plain"] for output in cell.outputs if output.output_type == "execute_result")


def test_it_is_stored_without_outputs() -> None:
    notebook = nbformat.read(ROOT / "backend/notebooks/quickstart.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 5
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count is not None]


@pytest.mark.parametrize(
    "url", ["https://someone-todos.hf.space/", 'https://x/"; import os; "', "https://x/\\", "https://münchen.example/'"]
)
def test_an_address_is_a_text_in_it_and_nothing_else(url: str) -> None:
    [source] = [
        "".join(cell["source"]) for cell in json.loads(notebooks.filled(url))["cells"] if cell["id"] == "connect"
    ]
    [value] = [
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "URL"
    ]
    assert ast.literal_eval(value) == url


def test_every_cell_does_what_it_says(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    live_server.register("quickstart", timezone="Europe/Berlin")
    monkeypatch.setenv("TODO_USERNAME", "quickstart")
    monkeypatch.setenv("TODO_PASSWORD", PASSWORD)
    notebook = nbformat.reads(notebooks.filled(live_server.url), as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    cells = {cell.id: cell for cell in notebook.cells}
    assert "'username': 'quickstart'" in said(cells["connect"])
    assert "'high'" in said(cells["add"])
    assert "Water the plants" in said(cells["list"])
    assert said(cells["filter"]) == "(['Pay rent'], ['Water the plants'])"
    assert any("image/png" in output.get("data", {}) for output in cells["plot"].outputs)
    assert "validation_error" in said(cells["import"])
    assert said(cells["undo"]) == "(2, [])"
    assert PASSWORD not in nbformat.writes(notebook)  # type: ignore[no-untyped-call]
