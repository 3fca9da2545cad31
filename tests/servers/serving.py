"""The app as the tests of servers run it: REST alone, in a process of its own, with the log that a start writes.

`uvicorn --factory tests.servers.serving:rest`.
"""

import logging

from fastapi import FastAPI


def rest() -> FastAPI:
    """The application; the database is prepared when this is called."""
    logging.basicConfig(level="INFO", format="%(levelname)s: %(message)s")
    from backend.api.application import create_api  # noqa: PLC0415 - importing it is what prepares the database
    from backend.settings import get_settings  # noqa: PLC0415 - the same

    return create_api(get_settings())
