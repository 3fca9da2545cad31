"""Helpers that tests name in their signatures: a registered account, and a server in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "SecurePass123!"


@dataclass
class Account:
    """A registered account with an open login, over REST."""

    client: TestClient
    id: str
    username: str
    email: str
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        answer: Any = self.client.request(method, f"/api/v1{path}", headers=headers, **options)
        return answer  # type: ignore[no-any-return]

    def add(self, title: str = "Buy milk", **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", "/todos", json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body


@dataclass
class LiveServer:
    """The whole app in a process of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("app:app",)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    probe: str = "/config"
    patience_seconds: float = 240

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "live.db"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def start(self) -> None:
        """Start, and wait until it serves."""
        self.port = self.port or free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.database}",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
            **self.environment,
        }
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", *self.arguments, "--port", str(self.port)),
                    # As app.py starts it.
                    *("--no-proxy-headers", "--timeout-graceful-shutdown", "5", "--timeout-keep-alive", "75"),
                ],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + self.patience_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}{self.probe}", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"The server did not come up:\n{self.log}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it with a signal, SIGKILL for the worst case."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def register(self, username: str, **fields: Any) -> dict[str, str]:
        """Register and log in; the headers of a logged-in caller."""
        data = {"email": f"{username}@example.com", "username": username, "password": PASSWORD, **fields}
        httpx.post(f"{self.url}/api/v1/auth/register", json=data).raise_for_status()
        tokens = httpx.post(f"{self.url}/api/v1/auth/login", json={"username": username, "password": PASSWORD})
        return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
