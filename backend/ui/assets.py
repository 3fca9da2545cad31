"""The page's own script and style, read from `static/` and put together without a build step.

The script is written as ES modules, which editors and linters understand. Gradio takes one piece of code that runs in a
function, where `import` is not allowed; so the modules are joined in the order of their imports, and the import and
export words fall away. Two modules must not use one top-level name: the browser would refuse the whole script.
"""

import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
ICON = STATIC / "icon.png"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<name>[a-z_]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def script(entry: str = "main") -> str:
    """The module `entry` with all that it imports, as the body of one function."""
    return '"use strict";\n' + "".join(_joined(entry, set()))


def style() -> str:
    """All style sheets, in the order of their names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.css")))


def _joined(name: str, seen: set[str]) -> list[str]:
    """The module's code after that of the modules it imports; each module once."""
    if name in seen:
        return []
    seen.add(name)
    source = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    needed = [code for match in _IMPORT.finditer(source) for code in _joined(match["name"], seen)]
    return [*needed, _EXPORT.sub("", _IMPORT.sub("", source))]
