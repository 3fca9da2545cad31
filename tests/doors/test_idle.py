"""Connections that rest: clients keep one for a while, and are not to lose what they send on it."""

import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.storage.helpers import until
from tests.storage.test_prepare import answers
from tests.support import ROOT, free_port

# httpx, and with it notebooks and agents, keeps a connection for five seconds: as long as uvicorn does by default.
_RESTED_SECONDS = 6


def test_a_connection_that_rested_longer_than_clients_keep_it_is_still_there(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    with (tmp_path / "log").open("wb") as log:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until(partial(answers, f"http://127.0.0.1:{port}/health"), seconds=60)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            for seconds in (0, _RESTED_SECONDS):
                time.sleep(seconds)
                connection.request("GET", "/health")
                answer = connection.getresponse()
                assert json.load(answer)["status"] == "healthy"
                assert not answer.will_close
    finally:
        app.terminate()
        app.wait(60)
