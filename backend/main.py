"""The whole application: REST, the door for agents, and the UI mounted at "/"."""

import logging

from backend.settings import get_settings

logging.basicConfig(level=get_settings().log_level, format="%(levelname)s: %(message)s")
for chatty in ("alembic", "httpx", "filelock", "mcp"):
    logging.getLogger(chatty).setLevel(logging.WARNING)
logging.getLogger(__name__).info("Starting application...")

from backend import security  # noqa: E402 - the first line of the log comes before the work it announces
from backend.agents import entrance  # noqa: E402
from backend.api.application import create_api  # noqa: E402
from backend.ui import mounting  # noqa: E402

security.signing_key()
# The page takes whatever nobody else takes, so it comes last.
app = mounting.mount(entrance.mount(create_api(get_settings())))
