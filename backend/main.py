"""The whole application: REST at once, then the door for agents, and the UI mounted at "/"."""

import logging
from typing import Any

from backend import uncollected
from backend.settings import get_settings

logging.basicConfig(level=get_settings().log_level, format="%(levelname)s: %(message)s")
for chatty in ("alembic", "httpx", "filelock", "mcp"):
    logging.getLogger(chatty).setLevel(logging.WARNING)
logging.getLogger(__name__).info("Starting application...")

with uncollected.imports():  # the first line of the log comes before the work it announces
    from backend import security
    from backend.api import late
    from backend.api.application import create_api


def _add_the_rest(app: Any) -> None:
    # Gradio and the protocol of agents cost more to import than everything else together, and REST needs neither.
    with uncollected.imports():
        from backend.agents import entrance  # noqa: PLC0415
        from backend.ui import mounting  # noqa: PLC0415

        # The page takes whatever nobody else takes, so it comes last.
        mounting.mount(entrance.mount(app))


security.signing_key()
app = late.join(create_api(get_settings()), _add_the_rest)
