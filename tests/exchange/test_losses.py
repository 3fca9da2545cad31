"""What a format cannot carry is said once, in code, and shown in the README."""

import re

from backend.exchange.losses import LOSSES
from tests.support import ROOT

README = (ROOT / "README.md").read_text()


def test_the_readme_shows_what_each_format_cannot_carry() -> None:
    table = README.split("| format | what it cannot carry |\n| --- | --- |\n")[1].split("\n\n")[0]
    shown = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, flags=re.MULTILINE))
    assert shown == {name: "; ".join(what) or "nothing: it is the whole account" for name, what in LOSSES.items()}
