"""Entry of the Space: `python app.py` serves the UI and the API on port 7860."""

import signal
import sys

import uvicorn

from backend.errors import ConfigurationError

try:
    from backend.main import app
except ConfigurationError as error:
    sys.exit(f"ERROR: {error}")

from backend.settings import get_settings

__all__ = ["app"]

if __name__ == "__main__":
    # uvicorn raises the signal again when it has stopped. As an exit, it waits for threads that are still writing, and
    # lets the database remember then how it was left.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    settings = get_settings()
    # Forwarded headers are read by backend.access, which knows which end of them a caller can forge.
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level.lower(),
        proxy_headers=False,
        # Longer than clients keep an idle connection (httpx, and with it notebooks and agents: 5 s; nginx: 60 s): where
        # we close it first, what they send on it at that moment is lost on the way.
        timeout_keep_alive=75,
        # An open page holds a stream for ever: waiting for it, we would be killed before the last snapshot.
        timeout_graceful_shutdown=5,
    )
