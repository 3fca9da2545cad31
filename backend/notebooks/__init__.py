"""The notebook that shows how to work with the todos from Python, ready to be handed out with an address in it."""

import json
from pathlib import Path

_QUICKSTART = Path(__file__).with_name("quickstart.ipynb")
_PLACEHOLDER = "http://localhost:7860"


def filled(url: str) -> str:
    """The notebook's JSON, with the address of the app in it. Whatever the address holds, it stays a text in there."""
    return _QUICKSTART.read_text(encoding="utf-8").replace(_as_source(_PLACEHOLDER), _as_source(url))


def _as_source(text: str) -> str:
    """A text as a string of Python, within the string of JSON that the cell is."""
    return json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)[1:-1]
