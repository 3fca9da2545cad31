"""Gradio as the page imports it: without what costs CPU and memory for nothing, and otherwise as it is."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT


def run(code: str, *before: Path) -> list[str]:
    """What a fresh Python prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*before, ROOT)))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_page_is_imported_without_stubs_and_pandas_which_is_there_for_whoever_asks() -> None:
    assert run(
        "import sys\n"
        "before = list(sys.meta_path)\n"
        "from backend.ui import mounting\n"
        "import gradio.component_meta as meta\n"
        "print(meta.create_or_modify_pyi(object, 'object', []))\n"
        "print('pandas.core' in sys.modules, before == sys.meta_path)\n"
        "import pandas\n"
        "print(pandas.DataFrame({'a': [1, 2]})['a'].sum())"
    ) == ["None", "False", "True", "3"]


def test_threads_that_use_what_is_imported_late_wait_for_it() -> None:
    assert run(
        "import sys, threading\n"
        "from backend.ui import lean\n"
        "with lean.importing():\n"
        "    import pandas\n"
        "    import pandas as again\n"
        "print('pandas.core' in sys.modules)\n"
        "start, sums = threading.Barrier(8), []\n"
        "def work():\n"
        "    start.wait()\n"
        "    import pandas\n"
        "    sums.append(int(pandas.DataFrame({'a': [1, 2]})['a'].sum()))\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "print(sums == [3] * 8, type(pandas).__name__, pandas is sys.modules['pandas'])"
    ) == ["False", "True", "module", "True"]


def test_a_gradio_that_writes_no_stubs_is_imported_as_it_is(tmp_path: Path) -> None:
    package = tmp_path / "gradio"
    package.mkdir()
    (package / "__init__.py").write_text("from gradio.component_meta import other\n")
    (package / "component_meta.py").write_text("def other():\n    return 'as it is'\n")
    code = (
        "from backend.ui import lean\n"
        "with lean.importing():\n    import gradio\n"
        "print(gradio.other(), gradio.__file__, hasattr(gradio.component_meta, 'create_or_modify_pyi'))"
    )
    assert run(code, tmp_path) == ["as", "it", "is", str(package / "__init__.py"), "False"]
